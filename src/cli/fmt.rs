//! `kexp fmt FILE...`

use std::path::PathBuf;

use super::common::{Failure, has_errors, print, say};
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
        let mut sources = Sources::default();
        let text = match syntax::decode(&bytes) {
            Ok(text) => text,
            Err(diagnostic) => {
                sources.add(path.display().to_string(), "");
                print(&sources, &[diagnostic]);
                failed = true;
                continue;
            }
        };
        let file = sources.add(path.display().to_string(), text.as_str());
        let (tree, diagnostics) = syntax::parse(&text, file);
        if has_errors(&diagnostics) {
            print(&sources, &diagnostics);
            failed = true;
            continue;
        }
        let formatted = syntax::print(&text, &tree);
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
