//! How far a selection among the models of a collection is: the first one fetches them all, which takes minutes.

use std::io::{IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::fetch::Progress;

/// What is done sooner is not told.
const QUIET_MILLISECONDS: u64 = 1000;

/// Says on standard error how many models are done: in one line on a terminal, else now and then.
pub(super) fn tell(progress: Progress<'_>) {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = STARTED.get_or_init(Instant::now).elapsed().as_millis();
    let since = u64::try_from(since).unwrap_or(u64::MAX);
    let is_terminal = std::io::stderr().is_terminal();
    let between = if is_terminal { 200 } else { 20_000 };
    let last = LAST.load(Ordering::Relaxed);
    let is_end = progress.done == progress.of && last > 0;
    if since < QUIET_MILLISECONDS || (since - last < between && !is_end) {
        return;
    }
    LAST.store(since, Ordering::Relaxed);
    let text = format!("kexp: choosing among BioModels: {} of {} models read", progress.done, progress.of);
    let mut out = std::io::stderr().lock();
    // Nobody needs to read it.
    let _ = match (is_terminal, is_end) {
        (true, false) => write!(out, "\r{text}"),
        (true, true) => write!(out, "\r{:1$}\r", "", text.len()),
        (false, _) => writeln!(out, "{text}"),
    };
    let _ = out.flush();
}
