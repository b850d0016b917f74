//! `kexp run FILE`: plan, compute what is missing, render.

use std::path::PathBuf;
use std::sync::Arc;

use super::Engine;
use super::common::{Failure, FileArguments, TAKEN_OVER, cores, say};
use super::render::render;
use crate::diagnostic;
use crate::plan::node::Plan;
use crate::run::context::Stop;
use crate::run::executor::{Options, Summary, survey};
use crate::run::progress::Show;
use crate::run::store::{Presence, Store, pretty_ron, started_path, write_atomically};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// Where the draft, figures and tables go [default: the draft's folder; for a profile, a folder in the store]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many threads [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Compute only what this figure, table or node needs, such as `figure.fvals`; nothing is rendered
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments, engine: Engine) -> Result<(), Failure> {
    let (experiment, expanded, _) = arguments.file.plan()?;
    let plan = &expanded.plan;
    let store = arguments.file.open_store()?;
    let wanted = wanted(plan, &arguments.only)?;
    let options = Options {
        jobs: arguments.jobs.unwrap_or_else(cores),
        show: if arguments.quiet { Show::Quiet } else { Show::Terminal },
    };
    let summary = compute(engine, &arguments.file, plan, &store, &wanted, options)?;
    for line in &summary.warnings {
        eprintln!("kexp: {line}");
    }
    say(&format!("{} nodes computed, {} found in the store", summary.computed, summary.found));
    if arguments.only.is_empty() {
        let out = arguments.file.out_folder(&experiment, arguments.out.as_deref());
        let written = render(&experiment, plan, &store, &out)?;
        say(&written);
    }
    Ok(())
}

/// Computes the wanted nodes and keeps the plan; Ctrl-C lets every node save what it has. A process without an engine
/// finds all of them in the store, or turns into the engine with the same arguments and does not return.
pub(super) fn compute(
    engine: Engine,
    file: &FileArguments,
    plan: &Plan,
    store: &Store,
    wanted: &[usize],
    options: Options,
) -> Result<Summary, Failure> {
    let path = store.plan_path(&file.file, file.profile.as_deref());
    let started = started_path(&path);
    let text = pretty_ron(plan);
    let summary = match engine {
        Engine::Beside => {
            let states = survey(plan, store, wanted);
            if states.values().any(|presence| *presence != Presence::Whole) {
                return Err(hand_over());
            }
            Summary { found: states.len(), ..Summary::default() }
        }
        Engine::Here(execute) => {
            let stop = Arc::new(Stop::default());
            let asked = Arc::clone(&stop);
            // A second handler cannot be set: then another command of this process has set one already.
            let _ = ctrlc::set_handler(move || {
                if asked.requested() {
                    std::process::exit(130);
                }
                asked.request();
            });
            // Until the run has finished, the last plan stays the one that the next is compared with; this one says
            // meanwhile what must not be cleared away.
            write_atomically(&started, text.as_bytes())?;
            execute(plan, store, wanted, options, &stop)?
        }
    };
    write_atomically(&path, text.as_bytes())?;
    // There is none when nothing was computed, or when another run of the same file has removed it.
    let _ = std::fs::remove_file(started);
    Ok(summary)
}

/// Turns this process into the engine; returns only when that fails.
fn hand_over() -> Failure {
    use std::os::unix::process::CommandExt as _;
    let engine = match std::env::current_exe() {
        Ok(program) => program.with_file_name("kexp-engine"),
        Err(error) => return Failure::Said(format!("cannot find the program kexp-engine: {error}")),
    };
    let error = std::process::Command::new(&engine).args(std::env::args_os().skip(1)).env(TAKEN_OVER, "1").exec();
    Failure::Said(format!("cannot start {}: {error}; it is built and installed together with kexp", engine.display()))
}

/// The nodes that the named deliverables need; all nodes when none is named.
fn wanted(plan: &Plan, only: &[String]) -> Result<Vec<usize>, Failure> {
    if only.is_empty() {
        return Ok((0..plan.nodes.len()).collect());
    }
    let mut wanted = Vec::new();
    for name in only {
        let deliverable = plan
            .deliverables
            .iter()
            .find(|known| known.name == *name || format!("{}.{}", known.kind, known.name) == *name);
        match (deliverable, plan.find(name)) {
            (Some(deliverable), _) => wanted.extend(&deliverable.from),
            (None, Some(node)) => wanted.push(node),
            (None, None) => {
                let figures = plan.deliverables.iter().map(|known| format!("{}.{}", known.kind, known.name));
                let names: Vec<String> = figures.chain(plan.nodes.iter().map(|node| node.name.clone())).collect();
                let near = diagnostic::suggest(name, names.iter().map(String::as_str));
                let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(Failure::Said(format!("nothing is called `{name}`{help}")));
            }
        }
    }
    Ok(wanted)
}
