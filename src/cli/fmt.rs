//! `kexp fmt FILE...`

use std::path::PathBuf;

use super::common::{Failure, print, say};
use crate::diagnostic::Sources;
use crate::run::store::write_atomically;
use crate::syntax;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files
    #[arg(required = true, value_name = "FILE.kexp")]
    files: Vec<PathBuf>,
    /// Change nothing; fail when a file is not formatted
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut failed = false;
    for path in &arguments.files {
        let bytes = std::fs::read(path).map_err(|error| Failure::Said(format!("{}: {error}", path.display())))?;
        let name = path.display().to_string();
        let mut sources = Sources::default();
        let formatted = syntax::decode(&name, bytes.clone()).map_err(|diagnostic| vec![diagnostic]).and_then(|text| {
            let file = sources.add(name, text.as_str());
            syntax::print(&text, file)
        });
        let formatted = match formatted {
            Ok(formatted) => formatted,
            Err(diagnostics) => {
                print(&sources, &diagnostics);
                failed = true;
                continue;
            }
        };
        if formatted.as_bytes() == bytes {
            continue;
        }
        if arguments.check {
            say(&format!("{}: not formatted", path.display()));
            failed = true;
        } else {
            write_atomically(path, formatted.as_bytes())?;
            say(&format!("{}: formatted", path.display()));
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(()) }
}
