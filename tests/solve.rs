//! The solver against published, analytic and differenced values.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::network::Network;
use kexp::model::problem::*;
use kexp::random::Streams;
use kexp::solve::ensemble::Ensemble;
use kexp::solve::simulate::SimulateError;
use kexp::solve::{Failure, ProblemSolver, Sensitivities, SolveError, Trajectory, simulate};
use rand::RngExt;
use support::parse::expression;
use support::problem::{assert_backwards, differences};
use support::{Builder, settings, stat5};

fn stat5_solver() -> ProblemSolver {
    ProblemSolver::new(&stat5::problem()).expect("a problem")
}

fn random_vectors(solver: &ProblemSolver, key: &str, count: u64) -> Vec<Vec<f64>> {
    let streams = Streams::new(20_221_014, key);
    let vector = |index| {
        let mut stream = streams.stream(index);
        let bounds = solver.lower().iter().zip(solver.upper());
        bounds.map(|(&lower, &upper)| stream.random_range(lower..upper)).collect()
    };
    (0..count).map(vector).collect()
}

fn assert_gradient(solver: &ProblemSolver, x: &[f64], step: f64, tolerance: f64) {
    assert_backwards(solver, x);
    let gradient = solver.gradient(x).expect("a gradient");
    assert_eq!(gradient.evaluation.outcome.err(), None);
    let differences = differences(solver, x, step);
    let largest = differences.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (index, (analytic, numeric)) in gradient.gradient.iter().zip(&differences).enumerate() {
        let error = (analytic - numeric).abs() / largest;
        assert!(error < tolerance, "{index}: {analytic} against {numeric}, {error:e} of {largest}, at {x:?}");
    }
}

#[test]
fn stat5_has_its_published_likelihood() {
    let solver = stat5_solver();
    for solver in [solver.clone(), solver.with_solver(settings(1e-10))] {
        let evaluation = solver.evaluate(solver.nominal());
        assert!((evaluation.nllh - 138.2220).abs() < 1e-3, "{evaluation:?}");
        assert_eq!(evaluation.nllh, evaluation.fval);
    }
    assert_eq!(solver.names().len(), 9);
    assert_eq!(solver.lower(), [-5.0; 9]);
    let simulated = solver.observables(solver.nominal()).expect("values");
    let chi2 = stat5::problem().measurements.iter().zip(&simulated).fold(0.0, |sum, (measurement, value)| {
        sum + ((measurement.value - value) / stat5::ESTIMATED[6 + measurement.observable].1).powi(2)
    });
    assert!((chi2 - solver.evaluate(solver.nominal()).chi2).abs() < 1e-9);
}

#[test]
fn stat5_gradient_agrees_with_differences() {
    let solver = stat5_solver().with_solver(settings(1e-10));
    for mode in [Sensitivities::Follow, Sensitivities::Controlled] {
        let solver = solver.with_sensitivities(mode);
        for x in random_vectors(&solver, "gradient", 20) {
            assert_gradient(&solver, &x, 1e-3, 1e-5);
        }
    }
}

#[test]
fn fisher_information_is_that_of_the_residuals() {
    let solver = stat5_solver().with_solver(settings(1e-10));
    let x = &random_vectors(&solver, "fisher", 1)[0];
    let gradient = solver.gradient(x).expect("a gradient");
    let d = x.len();
    let shifted = |i: usize, h: f64| {
        let mut x = x.clone();
        x[i] += h;
        solver.observables(&x).expect("values")
    };
    let h = 1e-4;
    let slopes: Vec<Vec<f64>> = (0..d)
        .map(|i| shifted(i, h).iter().zip(shifted(i, -h)).map(|(up, down)| (up - down) / (2.0 * h)).collect())
        .collect();
    let measurements = stat5::problem().measurements;
    let largest = gradient.fisher.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for i in 0..d {
        for j in 0..d {
            let mut expected = 0.0;
            for (k, measurement) in measurements.iter().enumerate() {
                let sd = 10f64.powf(x[6 + measurement.observable]);
                expected += slopes[i][k] * slopes[j][k] / (sd * sd);
                if i == j && i == 6 + measurement.observable {
                    expected += 2.0 * std::f64::consts::LN_10.powi(2);
                }
            }
            let error = (gradient.fisher[i * d + j] - expected).abs();
            assert!(error < 1e-5 * largest, "{i} {j}: {} against {expected}", gradient.fisher[i * d + j]);
        }
    }
}

