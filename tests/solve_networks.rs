//! What a network can say, against solutions in closed form: changing compartments, constraints, rates of change,
//! stoichiometries, initial expressions, and events as SBML Level 3 defines them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::expression::{Expression, Function};
use kexp::model::network::{Compartment, Constraint, Event, Network};
use kexp::solve::simulate::SimulateError;
use kexp::solve::{Failure, SolveError, Trajectory, default_selection, simulate, simulate_selection};
use support::parse::expression;
use support::{Builder, rule, settings};

fn run(network: &Network, times: &[f64]) -> Trajectory {
    simulate(network, &[], times, settings(1e-10)).expect("a trajectory")
}

fn column(trajectory: &Trajectory, id: &str) -> Vec<f64> {
    let column = trajectory.ids.iter().position(|other| other == id).expect("an id");
    trajectory.values.iter().map(|row| row[column]).collect()
}

fn assert_column(trajectory: &Trajectory, id: &str, exact: impl Fn(f64) -> f64) {
    for (value, &time) in column(trajectory, id).iter().zip(&trajectory.times) {
        let expected = exact(time);
        assert!((value - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{id} at {time}: {value}, not {expected}");
    }
}

fn error(network: &Network) -> SolveError {
    match simulate(network, &[], &[1.0], settings(1e-8)) {
        Err(SimulateError::Equations(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn event(trigger: &str, assignments: &[(&str, &str)]) -> Event {
    let assignments = assignments.iter().map(|(variable, value)| rule(variable, value)).collect();
    Event::immediate("e", expression(trigger), assignments)
}

const TIMES: [f64; 5] = [0.0, 0.5, 1.0, 2.0, 4.0];

#[test]
fn amounts_stay_when_a_compartment_grows() {
    let mut network = Builder::new().species("A", "2").species("B", "3").rate("c", "1").rate("B", "0").0;
    network.species[1].boundary = true;
    let trajectory = run(&network, &TIMES);
    assert_eq!(trajectory.ids, ["A", "B", "c"]);
    assert_column(&trajectory, "c", |t| 1.0 + t);
    assert_column(&trajectory, "A", |t| 2.0 / (1.0 + t));
    assert_column(&trajectory, "B", |_| 3.0);
    let selection = [
        ("rate".to_owned(), Expression::Apply(Function::RateOf, vec![Expression::Symbol("A".to_owned())])),
        ("amount".to_owned(), expression("A * c")),
    ];
    let trajectory = simulate_selection(&network, &[], &TIMES, settings(1e-10), &selection).unwrap();
    assert_column(&trajectory, "rate", |t| -2.0 / ((1.0 + t) * (1.0 + t)));
    assert_column(&trajectory, "amount", |_| 2.0);
}

#[test]
fn an_event_gives_a_concentration_in_the_compartment_before_it() {
    // Case 01780 of the SBML Test Suite.
    let mut network = Builder::new().species("A", "2").0;
    network.compartments[0].size = 0.5;
    network.events.push(event("time >= 0.45", &[("c", "0.2"), ("A", "0.2")]));
    let trajectory = run(&network, &[0.0, 0.4, 0.5]);
    assert_column(&trajectory, "A", |t| if t < 0.45 { 2.0 } else { 0.5 });
}

#[test]
fn initial_values_come_in_any_order() {
    let mut network = Builder::new()
        .species("A", "k * c")
        .parameter("k", 1.0)
        .parameter("m", 1.0)
        .reaction("A -> 0", "m * A")
        .assign("twice", "2 * m")
        .0;
    network.parameters[0].initial = Some(expression("twice + 1"));
    network.parameters[1].initial = Some(expression("c / 4"));
    network.compartments[0] = Compartment { initial: Some(expression("1 + 1")), ..Compartment::constant("c", 7.0) };
    let trajectory = run(&network, &TIMES);
    // c = 2, m = 0.5, twice = 1, k = 2, A(0) = 4.
    assert_column(&trajectory, "A", |t| 4.0 * (-0.25 * t).exp());
    let set = [("k".to_owned(), 5.0)];
    let trajectory = simulate(&network, &set, &TIMES, settings(1e-10)).unwrap();
    assert_column(&trajectory, "A", |t| 10.0 * (-0.25 * t).exp());
    network.compartments[0].initial = Some(expression("k"));
    assert!(matches!(error(&network), SolveError::CircularInitialValue(_)));
    let ruled = [("twice".to_owned(), 1.0)];
    assert!(matches!(
        simulate(&network, &ruled, &TIMES, settings(1e-8)),
        Err(SimulateError::Equations(SolveError::Value(_)))
    ));
}

#[test]
fn stoichiometries_may_change() {
    let mut network = Builder::new().species("A", "0").parameter("n", 1.0).0;
    network = Builder(network).reaction("0 -> 0", "2").0;
    network.reactions[0].computed = vec![("A".to_owned(), expression("n * time"))];
    network.events.push(event("time >= 1", &[("n", "3")]));
    assert_column(&run(&network, &TIMES), "A", |t| if t < 1.0 { t * t } else { 1.0 + 3.0 * (t * t - 1.0) });
}

#[test]
fn rates_of_reactions_and_variables_are_values() {
    let network = Builder::new()
        .species("A", "1")
        .parameter("k", 0.5)
        .reaction("A -> 0", "k * A")
        .assign("flux", "r0 * 2")
        .assign("slope", "0 - A")
        .0;
    let rate = |id: &str| Expression::Apply(Function::RateOf, vec![Expression::Symbol(id.to_owned())]);
    let selection = [("flux", expression("flux")), ("rate", rate("slope")), ("constant", rate("k"))]
        .map(|(name, expression)| (name.to_owned(), expression));
    let trajectory = simulate_selection(&network, &[], &TIMES, settings(1e-10), &selection).unwrap();
    assert_column(&trajectory, "flux", |t| (-0.5 * t).exp());
    assert_column(&trajectory, "rate", |t| 0.5 * (-0.5 * t).exp());
    assert_column(&trajectory, "constant", |_| 0.0);
}

fn constrained(text: &str, free: &[&str]) -> Network {
    let mut network = Builder::new().species("A", "1").parameter("z", 0.5).reaction("A -> 0", "A").0;
    let free = free.iter().map(|id| (*id).to_owned()).collect();
    network.algebraic.push(Constraint { expression: expression(text), free });
    network
}

#[test]
fn constraints_determine_variables() {
    assert_column(&run(&constrained("A + 2 * z - 4", &["z"]), &TIMES), "z", |t| 2.0 - 0.5 * (-t).exp());
    // Not linear: kept as a state and put back onto the constraint, from 0.5 on to the root at 1.
    let network = constrained("z * z * z + z - 2 * A", &["z"]);
    for (z, t) in column(&run(&network, &TIMES), "z").iter().zip(TIMES) {
        assert!((z * z * z + z - 2.0 * (-t).exp()).abs() < 1e-7, "{z} at {t}");
    }
    assert!(matches!(error(&constrained("A - 1", &[])), SolveError::Overdetermined { constraint: 1 }));
    let mut two = constrained("A + z", &["z"]);
    two.algebraic.push(two.algebraic[0].clone());
    assert!(matches!(error(&two), SolveError::Overdetermined { .. }));
}

#[test]
fn events_at_the_start_are_in_the_first_row() {
    let mut network = Builder::new().species("A", "1").0;
    network.events.push(Event { fires_at_start: true, ..event("A > 0", &[("A", "A + 1")]) });
    assert_column(&run(&network, &TIMES), "A", |_| 2.0);
    network.events[0].fires_at_start = false;
    assert_column(&run(&network, &TIMES), "A", |_| 1.0);
}

#[test]
fn delays_and_the_time_that_values_are_from() {
    let mut network = Builder::new().species("A", "0").parameter("clock", 0.0).rate("clock", "1").0;
    let delayed = Event { delay: Some(expression("clock")), ..event("clock >= 1", &[("A", "clock")]) };
    network.events.push(delayed.clone());
    assert_column(&run(&network, &[0.0, 1.5, 2.0, 3.0]), "A", |t| if t < 2.0 { 0.0 } else { 1.0 });
    network.events[0].late_values = true;
    assert_column(&run(&network, &[0.0, 1.5, 2.0, 3.0]), "A", |t| if t < 2.0 { 0.0 } else { 2.0 });
    // Called off when the condition turns false before the execution.
    network.events[0] = Event { cancels: true, ..delayed };
    network.events[0].trigger = expression("and(clock >= 1, clock < 1.5)");
    assert_column(&run(&network, &[0.0, 1.5, 2.0, 3.0]), "A", |_| 0.0);
}

#[test]
fn several_executions_of_one_event_wait() {
    let network = Builder::new().species("A", "0").0;
    let mut network =
        Network { events: vec![event("sin(6.283185307179586 * time) > 0.5", &[("A", "A + 1")])], ..network };
    network.events[0].delay = Some(expression("2.5"));
    network.events[0].late_values = true;
    // Triggered at 1/12, 13/12, 25/12, ...
    let exact = |t: f64| (t - 2.5 - 1.0 / 12.0 + 1.0).floor().max(0.0);
    assert_column(&run(&network, &[0.0, 2.0, 2.6, 3.0, 3.6, 9.0]), "A", exact);
}

#[test]
fn priorities_order_events_and_executions_trigger_others() {
    let mut network = Builder::new().species("A", "0").species("B", "0").0;
    let first = Event { priority: Some(expression("2")), ..event("time >= 1", &[("A", "1")]) };
    let second = Event { priority: Some(expression("1")), late_values: true, ..event("time >= 1", &[("B", "A + 1")]) };
    network.events = vec![second, first, event("B >= 2", &[("A", "10")])];
    let trajectory = run(&network, &[0.0, 1.0, 2.0]);
    assert_column(&trajectory, "B", |t| if t < 1.0 { 0.0 } else { 2.0 });
    assert_column(&trajectory, "A", |t| if t < 1.0 { 0.0 } else { 10.0 });
}

#[test]
fn events_that_never_end_are_a_failure() {
    let mut network = Builder::new().species("A", "0").0;
    network.events = vec![
        Event { fires_at_start: true, ..event("A < 1", &[("A", "2")]) },
        Event { fires_at_start: true, ..event("A > 1", &[("A", "0")]) },
    ];
    let result = simulate(&network, &[], &[1.0], settings(1e-8));
    assert_eq!(result, Err(SimulateError::Failed(Failure::StepLimit)));
}

#[test]
fn strict_conditions_hold_after_their_threshold_only() {
    let mut network = Builder::new().species("A", "0").0;
    network.events.push(event("time > 1", &[("A", "1")]));
    assert_column(&run(&network, &[0.0, 1.0, 1.5]), "A", |t| if t > 1.0 { 1.0 } else { 0.0 });
}

#[test]
fn discontinuities_of_states_and_of_functions_of_time() {
    // A pulse between 3/12 + n/2 +- 1/12 of each period.
    let network =
        Builder::new().species("A", "0").reaction("0 -> A", "piecewise(1, sin(6.283185307179586 * time) > 0.5, 0)").0;
    let times = [0.0, 1.0, 10.0, 100.0];
    assert_column(&run(&network, &times), "A", |t| t / 3.0);
    // Filled at rate 1 until 2, then at rate 0.1.
    let network = Builder::new().species("A", "0").reaction("0 -> A", "piecewise(1, A < 2, 0.1)").0;
    assert_column(&run(&network, &[0.0, 1.0, 2.0, 12.0]), "A", |t| if t < 2.0 { t } else { 2.0 + 0.1 * (t - 2.0) });
    // Held at a threshold from both sides: it cannot be followed, but it ends.
    let network = Builder::new().species("A", "0").reaction("0 -> A", "piecewise(1, A < 2, 0 - 1)").0;
    match simulate(&network, &[], &[5.0], settings(1e-4)) {
        Ok(trajectory) => assert!((column(&trajectory, "A")[0] - 2.0).abs() < 1e-2),
        Err(error) => assert_eq!(error, SimulateError::Failed(Failure::StepLimit)),
    }
}

#[test]
fn nothing_but_rules_or_events() {
    let network = Builder::new().assign("x", "2 * time").assign("y", "x + 1").0;
    let selection = [("y".to_owned(), expression("y"))];
    let trajectory = simulate_selection(&network, &[], &TIMES, settings(1e-8), &selection).unwrap();
    assert_column(&trajectory, "y", |t| 2.0 * t + 1.0);

    let mut network = Builder::new().parameter("n", 0.0).parameter("next", 0.25).0;
    network.events.push(event("time >= next", &[("n", "n + 1"), ("next", "next + 0.25")]));
    assert_column(&run(&network, &TIMES), "n", |t| (4.0 * t).floor());
}

#[test]
fn what_changes_is_selected() {
    let mut network = Builder::new().species("A", "1").parameter("k", 1.0).parameter("v", 1.0).0;
    network.parameters[1].variable = true;
    network.compartments[0].variable = true;
    let ids: Vec<String> = default_selection(&network).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["A", "v", "c"]);
}

#[test]
fn factorials() {
    let mut network = Builder::new().species("A", "0").0;
    let factorial = Expression::Apply(Function::Factorial, vec![Expression::Time]);
    network.assignments.push(kexp::model::network::Rule { variable: "f".to_owned(), expression: factorial });
    let selection = [("f".to_owned(), expression("f"))];
    let trajectory = simulate_selection(&network, &[], &[0.0, 3.0, 5.0], settings(1e-8), &selection).unwrap();
    assert_eq!(trajectory.values, [[1.0], [6.0], [120.0]]);
}

#[test]
fn long_chains_and_many_reactions() {
    let mut network = Builder::new().species("A", "1").reaction("A -> 0", "x99999 * A").0;
    network.assignments.push(rule("x0", "1"));
    for i in 1..100_000 {
        let before = Expression::Symbol(format!("x{}", i - 1));
        let expression = Expression::Apply(Function::Add, vec![before, Expression::Time]);
        network.assignments.push(kexp::model::network::Rule { variable: format!("x{i}"), expression });
    }
    network.assignments.reverse();
    let selection = [("A".to_owned(), expression("A"))];
    let trajectory = simulate_selection(&network, &[], &[0.0, 1e-3], settings(1e-8), &selection).unwrap();
    let exponent: f64 = 1e-3 + 99_999.0 * 0.5e-6;
    assert!((trajectory.values[1][0] - (-exponent).exp()).abs() < 1e-6, "{:?}", trajectory.values);

    let mut builder = Builder::new().parameter("k", 1.0);
    for i in 0..5000 {
        builder = builder.species(&format!("s{i}"), "1");
    }
    for i in 0..5000 {
        builder = builder.reaction(&format!("s{i} -> s{}", (i + 1) % 5000), &format!("k * s{i}"));
    }
    let start = std::time::Instant::now();
    assert_column(&run(&builder.0, &[0.0, 1.0]), "s17", |_| 1.0);
    println!("5,000 reactions took {:.1} s", start.elapsed().as_secs_f64());
}
