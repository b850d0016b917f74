//! Whole runs of the real program on a small real experiment: what it writes, and that nothing is lost or changed when it
//! is killed, crowded, damaged or out of space.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

#[path = "run/benchmark.rs"]
mod benchmark;
#[path = "run/damage.rs"]
mod damage;
#[path = "run/descents.rs"]
mod descents;
#[path = "run/explain.rs"]
mod explain;
#[path = "run/export.rs"]
mod export;
#[path = "run/golden.rs"]
mod golden;
#[path = "run/halving.rs"]
mod halving;
#[path = "run/imported.rs"]
mod imported;
#[path = "run/interrupt.rs"]
mod interrupt;
#[path = "run/judged.rs"]
mod judged;
#[path = "run/keys.rs"]
mod keys;
#[path = "run/quick.rs"]
mod quick;
#[path = "run/render.rs"]
mod render;
#[path = "run/roles.rs"]
mod roles;
#[path = "run/rounds.rs"]
mod rounds;
#[path = "run/snapshot.rs"]
mod snapshot;
#[path = "run/storage.rs"]
mod storage;
#[path = "run/support.rs"]
mod support;
#[path = "run/table_rows.rs"]
mod table_rows;
#[path = "run/together.rs"]
mod together;
#[path = "run/uncertainty.rs"]
mod uncertainty;
#[path = "run/wrong.rs"]
mod wrong;
