//! A benchmark: every trial keeps to its budget and pays for its training set, whatever the number of threads.

use std::path::Path;

use kexp::plan::node::{Node, Plan, Stage};
use kexp::run::stages::{DescentsSummary, TrialSummary};

use crate::support::{Place, assert_same_tree, node, plan, ran, summary, table};

const FILE: &str = "tests/run/benchmark.kexp";
const BUDGET: f64 = 3000.0;

fn trials(plan: &Plan) -> impl Iterator<Item = &Node> {
    plan.nodes.iter().filter(|node| matches!(node.stage, Stage::Trial(_)))
}

#[test]
fn trials_keep_to_their_budget_on_any_number_of_threads() {
    let (one, two) = (ran(FILE, "1"), ran(FILE, "2"));
    assert_same_tree(&one.store().join("artifacts"), &two.store().join("artifacts"));
    assert_same_tree(&one.out(), &two.out());

    let plan = plan(Path::new(FILE), &[]);
    // Ten methods, three of which learn and are blind too, twice.
    assert_eq!(trials(&plan).count(), 2 * (10 + 3));
    for node in trials(&plan) {
        let Stage::Trial(settings) = &node.stage else { unreachable!("a trial") };
        let name = &node.name;
        let summary: TrialSummary = summary(&one, node);
        assert!(summary.spent <= BUDGET, "{name} spent {}", summary.spent);
        let fvals = table(&one, node, "fvals");
        let derivatives = fvals.integers("derivatives").unwrap().iter().filter(|&&one| one == 1).count() as u64;
        assert_eq!(summary.work.gradients, derivatives, "{name}");
        assert_eq!(summary.work.values + summary.work.gradients, fvals.rows() as u64, "{name}");
        let costs = fvals.numbers("cost").unwrap();
        assert!(costs.windows(2).all(|pair| pair[0] < pair[1]) && costs.iter().all(|cost| *cost <= BUDGET), "{name}");

        let ends = table(&one, node, "ends");
        let training = ends.texts("phase").unwrap().iter().filter(|phase| *phase == "training").count();
        if settings.method.learns() {
            let descents: DescentsSummary = crate::support::summary(&one, &plan.nodes[node.inputs[1]]);
            assert_eq!(summary.training, descents.work, "{name} pays for its training set");
            let paid = descents.work.cost(4.0);
            assert!(costs.first().is_none_or(|first| *first > paid), "{name} pays for it first");
            assert_eq!(training == 8, !name.contains(".blind"), "{name}: {training} ends of the training set");
        } else {
            assert_eq!((summary.training.values, summary.training.gradients, training), (0, 0, 0), "{name}");
        }
        if name.contains(".screened.") {
            let candidates = fvals.integers("start").unwrap().iter().filter(|&&start| start == -1).count();
            assert_eq!(candidates % 200, 0, "{name} pays for its candidates");
        }
        if name.contains(".bayesian.") || name.contains(".scatter_search.") {
            // Each search is followed by a descent from its best vector; gradients of no descent are the search's own.
            assert!(summary.starts > 0 && ends.rows() == summary.starts, "{name} descends from what it found");
            let of_searches = fvals.integers("start").unwrap().iter().zip(fvals.integers("derivatives").unwrap());
            let own = of_searches.filter(|&(&start, &derivatives)| start == -1 && derivatives == 1).count();
            assert_eq!(own > 0, name.contains(".scatter_search."), "{name} has {own} gradients in its searches");
        }
    }
    assert_minima(&one, &plan);
    for name in ["success.svg", "success.png", "waterfall.svg", "minima.svg", "parameters.svg"] {
        assert!(one.out().join("figures").join(name).is_file(), "{name}");
    }
    let hits = std::fs::read_to_string(one.out().join("tables/hits.csv")).unwrap();
    assert_eq!(hits.lines().count(), 1 + 10 + 3, "{hits}");
}

/// Every converged end of a trial's own lies in one minimum, and the best ends are among them.
fn assert_minima(place: &Place, plan: &Plan) {
    let table = |name: &str| table(place, node(plan, "benchmark.methods"), name);
    let (minima, ends, summary, best) = (table("minima"), table("ends"), table("summary"), table("best_ends"));
    let (number, fval, starts) =
        (minima.integers("minimum").unwrap(), minima.numbers("fval").unwrap(), minima.integers("starts").unwrap());
    let converged: i64 = ends.integers("converged").unwrap().iter().sum();
    assert_eq!(starts.iter().sum::<i64>(), converged);
    assert!((1..number.len()).all(|row| number[row - 1] <= number[row] && fval[row - 1] <= fval[row]));
    let lines = summary.rows();
    assert!(starts.chunks(lines).all(|of_minimum| of_minimum.iter().any(|&starts| starts > 0)));

    let (method, blind) = (minima.texts("method").unwrap(), minima.texts("blind").unwrap());
    for line in 0..lines {
        let (name, is_blind) = (&summary.texts("method").unwrap()[line], &summary.texts("blind").unwrap()[line]);
        let own = (0..minima.rows()).filter(|&row| method[row] == *name && blind[row] == *is_blind);
        let own: Vec<usize> = own.collect();
        let reached = own.iter().filter(|&&row| starts[row] > 0).count() as i64;
        assert_eq!(summary.integers("distinct_minima").unwrap()[line], reached, "{name}");
        let all = summary.integers("starts").unwrap()[line] as f64;
        let share = minima.numbers("share").unwrap();
        assert!(own.iter().all(|&row| share[row] == starts[row] as f64 / all), "{name}");
    }

    let (value, best_fval) = (best.numbers("value").unwrap(), best.numbers("fval").unwrap());
    let (lower, upper) = (best.numbers("lower").unwrap(), best.numbers("upper").unwrap());
    assert!((0..best.rows()).all(|row| lower[row] <= value[row] && value[row] <= upper[row]));
    assert_eq!(best_fval[0], fval[0]);
    let numbers = best.integers("end").unwrap();
    let count = numbers[numbers.len() - 1] + 1;
    assert!((5..=50).contains(&count) && best.rows() as i64 == count * 9, "{count} ends of nine parameters");
    let of_lowest = best.integers("minimum").unwrap().iter().filter(|&&minimum| minimum == 0).count();
    assert!(of_lowest <= 10 * 9, "other minima have room");
}

#[test]
fn repeats_and_names_and_budgets_are_in_keys_as_they_should() {
    let keys = |set: &[&str]| -> Vec<(String, String)> {
        let plan = plan(Path::new(FILE), set);
        plan.nodes.iter().map(|node| (node.name.clone(), node.key.to_string())).collect()
    };
    let before = keys(&[]);
    let mut distinct: Vec<&String> = before.iter().map(|(_, key)| key).collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), before.len(), "each repeat is work of its own");
    // More repeats leave those that are there as they are.
    let more = keys(&["methods.repeats=3"]);
    for (name, key) in before.iter().filter(|(name, _)| !name.starts_with("benchmark.")) {
        assert!(more.contains(&(name.clone(), key.clone())), "{name} changed");
    }
    let dearer = keys(&["methods.budget=evaluations(4000)"]);
    for (name, key) in before.iter().filter(|(name, _)| name.starts_with("trial.")) {
        assert!(!dearer.contains(&(name.clone(), key.clone())), "{name} has another budget");
    }
}
