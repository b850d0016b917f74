//! The process against scikit-learn, the likelihood's slopes against differences, and how soon minima are found.

use std::f64::consts::PI;

use proptest::prelude::*;
use serde::Deserialize;

use super::kernel::Kernel;
use super::process::Process;
use super::*;
use crate::optimise::functions::{Function, TestFunction};
use crate::optimise::global::Method;
use crate::optimise::global::tests::{Failing, minimise};
use crate::optimise::{GradientAnswer, Objective};

/// What `benches/peers/gaussian_process.py` wrote.
#[derive(Deserialize)]
struct Reference {
    lengthscales: Vec<f64>,
    noise: f64,
    inputs: Vec<Vec<f64>>,
    targets: Vec<f64>,
    asked: Vec<Vec<f64>>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    log_likelihood: f64,
}

#[test]
fn the_posterior_is_that_of_scikit_learn() {
    let references: Vec<Reference> = serde_json::from_str(include_str!("reference.json")).expect("references");
    for reference in references {
        let kernel = Kernel { lengthscales: reference.lengthscales, noise: reference.noise };
        let process = Process::new(kernel.clone(), &reference.inputs, &reference.targets).expect("a process");
        assert!((process.log_likelihood() - reference.log_likelihood).abs() < 1e-8);
        for (at, found) in process.at(&reference.asked).into_iter().enumerate() {
            assert!((found.mean - reference.means[at]).abs() < 1e-9);
            assert!((found.deviation - reference.deviations[at]).abs() < 1e-9);
            let (same, _) = process.with_slopes(&kernel.scaled(&reference.asked[at]));
            assert!((same.mean - found.mean).abs() < 1e-12 && (same.deviation - found.deviation).abs() < 1e-12);
        }
    }
}

