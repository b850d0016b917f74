//! The linear systems of stiff integrators, against full LU factors of another library.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kexp::solve::linear::{Analysis, Factors, Singular, multiply, multiply_transposed};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Numbers that look random (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Between -1 and 1.
    fn value(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }
}

/// A Jacobian.
#[derive(Debug, Clone)]
struct Jacobian {
    states: usize,
    pattern: Vec<(usize, usize)>,
    values: Vec<f64>,
}

impl Jacobian {
    fn new(states: usize, entries: impl IntoIterator<Item = (usize, usize, f64)>) -> Self {
        let mut by_column: BTreeMap<(usize, usize), f64> = (0..states).map(|state| ((state, state), 0.0)).collect();
        by_column.extend(entries.into_iter().map(|(row, column, value)| ((column, row), value)));
        let pattern = by_column.keys().map(|&(column, row)| (row, column)).collect();
        Self { states, pattern, values: by_column.into_values().collect() }
    }

    /// The Jacobian for which `I - J` is that matrix.
    fn of(matrix: &[&[f64]]) -> Self {
        let entries = matrix.iter().enumerate().flat_map(|(row, values)| {
            values
                .iter()
                .enumerate()
                .filter(move |&(column, &value)| value != 0.0 || row == column)
                .map(move |(column, value)| (row, column, f64::from(u8::from(row == column)) - value))
        });
        Self::new(matrix.len(), entries)
    }

    /// `per_row` entries a row outside of the diagonal; this is `dominance` times their sum.
    fn random(seed: u64, states: usize, per_row: usize, dominance: f64) -> Self {
        let mut numbers = Numbers(seed);
        let mut entries = Vec::new();
        for row in 0..states {
            let mut sum = 0.0;
            for _ in 0..per_row {
                let (column, value) = (numbers.below(states), numbers.value());
                entries.push((row, column, value));
                sum += f64::abs(value);
            }
            entries.push((row, row, -dominance * sum * (0.5 + 0.5 * numbers.value().abs())));
        }
        Self::new(states, entries)
    }

    fn matrix(&self, gamma: f64) -> DMatrix<f64> {
        let mut matrix = DMatrix::identity(self.states, self.states);
        for (&place, value) in self.pattern.iter().zip(&self.values) {
            matrix[place] -= gamma * value;
        }
        matrix
    }

    /// Both methods, the one that is chosen, and lists of operations as machine code.
    fn analyses(&self) -> [Analysis; 4] {
        let compiled = |states: usize, pattern: &[(usize, usize)]| Analysis::sparse(states, pattern).compiled();
        [Analysis::dense, Analysis::sparse, Analysis::new, compiled].map(|analyse| analyse(self.states, &self.pattern))
    }
}

/// How far `A x` is from `b`, relative to the numbers that were added up.
fn residual(matrix: &DMatrix<f64>, x: &[f64], b: &[f64]) -> f64 {
    let x = DVector::from_column_slice(x);
    let (product, size) = (matrix * &x, matrix.abs() * x.abs());
    let worst = (0..b.len()).map(|k| (product[k] - b[k]).abs()).fold(0.0, f64::max);
    worst / (size.amax() + b.iter().fold(0.0, |most: f64, value| most.max(value.abs())) + f64::MIN_POSITIVE)
}

