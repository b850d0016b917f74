//! `kexp plan FILE`: every node, hit or miss, why, and the expected cost.

use std::path::PathBuf;

use super::common::{Failure, FileArguments, say};
use crate::diagnostic::Sources;
use crate::model::problem::SyntheticTimes;
use crate::plan::cost::cost;
use crate::plan::expand::Expanded;
use crate::plan::explain::{Reason, reasons};
use crate::plan::export;
use crate::plan::node::{Node, Plan, Stage};
use crate::report::figure;
use crate::run::store::{Presence, Store, write_atomically};
use crate::run::synthetic::SyntheticSummary;
use crate::table::rounded;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// Print the graph in Graphviz's language instead
    #[arg(long)]
    dot: bool,
    /// Draw the graph into this file instead
    #[arg(long, value_name = "OUT.svg")]
    svg: Option<PathBuf>,
    /// Print the resolved plan as RON instead
    #[arg(long)]
    ron: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (_, expanded, sources) = arguments.file.plan()?;
    if arguments.dot {
        say(export::dot(&expanded.plan.graph()).trim_end());
        return Ok(());
    }
    if arguments.ron {
        say(&crate::run::store::pretty_ron(&expanded.plan));
        return Ok(());
    }
    if let Some(path) = &arguments.svg {
        let drawing = figure::graph::draw(&expanded.plan.graph()).map_err(|error| Failure::Said(error.to_string()))?;
        write_atomically(path, drawing.svg.as_bytes())?;
        return Ok(());
    }
    let store = Store::peek(&arguments.file.store_folder());
    let last = last_plan(&store, arguments);
    say(&table(&expanded, &store, last.as_ref(), &sources));
    Ok(())
}

fn last_plan(store: &Store, arguments: &Arguments) -> Option<Plan> {
    let path = store.plan_path(&arguments.file.file, arguments.file.profile.as_deref());
    let text = std::fs::read_to_string(&path).ok()?;
    let read = ron::from_str(&text);
    if let Err(error) = &read {
        eprintln!("kexp: the last plan cannot be read, so what changed is unknown: {}: {error}", path.display());
    }
    read.ok()
}

/// One line a node, and below a miss its reasons.
fn table(expanded: &Expanded, store: &Store, last: Option<&Plan>, sources: &Sources) -> String {
    let plan = &expanded.plan;
    let width = plan.nodes.iter().map(|node| node.name.len()).max().unwrap_or(0);
    let (mut lines, mut missing, mut seconds) = (Vec::new(), 0, 0.0);
    for (at, node) in plan.nodes.iter().enumerate() {
        let presence = store.verify(&node.key);
        let expected = cost(plan, at);
        let state = match &presence {
            Presence::Whole => "hit ",
            Presence::Missing => "miss",
            Presence::Damaged(_) => "bad ",
        };
        let took =
            store.seconds(&node.key).map_or_else(String::new, |seconds| format!(", took {} s", rounded(seconds, 2)));
        let amount = rounded(expected.amount, 6);
        lines.push(format!("{state}  {:width$}  {}  {amount} {}{took}", node.name, node.key.short(), expected.unit));
        lines.extend(recipe(node, &presence, store).into_iter().map(|line| format!("        {line}")));
        if presence == Presence::Whole {
            continue;
        }
        missing += 1;
        seconds += expected.seconds;
        if let Presence::Damaged(reason) = presence {
            lines.push(format!("        damaged: {reason}"));
            continue;
        }
        for reason in reasons(expanded, at, last, sources) {
            lines.push(format!("        {}", words(&reason)));
        }
    }
    lines.push(format!(
        "{} nodes, {} hit, {missing} to compute, about {} s of one core",
        plan.nodes.len(),
        plan.nodes.len() - missing,
        rounded(seconds, 2)
    ));
    lines.join("\n")
}

/// How the measurements of a problem are simulated, and what came of it.
fn recipe(node: &Node, presence: &Presence, store: &Store) -> Vec<String> {
    let Stage::Problem(problem) = &node.stage else { return Vec::new() };
    let Some(recipe) = &problem.synthetic else { return Vec::new() };
    if *presence == Presence::Whole
        && let Ok(summary) = store.artifact(&node.key).value::<SyntheticSummary>("synthetic")
    {
        return summary.lines();
    }
    let observables = problem.observables.len();
    let times = match &recipe.times {
        SyntheticTimes::Listed(times) => format!("at {} times", times.len()),
        SyntheticTimes::Even { points, end: Some(end) } => format!("at {points} times from 0 to {end}"),
        SyntheticTimes::Even { points, end: None } => {
            format!("at {points} times from 0 to an end that is found when this is computed")
        }
    };
    vec![format!("measurements are simulated: observables: {observables}, {times}")]
}

fn words(reason: &Reason) -> String {
    match reason {
        Reason::New => "not computed before".to_owned(),
        Reason::Field { path, old, new, place } => {
            let place = place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
            format!("{path}: {old} -> {new}{place}")
        }
        Reason::Input(name) => format!("its input {name} changed"),
        Reason::Code => "kexp's code for this stage has another version".to_owned(),
        Reason::Gone => "nothing changed, but its artifact is not in the store".to_owned(),
    }
}
