//! Conformance: importer and solver against public collections of models with reference results.
//!
//! `cargo test --release --test conformance -- --nocapture` prints tables by tag, and each failing case with its reason.
//! The counts in `conformance/counts.txt` can only rise; `KEXP_CONFORMANCE=write` writes those of this run there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "conformance/biomodels.rs"]
mod biomodels;
#[path = "conformance/case.rs"]
mod case;
#[path = "conformance/counts.rs"]
mod counts;
#[path = "conformance/model.rs"]
mod model;
#[path = "conformance/suite.rs"]
mod suite;

use std::path::PathBuf;

/// A folder of the public data; nothing, with a line that says so, where it is not there.
fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KEXP_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = root.join(folder);
    if !path.is_dir() {
        eprintln!("skipped: there is no {} (KEXP_DATA names the folder of the public data)", path.display());
        return None;
    }
    Some(path)
}
