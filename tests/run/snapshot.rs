//! `kexp snapshot`: recorded numbers, tolerances, and what a change looks like.

use std::fs;

use crate::support::{Place, SMALL};

#[test]
fn numbers_are_recorded_compared_and_tolerated() {
    let place = Place::after_a_run();
    let file = place.path("small.snapshot.ron");
    let path = file.to_str().unwrap();
    let snapshot = |more: &[&str]| {
        let mut arguments = vec!["snapshot", SMALL, "--snapshot", path];
        arguments.extend(more);
        place.kexp(&arguments)
    };
    // Nothing is recorded yet: the first call records.
    let said = snapshot(&[]).ok();
    assert_eq!(place.hide(&said.out), "PLACE/small.snapshot.ron: recorded\n");
    let said = snapshot(&[]).ok();
    assert_eq!(place.hide(&said.out), "PLACE/small.snapshot.ron: all numbers within their tolerances\n");

    // Another number of replicates changes numbers and the rows of tables.
    let said = snapshot(&["--set", "made.replicates=7"]).failed();
    assert!(said.out.lines().any(|line| line.starts_with("by_condition.generated[row 0]: 6 -> 7")), "{}", said.out);
    assert!(place.hide(&said.err).contains(" numbers differ from PLACE/small.snapshot.ron; `--update` records"));

    // A wide tolerance for one number, written by hand.
    let recorded = fs::read_to_string(&file).unwrap();
    let best = "\"dataset.rows_a.stat5_fit.best\": Number(";
    let start = recorded.find(best).expect("the value is recorded") + best.len();
    let end = start + recorded[start..].find(')').unwrap();
    let value: f64 = recorded[start..end].parse().unwrap();
    let edited = format!("{}{}{}", &recorded[..start], value * 1.01, &recorded[end..]);
    fs::write(&file, &edited).unwrap();
    let said = snapshot(&[]).failed();
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    assert!(said.out.starts_with("dataset.rows_a.stat5_fit.best: "), "{}", said.out);
    let tolerant = edited.replacen("\"*\": ", "\"dataset.rows_a.stat5_fit.best\": 0.05,\n    \"*\": ", 1);
    assert_ne!(tolerant, edited);
    fs::write(&file, &tolerant).unwrap();
    snapshot(&[]).ok();

    // An update keeps the tolerances.
    let said = snapshot(&["--update"]).ok();
    assert_eq!(place.hide(&said.out), "PLACE/small.snapshot.ron: recorded\n");
    assert!(fs::read_to_string(&file).unwrap().contains("\"dataset.rows_a.stat5_fit.best\": 0.05"));

    fs::write(&file, "no snapshot").unwrap();
    let said = snapshot(&[]).failed();
    assert!(place.hide(&said.err).starts_with("kexp: PLACE/small.snapshot.ron is no snapshot: "), "{}", said.err);
}
