//! Factors with pivots of the diagonal, in the order of a plan.

use super::plan::{Plan, Row};
use super::tile::{Lanes, by_tile, subtract};

/// The elimination loses accuracy when what it subtracts from a row is larger than the row by a factor. Up to this one, the
/// factors are those of a matrix whose rows differ from the given one's by some 1e-12 of their size.
const GROWTH: f64 = 1e4;

/// The factors of a matrix.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// See [`Plan`].
    values: Vec<f64>,
    /// The reciprocals of the pivots.
    inverse: Vec<f64>,
    /// The largest magnitude of each row of `U`.
    largest: Vec<f64>,
    work: Vec<f64>,
    tile: Vec<Lanes>,
}

impl Fixed {
    /// The factors of the identity.
    pub fn new(plan: &Plan) -> Self {
        let states = plan.rows.len();
        let (values, inverse) = (vec![0.0; plan.columns.len()], vec![1.0; states]);
        Self { values, inverse, largest: vec![0.0; states], work: vec![0.0; states], tile: Vec::new() }
    }

    /// Factors `I - gamma J`; false when these pivots lose accuracy or there is a zero among them.
    pub fn factor(&mut self, plan: &Plan, jacobian: &[f64], gamma: f64) -> bool {
        let values = &mut self.values[..];
        values.fill(0.0);
        for (&place, value) in plan.places.iter().zip(jacobian) {
            values[place as usize] -= gamma * value;
        }
        for row in &plan.rows {
            values[row.pivot as usize] += 1.0;
        }
        let mut operation = 0;
        for (k, row) in plan.rows.iter().enumerate() {
            let Row { within, pivot, end, operations, .. } = *row;
            let (within, pivot, end) = (within as usize, pivot as usize, end as usize);
            let size = values[within..end].iter().fold(0.0, |size: f64, value| size.max(value.abs()));
            for &[changed, l, u] in &plan.operations[operation..operations as usize] {
                values[changed as usize] -= values[l as usize] * values[u as usize];
            }
            operation = operations as usize;
            let mut fine = true;
            for (value, &column) in values[within..pivot].iter().zip(&plan.columns[within..pivot]) {
                fine &= value.abs() * self.largest[column as usize] <= GROWTH * size;
            }
            let inverse = 1.0 / values[pivot];
            fine &= inverse.is_finite() && values[pivot].is_finite();
            let mut largest: f64 = 0.0;
            for value in &mut values[pivot + 1..end] {
                *value *= inverse;
                fine &= value.abs() <= f64::MAX;
                largest = largest.max(value.abs());
            }
            if !fine {
                return false;
            }
            self.inverse[k] = inverse;
            self.largest[k] = largest;
        }
        true
    }

    /// Solves `A x = b`.
    pub fn solve(&mut self, plan: &Plan, b: &mut [f64]) {
        let (values, work) = (&self.values[..], &mut self.work[..]);
        for (value, &state) in work.iter_mut().zip(&plan.order) {
            *value = b[state as usize];
        }
        for block in &plan.blocks {
            let block = block.start as usize..block.end as usize;
            for k in block.clone() {
                let (first, pivot) = (plan.rows[k].first as usize, plan.rows[k].pivot as usize);
                let mut sum = work[k];
                for (value, &column) in values[first..pivot].iter().zip(&plan.columns[first..pivot]) {
                    sum -= value * work[column as usize];
                }
                work[k] = sum * self.inverse[k];
            }
            for k in block.rev() {
                let (behind, end) = (plan.rows[k].pivot as usize + 1, plan.rows[k].end as usize);
                let mut sum = work[k];
                for (value, &column) in values[behind..end].iter().zip(&plan.columns[behind..end]) {
                    sum -= value * work[column as usize];
                }
                work[k] = sum;
            }
        }
        for (value, &state) in work.iter().zip(&plan.order) {
            b[state as usize] = *value;
        }
    }

    /// Solves `Aᵀ x = b`.
    pub fn solve_transposed(&mut self, plan: &Plan, b: &mut [f64]) {
        let (values, work) = (&self.values[..], &mut self.work[..]);
        for (value, &state) in work.iter_mut().zip(&plan.order) {
            *value = b[state as usize];
        }
        for block in plan.blocks.iter().rev() {
            let block = block.start as usize..block.end as usize;
            for k in block.clone() {
                let (behind, end) = (plan.rows[k].pivot as usize + 1, plan.rows[k].end as usize);
                let factor = work[k];
                for (value, &column) in values[behind..end].iter().zip(&plan.columns[behind..end]) {
                    work[column as usize] -= value * factor;
                }
            }
            for k in block.rev() {
                let (first, pivot) = (plan.rows[k].first as usize, plan.rows[k].pivot as usize);
                let factor = work[k] * self.inverse[k];
                work[k] = factor;
                for (value, &column) in values[first..pivot].iter().zip(&plan.columns[first..pivot]) {
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
        let Self { values, inverse, tile, .. } = self;
        by_tile(b, &plan.order, &plan.order, tile, |tile| {
            for block in &plan.blocks {
                let block = block.start as usize..block.end as usize;
                for k in block.clone() {
                    let (first, pivot) = (plan.rows[k].first as usize, plan.rows[k].pivot as usize);
                    let mut sum = tile[k];
                    for (&value, &column) in values[first..pivot].iter().zip(&plan.columns[first..pivot]) {
                        subtract(&mut sum, value, &tile[column as usize]);
                    }
                    sum.iter_mut().for_each(|lane| *lane *= inverse[k]);
                    tile[k] = sum;
                }
                for k in block.rev() {
                    let (behind, end) = (plan.rows[k].pivot as usize + 1, plan.rows[k].end as usize);
                    let mut sum = tile[k];
                    for (&value, &column) in values[behind..end].iter().zip(&plan.columns[behind..end]) {
                        subtract(&mut sum, value, &tile[column as usize]);
                    }
                    tile[k] = sum;
                }
            }
        });
    }
}
