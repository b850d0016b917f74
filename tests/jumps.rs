//! Gradients where the times of jumps depend on parameters and states.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::network::Network;
use kexp::solve::{Failure, ProblemSolver};
use support::Builder;
use support::parse::expression;
use support::problem::{Fit, assert_gradient, differences};

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

/// Two events on a state that decays, at times of which both are 1 where `when` is 1.
fn pair(triggers: [&str; 2], assignments: [&[(&str, &str)]; 2]) -> Network {
    let builder = decay().species("B", "0.5").reaction("B -> 0", "0.2 * B").parameter("when", 1.0);
    let [first, second] = triggers;
    builder.event(first, assignments[0]).event(second, assignments[1]).0
}

const ESTIMATED: [(&str, f64); 3] = [("start", 2.0), ("k", 0.7), ("when", 1.0)];

fn fit(network: Network, formula: &str) -> ProblemSolver {
    let times = [(0.4, 0.3), (1.1, 0.9), (2.3, 0.2)];
    Fit::new(network, &ESTIMATED).treatment("t", "", &[]).measured(formula, &times).solver()
}

fn assert_tied(solver: &ProblemSolver) {
    let x = solver.nominal();
    assert!(solver.evaluate(x).outcome.is_ok());
    let gradient = solver.gradient(x).unwrap();
    assert_eq!(gradient.evaluation.outcome, Err(Failure::TiedEvents));
    assert!(gradient.gradient.iter().all(|&value| value == 0.0));
    assert_eq!(solver.slope(x).unwrap().0.outcome, Err(Failure::TiedEvents));
    // A little apart there is one order.
    for shift in [-0.1, 0.1] {
        assert_gradient(solver, &[x[0], x[1], x[2] + shift], TOLERANCE);
    }
}

/// The gradient is that of differences, forwards and backwards.
fn assert_untied(solver: &ProblemSolver) {
    let x = solver.nominal();
    let gradient = solver.gradient(x).unwrap();
    assert_eq!(gradient.evaluation.outcome.err(), None);
    let (evaluation, slope) = solver.slope(x).unwrap();
    assert_eq!(evaluation.outcome.err(), None);
    for ((forward, backward), expected) in gradient.gradient.iter().zip(&slope).zip(differences(solver, x, 1e-3)) {
        assert!((forward - expected).abs() < TOLERANCE, "{forward} against {expected}");
        assert!((forward - backward).abs() < 1e-8, "{forward} forwards, {backward} backwards");
    }
}

#[test]
fn a_tie_whose_order_a_parameter_changes_has_no_derivative() {
    let network = pair(["time >= when", "time >= 1"], [&[("A", "2 * A")], &[("A", "A + 1")]]);
    assert_tied(&fit(network, "A"));
}

#[test]
fn a_tie_of_equal_changes_whose_values_are_taken_at_one_time_has_no_derivative() {
    // One after the other they add 2, at one time 1.
    let network = pair(["time >= when", "time >= 1"], [&[("A", "A + 1")], &[("A", "A + 1")]]);
    assert_tied(&fit(network, "A"));
}

#[test]
fn a_tie_that_a_rate_of_both_makes_a_kink_has_no_derivative() {
    // How much C has grown depends on the later one of both times.
    let mut network = pair(["time >= when", "time >= 1"], [&[("P", "1")], &[("Q", "1")]]);
    let more = Builder::new().species("P", "0").species("Q", "0").species("C", "0").reaction("0 -> C", "P * Q").0;
    network.species.extend(more.species);
    network.reactions.extend(more.reactions.into_iter().map(|mut reaction| {
        reaction.id = "grow".to_owned();
        reaction
    }));
    assert_tied(&fit(network, "A + C"));
}

#[test]
fn a_tie_that_one_of_two_events_calls_off_has_no_derivative() {
    // Where the first one is a little earlier, the second one is not triggered.
    let network = pair(["time >= when", "and(time >= 1, A < 1.5)"], [&[("A", "5")], &[("B", "B + 1")]]);
    assert_tied(&fit(network, "A + B"));
}

#[test]
fn a_tie_of_thresholds_of_states_has_no_derivative() {
    let network = Builder::new()
        .species("A", "start")
        .species("B", "2")
        .species("C", "1")
        .parameter("start", 2.0)
        .parameter("low", 1.0)
        .reaction("A -> 0", "0.7 * A")
        .reaction("B -> 0", "0.7 * B")
        .event("A < low", &[("C", "C + 1")])
        .event("B < 1", &[("C", "2 * C")])
        .0;
    let solver = Fit::new(network, &[("low", 1.0)]).treatment("t", "", &[]).measured("C + A", &[(3.0, 1.0)]).solver();
    assert!(solver.evaluate(&[0.0]).outcome.is_ok());
    assert_eq!(solver.gradient(&[0.0]).unwrap().evaluation.outcome, Err(Failure::TiedEvents));
}

#[test]
fn a_tie_that_does_not_move_has_a_derivative() {
    let network = pair(["time >= 1", "time >= 1.0"], [&[("A", "2 * A")], &[("A", "A + when")]]);
    assert_untied(&fit(network, "A"));
    // Both move by the same.
    let network = pair(["time >= when", "2 * time >= 2 * when"], [&[("A", "2 * A")], &[("A", "A + 1")]]);
    assert_untied(&fit(network, "A"));
}

#[test]
fn a_tie_of_events_that_commute_has_a_derivative() {
    let network = pair(["time >= when", "time >= 1"], [&[("A", "2 * A")], &[("B", "B + 1")]]);
    assert_untied(&fit(network, "A + 3 * B"));
    let mut network = pair(["time >= when", "time >= 1"], [&[("A", "A + 1")], &[("A", "A + 2")]]);
    network.events.iter_mut().for_each(|event| event.late_values = true);
    network.reactions.retain(|reaction| reaction.reactants[0].0 != "A");
    assert_untied(&fit(network, "k * A + B"));
}

#[test]
fn a_tie_that_priorities_order_has_a_derivative_unless_they_cross() {
    let assignments: [&[(&str, &str)]; 2] = [&[("A", "2 * A")], &[("A", "A + 1")]];
    for (priority, tied) in [("when", true), ("1", false), ("when + 1", false), ("when - 1", false)] {
        let mut network = pair(["time >= 1", "time >= 1.0"], assignments);
        network.events[0].priority = Some(expression(priority));
        network.events[1].priority = Some(expression("1"));
        let solver = fit(network, "A + when * B");
        if tied { assert_tied(&solver) } else { assert_untied(&solver) }
    }
}
