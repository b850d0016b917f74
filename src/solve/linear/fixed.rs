//! Factors with pivots of the diagonal, in the order of a plan.

use super::plan::{Plan, Row};
use super::tile::{LANES, Lanes, by_tile, dot, dot_of_lanes};
use faer::traits::pulp::{Arch, Simd, WithSimd};

/// The elimination loses accuracy when it makes entries far larger than they were. Those of the diagonal tell it whatever
/// units the states have: none may become larger than `1 + |gamma J|` there by more than this factor, so that some
/// eleven digits of `I - gamma J` stay.
const GROWTH: f64 = 1e4;
/// Nothing that is subtracted from a row may be larger than its largest entry by more than this factor. This finds growth
/// that has cancelled by the time that it reaches the diagonal. It is wide because it depends on the states' units: in the
/// model of Chen, with steps a million units of time long, factors of 1e7 go with residuals below 1e-9 of what is added up in each row.
const GROWTH_IN_ROW: f64 = 1e10;

/// The factors of a matrix.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// See [`Plan`]; behind them the reciprocals of the pivots, and where there is straight code what the values were before
    /// the elimination.
    values: Vec<f64>,
    /// The largest magnitude of each row of `U`.
    largest: Vec<f64>,
    work: Vec<f64>,
    tile: Vec<Lanes>,
}

impl Fixed {
    /// The factors of the identity.
    pub fn new(plan: &Plan) -> Self {
        let (states, count) = (plan.rows.len(), plan.columns.len());
        let mut values = vec![0.0; count];
        values.resize(count + states, 1.0);
        if plan.straight.is_some() {
            values.resize(2 * count + states, 0.0);
        }
        Self { values, largest: vec![0.0; states], work: vec![0.0; states], tile: Vec::new() }
    }

    /// Factors `I - gamma J`; false when these pivots lose accuracy or there is a zero among them.
    pub fn factor(&mut self, plan: &Plan, jacobian: &[f64], gamma: f64) -> bool {
        if let Some(straight) = &plan.straight {
            straight.factor(jacobian, gamma, &mut self.values);
            return self.is_accurate(plan);
        }
        let values = &mut self.values[..plan.columns.len()];
        values.fill(0.0);
        for (&place, value) in plan.places.iter().zip(jacobian) {
            values[place as usize] -= gamma * value;
        }
        for row in &plan.rows {
            values[row.pivot as usize] += 1.0;
        }
        Arch::new().dispatch(Elimination { factors: self, plan })
    }

    /// Whether the elimination that straight code has done was accurate: what `Elimination` looks at, after the fact.
    fn is_accurate(&mut self, plan: &Plan) -> bool {
        let Self { values, largest, .. } = self;
        let (factors, matrix) = values.split_at(plan.columns.len() + plan.rows.len());
        let (values, inverse) = factors.split_at(plan.columns.len());
        // Most matrices need no closer look: no value is larger than the sum of all, and no row's largest value smaller
        // than what stood for its pivot.
        let all = Arch::new().dispatch(Magnitude(factors));
        let least = plan.rows.iter().map(|row| matrix[row.pivot as usize].abs()).fold(f64::INFINITY, f64::min);
        if all * all <= GROWTH_IN_ROW * least && all <= GROWTH {
            return true;
        }
        let mut fine = true;
        for (k, row) in plan.rows.iter().enumerate() {
            let (within, pivot, end) = (row.within as usize, row.pivot as usize, row.end as usize);
            let diagonal = 1.0 + (matrix[pivot] - 1.0).abs();
            if within < pivot {
                let size = GROWTH_IN_ROW * largest_of(&matrix[within..end]);
                for (value, &column) in values[within..pivot].iter().zip(&plan.columns[within..pivot]) {
                    fine &= value.abs() * largest[column as usize] <= size;
                }
            }
            fine &= inverse[k].is_finite() && values[pivot].abs() <= GROWTH * diagonal;
            largest[k] = largest_of(&values[pivot + 1..end]);
            fine &= largest[k] <= f64::MAX;
        }
        fine
    }

