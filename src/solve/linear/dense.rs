//! Full matrices by column.

use super::factors::Singular;
use super::tile::{Lanes, by_tile, subtract};
use faer::traits::pulp::{Arch, Simd, WithSimd};

/// The factors of a full matrix with row exchanges: `P A = L U`, `L` with a unit diagonal.
#[derive(Debug, Clone)]
pub struct Dense {
    states: usize,
    /// `U` on and above the diagonal, `L` below it, by column.
    matrix: Vec<f64>,
    /// The reciprocals of the pivots.
    inverse: Vec<f64>,
    /// The row of `A` that became row `k`.
    rows: Vec<u32>,
    /// The states, ascending: the order of a solution.
    in_order: Vec<u32>,
    work: Vec<f64>,
    tile: Vec<Lanes>,
}

/// The nanoseconds of one factorisation and five solves, measured as those of `Plan::cost` were.
pub fn dense_cost(states: usize) -> f64 {
    let n = states as f64;
    0.07 * n * n * n + 5.7 * n * n + 50.0 * n
}

impl Dense {
    /// The factors of the identity.
    pub fn new(states: usize) -> Self {
        let mut matrix = vec![0.0; states * states];
        matrix.iter_mut().step_by(states + 1).for_each(|entry| *entry = 1.0);
        let in_order: Vec<u32> = (0..states as u32).collect();
        let (inverse, work) = (vec![1.0; states], vec![0.0; states]);
        Self { states, matrix, inverse, rows: in_order.clone(), in_order, work, tile: Vec::new() }
    }

    /// Factors `I - gamma J`.
    pub fn factor(&mut self, places: &[usize], jacobian: &[f64], gamma: f64) -> Result<(), Singular> {
        assert_eq!(jacobian.len(), places.len(), "one value a place");
        let n = self.states;
        self.matrix.fill(0.0);
        for (&place, value) in places.iter().zip(jacobian) {
            self.matrix[place] -= gamma * value;
        }
        self.matrix.iter_mut().step_by(n + 1).for_each(|entry| *entry += 1.0);
        self.rows.iter_mut().zip(0..).for_each(|(row, k)| *row = k);
        Arch::new().dispatch(Elimination(self))?;
        match self.matrix.iter().all(|value| value.is_finite()) {
            true => Ok(()),
            false => Err(Singular),
        }
    }

    /// Solves `A x = b`.
    pub fn solve(&mut self, b: &mut [f64]) {
        let n = self.states;
        if n == 0 {
            return;
        }
        for (value, &row) in self.work.iter_mut().zip(&self.rows) {
            *value = b[row as usize];
        }
        Arch::new().dispatch(Substitution { matrix: &self.matrix, inverse: &self.inverse, work: &mut self.work });
        b.copy_from_slice(&self.work);
    }

    /// Solves `Aᵀ x = b`.
    pub fn solve_transposed(&mut self, b: &mut [f64]) {
        let n = self.states;
        if n == 0 {
            return;
        }
        let work = &mut self.work;
        for (k, column) in self.matrix.chunks_exact(n).enumerate() {
            let sum: f64 = work.iter().zip(&column[..k]).map(|(value, u)| value * u).sum();
            work[k] = (b[k] - sum) * self.inverse[k];
        }
        for (k, column) in self.matrix.chunks_exact(n).enumerate().rev() {
            let sum: f64 = work[k + 1..].iter().zip(&column[k + 1..]).map(|(value, l)| value * l).sum();
            work[k] -= sum;
        }
        for (value, &row) in work.iter().zip(&self.rows) {
            b[row as usize] = *value;
        }
    }

    /// Solves `A X = B`, column by column of `B`.
    pub fn solve_many(&mut self, b: &mut [f64]) {
        let Self { states, matrix, inverse, rows, in_order, tile, .. } = self;
        debug_assert_eq!(matrix.len(), *states * *states);
        let arch = Arch::new();
        by_tile(b, rows, in_order, tile, |tile| {
            arch.dispatch(Together { matrix, inverse, tile });
        });
    }
}

/// The elimination, compiled for the processor that it runs on; the numbers are the same on all.
struct Elimination<'a>(&'a mut Dense);

impl WithSimd for Elimination<'_> {
    type Output = Result<(), Singular>;

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Dense { states, matrix, inverse: inverses, rows, .. } = self.0;
        let n = *states;
        for k in 0..n {
            let (before, rest) = matrix.split_at_mut((k + 1) * n);
            let column = &mut before[k * n..];
            let pivot_row = k + largest(&column[k..]);
            column.swap(k, pivot_row);
            let inverse = 1.0 / column[k];
            // A column with NaN below the pivot makes that part of L NaN, and with it the next pivot or nothing at all.
            if !(column[k].is_finite() && inverse.is_finite()) {
                return Err(Singular);
            }
            inverses[k] = inverse;
            rows.swap(k, pivot_row);
            before[..k * n].chunks_exact_mut(n).for_each(|column| column.swap(k, pivot_row));
            let lower = &mut before[k * n + k + 1..];
            for value in &mut *lower {
                *value *= inverse;
            }
            for column in rest.chunks_exact_mut(n) {
                column.swap(k, pivot_row);
                let (upper, below) = column.split_at_mut(k + 1);
                let factor = upper[k];
                if factor != 0.0 {
                    for (value, l) in below.iter_mut().zip(&*lower) {
                        *value -= factor * l;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The substitutions of one right-hand side in the order of the rows.
struct Substitution<'a> {
    matrix: &'a [f64],
    inverse: &'a [f64],
    work: &'a mut [f64],
}

impl WithSimd for Substitution<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { matrix, inverse, work } = self;
        let n = work.len();
        for (k, column) in matrix.chunks_exact(n).enumerate() {
            let (known, rest) = work.split_at_mut(k + 1);
            let factor = known[k];
            for (value, l) in rest.iter_mut().zip(&column[k + 1..]) {
                *value -= factor * l;
            }
        }
        for (k, column) in matrix.chunks_exact(n).enumerate().rev() {
            let factor = work[k] * inverse[k];
            work[k] = factor;
            for (value, u) in work.iter_mut().zip(&column[..k]) {
                *value -= factor * u;
            }
        }
    }
}

/// The substitutions of a tile of right-hand sides in the order of the rows.
struct Together<'a> {
    matrix: &'a [f64],
    inverse: &'a [f64],
    tile: &'a mut [Lanes],
}

impl WithSimd for Together<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { matrix, inverse, tile } = self;
        let n = tile.len();
        for (k, column) in matrix.chunks_exact(n).enumerate() {
            let (known, rest) = tile.split_at_mut(k + 1);
            for (lanes, &l) in rest.iter_mut().zip(&column[k + 1..]) {
                subtract(lanes, l, &known[k]);
            }
        }
        for (k, column) in matrix.chunks_exact(n).enumerate().rev() {
            let (before, from) = tile.split_at_mut(k);
            from[0].iter_mut().for_each(|lane| *lane *= inverse[k]);
            for (lanes, &u) in before.iter_mut().zip(column) {
                subtract(lanes, u, &from[0]);
            }
        }
    }
}

/// The place of the largest magnitude; where one is NaN, that of the first NaN.
fn largest(column: &[f64]) -> usize {
    let mut place = 0;
    let mut most = column[0].abs();
    for (at, value) in column.iter().enumerate() {
        if value.abs() > most || value.is_nan() && !most.is_nan() {
            (place, most) = (at, value.abs());
        }
    }
    place
}
