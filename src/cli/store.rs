//! `kexp store verify | gc FILE`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::common::{Failure, say};
use crate::plan::node::Plan;
use crate::report::assemble::figure_key;
use crate::run::store::{Presence, Store};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read every artifact and compare checksums
    Verify {
        /// The store
        #[arg(value_name = "DIR")]
        store: PathBuf,
    },
    /// Remove artifacts that no last plan of any file and profile needs, and what crashed runs left
    Gc {
        /// The store
        #[arg(value_name = "DIR")]
        store: PathBuf,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Verify { store } => verify(&Store::peek(known(store)?)),
        Action::Gc { store, dry_run: true } => collect(&Store::peek(known(store)?), true),
        Action::Gc { store, dry_run: false } => collect(&Store::open_alone(known(store)?)?, false),
    }
}

/// The folder, when it is a store: none is made by looking at it.
fn known(folder: &Path) -> Result<&Path, Failure> {
    match folder.join("artifacts").is_dir() {
        true => Ok(folder),
        false => Err(Failure::Said(format!("{} is no store", folder.display()))),
    }
}

fn verify(store: &Store) -> Result<(), Failure> {
    let keys = store.keys()?;
    let mut bad = 0;
    for key in &keys {
        if let Presence::Damaged(reason) = store.verify(key) {
            bad += 1;
            say(&format!("{key}: {reason}"));
        }
    }
    say(&format!("{} artifacts, {bad} damaged", keys.len()));
    if bad > 0 { Err(Failure::Reported) } else { Ok(()) }
}

fn collect(store: &Store, dry_run: bool) -> Result<(), Failure> {
    let mut needed = BTreeSet::new();
    for plan in store.plans()? {
        let plan: Plan = plan;
        needed.extend(plan.deliverables.iter().map(|figure| figure_key(&plan, figure)));
        needed.extend(plan.nodes.into_iter().map(|node| node.key));
    }
    let (kept, doomed): (Vec<_>, Vec<_>) = store.keys()?.into_iter().partition(|key| needed.contains(key));
    let removed = doomed.len();
    for key in doomed {
        if dry_run {
            say(&format!("would remove {key}"));
        } else {
            store.remove(&key)?;
        }
    }
    if !dry_run {
        store.clear_work(&needed)?;
    }
    say(&format!("{removed} artifacts {}, {} kept", if dry_run { "to remove" } else { "removed" }, kept.len()));
    Ok(())
}
