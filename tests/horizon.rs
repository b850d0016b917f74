//! Steady states of networks alone, and automatic spans of time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::network::Network;
use kexp::model::problem::SolverSettings;
use kexp::solve::horizon::Reason;
use kexp::solve::simulate::SimulateError;
use kexp::solve::{Failure, Horizon, Settled, horizon, steady_state};
use support::Builder;

const SETTINGS: SolverSettings = SolverSettings { rtol: 1e-8, atol: 1e-10, most_steps: 20_000 };

fn span(network: &Network) -> Horizon {
    horizon(network, &[], SETTINGS).unwrap()
}

fn decay() -> Network {
    Builder::new().species("A", "2").parameter("k", 0.5).reaction("A -> 0", "k * A").0
}

#[test]
fn a_steady_state_and_how_it_was_found() {
    let network =
        Builder::new().species("A", "0").parameter("k", 0.5).reaction("0 -> A", "3").reaction("A -> 0", "k * A").0;
    let state = steady_state(&network, &[], SETTINGS).unwrap();
    assert_eq!((state.ids.as_slice(), state.method), (["A".to_owned()].as_slice(), Settled::Newton));
    assert!((state.values[0] - 6.0).abs() < 1e-10 && state.time > 20.0, "{state:?}");
    let faster = steady_state(&network, &[("k".to_owned(), 2.0)], SETTINGS).unwrap();
    assert!((faster.values[0] - 1.5).abs() < 1e-10);
}

#[test]
fn of_two_stable_states_it_is_the_one_that_the_trajectory_comes_to() {
    // x' = x (1 - x) (x - 0.1): 0 and 1 are stable, 0.1 is not.
    let network = |start: &str| Builder::new().species("x", start).rate("x", "x * (1 - x) * (x - 0.1)").0;
    for (start, end) in [("0.09999", 0.0), ("0.10001", 1.0), ("0.1000001", 1.0), ("5", 1.0), ("0.1", 0.1)] {
        let state = steady_state(&network(start), &[], SETTINGS).unwrap();
        assert!((state.values[0] - end).abs() < 1e-8, "from {start}: {state:?}");
    }
}

#[test]
fn a_unit_of_time_does_not_matter() {
    for factor in ["1e-9", "1", "1e9"] {
        let network =
            Builder::new().species("A", "1").species("B", "0").reaction("A -> B", &format!("{factor} * (A - 3 * B)")).0;
        let state = steady_state(&network, &[], SETTINGS).unwrap();
        assert!((state.values[0] - 0.75).abs() < 1e-9, "{state:?}");
        let span = span(&network).span * factor.parse::<f64>().unwrap();
        assert!((1.1..1.3).contains(&span), "{span}");
    }
}

#[test]
fn the_time_to_one_hundredth() {
    // 2 exp(-t / 2) is one hundredth of its range at 2 ln 100.
    let found = span(&decay());
    assert!(matches!(found.reason, Reason::Settles { time } if (time - 9.2103).abs() < 0.01), "{found:?}");
    assert_eq!(found.span, 9.3);
    assert_eq!(found, span(&decay()));
    let faster = horizon(&decay(), &[("k".to_owned(), 5.0)], SETTINGS).unwrap();
    assert_eq!(faster.span, 0.93);
}

#[test]
fn an_oscillation_shows_ten_periods() {
    // The Brusselator at a = 1, b = 3 has a limit cycle of period 7.16.
    let network = Builder::new()
        .species("x", "1")
        .species("y", "1")
        .rate("x", "1 + x^2 * y - 4 * x")
        .rate("y", "3 * x - x^2 * y")
        .0;
    let found = span(&network);
    assert!(matches!(found.reason, Reason::Oscillates { period } if (period - 7.16).abs() < 0.02), "{found:?}");
    assert_eq!(found.span, 72.0);
    assert_eq!(steady_state(&network, &[], SETTINGS), Err(SimulateError::Failed(Failure::NoSteadyState)));
}

#[test]
fn a_drift_is_left_once_the_rest_has_settled() {
    let network = Builder::new()
        .species("A", "0")
        .species("B", "0")
        .parameter("k", 0.1)
        .reaction("0 -> A", "3")
        .reaction("A -> B", "k * A")
        .0;
    let found = span(&network);
    assert!(matches!(found.reason, Reason::Drifts { time } if (time - 46.05).abs() < 0.5), "{found:?}");
}

#[test]
fn what_rests_or_grows_has_its_modes() {
    let rest = Builder::new().species("A", "6").reaction("0 -> A", "3").reaction("A -> 0", "0.5 * A").0;
    assert!(matches!(span(&rest).reason, Reason::Mode { rate } if (rate + 0.5).abs() < 1e-9));
    let growth = Builder::new().species("A", "1").reaction("0 -> A", "0.2 * A").0;
    let found = span(&growth);
    assert!(matches!(found.reason, Reason::Mode { rate } if (rate - 0.2).abs() < 1e-9), "{found:?}");
    assert_eq!(found.span, 24.0);
    let empty = Builder::new().species("A", "1").0;
    assert_eq!(span(&empty), Horizon { span: 1.0, reason: Reason::Still });
    let even = Builder::new().species("A", "4").reaction("0 -> A", "2").0;
    assert_eq!(span(&even), Horizon { span: 2.0, reason: Reason::Drifts { time: 2.0 } });
}

#[test]
fn events_on_the_way_count() {
    let network = Builder::new().species("A", "1").reaction("A -> 0", "A").event("time > 30", &[("A", "A + 1")]).0;
    let found = span(&network);
    assert!(matches!(found.reason, Reason::Settles { time } if (time - 34.6).abs() < 0.1), "{found:?}");
}

#[test]
fn wrong_input_is_told() {
    assert!(matches!(horizon(&decay(), &[("q".to_owned(), 1.0)], SETTINGS), Err(SimulateError::Equations(_))));
    assert!(horizon(&decay(), &[], SolverSettings { rtol: f64::NAN, ..SETTINGS }).is_err());
    let undefined = Builder::new().species("A", "0").reaction("A -> 0", "1 / A").0;
    assert!(horizon(&undefined, &[], SETTINGS).is_err());
    let nothing = Network { id: "nothing".to_owned(), ..Network::default() };
    assert_eq!(span(&nothing).reason, Reason::Still);
}
