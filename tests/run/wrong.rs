//! Input that a run cannot use: a clear diagnostic and exit code 1.

use std::fs;

use crate::support::{Place, SMALL, assert_snapshot};

#[test]
fn wrong_input_is_told() {
    let mut told = String::new();
    for arguments in [
        // No solve comes to its end within one step.
        &["--set", "stat5_fit.solver.steps=1"][..],
        &["--only", "figure.end"],
        &["--only", "nonsense"],
        &["--set", "rows_a.validate=0"],
        &["--profile", "quick"],
    ] {
        let place = Place::new();
        let said = place.run(arguments).failed();
        told.push_str(&format!("{}\n{}\n", arguments.join(" "), place.hide(&said.err)));
        assert!(!place.out().exists(), "{arguments:?} wrote a draft");
    }
    assert_snapshot("wrong_input", &told);
}

#[test]
fn a_batch_larger_than_the_dataset_stops_a_single_training_and_loses_in_a_search() {
    let place = Place::after_a_run();
    // The search of this experiment has such a trial; its table says so.
    let trials = crate::support::artifact(&place.store(), "tune.search").join("trials.parquet");
    let trials = kexp::table::Table::read_parquet(&trials).unwrap();
    let refused: Vec<bool> = trials.texts("refused").unwrap().iter().map(|reason| !reason.is_empty()).collect();
    let chosen: Vec<bool> = trials.integers("chosen").unwrap().iter().map(|chosen| *chosen == 1).collect();
    assert!(refused.contains(&true) && refused.contains(&false), "{refused:?}");
    assert!(!refused.iter().zip(&chosen).any(|(refused, chosen)| *refused && *chosen));

    let single = fs::read_to_string(SMALL).unwrap().replace("batch = 16", "batch = 1000");
    let single = single.replace("[tuned]", "[net]").replace("../../experiments", "ROOT");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments");
    let path = place.path("single.kexp");
    fs::write(&path, single.replace("ROOT", root)).unwrap();
    let out = place.path("single");
    let said = place.kexp(&["run", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]).failed();
    let told = said.err.lines().last().unwrap_or_default();
    // Two trainings, with and without the best basin: either may be the first.
    assert!(told.starts_with("kexp: train.net.rows_a.stat5_fit"), "{}", said.err);
    assert!(told.contains(": a batch of 1000 is larger than the training set of "), "{}", said.err);
}

#[test]
fn a_draft_with_broken_markers_is_left_alone() {
    let mut told = String::new();
    for broken in [
        "Open <!-- kexp:value rows_a.rows --> for ever.\n",
        "<!-- kexp:figure ends -->\n<!-- kexp:figure shares -->\n<!-- /kexp:figure -->\n<!-- /kexp:figure -->\n",
        "A word <!-- kexp:valeu x -->1<!-- /kexp:valeu --> here.\n",
        "A word <!-- kexp:value no.such.value -->1<!-- /kexp:value --> here.\n",
    ] {
        let place = Place::after_a_run();
        let draft = place.out().join("draft.md");
        let text = format!("# Mine\n\n{broken}");
        fs::write(&draft, &text).unwrap();
        let said = place.run(&[]).failed();
        told.push_str(&format!("{broken}\n{}\n", place.hide(&said.err)));
        assert_eq!(fs::read_to_string(&draft).unwrap(), text, "the author's text was changed");
        // The computed part is there: once the draft is mended, nothing is computed again.
        fs::remove_file(&draft).unwrap();
        let said = place.run(&[]).ok();
        assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
        place.assert_as_uninterrupted();
    }
    assert_snapshot("wrong_drafts", &told);
}