/// Factors and solves by all methods and checks everything that can be said of the solutions.
fn check(jacobian: &Jacobian, gamma: f64, tolerance: f64) {
    let matrix = jacobian.matrix(gamma);
    let mut numbers = Numbers(1);
    let lanes = 19;
    let b: Vec<f64> = (0..lanes * jacobian.states).map(|_| numbers.value()).collect();
    let first = &b[..jacobian.states];
    let reference = matrix.clone().lu().solve(&DVector::from_column_slice(first)).unwrap();
    let bound = tolerance.max(100.0 * residual(&matrix, reference.as_slice(), first));
    let mut solutions = Vec::new();
    for analysis in jacobian.analyses() {
        let mut factors = Factors::new(&analysis);
        factors.factor(&analysis, &jacobian.values, gamma).unwrap();
        let mut columns = b.clone();
        for column in columns.chunks_exact_mut(jacobian.states) {
            let b = column.to_vec();
            factors.solve(&analysis, column);
            let worst = residual(&matrix, column, &b);
            assert!(worst < bound, "dense {}: {worst}", analysis.is_dense());
        }
        let mut many = b.clone();
        factors.solve_many(&analysis, &mut many, lanes);
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&many), bits(&columns));
        let mut transposed = first.to_vec();
        factors.solve_transposed(&analysis, &mut transposed);
        let worst = residual(&matrix.transpose(), &transposed, first);
        assert!(worst < bound * 1e3, "transposed {worst}");
        solutions.push((factors.pivoted(), columns));
    }
    // Machine code does what the lists say.
    assert_eq!(solutions[1], solutions[3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dominant(seed: u64, states in 1..60usize, per_row in 0..5usize) {
        check(&Jacobian::random(seed, states, per_row, 1.5), 10.0, 1e-14);
    }

    #[test]
    fn not_dominant(seed: u64, states in 1..60usize, per_row in 0..6usize, exponent in -3..4i32) {
        check(&Jacobian::random(seed, states, per_row, 0.01), 10f64.powi(exponent), 1e-10);
    }

    #[test]
    fn triangular_in_a_hidden_order(seed: u64, states in 1..80usize) {
        let mut numbers = Numbers(seed);
        let mut order: Vec<usize> = (0..states).collect();
        (1..states).for_each(|k| order.swap(k, numbers.below(k + 1)));
        let mut entries = Vec::new();
        for k in 0..states {
            entries.push((order[k], order[k], -1.0 - numbers.value().abs()));
            entries.extend((0..3).filter(|_| k > 0).map(|_| (order[k], order[numbers.below(k.max(1))], numbers.value())));
        }
        let jacobian = Jacobian::new(states, entries);
        check(&jacobian, 2.0, 1e-12);
    }

    #[test]
    fn badly_scaled(seed: u64, states in 1..40usize) {
        let mut jacobian = Jacobian::random(seed, states, 3, 1.5);
        let mut numbers = Numbers(seed);
        // Each state in a unit of its own.
        let units: Vec<f64> = (0..states).map(|_| 10f64.powf(8.0 * numbers.value())).collect();
        for (&(row, column), value) in jacobian.pattern.iter().zip(&mut jacobian.values) {
            *value *= units[row] / units[column];
        }
        check(&jacobian, 1.0, 1e-11);
    }

    #[test]
    fn products(seed: u64, states in 1..40usize) {
        let jacobian = Jacobian::random(seed, states, 3, 1.0);
        let matrix = DMatrix::identity(states, states) - jacobian.matrix(1.0);
        let mut numbers = Numbers(seed);
        let x: Vec<f64> = (0..states).map(|_| numbers.value()).collect();
        let mut y = vec![f64::NAN; states];
        multiply(&jacobian.pattern, &jacobian.values, &x, &mut y);
        prop_assert!((&matrix * DVector::from_column_slice(&x) - DVector::from_column_slice(&y)).amax() < 1e-13);
        multiply_transposed(&jacobian.pattern, &jacobian.values, &x, &mut y);
        prop_assert!((matrix.tr_mul(&DVector::from_column_slice(&x)) - DVector::from_column_slice(&y)).amax() < 1e-13);
    }

    #[test]
    fn what_was_factored_before_does_not_show(seed: u64, states in 2..40usize) {
        let (first, mut second) = (Jacobian::random(seed, states, 3, 0.01), Jacobian::random(seed, states, 3, 1.5));
        second.values.iter_mut().for_each(|value| *value *= 3.0);
        let solved = |factors: &mut Factors, analysis: &Analysis, jacobian: &Jacobian, gamma: f64| {
            let mut x: Vec<f64> = (1..=states).map(|k| k as f64).collect();
            let result = factors.factor(analysis, &jacobian.values, gamma);
            factors.solve(analysis, &mut x);
            (result, x.into_iter().map(f64::to_bits).collect::<Vec<_>>())
        };
        for analysis in second.analyses() {
            let expected = solved(&mut Factors::new(&analysis), &analysis, &second, 0.3);
            let mut factors = Factors::new(&analysis);
            for gamma in [100.0, 1.0, f64::NAN] {
                let _ = solved(&mut factors, &analysis, &first, gamma);
                prop_assert_eq!(&solved(&mut factors, &analysis, &second, 0.3), &expected);
            }
        }
    }
}

#[test]
fn one_state_and_none() {
    check(&Jacobian::new(1, [(0, 0, -3.0)]), 0.5, 1e-15);
    let none = Jacobian::new(0, []);
    for analysis in none.analyses() {
        let mut factors = Factors::new(&analysis);
        factors.factor(&analysis, &[], 1.0).unwrap();
        factors.solve(&analysis, &mut []);
        factors.solve_transposed(&analysis, &mut []);
        factors.solve_many(&analysis, &mut [], 7);
    }
}

#[test]
fn pivots_that_the_diagonal_does_not_have() {
    let rotation = Jacobian::of(&[&[0.0, 1.0], &[-1.0, 0.0]]);
    let almost = Jacobian::of(&[&[1e-14, 1.0, 0.0], &[1.0, 1.0, 2.0], &[3.0, 0.0, 1e-14]]);
    let cycle =
        Jacobian::of(&[&[0.0, 2.0, 0.0, 1.0], &[0.0, 0.0, 3.0, 0.0], &[0.0, 1.0, 0.0, 4.0], &[5.0, 0.0, 0.0, 0.0]]);
    let good = Jacobian::of(&[&[2.0, 1.0], &[-1.0, 3.0]]);
    for jacobian in [&rotation, &almost, &cycle, &good] {
        check(jacobian, 1.0, 1e-15);
        let analysis = Analysis::sparse(jacobian.states, &jacobian.pattern);
        let mut factors = Factors::new(&analysis);
        factors.factor(&analysis, &jacobian.values, 1.0).unwrap();
        assert_eq!(factors.pivoted(), jacobian.values != good.values);
        // The diagonal serves the next matrix again.
        factors.factor(&analysis, &jacobian.values, 1e-3).unwrap();
        assert!(!factors.pivoted());
    }
}

#[test]
fn singular_matrices_are_refused() {
    let matrices: [&[&[f64]]; 5] = [
        &[&[0.0]],
        &[&[1.0, 2.0], &[2.0, 4.0]],
        &[&[0.0, 1.0], &[0.0, 1.0]],
        &[&[1.0, 1.0, 0.0], &[1.0, 1.0, 0.0], &[3.0, 0.0, 1.0]],
        &[&[1.0, 0.0, 2.0], &[0.0, 1.0, 2.0], &[1.0, 1.0, 4.0]],
    ];
    for matrix in matrices {
        let jacobian = Jacobian::of(matrix);
        for analysis in jacobian.analyses() {
            let mut factors = Factors::new(&analysis);
            assert_eq!(factors.factor(&analysis, &jacobian.values, 1.0), Err(Singular), "{matrix:?}");
            // Nothing is said of the solution, but it must not panic.
            factors.solve(&analysis, &mut vec![1.0; jacobian.states]);
            factors.factor(&analysis, &jacobian.values, 0.01).unwrap();
            let mut x = vec![1.0; jacobian.states];
            factors.solve(&analysis, &mut x);
            assert!(residual(&jacobian.matrix(0.01), &x, &vec![1.0; jacobian.states]) < 1e-14);
        }
    }
}

#[test]
fn values_that_are_not_finite_are_refused() {
    let jacobian = Jacobian::random(3, 12, 3, 1.5);
    for analysis in jacobian.analyses() {
        let mut factors = Factors::new(&analysis);
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for place in 0..jacobian.values.len() {
                let mut values = jacobian.values.clone();
                values[place] = wrong;
                assert_eq!(factors.factor(&analysis, &values, 0.1), Err(Singular));
            }
            assert_eq!(factors.factor(&analysis, &jacobian.values, wrong), Err(Singular));
        }
        // Products that overflow.
        let values: Vec<f64> = jacobian.values.iter().map(|value| value * 1e200).collect();
        assert_eq!(factors.factor(&analysis, &values, 1e200), Err(Singular));
        factors.factor(&analysis, &jacobian.values, 0.1).unwrap();
    }
}

#[test]
fn large_patterns_are_sparse_and_full_ones_dense() {
    let chain = |states: usize| {
        Jacobian::new(states, (1..states).map(|k| (k, k - 1, 1.0)).chain((1..states).map(|k| (k - 1, k, 0.5))))
    };
    check(&chain(400), 0.2, 1e-14);
    assert!(!Analysis::new(300, &chain(300).pattern).is_dense());
    let full: Vec<(usize, usize)> = (0..30).flat_map(|column| (0..30).map(move |row| (row, column))).collect();
    assert!(Analysis::new(30, &full).is_dense());
}
