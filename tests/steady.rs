//! Steady states, preequilibration, and their gradients.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::network::Network;
use kexp::solve::Failure;
use support::Builder;
use support::problem::{Fit, assert_gradient};

const TOLERANCE: f64 = 1e-5;

/// A and B in equilibrium, their sum conserved: at rest A = b T / (a + b).
fn exchange() -> Network {
    Builder::new()
        .species("A", "total")
        .species("B", "0")
        .parameter("total", 1.0)
        .parameter("a", 1.0)
        .parameter("b", 1.0)
        .reaction("A -> B", "a * A - b * B")
        .0
}

#[test]
fn the_steady_state_at_infinite_time() {
    let fit = Fit::new(exchange(), &[("total", 2.0), ("a", 3.0), ("b", 1.0)])
        .treatment("t", "", &[])
        .measured("A", &[(0.0, 1.0), (0.3, 0.9), (f64::INFINITY, 0.2)])
        .measured("B", &[(f64::INFINITY, 1.0)]);
    let solver = fit.solver();
    let simulated = solver.observables(solver.nominal()).unwrap();
    let exact = |t: f64| 0.5 + 1.5 * (-4.0 * t).exp();
    for (value, exact) in simulated.iter().zip([exact(0.0), exact(0.3), 0.5, 1.5]) {
        assert!((value - exact).abs() < 1e-9, "{value} {exact}");
    }
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn a_conserved_moiety_through_preequilibration() {
    let fit = Fit::new(exchange(), &[("total", 2.0), ("a", 3.0), ("b", 1.0), ("stimulus", 5.0)])
        .treatment("rest", "", &[("a", "a / 10")])
        .treatment("stimulated", "rest", &[("a", "a * stimulus")])
        .measured("A", &[(0.0, 1.0), (0.1, 0.9), (0.3, 0.2)])
        .measured("B^2", &[(0.2, 0.5), (f64::INFINITY, 2.0)]);
    let solver = fit.solver();
    let simulated = solver.observables(solver.nominal()).unwrap();
    let (first, last) = (2.0 / 1.3, 2.0 / 16.0);
    let exact = |t: f64| last + (first - last) * (-16.0 * t).exp();
    for (value, time) in simulated.iter().zip([0.0, 0.1, 0.3]) {
        assert!((value - exact(time)).abs() < 1e-9, "{value} {}", exact(time));
    }
    assert!((simulated[4] - (2.0 - last).powi(2)).abs() < 1e-9);
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn what_a_treatment_sets_is_set_anew() {
    // B is set; A keeps the steady state although its start is an expression of a parameter that the treatment changes.
    let fit = Fit::new(exchange(), &[("total", 2.0), ("a", 3.0), ("b", 1.0), ("dose", 0.7)])
        .treatment("rest", "", &[])
        .treatment("dosed", "rest", &[("B", "dose"), ("total", "100")])
        .measured("A", &[(0.0, 1.0), (0.2, 0.9)])
        .measured("B", &[(0.0, 1.0), (0.2, 0.9)]);
    let solver = fit.solver();
    let simulated = solver.observables(solver.nominal()).unwrap();
    assert!((simulated[0] - 0.5).abs() < 1e-9 && simulated[2] == 0.7, "{simulated:?}");
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn one_preequilibration_serves_many_treatments() {
    let with = |count: usize| {
        let fit = Fit::new(exchange(), &[("total", 2.0), ("a", 3.0), ("b", 1.0)]).treatment("rest", "", &[]);
        let treat = |fit: Fit, i: usize| {
            fit.treatment(&format!("t{i}"), "rest", &[("a", &format!("{}", i + 2))]).measured("A", &[(0.1, 1.0)])
        };
        let solver = (0..count).fold(fit, treat).solver();
        solver.evaluate(solver.nominal()).steps
    };
    let (one, two) = (with(1), with(2));
    let alone = {
        let fit = Fit::new(exchange(), &[("total", 2.0), ("a", 3.0), ("b", 1.0)]);
        let solver = fit.treatment("t", "", &[]).measured("A", &[(f64::INFINITY, 1.0)]).solver();
        solver.evaluate(solver.nominal()).steps
    };
    assert!(one > alone && two - one < alone, "{one} {two} {alone}");
}

#[test]
fn no_steady_state_is_a_labelled_failure() {
    let drift = Builder::new().species("A", "1").parameter("k", 2.0).reaction("0 -> A", "k").0;
    let swing = Builder::new().species("A", "1").species("B", "0").parameter("k", 2.0);
    let swing = swing.reaction("0 -> A", "k * B").reaction("B -> 0", "k * A").0;
    for network in [drift, swing] {
        let fit =
            Fit::new(network.clone(), &[("k", 2.0)]).treatment("t", "", &[]).measured("A", &[(f64::INFINITY, 1.0)]);
        let solver = fit.solver();
        let evaluation = solver.evaluate(solver.nominal());
        assert_eq!(evaluation.outcome, Err(Failure::NoSteadyState));
        assert_eq!(evaluation.fval, f64::INFINITY);
        assert_eq!(evaluation.cause(), "no_steady_state");
        assert!(evaluation.steps <= 20_000);
        let fit = Fit::new(network, &[("k", 2.0)]).treatment("r", "", &[]).treatment("t", "r", &[]);
        let solver = fit.measured("A", &[(1.0, 1.0)]).solver();
        assert_eq!(solver.gradient(solver.nominal()).unwrap().evaluation.outcome, Err(Failure::NoSteadyState));
    }
}

#[test]
fn a_steady_state_without_a_regular_jacobian() {
    // Two of A vanish together, ever more slowly: A = 1 / (1 / A0 + 2 k t). B keeps what came before.
    let network = Builder::new()
        .species("A", "start")
        .species("B", "0")
        .parameter("start", 2.0)
        .parameter("k", 1.0)
        .reaction("2 A -> B", "k * A^2")
        .0;
    let fit = Fit::new(network, &[("start", 2.0), ("k", 1.0)]).treatment("t", "", &[]);
    let fit = fit.measured("B", &[(f64::INFINITY, 0.3)]);
    let solver = fit.solver();
    let simulated = solver.observables(solver.nominal()).unwrap();
    assert!((simulated[0] - 1.0).abs() < 1e-8, "{simulated:?}");
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn stiff_exchange_of_many_scales() {
    // A fast equilibrium, a slow conversion, and an even slower one; the sum of all is conserved.
    let network = Builder::new()
        .species("A", "total")
        .species("B", "0")
        .species("C", "0")
        .species("D", "0")
        .parameter("total", 3.0)
        .parameter("fast", 1e4)
        .parameter("slow", 1e-2)
        .parameter("slowest", 1e-4)
        .reaction("A -> B", "fast * (A - 2 * B)")
        .reaction("B -> C", "slow * (B - 0.5 * C)")
        .reaction("C + B -> D", "slowest * (C * B - D)")
        .0;
    let estimated = [("total", 3.0), ("fast", 1e4), ("slow", 1e-2), ("slowest", 1e-4)];
    let fit = Fit::new(network, &estimated)
        .treatment("rest", "", &[])
        .treatment("pushed", "rest", &[("A", "total")])
        .measured("B", &[(0.0, 0.3), (20.0, 0.5), (500.0, 0.4)])
        .measured("D", &[(0.0, 0.1), (3000.0, 0.2), (f64::INFINITY, 0.3)]);
    let solver = fit.solver();
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn a_decaying_input_comes_to_rest() {
    let network = Builder::new()
        .species("A", "1")
        .species("B", "0")
        .parameter("decay", 0.5)
        .parameter("k", 2.0)
        .reaction("A -> B", "k * A * exp(-decay * time)")
        .0;
    let fit = Fit::new(network, &[("decay", 0.5), ("k", 2.0)]).treatment("t", "", &[]);
    let fit = fit.measured("A", &[(f64::INFINITY, 0.3)]);
    let solver = fit.solver();
    let simulated = solver.observables(solver.nominal()).unwrap();
    assert!((simulated[0] - (-4.0_f64).exp()).abs() < 1e-8, "{simulated:?}");
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn time_starts_after_the_preequilibration() {
    // The dose at time 1 is given once, in the treatment; what only time triggers does not happen before.
    let network = Builder::new()
        .species("A", "0")
        .parameter("source", 1.0)
        .parameter("k", 0.5)
        .reaction("0 -> A", "source")
        .reaction("A -> 0", "k * A")
        .event("time > 1", &[("A", "A + 3")])
        .0;
    let fit = Fit::new(network, &[("source", 1.0), ("k", 0.5)])
        .treatment("rest", "", &[])
        .treatment("dosed", "rest", &[])
        .measured("A", &[(0.5, 1.0), (2.0, 0.9), (f64::INFINITY, 1.0)]);
    let solver = fit.solver();
    let simulated = solver.observables(solver.nominal()).unwrap();
    for (value, exact) in simulated.iter().zip([2.0, 2.0 + 3.0 * (-0.5_f64).exp(), 2.0]) {
        assert!((value - exact).abs() < 1e-8, "{value} {exact}");
    }
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}
