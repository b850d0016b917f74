//! `kexp explain FILE NODE`: one node in full.

mod found;
mod search;

use super::common::{Failure, FileArguments, say};
use crate::diagnostic;
use crate::plan::cost::cost;
use crate::plan::explain::{fields, origin};
use crate::plan::node::{Node, Plan, Stage};
use crate::plan::resolve::Origin;
use crate::run::stages::{DrawsSummary, TrialSummary};
use crate::run::store::{Presence, Store};
use crate::table::rounded;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// The node's address, such as `tune.cvae_search`, or the start of its key
    #[arg(value_name = "NODE")]
    node: String,
    /// Also print the text that the key is a hash of
    #[arg(long)]
    key: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (_, expanded, sources) = arguments.file.plan()?;
    let plan = &expanded.plan;
    let at = find(plan, &arguments.node)?;
    let node = &plan.nodes[at];
    let store = Store::peek(&arguments.file.store_folder());
    let (stage, version) = node.stage.word();
    say(&format!("{}\n  stage    {stage}, version {version}\n  key      {}", node.name, node.key));
    let state = match store.verify(&node.key) {
        Presence::Whole => "in the store".to_owned(),
        Presence::Missing => "not in the store".to_owned(),
        Presence::Damaged(reason) => format!("damaged: {reason}"),
    };
    say(&format!("  state    {state}"));
    if let Some(took) = found::took(plan, &store, at) {
        say(&format!("  took     {took}"));
    }
    let expected = cost(plan, at);
    say(&format!("  cost     {} {}", rounded(expected.amount, 6), expected.unit));
    for &input in &node.inputs {
        say(&format!("  input    {}  {}", plan.nodes[input].name, plan.nodes[input].key.short()));
    }
    if let Stage::Problem(problem) = &node.stage {
        for (index, treatment) in problem.treatments.iter().enumerate() {
            let (method, why) = problem.gradient_method(index);
            say(&format!("  gradient {}: {}, as {why}", treatment.id, method.word()));
        }
    }
    for line in drawn(node, &store) {
        say(&format!("  draws    {line}"));
    }
    if store.verify(&node.key) == Presence::Whole {
        for (what, words) in found::found(plan, &store, at)? {
            say(&format!("  {what:8} {words}"));
        }
    }
    let fields = fields(&node.stage);
    let width = fields.keys().map(String::len).max().unwrap_or(0);
    for (path, value) in &fields {
        let place = origin(path, &expanded.sources[at]).and_then(Origin::span).map_or_else(
            || String::from("default or derived"),
            |span| format!("{}:{}", sources.name(span.file), sources.position(span.file, span.start).0),
        );
        say(&format!("  {path:width$}  {value}  ({place})"));
    }
    if arguments.key {
        say(&plan.material(node).text());
    }
    Ok(())
}

/// What became of the draws of a generator, where the node has made some and is in the store.
fn drawn(node: &Node, store: &Store) -> Vec<String> {
    if store.verify(&node.key) != Presence::Whole {
        return Vec::new();
    }
    let artifact = store.artifact(&node.key);
    match &node.stage {
        Stage::Generate(settings) => {
            let Ok(vectors) = artifact.table("vectors") else { return Vec::new() };
            let some = |name: &str| vectors.integers(name).map_or(0, |all| all.iter().filter(|&&one| one > 0).count());
            let total = |name: &str| vectors.integers(name).map_or(0, |all| all.iter().sum::<i64>());
            let done = match settings.outside.as_str() {
                "reject" => format!("drawn again, {} times", total("redrawn")),
                "reflect" => "mirrored".to_owned(),
                _ => "clipped".to_owned(),
            };
            let (outside, all) = (some("outside"), vectors.rows());
            let mut lines = vec![format!("{outside} of {all} vectors were outside the bounds: {done}")];
            if settings.filter.is_some() {
                lines.push(format!("{} refused by the filter, charged to nobody", total("refused")));
            }
            if some("forced") > 0 {
                lines.push(format!("{} vectors found no good draw", some("forced")));
            }
            lines
        }
        Stage::Trial(_) => {
            let draws = artifact.value("summary").ok().and_then(|summary: TrialSummary| summary.draws);
            let Some(DrawsSummary { proposed, outside, redrawn, refused, of_rounds }) = draws else {
                return Vec::new();
            };
            vec![
                format!(
                    "{outside} of {proposed} proposals were outside the bounds, {redrawn} draws given back for that"
                ),
                format!("{refused} refused by the filter, charged to nobody"),
                format!("{of_rounds} proposals of rounds before, each solved and charged"),
            ]
        }
        _ => Vec::new(),
    }
}

/// The index of the node at an address, or of the only one whose key starts so.
pub(super) fn find(plan: &Plan, address: &str) -> Result<usize, Failure> {
    plan.find(address).ok_or_else(|| {
        let near = diagnostic::suggest(address, plan.nodes.iter().map(|node| node.name.as_str()));
        let help = near.map_or_else(|| "`kexp plan` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        Failure::Said(format!("no node `{address}`; {help}"))
    })
}
