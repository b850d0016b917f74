//! `kexp check FILE`

use super::common::{Failure, has_errors, print, say};
use crate::diagnostic::Severity;
use crate::plan::expand::expand;
use crate::plan::resolve::{self, Options};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files
    #[arg(required = true, value_name = "FILE.kexp")]
    files: Vec<std::path::PathBuf>,
    /// Use the settings of this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Override a setting
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    network: super::common::NetworkArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut failed = false;
    for file in &arguments.files {
        let options = Options {
            profile: arguments.profile.clone(),
            set: arguments.set.clone(),
            offline: arguments.network.offline,
            progress: Some(super::selecting::tell),
        };
        let loaded = resolve::load(file, &options);
        let mut diagnostics = loaded.diagnostics;
        if let Some(Err(diagnostic)) = loaded.experiment.as_ref().map(expand) {
            diagnostics.push(diagnostic);
        }
        print(&loaded.sources, &diagnostics);
        let warnings = diagnostics.iter().filter(|found| found.severity == Severity::Warning).count();
        let families = loaded.experiment.iter().flat_map(|experiment| &experiment.families);
        for (name, family) in families {
            let first = family.problems.first().map_or("", String::as_str);
            say(&format!("{name}: {} problems, such as {first}", family.problems.len()));
        }
        match has_errors(&diagnostics) {
            true => failed = true,
            false if warnings > 0 => say(&format!("{}: no errors, warnings: {warnings}", file.display())),
            false => say(&format!("{}: no errors", file.display())),
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(()) }
}
