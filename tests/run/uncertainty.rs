//! Posteriors and profiles from the language to the draft, where the answer is known.

use std::path::Path;

use kexp::run::stages::PosteriorSummary;

use crate::support::{Place, assert_same_tree, node, plan, ran, summary, table};

const FILE: &str = "tests/run/uncertainty.kexp";

#[test]
fn known_answers_are_found_on_any_number_of_threads() {
    let (one, two) = (ran(FILE, "1"), ran(FILE, "2"));
    assert_same_tree(&one.store().join("artifacts"), &two.store().join("artifacts"));
    assert_same_tree(&one.out(), &two.out());

    let plan = plan(Path::new(FILE), &[]);
    let table = |name: &str, of: &str| table(&one, node(&plan, name), of);

    for name in ["posterior.by_nuts", "posterior.by_walk"] {
        let found = table(name, "summary");
        assert_eq!(found.texts("parameter").unwrap(), ["x1", "fval"]);
        let at = |column: &str| found.numbers(column).unwrap()[0];
        assert!((at("mean") - 1.0).abs() < 5.0 * at("standard_error") && at("standard_error") < 0.1, "{name}");
        assert!((at("sd") - 1.0).abs() < 0.12, "{name}: {}", at("sd"));
        assert!((at("upper_95") - 2.96).abs() < 0.35 && (at("lower_95") + 0.96).abs() < 0.35, "{name}");
        assert!(at("rhat") < 1.05 && at("ess_bulk") > 300.0 && at("ess_tail") > 200.0, "{name}");
        let told: PosteriorSummary = summary(&one, node(&plan, name));
        assert_eq!((told.chains, told.draws, told.failed), (4, 1000, 0));
        let draws = table(name, "draws");
        assert_eq!(draws.rows(), 4000);
        // The fval is that of the vector, with the constant of a normal density.
        let (x, fval) = (draws.numbers("parameter.x1").unwrap(), draws.numbers("fval").unwrap());
        let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
        assert!(x.iter().zip(fval).all(|(x, fval)| (0.5 * (x - 1.0).powi(2) + constant - fval).abs() < 1e-9));
    }

    let limits = table("profile_likelihood.limits", "intervals");
    assert!((limits.numbers("lower").unwrap()[0] + 0.959_964).abs() < 1e-4);
    assert!((limits.numbers("upper").unwrap()[0] - 2.959_964).abs() < 1e-4);
    // One standard deviation of x1; x2 follows as its square.
    let narrower = table("profile_likelihood.narrower", "intervals");
    let ends = |row: usize| (narrower.numbers("lower").unwrap()[row], narrower.numbers("upper").unwrap()[row]);
    assert!((ends(0).0).abs() < 0.01 && (ends(0).1 - 2.0).abs() < 0.01, "{:?}", ends(0));
    assert!((ends(1).1 - 4.0).abs() < 0.05, "{:?}", ends(1));
    assert!(narrower.texts("upper_end").unwrap().iter().all(|end| end == "crosses the threshold"));

    for name in ["traces", "marginals", "pairs", "profiles"] {
        assert!(one.out().join(format!("figures/{name}.svg")).is_file(), "{name}");
        let data = std::fs::read_to_string(one.out().join(format!("tables/{name}.csv"))).unwrap();
        assert!(data.lines().count() > 10, "{name}");
    }
    let pairs = std::fs::read_to_string(one.out().join("tables/pairs.csv")).unwrap();
    assert!(pairs.starts_with("chain,draw,divergent,parameter.x2,parameter.x1\n"), "{pairs:.100}");
    let told = std::fs::read_to_string(one.out().join("tables/posterior.csv")).unwrap();
    assert!(told.starts_with("parameter,scale,mean,sd,rhat,ess_bulk\nx1,linear,"), "{told}");
}

#[test]
fn a_start_that_cannot_be_solved_is_told() {
    let place = Place::new();
    let path = place.path("failing.kexp");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/models/stat5.kexp");
    let told = |body: &str| {
        let text = format!("import stat5_fit from \"{root}\"\n{body}\nprofile p {{ stat5_fit.solver.steps = 1 }}\n");
        std::fs::write(&path, text).unwrap();
        let out = place.path("out");
        let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
        place.kexp(&["run", path, "--out", out, "--quiet", "--profile", "p"]).failed().err
    };
    let small = "warmup = 10, draws = 4, chains = 2";
    for (body, words) in [
        (
            format!("posterior a {{ problem = stat5_fit, start = nominal, {small} }}"),
            "where a chain starts (step_limit",
        ),
        (
            format!("posterior a {{ problem = stat5_fit, {small} }}"),
            "none of 1000 random starts could be solved (step_limit",
        ),
        ("profile_likelihood a { problem = stat5_fit }".to_owned(), "where the optimum is looked for (step_limit"),
        (
            format!("dataset d {{ start = random(2) }}\nposterior a {{ problem = stat5_fit, start = d, {small} }}"),
            "no descent has an end",
        ),
    ] {
        let err = told(&body);
        assert!(err.contains(words), "{body}\n{err}");
    }
}
