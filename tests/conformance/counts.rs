//! Counts of passed cases that can only rise.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// Tests of one run write one after the other.
static FILE: Mutex<()> = Mutex::new(());

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/counts.txt")
}

fn read() -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    lines.map(|(group, count)| (group.to_owned(), count.parse().unwrap())).collect()
}

/// Compares the counts of some groups with those written down.
pub fn check(counts: &BTreeMap<String, usize>) {
    let _guard = FILE.lock().unwrap();
    let mut written = read();
    if std::env::var("KEXP_CONFORMANCE").is_ok_and(|word| word == "write") {
        written.extend(counts.clone());
        let lines: Vec<String> = written.iter().map(|(group, count)| format!("{group} {count}\n")).collect();
        std::fs::write(path(), lines.concat()).unwrap();
        return;
    }
    for (group, count) in counts {
        let least = written.get(group).copied().unwrap_or_default();
        assert!(*count >= least, "{group}: {count} pass, and {least} did before");
        if *count > least {
            println!("{group}: {count} pass, {least} are written down: KEXP_CONFORMANCE=write writes the new count");
        }
    }
}