/// Inputs in three dimensions with fvals over some decades, one of them a failed solve.
fn evidence(unit: &[f64]) -> (Vec<Vec<f64>>, Warp) {
    let inputs: Vec<Vec<f64>> = unit.chunks(3).map(<[f64]>::to_vec).collect();
    let mut fvals: Vec<f64> = inputs.iter().map(|x| (5.0 * x[0]).exp() + x[1] * x[2] - 3.0).collect();
    fvals[0] = f64::INFINITY;
    (inputs, Warp::new(&fvals).expect("they differ"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn slopes_of_the_likelihood_are_those_of_its_value(
        unit in proptest::collection::vec(0.0..1.0, 24),
        lengths in proptest::collection::vec(-1.5..1.0, 3),
        noise in -7.0..-1.0,
        scale in -3.0..6.0,
    ) {
        let (inputs, warp) = evidence(&unit);
        let evidence = Evidence { inputs: &inputs, warp: &warp };
        let logarithms: Vec<f64> = lengths.iter().copied().chain([noise, scale]).collect();
        let value = |logarithms: &[f64]| evidence.likelihood(logarithms).map(|(value, _)| value);
        let (_, slopes) = evidence.likelihood(&logarithms).expect("it can be factored");
        for (index, slope) in slopes.iter().enumerate() {
            let beside = |step: f64| {
                let mut beside = logarithms.clone();
                beside[index] += step;
                value(&beside).expect("it can be factored")
            };
            let expected = (beside(1e-5) - beside(-1e-5)) / 2e-5;
            prop_assert!((slope - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{index}: {slope} {expected}");
        }
    }

    #[test]
    fn slopes_of_the_prediction_are_those_of_its_value(
        unit in proptest::collection::vec(0.0..1.0, 24),
        asked in proptest::collection::vec(0.0..1.0, 3),
    ) {
        let (inputs, warp) = evidence(&unit);
        let process = Evidence { inputs: &inputs, warp: &warp }.process(&[-1.0, 0.0, 0.5, -6.0, 1.0]).expect("a process");
        let scaled = process.kernel().scaled(&asked);
        let (_, slopes) = process.with_slopes(&scaled);
        for index in 0..3 {
            let beside = |step: f64| {
                let mut beside = scaled.clone();
                beside[index] += step;
                process.with_slopes(&beside).0
            };
            let (above, below) = (beside(1e-6), beside(-1e-6));
            let mean = (above.mean - below.mean) / 2e-6;
            let deviation = (above.deviation - below.deviation) / 2e-6;
            prop_assert!((slopes.mean[index] - mean).abs() < 1e-4 * (1.0 + mean.abs()));
            prop_assert!((slopes.deviation[index] - deviation).abs() < 1e-3 * (1.0 + deviation.abs()));
        }
    }
}

#[test]
fn two_points_have_the_posterior_that_can_be_derived() {
    // Correlation r, no noise to speak of: the mean is the middle, and between the points both weigh the same.
    let kernel = Kernel { lengthscales: vec![1.0], noise: 1e-9 };
    let process = Process::new(kernel, &[vec![0.0], vec![1.0]], &[2.0, 4.0]).expect("a process");
    let (r, _) = Kernel::of(&[0.0], &[1.0]);
    let distance = 5.0_f64.sqrt();
    assert!((r - (1.0 + distance + 5.0 / 3.0) * (-distance).exp()).abs() < 1e-15);
    let found = process.at(&[vec![0.5], vec![0.0]]);
    let (half, _) = Kernel::of(&[0.0], &[0.5]);
    // (y - m)' R^-1 (y - m) / n with y - m = (-1, 1): R^-1 scales it by 1 / (1 - r).
    let variance = 1.0 / (1.0 - r);
    let expected = (variance * (1.0 - 2.0 * half * half / (1.0 + r))).sqrt();
    assert!((found[0].mean - 3.0).abs() < 1e-8 && (found[0].deviation - expected).abs() < 1e-7);
    assert!((found[1].mean - 2.0).abs() < 1e-7 && found[1].deviation < 1e-3);
}

/// Branin's function (1972), whose three minima are 0.397887.
struct Branin(Bounds);

impl Objective for Branin {
    fn bounds(&self) -> &Bounds {
        &self.0
    }
    fn value(&self, x: &[f64]) -> f64 {
        let valley = x[1] - 5.1 / (4.0 * PI * PI) * x[0] * x[0] + 5.0 / PI * x[0] - 6.0;
        valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x[0].cos() + 10.0
    }
    fn gradient(&self, _: &[f64]) -> Option<GradientAnswer> {
        None
    }
}

fn lowest(objective: &dyn Objective, settings: Bayesian, evaluations: f64) -> f64 {
    minimise(Method::Bayesian(settings), objective, evaluations).best.map_or(f64::INFINITY, |(_, fval)| fval)
}

/// The lowest of as many random points, the median of eleven times.
fn random(objective: &dyn Objective, evaluations: usize) -> f64 {
    let mut found: Vec<f64> = (0..11)
        .map(|seed| {
            let points = design::random(evaluations, objective.bounds(), &Streams::new(seed, "random"));
            points.iter().map(|x| objective.value(x)).fold(f64::INFINITY, f64::min)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found[5]
}

#[test]
fn it_finds_minima_that_random_points_do_not() {
    let usual = Bayesian::default();
    let branin = Branin(Bounds { lower: vec![-5.0, 0.0], upper: vec![10.0, 15.0] });
    let found = lowest(&branin, usual, 40.0);
    assert!(found < 0.398 && random(&branin, 40) > 0.6, "{found}");
    let rosenbrock = TestFunction::new(Function::Rosenbrock, 2);
    let found = lowest(&rosenbrock, usual, 100.0);
    assert!(found < 0.02 && random(&rosenbrock, 100) > 2.0, "{found}");
    let ackley = TestFunction::new(Function::Ackley, 10);
    let found = lowest(&ackley, usual, 150.0);
    assert!(found < 10.0 && random(&ackley, 150) > 17.0, "{found}");
}

#[test]
fn fvals_over_many_decades_and_failed_solves_are_no_hindrance() {
    /// The exponential of a sphere: 15 decades, of which half cannot be solved.
    struct Decades(Bounds);
    impl Objective for Decades {
        fn bounds(&self) -> &Bounds {
            &self.0
        }
        fn value(&self, x: &[f64]) -> f64 {
            let square: f64 = x.iter().map(|x| (x - 0.3) * (x - 0.3)).sum();
            if x[0] + x[1] > 1.0 { f64::INFINITY } else { (35.0 * square).exp() }
        }
        fn gradient(&self, _: &[f64]) -> Option<GradientAnswer> {
            None
        }
    }
    let decades = Decades(Bounds { lower: vec![-0.4; 4], upper: vec![1.0; 4] });
    let found = lowest(&decades, Bayesian::default(), 80.0);
    assert!(found < 1.05 && random(&decades, 80) > 10.0, "{found}");
}

#[test]
fn in_many_dimensions_it_stays_in_a_trust_region_and_comes_to_an_end() {
    let sphere = TestFunction::new(Function::Sphere, 22);
    let found = lowest(&sphere, Bayesian::default(), 160.0);
    assert!(found < 0.2 * random(&sphere, 160), "{found}");
    // A region that finds nothing better shrinks until the search is over.
    let small = Bayesian { trust_region: 0, evaluations: Some(1000), ..Bayesian::default() };
    let outcome = minimise(Method::Bayesian(small), &Failing::nowhere(Function::Sphere, 1), 1000.0);
    assert_eq!(outcome.stop, Stop::Converged(Convergence::Step));
    assert!(outcome.best.is_some_and(|(_, fval)| fval < 1e-3));
}

#[test]
fn a_search_ends_after_its_evaluations_and_the_process_keeps_few_points() {
    let settings = Bayesian { initial: Some(12), evaluations: Some(40), points: 15, ..Bayesian::default() };
    let objective = Failing::nowhere(Function::Sphere, 2);
    let outcome = minimise(Method::Bayesian(settings), &objective, 1000.0);
    assert_eq!((outcome.stop, outcome.work.values), (Stop::Iterations, 40));
    assert!(outcome.best.is_some_and(|(_, fval)| fval < 1e-2));
}

#[test]
fn beyond_its_most_points_the_process_keeps_the_lowest_and_the_newest() {
    let cube = Bounds { lower: vec![0.0], upper: vec![1.0] };
    let search = Expected {
        points: 4,
        evaluations: 100,
        streams: Streams::new(1, "test"),
        cube,
        region: None,
        asked: Vec::new(),
        inputs: vec![vec![0.5]; 7],
        fvals: vec![1.0, 9.0, 8.0, f64::INFINITY, 2.0, 7.0, 6.0],
        fitted: None,
        fit_at: 0,
    };
    assert_eq!(search.kept(), vec![0, 4, 5, 6]);
}