    /// Solves `A x = b`.
    #[inline]
    pub fn solve(&mut self, plan: &Plan, b: &mut [f64]) {
        if let Some(straight) = &plan.straight {
            straight.solve(&self.values, b, &mut self.work);
            b.copy_from_slice(&self.work);
            return;
        }
        let (values, inverse) = self.values.split_at(plan.columns.len());
        let work = &mut self.work[..];
        for (value, &state) in work.iter_mut().zip(&plan.order) {
            *value = b[state as usize];
        }
        for block in &plan.blocks {
            let block = block.start as usize..block.end as usize;
            for (k, row) in block.clone().zip(&plan.rows[block.clone()]) {
                let range = row.first as usize..row.pivot as usize;
                let sum = dot(&values[range.clone()], &plan.columns[range], work);
                work[k] = (work[k] - sum) * inverse[k];
            }
            for (k, row) in block.clone().zip(&plan.rows[block]).rev() {
                let range = row.pivot as usize + 1..row.end as usize;
                work[k] -= dot(&values[range.clone()], &plan.columns[range], work);
            }
        }
        for (value, &state) in work.iter().zip(&plan.order) {
            b[state as usize] = *value;
        }
    }

    /// Solves `Aᵀ x = b`.
    pub fn solve_transposed(&mut self, plan: &Plan, b: &mut [f64]) {
        let (values, inverse) = self.values.split_at(plan.columns.len());
        let work = &mut self.work[..];
        for (value, &state) in work.iter_mut().zip(&plan.order) {
            *value = b[state as usize];
        }
        for block in plan.blocks.iter().rev() {
            let block = block.start as usize..block.end as usize;
            for (k, row) in block.clone().zip(&plan.rows[block.clone()]) {
                let range = row.pivot as usize + 1..row.end as usize;
                let factor = work[k];
                for (value, &column) in values[range.clone()].iter().zip(&plan.columns[range]) {
                    work[column as usize] -= value * factor;
                }
            }
            for (k, row) in block.clone().zip(&plan.rows[block]).rev() {
                let range = row.first as usize..row.pivot as usize;
                let factor = work[k] * inverse[k];
                work[k] = factor;
                for (value, &column) in values[range.clone()].iter().zip(&plan.columns[range]) {
                    work[column as usize] -= value * factor;
                }
            }
        }
        for (value, &state) in work.iter().zip(&plan.order) {
            b[state as usize] = *value;
        }
    }

    /// Solves `A X = B`, column by column of `B`.
    pub fn solve_many(&mut self, plan: &Plan, b: &mut [f64]) {
        let Self { values, tile, .. } = self;
        let (values, inverse) = values.split_at(plan.columns.len());
        let arch = Arch::new();
        by_tile(b, &plan.order, &plan.order, tile, |tile| arch.dispatch(Substitution { values, inverse, plan, tile }));
    }
}

/// A bound on all magnitudes, not finite where one of them is not: their sum, in whatever order is fast.
struct Magnitude<'a>(&'a [f64]);

impl WithSimd for Magnitude<'_> {
    type Output = f64;

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (head, tail) = S::as_simd_f64s(self.0);
        let mut sums = [simd.splat_f64s(0.0); 4];
        let (fours, rest) = head.as_chunks::<4>();
        for four in fours {
            for (sum, value) in sums.iter_mut().zip(four) {
                *sum = simd.add_f64s(*sum, simd.abs_f64s(*value));
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *sum = simd.add_f64s(*sum, simd.abs_f64s(*value));
        }
        let [a, b, c, d] = sums;
        let sum = simd.reduce_sum_f64s(simd.add_f64s(simd.add_f64s(a, b), simd.add_f64s(c, d)));
        tail.iter().fold(sum, |sum, value| sum + value.abs())
    }
}

/// The largest magnitude; not a number where one is none. Magnitudes have the order of their bits.
fn largest_of(values: &[f64]) -> f64 {
    f64::from_bits(values.iter().map(|value| value.abs().to_bits()).max().unwrap_or(0))
}

