//! The paper's experiment under its profile `quick`: its plan, its tables and its draft, as the last change left them.

use std::fs;
use std::path::Path;

use crate::support::{
    Place, Said, assert_near_snapshot, assert_snapshot, entries, kexp, reference, run_command, with_digits,
    without_keys,
};

const PAPER: &str = "experiments/paper.kexp";

/// Columns that differ between processors. Those that fuse multiplication and addition, or have wider vectors, differ in
/// the last bits; hundreds of steps of training and descent at full length make much of that. The small experiment,
/// whose trainings and descents are short, is compared in all of its numbers.
const VOLATILE: &[&str] = &[
    "outside",
    "lowest",
    "lower_quartile",
    "lower quartile",
    "median",
    "upper_quartile",
    "upper quartile",
    "highest",
    "hits",
    "share of hits",
    "95 % from",
    "to",
    "median end",
    "distinct minima",
    "evaluations",
    "of the training set",
    "per hit",
    "epoch",
    "best_epoch",
    "loss",
    "rmse",
    "pearson",
    "spearman",
    "training.loss",
    "validation.loss",
    "validation.rmse",
    "rank_correlation",
    "absolute_error",
    "memorisation",
    "memorisation_p",
    "coverage",
    "coverage_training",
    "density",
    "c2st_area",
    "c2st_p",
    "p_corrected",
];

/// Methods whose starts come from networks: how many of them hit, and when, differs for the same reason.
const NETWORKS: &[&str] = &["autoencoder", "attention", "adversarial", "flow", "spline"];
/// Columns of theirs that differ beside the others.
const VOLATILE_OF_NETWORKS: &[&str] = &[
    "success_probability",
    "low",
    "high",
    "success",
    "cost_to_first_hit",
    "evaluations to the first hit",
    "starts",
    "p_value",
    "effect",
];

/// Markdown with the cells of the volatile columns left out.
fn masked(text: &str) -> String {
    let mut header: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells.len() < 3 || line.starts_with("| ---") {
            lines.push(line.to_owned());
        } else if header.is_empty() {
            header = cells.iter().map(|cell| (*cell).to_owned()).collect();
            lines.push(line.to_owned());
        } else {
            let of_network = cells.iter().any(|cell| NETWORKS.contains(cell));
            let differs = |name: &str| VOLATILE.contains(&name) || of_network && VOLATILE_OF_NETWORKS.contains(&name);
            let cell = |(name, cell): (&String, &&str)| if differs(name) { "~".to_owned() } else { (*cell).to_owned() };
            lines.push(header.iter().zip(&cells).map(cell).collect::<Vec<_>>().join(" | ").trim().to_owned());
            continue;
        }
        if cells.len() < 3 {
            header.clear();
        }
    }
    lines.join("\n")
}

/// The tables of a run: those in Markdown, and the columns of those with single rows.
fn tables(out: &Path) -> String {
    let mut tables = String::new();
    for name in entries(&out.join("tables")) {
        let text = fs::read_to_string(out.join("tables").join(&name)).unwrap();
        let shown = if name.ends_with(".csv") { text.lines().next().unwrap_or_default() } else { text.trim_end() };
        tables.push_str(&format!("{name}\n{shown}\n\n"));
    }
    tables
}

#[test]
fn the_tables_and_the_draft_of_the_small_experiment() {
    let out = reference().join("out");
    assert_near_snapshot("small_tables", &with_digits(&tables(&out), 3));
    let draft = fs::read_to_string(out.join("draft.md")).unwrap();
    assert_near_snapshot("small_draft", &with_digits(&draft, 3));
}

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

    assert_near_snapshot("quick_tables", &with_digits(&masked(&tables(&out)), 3));
    let draft = fs::read_to_string(out.join("draft.md")).unwrap();
    assert_near_snapshot("quick_draft", &with_digits(&masked(&draft), 3));

    let said = Said::of(run_command(PAPER, &place.store(), &out, starter).output().unwrap()).ok();
    assert!(said.out.starts_with("0 nodes computed") && said.out.contains("up to date"), "{}", said.out);

    // The paper's own draft has a value for every marker under this profile too.
    let paper = place.path("paper");
    let said = Said::of(run_command(PAPER, &place.store(), &paper, &["--profile", "quick"]).output().unwrap()).ok();
    assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
    let out = paper.to_str().unwrap();
    kexp(&["render", PAPER, "--profile", "quick", "--check", "--out", out]).ok();
}
