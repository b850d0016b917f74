//! Gradients where the times of jumps depend on parameters and states.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::network::Network;
use kexp::solve::Failure;
use support::Builder;
use support::parse::expression;
use support::problem::{Fit, assert_gradient};

const TOLERANCE: f64 = 1e-5;

fn check(network: Network, estimated: &[(&str, f64)], formula: &str) {
    let times = [(0.4, 0.3), (1.1, 0.9), (2.3, 0.2), (3.7, 1.0), (6.0, 0.1)];
    let solver = Fit::new(network, estimated).treatment("t", "", &[]).measured(formula, &times).solver();
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

fn decay() -> Builder {
    Builder::new().species("A", "start").parameter("start", 2.0).parameter("k", 0.7).reaction("A -> 0", "k * A")
}

#[test]
fn a_pulse_whose_times_are_parameters() {
    let network = decay()
        .parameter("on", 0.9)
        .parameter("width", 1.5)
        .parameter("strength", 3.0)
        .reaction("0 -> A", "piecewise(strength * (1 + time), and(time >= on, time < on + width), 0)")
        .0;
    check(network, &[("start", 2.0), ("k", 0.7), ("on", 0.9), ("width", 1.5), ("strength", 3.0)], "A");
}

#[test]
fn a_clock_that_parameters_set() {
    let network = decay()
        .parameter("on", 0.9)
        .parameter("scale", 2.0)
        .reaction("0 -> A", "piecewise(3, scale * time - on > 0, 0)")
        .0;
    check(network, &[("start", 2.0), ("k", 0.7), ("on", 0.9), ("scale", 2.0)], "A");
}

#[test]
fn a_dose_at_a_time_that_is_a_parameter() {
    let network =
        decay().parameter("when", 1.6).parameter("dose", 3.0).event("time > when", &[("A", "0.5 * A + dose * time")]).0;
    check(network, &[("start", 2.0), ("k", 0.7), ("when", 1.6), ("dose", 3.0)], "A");
}

#[test]
fn a_state_that_resets_itself() {
    // A falls to a threshold and is raised to what B is by then, again and again.
    let network = decay()
        .species("B", "1")
        .parameter("growth", 0.3)
        .parameter("low", 0.8)
        .reaction("0 -> B", "growth * A")
        .event("A < low", &[("A", "A + B"), ("B", "1 + 0.1 * B")])
        .0;
    check(network, &[("start", 2.0), ("k", 0.7), ("growth", 0.3), ("low", 0.8)], "A + 2 * B");
}

#[test]
fn a_rate_that_switches_with_a_state() {
    let network = Builder::new()
        .species("A", "start")
        .species("B", "0")
        .parameter("start", 2.0)
        .parameter("k", 0.7)
        .parameter("low", 0.9)
        .reaction("A -> 0", "k * A")
        .reaction("0 -> B", "piecewise(2 * A, A < low, 0.3)")
        .0;
    check(network, &[("start", 2.0), ("k", 0.7), ("low", 0.9)], "B");
}

#[test]
fn delays_and_values_of_the_trigger_s_time() {
    for late in [false, true] {
        let mut network = decay()
            .parameter("low", 1.2)
            .parameter("lag", 0.4)
            .parameter("dose", 2.0)
            .event("A < low", &[("A", "dose + A * k")])
            .0;
        network.events[0].delay = Some(expression("lag * (1 + A)"));
        network.events[0].late_values = late;
        let estimated = [("start", 2.0), ("k", 0.7), ("low", 1.2), ("lag", 0.4), ("dose", 2.0)];
        check(network, &estimated, "A");
    }
}

#[test]
fn an_event_that_triggers_another() {
    let network = decay()
        .species("B", "0")
        .parameter("when", 1.6)
        .event("time > when", &[("A", "3 * A")])
        .event("A > 1.5 * start * exp(-k * time)", &[("B", "B + A^2")])
        .0;
    check(network, &[("start", 2.0), ("k", 0.7), ("when", 1.6)], "A + B");
}

#[test]
fn events_on_the_way_to_a_steady_state() {
    // A decays; when it falls below a threshold, production starts for good.
    let network = decay()
        .parameter("low", 0.5)
        .parameter("on", 0.0)
        .parameter("source", 1.5)
        .species("P", "0")
        .reaction("0 -> A", "source * P")
        .event("A < low", &[("P", "1")])
        .0;
    let estimated = [("start", 2.0), ("k", 0.7), ("low", 0.5), ("source", 1.5)];
    let fit = Fit::new(network, &estimated)
        .treatment("rest", "", &[])
        .treatment("t", "rest", &[("k", "2 * k")])
        .measured("A", &[(0.0, 1.0), (0.7, 0.3), (f64::INFINITY, 2.0)]);
    let solver = fit.solver();
    assert_gradient(&solver, solver.nominal(), TOLERANCE);
}

#[test]
fn a_threshold_crossed_at_no_speed_has_no_derivative() {
    let network = Builder::new()
        .species("A", "1")
        .species("C", "0")
        .parameter("level", 1.0)
        .reaction("A -> 0", "A")
        .event("(time - 2)^3 > level - 1", &[("C", "level")])
        .0;
    let solver = Fit::new(network, &[("level", 1.0)]).treatment("t", "", &[]).measured("C", &[(3.0, 1.0)]).solver();
    assert!(solver.evaluate(&[0.0]).outcome.is_ok());
    let gradient = solver.gradient(&[0.0]).unwrap();
    assert_eq!(gradient.evaluation.outcome, Err(Failure::NoDerivative));
    assert_eq!(gradient.gradient, [0.0]);
    assert_gradient(&solver, &[0.3], TOLERANCE);
}