#[test]
fn value_and_gradient_see_the_same_trajectory() {
    let solver = stat5_solver();
    for x in random_vectors(&solver, "same", 20) {
        assert_eq!(solver.evaluate(&x), solver.gradient(&x).expect("a gradient").evaluation);
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let solver = stat5_solver();
    let vectors = random_vectors(&solver, "threads", 200);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| Ensemble::evaluate(&solver, &vectors))
    };
    let (one, two) = (with(1), with(2));
    let bits = |e: &Ensemble| e.evaluations.iter().map(|e| (e.fval.to_bits(), e.steps)).collect::<Vec<_>>();
    assert_eq!(bits(&one), bits(&two));
}

#[test]
fn work_of_the_solver() {
    let solver = stat5_solver();
    let nominal = |tolerance| solver.with_solver(settings(tolerance)).evaluate(solver.nominal()).steps;
    let ensemble = Ensemble::evaluate(&solver, &random_vectors(&solver, "work", 200));
    let steps: usize = ensemble.evaluations.iter().map(|e| e.steps).sum();
    // Rounded to two digits: another processor may differ in a last bit here and there.
    let rounded = |steps: usize| (steps + 5) / 10 * 10;
    insta::assert_snapshot!(format!(
        "nominal at 1e-6: {}, at 1e-8: {}, at 1e-10: {}; random at 1e-8, mean: {}; failed: {:?}",
        rounded(nominal(1e-6)),
        rounded(nominal(1e-8)),
        rounded(nominal(1e-10)),
        rounded(steps / 200),
        ensemble.failures(),
    ));
}

// Analytic and published trajectories.

fn run(network: &Network, times: &[f64]) -> Trajectory {
    simulate(network, &[], times, settings(1e-10)).expect("a trajectory")
}

fn column(trajectory: &Trajectory, id: &str) -> Vec<f64> {
    let column = trajectory.ids.iter().position(|other| other == id).expect("an id");
    trajectory.values.iter().map(|row| row[column]).collect()
}

fn assert_close(values: &[f64], times: &[f64], tolerance: f64, exact: impl Fn(f64) -> f64) {
    for (value, &time) in values.iter().zip(times) {
        assert!((value - exact(time)).abs() < tolerance, "{value} against {} at {time}", exact(time));
    }
}

#[test]
fn exponential_decay() {
    let network = Builder::new().species("A", "2").parameter("k", 0.5).reaction("A -> 0", "k * A").0;
    let times = [0.0, 0.1, 1.0, 5.0, 20.0];
    assert_close(&column(&run(&network, &times), "A"), &times, 1e-8, |t| 2.0 * (-0.5 * t).exp());
}

#[test]
fn replaced_parameters_and_initial_values() {
    let network = Builder::new().species("A", "2").parameter("k", 0.5).reaction("A -> 0", "k * A").0;
    let times = [1.0, 2.0];
    let replaced = [("k".to_owned(), 1.5), ("A".to_owned(), 4.0)];
    let trajectory = simulate(&network, &replaced, &times, settings(1e-10)).expect("a trajectory");
    assert_close(&column(&trajectory, "A"), &times, 1e-8, |t| 4.0 * (-1.5 * t).exp());
}

#[test]
fn reversible_reaction_keeps_its_moiety() {
    let network = Builder::new().species("A", "1").species("B", "0").reaction("A -> B", "3 * A - 1 * B").0;
    let times = [0.0, 0.05, 0.2, 1.0, 10.0];
    let trajectory = run(&network, &times);
    assert_close(&column(&trajectory, "A"), &times, 1e-8, |t| 0.25 + 0.75 * (-4.0 * t).exp());
    for (a, b) in column(&trajectory, "A").iter().zip(column(&trajectory, "B")) {
        assert!((a + b - 1.0).abs() < 1e-12);
    }
}