/// The elimination of a matrix, compiled for the processor that it runs on. The operations and their order are the same
/// on every processor, and with them the numbers.
struct Elimination<'a> {
    factors: &'a mut Fixed,
    plan: &'a Plan,
}

impl WithSimd for Elimination<'_> {
    type Output = bool;

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let Self { factors: Fixed { values, largest, .. }, plan } = self;
        let (values, inverse) = values.split_at_mut(plan.columns.len());
        let mut operation = 0;
        for (k, row) in plan.rows.iter().enumerate() {
            let Row { first, within, pivot, end, operations, tail } = *row;
            let (within, pivot, end) = (within as usize, pivot as usize, end as usize);
            let diagonal = 1.0 + (values[pivot] - 1.0).abs();
            let size = values[within..end].iter().fold(0.0, |size: f64, value| size.max(value.abs()));
            for &[changed, l, u] in &plan.operations[operation..operations as usize] {
                values[changed as usize] -= values[l as usize] * values[u as usize];
            }
            operation = operations as usize;
            if k > tail as usize {
                let (above, row) = values.split_at_mut(first as usize);
                let start = pivot - (k - tail as usize) - first as usize;
                eliminate_tail(plan, above, &mut row[start..end - first as usize], tail as usize..k);
            }
            let mut fine = true;
            for (value, &column) in values[within..pivot].iter().zip(&plan.columns[within..pivot]) {
                fine &= value.abs() * largest[column as usize] <= GROWTH_IN_ROW * size;
            }
            let reciprocal = 1.0 / values[pivot];
            fine &= reciprocal.is_finite() && values[pivot].abs() <= GROWTH * diagonal;
            let mut most: f64 = 0.0;
            for value in &mut values[pivot + 1..end] {
                *value *= reciprocal;
                fine &= value.abs() <= f64::MAX;
                most = most.max(value.abs());
            }
            if !fine {
                return false;
            }
            inverse[k] = reciprocal;
            largest[k] = most;
        }
        true
    }
}

/// Subtracts the rows `above` of a tail from a row, which starts with the first of their columns; two at a time.
#[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
#[inline(always)]
fn eliminate_tail(plan: &Plan, values: &[f64], mut row: &mut [f64], above: std::ops::Range<usize>) {
    let upper = |k: usize| &values[plan.rows[k].pivot as usize + 1..plan.rows[k].end as usize];
    let mut k = above.start;
    while k + 1 < above.end {
        let (first, second) = (upper(k), upper(k + 1));
        let [one, two, rest @ ..] = row else { return };
        *two -= *one * first[0];
        for ((value, a), b) in rest.iter_mut().zip(&first[1..]).zip(second) {
            *value = (*value - *one * a) - *two * b;
        }
        // What is behind `one` and `two`.
        row = rest;
        k += 2;
    }
    if k < above.end
        && let [one, rest @ ..] = row
    {
        for (value, a) in rest.iter_mut().zip(upper(k)) {
            *value -= *one * a;
        }
    }
}

/// Solves for the right-hand sides of a tile.
struct Substitution<'a> {
    values: &'a [f64],
    inverse: &'a [f64],
    plan: &'a Plan,
    tile: &'a mut [Lanes],
}

impl WithSimd for Substitution<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, inverse, plan, tile } = self;
        for block in &plan.blocks {
            let block = block.start as usize..block.end as usize;
            for (k, row) in block.clone().zip(&plan.rows[block.clone()]) {
                let range = row.first as usize..row.pivot as usize;
                let sum = dot_of_lanes(&values[range.clone()], &plan.columns[range], tile);
                for lane in 0..LANES {
                    tile[k][lane] = (tile[k][lane] - sum[lane]) * inverse[k];
                }
            }
            for (k, row) in block.clone().zip(&plan.rows[block]).rev() {
                let range = row.pivot as usize + 1..row.end as usize;
                let sum = dot_of_lanes(&values[range.clone()], &plan.columns[range], tile);
                for lane in 0..LANES {
                    tile[k][lane] -= sum[lane];
                }
            }
        }
    }
}
