//! Proposals judged beyond their fval: the same on any number of threads, and by what the language says.

use std::path::Path;

use kexp::table::Table;

use crate::support::{Place, assert_same_tree, node, plan, ran, table};

const FILE: &str = "tests/run/judged.kexp";

fn of(place: &Place, name: &str, of: &str) -> Table {
    table(place, node(&plan(Path::new(FILE), &[]), name), of)
}

#[test]
fn judgements_are_complete_and_the_same_on_any_number_of_threads() {
    let (one, two) = (ran(FILE, "1"), ran(FILE, "2"));
    assert_same_tree(&one.store().join("artifacts"), &two.store().join("artifacts"));
    assert_same_tree(&one.out(), &two.out());

    let judged = std::fs::read_to_string(one.out().join("tables/judged.csv")).unwrap();
    let names: Vec<&str> =
        judged.lines().skip(1).map(|line| &line[..line.match_indices(',').nth(1).unwrap().0]).collect();
    assert_eq!(names, ["plain,vae", "plain,flow", "unconditional,vae", "unconditional,flow", "shuffled,vae"]);
    let by_condition = std::fs::read_to_string(one.out().join("tables/by_condition.csv")).unwrap();
    assert_eq!(by_condition.lines().count(), 1 + 3 * 3, "{by_condition}");
    assert!(by_condition.starts_with("proposals,generator,condition,median\nplain,vae,0,"), "{by_condition}");

    let found = of(&one, "judge.plain.vae", "judgement");
    let value = |name: &str| found.numbers(name).unwrap()[0];
    assert_eq!(found.integers("generated").unwrap(), [60]);
    for name in
        ["memorisation", "closer_to_training", "coverage", "coverage_training", "feasible", "matched", "c2st", "c2st_p"]
    {
        assert!((0.0..=1.0).contains(&value(name)), "{name} is {}", value(name));
    }
    assert!(
        value("memorisation_lower") <= value("memorisation") && value("memorisation") <= value("memorisation_upper")
    );
    // Two held-out descents of its own are too few for the balls of five: no number is made up.
    assert!(of(&one, "judge.shuffled.vae", "judgement").numbers("coverage").unwrap()[0].is_nan());
}

#[test]
fn what_is_not_told_cannot_be_obeyed() {
    let place = ran(FILE, "2");
    let plain = of(&place, "dataset.learnt.stat5_fit", "rows");
    let untold = of(&place, "dataset.untold.stat5_fit", "rows");
    let mixed = of(&place, "dataset.mixed.stat5_fit", "rows");
    let conditions = |table: &Table| table.numbers("condition").unwrap().to_vec();
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    assert!(conditions(&untold).iter().all(|condition| *condition == 0.0));
    assert_ne!(conditions(&plain), conditions(&mixed));
    assert_eq!(plain.numbers("fval").unwrap().len(), mixed.numbers("fval").unwrap().len());
    // Which rows are held out is drawn anew for each dataset: the conditions are those of its own rows.
    let scale = |table: &Table| sorted(table.numbers("fval").unwrap().to_vec());
    assert_eq!(scale(&plain), scale(&mixed));
    let told: std::collections::BTreeSet<u64> =
        conditions(&mixed).iter().map(|condition| condition.to_bits()).collect();
    assert!(told.len() > 10);
    // What is sampled from an unconditional flow has one distribution: the same quartiles at all conditions, but for chance.
    let solved = of(&place, "solve.unconditional.flow", "solved");
    let medians: Vec<f64> = [0.0, 1.0]
        .map(|wanted| {
            let rows: Vec<usize> =
                (0..solved.rows()).filter(|&row| solved.numbers("condition").unwrap()[row] == wanted).collect();
            let achieved = sorted(rows.iter().map(|&row| solved.numbers("achieved").unwrap()[row]).collect());
            achieved[achieved.len() / 2]
        })
        .to_vec();
    assert!((medians[0] - medians[1]).abs() < 0.3, "{medians:?}");
}
