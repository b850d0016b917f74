//! Rounds of retraining and the filter of proposals, on a problem of which it is known where it fails.

use std::path::Path;

use kexp::plan::node::{Plan, Stage};
use kexp::run::stages::{DatasetSummary, DescentsSummary, FeasibilitySummary, TrialSummary};

use crate::support::{Place, SMALL, assert_same_tree, kexp, node, plan, ran, summary, table};

const FILE: &str = "tests/run/rounds.kexp";

#[test]
fn rounds_are_nodes_that_depend_on_the_round_before() {
    let plan = plan(Path::new(FILE), &[]);
    let inputs = |name: &str| -> Vec<&str> {
        node(&plan, name).inputs.iter().map(|&input| plan.nodes[input].name.as_str()).collect()
    };
    assert_eq!(
        inputs("generate.made.net.round_1"),
        ["dataset.rows_a.fit", "train.net.rows_a.fit", "feasibility.made.net"]
    );
    assert_eq!(inputs("solve.made.net.round_1"), ["problem.fit", "dataset.rows_a.fit", "generate.made.net.round_1"]);
    let second = "append.made.net.round_2";
    assert_eq!(inputs(second), ["problem.fit", "dataset.rows_a.fit", "solve.made.net.round_1"]);
    assert_eq!(inputs("train.made.net.round_2"), [second]);
    assert_eq!(inputs("feasibility.made.net.round_2"), [second]);
    assert_eq!(inputs("append.made.net.round_3"), ["problem.fit", second, "solve.made.net.round_2"]);
    // Conditions and what is better refer to the rows of the first round, whatever the round.
    let last = ["problem.fit", "dataset.rows_a.fit", "generate.made.net.round_3"];
    assert_eq!(inputs("solve.made.net.round_3"), last);
    assert_eq!(inputs("conditions.made.net.round_3"), ["solve.made.net.round_3", "dataset.rows_a.fit"]);
    assert!(plan.nodes.iter().all(|node| !node.name.contains("round_4")));
    // A generator's own rounds count where nobody else says how many, and are paid for by the trial.
    let trial = inputs("trial.methods.fit.net.repeat_00");
    assert_eq!(trial[5..], ["solve.methods.fit.net.round_1"]);
}

#[test]
fn what_is_about_use_changes_no_training() {
    let keys = |set: &[&str]| -> Vec<String> {
        let plan = plan(Path::new(SMALL), set);
        plan.nodes.iter().map(|node| node.key.to_string()).collect()
    };
    let before = keys(&[]);
    assert_eq!(before, keys(&["made.rounds=1"]));
    assert_eq!(before, keys(&["net.rounds=1", "net.filter=none"]));
    let plain = plan(Path::new(SMALL), &[]);
    let more = plan(Path::new(SMALL), &["made.rounds=2", "net.filter=feasibility(0.3)"]);
    for name in ["tune.search", "dataset.rows_a.stat5_fit", "descend.rows_a.stat5_fit"] {
        assert_eq!(node(&plain, name).key, node(&more, name).key, "{name}");
    }
    // Filtered proposals are others; a weight of rows is in the key of the rows.
    assert_ne!(node(&plain, "generate.made.tuned.starts").key, node(&more, "generate.made.tuned.starts").key);
    let even = plan(Path::new(SMALL), &["made.rounds=retrain(2, weight = none)", "net.filter=feasibility(0.3)"]);
    let name = "append.made.tuned.round_2";
    assert_ne!(node(&even, name).key, node(&more, name).key);
}

#[test]
fn the_problem_says_what_happens_outside_where_nobody_else_does() {
    let law = |file: &str, set: &[&str], name: &str| match &node(&plan(Path::new(file), set), name).stage {
        Stage::Generate(settings) => Some(settings.outside.clone()),
        Stage::Trial(settings) => settings.outside.clone(),
        other => panic!("{other:?}"),
    };
    let of = |set: &[&str]| law(SMALL, set, "generate.made.tuned.starts").unwrap();
    assert_eq!(of(&[]), "clip");
    assert_eq!(of(&["stat5_fit.outside=reject"]), "reject");
    assert_eq!(of(&["stat5_fit.outside=reject", "made.outside=reflect"]), "reflect");
    let trial = "trial.methods.fit.net.repeat_00";
    assert_eq!(law(FILE, &["fit.outside=reject"], trial).as_deref(), Some("clip"));
    let file = "tests/run/benchmark.kexp";
    let trial = "trial.methods.stat5_fit.net.repeat_00";
    assert_eq!(law(file, &[], trial), None);
    assert_eq!(law(file, &["stat5_fit.outside=reject"], trial).as_deref(), Some("reject"));
    let problem = |set: &[&str]| node(&plan(Path::new(SMALL), set), "problem.stat5_fit").key.clone();
    assert_eq!(problem(&[]), problem(&["stat5_fit.outside=reject"]), "the problem is the same");
}

