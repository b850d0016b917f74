//! `kexp snapshot FILE`: run a profile and compare its numbers with the recorded ones.

use std::path::PathBuf;

use super::Engine;
use super::common::{Failure, FileArguments, cores, say};
use super::run::compute;
use crate::report::assemble::collect;
use crate::report::files;
use crate::report::snapshot::{Snapshot, differences};
use crate::run::executor::Options;
use crate::run::progress::Show;
use crate::run::store::pretty_ron;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// Record the numbers instead of comparing them; tolerances that were edited in the file stay
    #[arg(long)]
    update: bool,
    /// Where the numbers are recorded [default: `NAME.PROFILE.snapshot.ron` beside the file]
    #[arg(long, value_name = "SNAPSHOT.ron")]
    snapshot: Option<PathBuf>,
    /// How many threads [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

pub(super) fn run(arguments: &Arguments, engine: Engine) -> Result<(), Failure> {
    let (_, expanded, _) = arguments.file.plan()?;
    let plan = &expanded.plan;
    let store = arguments.file.open_store()?;
    let wanted: Vec<usize> = (0..plan.nodes.len()).collect();
    let options = Options { jobs: arguments.jobs.unwrap_or_else(cores), show: Show::Terminal };
    compute(engine, &arguments.file, plan, &store, &wanted, options)?;
    let (results, _) = collect(plan, &store).map_err(|error| Failure::Said(error.to_string()))?;

    let path = arguments.snapshot.clone().unwrap_or_else(|| {
        let profile = arguments.file.profile.as_deref().map_or_else(String::new, |profile| format!("{profile}."));
        arguments.file.file.with_extension(format!("{profile}snapshot.ron"))
    });
    let recorded: Option<Snapshot> = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::Said(format!("{}: {error}", path.display()))),
        Ok(text) => Some(
            ron::from_str(&text)
                .map_err(|error| Failure::Said(format!("{} is no snapshot: {error}", path.display())))?,
        ),
    };
    match recorded {
        Some(recorded) if !arguments.update => {
            let found = differences(&recorded, &results);
            for line in &found {
                say(line);
            }
            if !found.is_empty() {
                return Err(Failure::Said(format!(
                    "{} numbers differ from {}; `--update` records the new ones",
                    found.len(),
                    path.display()
                )));
            }
            say(&format!("{}: all numbers within their tolerances", path.display()));
        }
        recorded => {
            let snapshot = Snapshot::of(&results, recorded.map(|old| old.tolerances));
            files::write(&path, (pretty_ron(&snapshot) + "\n").as_bytes())
                .map_err(|error| Failure::Said(error.to_string()))?;
            say(&format!("{}: recorded", path.display()));
        }
    }
    Ok(())
}
