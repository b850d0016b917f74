//! Against `ArviZ`, whose numbers `reference.py` wrote, and against what is known of autoregressive chains.

use proptest::prelude::*;
use rand::RngExt;
use rand_distr::StandardNormal;

use super::*;
use crate::random::Streams;

const REFERENCE: &str = include_str!("reference.csv");

#[test]
fn arviz_says_the_same() {
    assert!(REFERENCE.lines().count() >= 9);
    for line in REFERENCE.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells[at].parse::<f64>().expect("a number");
        let draws: Vec<f64> = (7..cells.len()).map(number).collect();
        let chains: Vec<Vec<f64>> = draws.chunks(number(2) as usize).map(<[f64]>::to_vec).collect();
        assert_eq!(chains.len(), number(1) as usize);
        let judged = judge(&chains);
        // ArviZ gives no R-hat of one chain, whose halves can be compared all the same.
        assert!(chains.len() > 1 || (number(3).is_nan() && judged.rhat < 1.5));
        for (at, value) in [(3, judged.rhat), (4, judged.ess_bulk), (5, judged.ess_tail), (6, judged.ess_mean)] {
            assert!(
                number(at).is_nan() || (value / number(at) - 1.0).abs() < 1e-9,
                "{}: {value} for {}",
                cells[0],
                number(at)
            );
        }
    }
}

/// A chain whose draws are correlated by `coefficient` with the one before.
fn autoregressive(coefficient: f64, draws: usize, index: u64) -> Vec<f64> {
    let mut stream = Streams::new(1, "autoregressive").stream(index);
    let mut x = 0.0;
    (0..draws)
        .map(|_| {
            x = coefficient * x + (1.0 - coefficient * coefficient).sqrt() * stream.sample::<f64, _>(StandardNormal);
            x
        })
        .collect()
}

#[test]
fn the_size_of_an_autoregressive_chain_is_the_known_one() {
    for coefficient in [0.0, 0.5, 0.9, -0.4] {
        let chains: Vec<Vec<f64>> = (0..4).map(|index| autoregressive(coefficient, 5000, index)).collect();
        let known = 20_000.0 * (1.0 - coefficient) / (1.0 + coefficient);
        let judged = judge(&chains);
        assert!((judged.ess_mean / known - 1.0).abs() < 0.12, "{coefficient}: {judged:?} for {known}");
        assert!((judged.rhat - 1.0).abs() < 0.01, "{judged:?}");
    }
}

#[test]
fn chains_that_cannot_be_judged_are_told() {
    let nan = |chains: &[Vec<f64>]| {
        let judged = judge(chains);
        [judged.rhat, judged.ess_bulk, judged.ess_tail, judged.ess_mean].iter().all(|value| value.is_nan())
    };
    assert!(nan(&[]) && nan(&[vec![]]) && nan(&[vec![1.0; 3]]));
    assert!(nan(&[vec![1.0; 9], vec![1.0; 8]]));
    assert!(nan(&[vec![1.0, 2.0, f64::INFINITY, 3.0]]));
    let still = judge(&[vec![2.0; 10], vec![2.0; 10]]);
    assert_eq!((still.rhat, still.ess_bulk, still.ess_tail), (1.0, 20.0, 20.0));
    let stuck = judge(&[vec![2.0; 10], vec![3.0; 10]]);
    assert!(stuck.rhat > 100.0 && stuck.ess_bulk < 6.0, "{stuck:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Ranks alone count: a rising function changes nothing. The order of chains does not count either.
    #[test]
    fn judgements_are_of_ranks(draws in proptest::collection::vec(-5.0..5.0f64, 40)) {
        let chains = |map: &dyn Fn(f64) -> f64| -> Vec<Vec<f64>> {
            draws.chunks(10).map(|chain| chain.iter().map(|x| map(*x)).collect()).collect()
        };
        let (plain, cubed) = (chains(&|x| x), chains(&|x| x * x * x + 2.0 * x));
        prop_assert_eq!(ess_bulk(&plain), ess_bulk(&cubed));
        prop_assert_eq!(ess_tail(&plain), ess_tail(&cubed));
        let mut turned = plain.clone();
        turned.rotate_left(1);
        let (one, other) = (judge(&plain), judge(&turned));
        prop_assert!((one.rhat - other.rhat).abs() < 1e-9);
        prop_assert!((one.ess_bulk / other.ess_bulk - 1.0).abs() < 1e-9);
        prop_assert!(one.ess_bulk > 0.0 && one.ess_tail > 0.0);
    }
}