#[test]
fn rounds_learn_from_their_proposals_on_any_number_of_threads() {
    let (one, two) = (ran(FILE, "1"), ran(FILE, "2"));
    assert_same_tree(&one.store().join("artifacts"), &two.store().join("artifacts"));
    assert_same_tree(&one.out(), &two.out());
    let plan = plan(Path::new(FILE), &[]);

    let first: DatasetSummary = summary(&one, node(&plan, "dataset.rows_a.fit"));
    assert!(first.failed >= 10, "{} failed", first.failed);
    let mut before = (first.clone(), table(&one, node(&plan, "dataset.rows_a.fit"), "rows"));
    for round in [2, 3] {
        let node_of_rows = node(&plan, &format!("append.made.net.round_{round}"));
        let (found, rows) = (summary::<DatasetSummary>(&one, node_of_rows), table(&one, node_of_rows, "rows"));
        let solved = table(&one, node(&plan, &format!("solve.made.net.round_{}", round - 1)), "solved");
        assert_eq!(rows.rows(), before.1.rows() + 80);
        assert_eq!(found.proposals, before.0.proposals + 80);
        assert_eq!(found.work.values, before.0.work.values + 80, "every solve is charged");
        assert_eq!(found.work.gradients, first.work.gradients);
        assert_eq!(found.scale, first.scale, "conditions stay comparable");
        let failed = solved.numbers("fval").unwrap().iter().filter(|fval| !fval.is_finite()).count();
        assert_eq!(found.failed, before.0.failed + failed);
        let mut starts = rows.integers("start").unwrap()[before.1.rows()..].to_vec();
        starts.dedup();
        assert_eq!(starts.len(), 80, "each proposal is a start of its own");
        assert!(starts.iter().all(|start| !before.1.integers("start").unwrap().contains(start)));
        let (weights, splits) = (rows.numbers("weight").unwrap(), rows.texts("split").unwrap());
        let (fvals, conditions) = (rows.numbers("fval").unwrap(), rows.numbers("condition").unwrap());
        let training: Vec<usize> = (0..rows.rows()).filter(|&row| splits[row] == "training").collect();
        assert!((training.iter().map(|&row| weights[row]).sum::<f64>() / training.len() as f64 - 1.0).abs() < 1e-9);
        for pair in training.windows(2) {
            assert!(fvals[pair[0]] >= fvals[pair[1]] || weights[pair[0]] >= weights[pair[1]], "low fvals count more");
        }
        for row in before.1.rows()..rows.rows() {
            let expected =
                if fvals[row].is_finite() { first.scale.to_mirrored_condition(fvals[row]) } else { f64::NAN };
            assert_eq!(conditions[row].to_bits(), expected.to_bits());
        }
        before = (found, rows);
    }

    let rounds = table(&one, node(&plan, "rounds.made"), "rounds");
    assert_eq!(rounds.rows(), 3 * 4);
    let requested = rounds.numbers("requested").unwrap();
    assert!((0..12).all(|row| requested[row].is_nan() == (row % 4 == 0)), "below 0 nothing is requested");
    assert_eq!(requested[1], requested[5]);
    for name in ["by_round.svg", "by_round.png", "filter.svg"] {
        assert!(one.out().join("figures").join(name).is_file(), "{name}");
    }
    let text = |name: &str| std::fs::read_to_string(one.out().join("tables").join(name)).unwrap();
    assert_eq!(text("all.csv").lines().count(), 13);
    assert!(text("all.csv").contains("\nnet,3,"), "{}", text("all.csv"));
    assert_eq!(text("few.csv").lines().next(), Some("round,condition,refused,redrawn,feasible"));
    assert_paid(&one, &plan);
    assert_filtered(&one, &plan);
}