#[test]
fn robertson() {
    // Problem ROBER of the Test Set for IVP Solvers (Mazzia and Magherini 2008), reference solution at t = 1e11.
    let network = Builder::new()
        .species("A", "1")
        .species("B", "0")
        .species("C", "0")
        .reaction("A -> B", "0.04 * A")
        .reaction("B + C -> A + C", "1e4 * B * C")
        .reaction("2 B -> B + C", "3e7 * B^2")
        .0;
    let tight = SolverSettings { rtol: 1e-11, atol: 1e-22, most_steps: 100_000 };
    let trajectory = simulate(&network, &[], &[1e11], tight).expect("values");
    let expected = [0.208_334_014_970_125_5e-7, 0.833_336_077_033_471_3e-13, 0.999_999_979_166_505];
    for (value, expected) in trajectory.values[0].iter().zip(expected) {
        assert!((value / expected - 1.0).abs() < 1e-8, "{value:e} against {expected:e}");
    }
    for row in &trajectory.values {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn assignments_and_rate_rules() {
    let network = Builder::new()
        .species("A", "1")
        .parameter("clock", 1.0)
        .parameter("signal", 0.0)
        .assign("signal", "2 * clock")
        .rate("clock", "3")
        .reaction("0 -> A", "signal")
        .0;
    let times = [0.0, 1.0, 2.0];
    let trajectory = run(&network, &times);
    assert_close(&column(&trajectory, "clock"), &times, 1e-9, |t| 1.0 + 3.0 * t);
    assert_close(&column(&trajectory, "signal"), &times, 1e-9, |t| 2.0 + 6.0 * t);
    assert_close(&column(&trajectory, "A"), &times, 1e-8, |t| 1.0 + 2.0 * t + 3.0 * t * t);
}

/// An input that is a formula of time: its terms are computed once a time, whatever the states, and anew behind an event.
#[test]
fn inputs_are_formulas_of_time() {
    let input = || {
        Builder::new()
            .species("A", "0")
            .parameter("b", 1.5)
            .parameter("k", 0.4)
            .reaction("0 -> A", "exp(-b * time)")
            .reaction("A -> 0", "k * A")
    };
    let from_zero = |b: f64, k: f64, t: f64| ((-b * t).exp() - (-k * t).exp()) / (k - b);
    let times = [0.0, 0.5, 2.0, 6.0];
    assert_close(&column(&run(&input().0, &times), "A"), &times, 1e-8, |t| from_zero(1.5, 0.4, t));

    let network = input().event("time >= 2", &[("b", "0.1")]).0;
    let behind = |t: f64| {
        let forced = ((-0.1 * t).exp() - (-0.4 * (t - 2.0) - 0.2).exp()) / 0.3;
        from_zero(1.5, 0.4, 2.0) * (-0.4 * (t - 2.0)).exp() + forced
    };
    let exact = |t: f64| if t <= 2.0 { from_zero(1.5, 0.4, t) } else { behind(t) };
    assert_close(&column(&run(&network, &times), "A"), &times, 1e-8, exact);

    let problem = small_problem(input().0, &["b", "k"], "A", &[(0.5, 0.3), (2.0, 0.5), (6.0, 0.1)]);
    assert_gradient(&ProblemSolver::new(&problem).expect("a problem"), &[0.2, -0.3], 1e-4, 1e-6);
}

#[test]
fn switches_in_time_are_met_exactly() {
    let network =
        Builder::new().species("A", "0").reaction("0 -> A", "piecewise(5, and(time >= 10, time < 10.001), 0)").0;
    let times = [9.0, 10.0, 10.0005, 10.001, 500.0];
    assert_close(&column(&run(&network, &times), "A"), &times, 1e-9, |t| 5.0 * (t.clamp(10.0, 10.001) - 10.0));
}

#[test]
fn events_by_time_and_by_state() {
    let network = Builder::new()
        .species("A", "1")
        .parameter("k", 1.0)
        .reaction("A -> 0", "k * A")
        .event("time >= 2", &[("A", "A + 1"), ("k", "2 * k")])
        .0;
    let times = [1.0, 2.0, 3.0];
    let after = 1.0 + (-2.0f64).exp();
    let exact = |t: f64| if t < 2.0 { (-t).exp() } else { after * (-2.0 * (t - 2.0)).exp() };
    assert_close(&column(&run(&network, &times), "A"), &times, 1e-8, exact);

    let network = Builder::new().species("A", "1").reaction("A -> 0", "A").event("A < 0.5", &[("A", "1")]).0;
    let period = std::f64::consts::LN_2;
    let times: Vec<f64> = (0..40).map(|i| 0.05 + 0.1 * f64::from(i)).collect();
    assert_close(&column(&run(&network, &times), "A"), &times, 1e-7, |t| (-(t % period)).exp());
}

#[test]
fn large_systems_use_sparse_matrices() {
    // A chain of first-order steps from s0: the n-th species follows a gamma density.
    let mut builder = Builder::new().parameter("k", 2.0);
    for i in 0..80 {
        builder = builder.species(&format!("s{i}"), if i == 0 { "1" } else { "0" });
    }
    for i in 0..79 {
        builder = builder.reaction(&format!("s{i} -> s{}", i + 1), &format!("k * s{i}"));
    }
    let times = [0.5, 1.0, 2.0];
    let trajectory = run(&builder.0, &times);
    assert_close(&column(&trajectory, "s3"), &times, 1e-8, |t| (2.0 * t).powi(3) / 6.0 * (-2.0 * t).exp());

    let problem = small_problem(builder.0, &["k"], "s3", &[(0.5, 0.1), (1.0, 0.2), (2.0, 0.3)]);
    let solver = ProblemSolver::new(&problem).expect("a problem");
    assert_gradient(&solver, &[0.1], 1e-3, 1e-6);
}

// Failures.

fn failure(network: &Network, most_steps: usize) -> Failure {
    match simulate(network, &[], &[10.0], SolverSettings { most_steps, ..settings(1e-8) }) {
        Err(SimulateError::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_have_labels() {
    let blow_up = Builder::new().species("A", "1").rate("A", "A^2").0;
    assert_eq!(failure(&blow_up, 10_000), Failure::BlowUp);
    let zero_by_zero = Builder::new().species("A", "0").rate("A", "A / A").0;
    assert_eq!(failure(&zero_by_zero, 10_000), Failure::NotANumber);
    let logarithm = Builder::new().species("A", "1").rate("A", "ln(A) - 3").0;
    assert_eq!(failure(&logarithm, 10_000), Failure::NotANumber);
    let oscillator = Builder::new().species("A", "1").species("B", "0").rate("A", "1e3 * B").rate("B", "-1e3 * A").0;
    assert_eq!(failure(&oscillator, 500), Failure::StepLimit);
    for failure in Failure::ALL {
        assert!(failure.word().bytes().all(|c| c.is_ascii_lowercase() || c == b'_'));
    }
}

#[test]
fn wrong_vectors_are_failures() {
    let solver = stat5_solver();
    for x in [vec![], vec![0.0; 8], vec![f64::NAN; 9], vec![400.0; 9], vec![f64::NEG_INFINITY; 9]] {
        let evaluation = solver.evaluate(&x);
        assert_eq!((evaluation.fval, evaluation.outcome), (f64::INFINITY, Err(Failure::InvalidInput)));
        assert_eq!(solver.gradient(&x).expect("a gradient").gradient, vec![0.0; 9]);
        assert_eq!(solver.observables(&x), None);
    }
}

#[test]
fn wrong_problems_are_errors() {
    let wrong = |change: &dyn Fn(&mut Problem)| {
        let mut problem = stat5::problem();
        change(&mut problem);
        ProblemSolver::new(&problem).expect_err("an error")
    };
    let unknown = wrong(&|p| p.network.reactions[0].rate = expression("k_phoss * STAT5A"));
    assert!(matches!(unknown, SolveError::UnknownSymbol { symbol, .. } if symbol == "k_phoss"));
    assert!(matches!(wrong(&|p| p.measurements[3].observable = 7), SolveError::Missing(_)));
    assert!(matches!(wrong(&|p| p.measurements[3].value = f64::NAN), SolveError::Value(_)));
    assert!(matches!(wrong(&|p| p.solver.rtol = 0.0), SolveError::Value(_)));
    let circular = wrong(&|p| {
        p.network.species[0].initial = expression("STAT5B");
        p.network.species[1].initial = expression("STAT5A");
    });
    assert!(matches!(circular, SolveError::CircularInitialValue(_)));
}

// The rest of a problem's shape.

/// A problem that estimates parameters between 1e-3 and 1e3, with unit noise on one observable.
fn small_problem(network: Network, estimated: &[&str], formula: &str, data: &[(f64, f64)]) -> Problem {
    let estimate = Some(Estimate { lower: 1e-3, upper: 1e3, scale: Scale::Log10, prior: None });
    Problem {
        id: "small".to_owned(),
        network,
        parameters: estimated
            .iter()
            .map(|id| ProblemParameter { id: (*id).to_owned(), nominal: 1.0, estimate: estimate.clone() })
            .collect(),
        observables: vec![Observable {
            id: "y".to_owned(),
            formula: expression(formula),
            noise: Noise {
                distribution: NoiseDistribution::Normal,
                transformation: Scale::Linear,
                scale: expression("1"),
            },
        }],
        treatments: vec![Treatment { id: "default".to_owned(), overrides: Vec::new(), before: None }],
        measurements: data
            .iter()
            .map(|&(time, value)| Measurement {
                observable: 0,
                treatment: 0,
                time,
                value,
                observable_overrides: Vec::new(),
                noise_override: None,
            })
            .collect(),
        objective: ObjectiveKind::Nllh,
        solver: settings(1e-10),
        synthetic: None,
    }
}

fn decay() -> Network {
    Builder::new().species("A", "a0").parameter("a0", 2.0).parameter("k", 0.5).reaction("A -> 0", "k * A").0
}

const DECAY: [(f64, f64); 4] = [(0.0, 2.1), (0.5, 1.4), (1.0, 1.3), (4.0, 0.2)];

#[test]
fn every_noise_has_its_density() {
    let x = [0.2, -0.3];
    let (a0, k) = (10f64.powf(x[0]), 10f64.powf(x[1]));
    for distribution in [NoiseDistribution::Normal, NoiseDistribution::Laplace] {
        for transformation in [Scale::Linear, Scale::Log, Scale::Log10] {
            let mut problem = small_problem(decay(), &["a0", "k"], "A", &DECAY);
            problem.observables[0].noise = Noise { distribution, transformation, scale: expression("0.1 + 0.2 * y") };
            let solver = ProblemSolver::new(&problem).expect("a problem");
            let density = |m: f64, y: f64| {
                let s: f64 = 0.1 + 0.2 * y;
                let (z, slope) = match transformation {
                    Scale::Linear => (m - y, 1.0),
                    Scale::Log => (m.ln() - y.ln(), 1.0 / m),
                    Scale::Log10 => (m.log10() - y.log10(), 1.0 / (m * std::f64::consts::LN_10)),
                };
                slope
                    * match distribution {
                        NoiseDistribution::Normal => {
                            (-0.5 * (z / s).powi(2)).exp() / (s * (2.0 * std::f64::consts::PI).sqrt())
                        }
                        NoiseDistribution::Laplace => (-(z / s).abs()).exp() / (2.0 * s),
                    }
            };
            let expected: f64 = DECAY.iter().map(|&(t, m)| -density(m, a0 * (-k * t).exp()).ln()).sum();
            let evaluation = solver.evaluate(&x);
            assert!((evaluation.nllh - expected).abs() < 1e-7, "{evaluation:?} against {expected}");
            assert_gradient(&solver, &x, 1e-3, 1e-6);
        }
    }
}

#[test]
fn other_objectives() {
    for objective in [ObjectiveKind::Sse, ObjectiveKind::Chi2] {
        let mut problem = small_problem(decay(), &["a0", "k", "s"], "A", &DECAY);
        problem.objective = objective;
        problem.observables[0].noise.scale = expression("s");
        let solver = ProblemSolver::new(&problem).expect("a problem");
        assert_gradient(&solver, &[0.2, -0.3, 0.1], 1e-3, 1e-6);
    }
}

#[test]
fn a_logarithm_needs_a_positive_observable() {
    let mut problem = small_problem(decay(), &["a0", "k"], "A - 1", &[(0.0, 1.0), (2.0, 0.1)]);
    problem.observables[0].noise.transformation = Scale::Log;
    let solver = ProblemSolver::new(&problem).expect("a problem");
    let evaluation = solver.evaluate(&[0.2, 0.3]);
    assert_eq!((evaluation.fval, evaluation.outcome), (f64::INFINITY, Err(Failure::NonPositiveObservable)));
    problem.observables[0].noise.scale = expression("-1 * a0");
    let evaluation = ProblemSolver::new(&problem).expect("a problem").evaluate(&[0.2, 0.3]);
    assert_eq!(evaluation.outcome, Err(Failure::NonPositiveNoise));
}

#[test]
fn priors_are_normalised() {
    let mut problem = small_problem(decay(), &["a0", "k", "s"], "A", &DECAY);
    problem.observables[0].noise.scale = expression("s");
    let plain = ProblemSolver::new(&problem).expect("a problem");
    let priors = [
        Prior::Normal { mean: 0.5, sd: 0.7 },
        Prior::Laplace { location: 0.0, scale: 0.3 },
        Prior::Uniform { lower: -1.0, upper: 3.0 },
    ];
    for (parameter, prior) in problem.parameters.iter_mut().zip(priors) {
        parameter.estimate.as_mut().expect("an estimate").prior = Some(prior);
    }
    let solver = ProblemSolver::new(&problem).expect("a problem");
    let x = [0.2, -0.3, 0.1];
    let normal = -((-0.5f64 * (0.3f64 / 0.7).powi(2)).exp() / (0.7 * (2.0 * std::f64::consts::PI).sqrt())).ln();
    let laplace = -((-1.0f64).exp() / 0.6).ln();
    let evaluation = solver.evaluate(&x);
    assert!((evaluation.prior - (normal + laplace + 4f64.ln())).abs() < 1e-12, "{evaluation:?}");
    assert!((evaluation.fval - evaluation.nllh - evaluation.prior).abs() < 1e-12);
    assert_eq!(evaluation.nllh, plain.evaluate(&x).nllh);
    assert_gradient(&solver, &x, 1e-3, 1e-6);
    assert_eq!(solver.evaluate(&[0.2, -0.3, 4.0]).fval, f64::INFINITY);
}

#[test]
fn treatments_and_measurements_override() {
    let mut network = decay();
    network.compartments[0].size = 2.0;
    let mut problem =
        small_problem(network, &["a0", "k", "k2", "scale1", "scale2"], "observableParameter1_y * A", &DECAY);
    problem.observables[0].formula = expression("observableParameter1_y * A + c");
    problem.treatments.push(Treatment {
        id: "second".to_owned(),
        overrides: vec![
            ("k".to_owned(), expression("3 * k2 + k")),
            ("A".to_owned(), expression("a0 / 2 + k2")),
            ("c".to_owned(), expression("4")),
        ],
        before: None,
    });
    for measurement in &mut problem.measurements {
        measurement.observable_overrides = vec![expression("scale1")];
        measurement.noise_override = Some(expression("0.5 + scale2"));
    }
    let mut second = problem.measurements.clone();
    for measurement in &mut second {
        measurement.treatment = 1;
        measurement.observable_overrides = vec![expression("2 * scale2")];
        measurement.noise_override = None;
    }
    problem.measurements.extend(second);
    let solver = ProblemSolver::new(&problem).expect("a problem");
    let x = [0.2, -0.3, -0.5, 0.4, 0.1];
    let [a0, k, k2, scale1, scale2] = x.map(|x| 10f64.powf(x));
    // The rate is an amount: a compartment of size 2 halves the rate constant, one of size 4 quarters it.
    let first = DECAY.map(|(t, _)| scale1 * a0 * (-k / 2.0 * t).exp() + 2.0);
    let second = DECAY.map(|(t, _)| 2.0 * scale2 * (a0 / 2.0 + k2) * (-(3.0 * k2 + k) / 4.0 * t).exp() + 4.0);
    let simulated = solver.observables(&x).expect("values");
    for (value, expected) in simulated.iter().zip(first.iter().chain(&second)) {
        assert!((value - expected).abs() < 1e-8, "{value} against {expected}");
    }
    assert_gradient(&solver, &x, 1e-3, 1e-6);
}

#[test]
fn gradients_pass_through_events() {
    let mut network = decay();
    network.events.push(kexp::model::network::Event::immediate(
        "dose",
        expression("time >= 0.75"),
        vec![support::rule("A", "A * A + k * a0")],
    ));
    let problem = small_problem(network.clone(), &["a0", "k"], "A", &DECAY);
    let solver = ProblemSolver::new(&problem).expect("a problem");
    assert_gradient(&solver, &[0.2, -0.3], 1e-3, 1e-6);
    network.events[0].trigger = expression("A < 1");
    let solver = ProblemSolver::new(&small_problem(network, &["a0", "k"], "A", &DECAY)).expect("a problem");
    assert_gradient(&solver, &[0.2, -0.3], 1e-3, 1e-6);
}

#[test]
fn a_pulse_after_a_start_at_rest_is_seen() {
    // Nothing moves at time 0, and nothing after the pulse: a first step as long as the whole trajectory sees neither.
    let network = support::Builder::new()
        .parameter("late", 5.0)
        .species("A", "1")
        .species("B", "1e-9")
        .reaction("0 -> A", "exp(-50 * (time - late)^2)")
        .reaction("B -> 0", "1e-14 * B")
        .0;
    let times: Vec<f64> = (0..=20).map(|index| 0.5 * f64::from(index)).collect();
    for rtol in [1e-6, 1e-8, 1e-11] {
        let settings = SolverSettings { rtol, atol: 1e-12, most_steps: 100_000 };
        let found = kexp::solve::simulate(&network, &[], &times, settings).expect("a trajectory");
        let area = (std::f64::consts::PI / 50.0).sqrt();
        let end = found.values[20][0];
        assert!((end - 1.0 - area).abs() < 1e-4, "{end} at {rtol}");
    }
}

#[test]
fn test_functions_are_what_they_are_called() {
    use kexp::model::test_function::TestFunction;
    let tau = std::f64::consts::TAU;
    let rosenbrock = |x: &[f64]| -> f64 {
        x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0].powi(2)).powi(2) + (1.0 - pair[0]).powi(2)).sum()
    };
    let rastrigin = |x: &[f64]| -> f64 { x.iter().map(|x| x * x + 10.0 - 10.0 * (tau * x).cos()).sum() };
    let ackley = |x: &[f64]| -> f64 {
        let mean = |each: &dyn Fn(f64) -> f64| x.iter().map(|&x| each(x)).sum::<f64>() / x.len() as f64;
        let (squares, waves) = (mean(&|x| x * x), mean(&|x| (tau * x).cos()));
        20.0 - 20.0 * (-0.2 * squares.sqrt()).exp() + std::f64::consts::E - waves.exp()
    };
    let functions: [(TestFunction, &dyn Fn(&[f64]) -> f64); 3] = [
        (TestFunction::Rosenbrock, &rosenbrock),
        (TestFunction::Rastrigin, &rastrigin),
        (TestFunction::Ackley, &ackley),
    ];
    for (function, value) in functions {
        for dimensions in [2, 10, 50] {
            let solver = ProblemSolver::new(&function.problem(dimensions)).unwrap();
            assert!(solver.evaluate(solver.nominal()).fval < 1e-14, "{function:?} at its minimum");
            let x: Vec<f64> = (0..dimensions).map(|at| 0.3 + 1.7 * (at as f64).sin()).collect();
            let found = solver.gradient(&x).unwrap();
            let expected = value(&x);
            let fval = found.evaluation.fval;
            assert!((fval - expected).abs() < 1e-10 * expected, "{function:?}: {fval}, not {expected}");
            for (at, derivative) in found.gradient.iter().enumerate() {
                let moved = |step: f64| {
                    let mut x = x.clone();
                    x[at] += step;
                    value(&x)
                };
                let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let error = (derivative - difference).abs();
                assert!(error < 1e-5 * (1.0 + difference.abs()), "{function:?}: {derivative}, not {difference}");
            }
        }
    }
}
