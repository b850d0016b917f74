//! The paper's experiment under its profile `quick`: its plan, its tables and its draft, as the last change left them.

use std::fs;

use crate::support::{Place, Said, assert_snapshot, entries, kexp, run_command, with_digits, without_keys};

const PAPER: &str = "experiments/paper.kexp";

#[test]
fn the_plan_of_the_paper() {
    let place = Place::new();
    let store = place.store();
    let said = kexp(&["plan", PAPER, "--profile", "quick", "--store", store.to_str().unwrap()]).ok();
    assert_snapshot("quick_plan", &without_keys(&said.out));
    assert!(!store.exists(), "planning made a store");
}

#[test]
fn the_tables_and_the_draft_of_the_paper() {
    let place = Place::new();
    let out = place.out();
    // The starter draft: the paper's own prose may change without a change of any number.
    let starter = &["--profile", "quick", "--set", "draft=\"none/draft.md\""];
    let mut command = run_command(PAPER, &place.store(), &out, starter);
    let said = Said::of(command.output().unwrap()).ok();
    assert!(said.out.contains("0 found in the store"), "{}", said.out);

    // Three digits: processors that fuse multiplication and addition, or have wider vectors, differ in the last bits,
    // and descents and trainings make that a little more. Rows of single vectors (the CSV files) are left out for that
    // reason: only their columns are compared.
    let mut tables = String::new();
    for name in entries(&out.join("tables")) {
        let text = fs::read_to_string(out.join("tables").join(&name)).unwrap();
        let shown = if name.ends_with(".csv") { text.lines().next().unwrap_or_default() } else { text.trim_end() };
        tables.push_str(&format!("{name}\n{}\n\n", with_digits(shown, 3)));
    }
    assert_snapshot("quick_tables", &tables);
    let draft = fs::read_to_string(out.join("draft.md")).unwrap();
    assert_snapshot("quick_draft", &with_digits(&draft, 3));

    let said = Said::of(run_command(PAPER, &place.store(), &out, starter).output().unwrap()).ok();
    assert!(said.out.starts_with("0 nodes computed") && said.out.contains("up to date"), "{}", said.out);

    // The paper's own draft has a value for every marker under this profile too.
    let paper = place.path("paper");
    let said = Said::of(run_command(PAPER, &place.store(), &paper, &["--profile", "quick"]).output().unwrap()).ok();
    assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
    let out = paper.to_str().unwrap();
    kexp(&["render", PAPER, "--profile", "quick", "--check", "--out", out]).ok();
}