/// The trial of a generator with rounds pays for its training set and for the solves of its rounds before anything else.
fn assert_paid(place: &Place, plan: &Plan) {
    let trial = node(plan, "trial.methods.fit.net.repeat_00");
    let found: TrialSummary = summary(place, trial);
    let descents: DescentsSummary = summary(place, &plan.nodes[trial.inputs[1]]);
    assert_eq!(found.training.values, descents.work.values + 60);
    assert_eq!(found.training.gradients, descents.work.gradients);
    let draws = found.draws.unwrap();
    assert_eq!(draws.of_rounds, 60);
    assert!(draws.proposed >= found.starts && draws.redrawn == 0, "{draws:?}");
    let fvals = table(place, trial, "fvals");
    let of = fvals.integers("start").unwrap();
    assert!(of[..60].iter().all(|&start| start == -2) && of[60..].iter().all(|&start| start >= 0));
    let costs = fvals.numbers("cost").unwrap();
    assert_eq!(costs[0], descents.work.cost(4.0) + 1.0);
    assert!(costs.windows(2).all(|pair| pair[0] < pair[1]) && costs.iter().all(|&cost| cost <= 6000.0));
    assert_eq!((fvals.rows() - 60) as u64, found.work.values + found.work.gradients);
    let origin = table(place, node(plan, "compare.made"), "summary");
    let appended: DatasetSummary = summary(place, node(plan, "append.made.net.round_3"));
    assert_eq!(
        origin.integers("training_evaluations").unwrap()[0] as u64,
        appended.work.values + appended.work.gradients
    );
}

/// The classifier knows where the problem fails, and proposals that it passes solve.
fn assert_filtered(place: &Place, plan: &Plan) {
    for name in ["feasibility.made.net", "feasibility.made.net.round_3"] {
        let found: FeasibilitySummary = summary(place, node(plan, name));
        assert_eq!(found.nothing_to_learn, None);
        assert!(found.brier < found.brier_of_share, "{name}: {found:?}");
        let held_out = table(place, node(plan, name), "held_out");
        assert_eq!(held_out.rows(), found.held_out_solved + found.held_out_failed);
        let bins = table(place, node(plan, name), "reliability");
        assert_eq!(bins.integers("starts").unwrap().iter().sum::<i64>() as usize, held_out.rows());
    }
    let vectors = table(place, node(plan, "generate.made.net.round_3"), "vectors");
    let (probability, forced) = (vectors.numbers("probability").unwrap(), vectors.integers("forced").unwrap());
    assert!((0..vectors.rows()).all(|row| probability[row] >= 0.5 || forced[row] == 1));
    let (k, a0) = (vectors.numbers("parameter.k").unwrap(), vectors.numbers("parameter.a0").unwrap());
    assert!(k.iter().chain(a0).all(|value| (-3.0..=1.0).contains(value)));
    let solved = table(place, node(plan, "solve.made.net.round_3"), "solved");
    for (row, fval) in solved.numbers("fval").unwrap().iter().enumerate() {
        // Just below the explosion a solve may run out of steps.
        let distance = k[row] + a0[row] + 1.0;
        assert!(distance.abs() < 0.05 || fval.is_finite() == (distance < 0.0), "{fval} at {distance}");
    }
}

#[test]
fn nothing_to_learn_from_is_a_note() {
    let place = Place::new();
    let (store, out) = (place.store(), place.out());
    let (store, out) = (store.to_str().unwrap(), out.to_str().unwrap());
    let set = ["--set", "net.filter=feasibility(0.3)", "--only", "figure.shares"];
    let said = kexp(&[&["run", SMALL, "--quiet", "--store", store, "--out", out], &set[..]].concat()).ok();
    let plan = plan(Path::new(SMALL), &["net.filter=feasibility(0.3)"]);
    let found: FeasibilitySummary = summary(&place, node(&plan, "feasibility.made.tuned"));
    assert_eq!((found.failed, found.solved + found.held_out_solved), (0, 8));
    let reason = found.nothing_to_learn.unwrap();
    assert!(reason.contains("every vector passes"), "{reason}");
    assert!((said.err.clone() + &said.out).contains(&reason), "{said:?}");
    let vectors = table(&place, node(&plan, "generate.made.tuned"), "vectors");
    assert!(vectors.integers("refused").unwrap().iter().all(|&refused| refused == 0));
    assert!(vectors.numbers("probability").unwrap().iter().all(|value| value.is_nan()));
}
