//! The history of a solution: its Taylor coefficients at the last step, scaled by powers of the step size (Nordsieck, Math
//! Comp 16:22, 1962).

use super::coefficients::{Coefficients, lowering, raising};
use std::ops::Range;

/// The highest order; methods of higher order are not stable.
pub const HIGHEST: usize = 5;

/// States, then their sensitivities lane by lane, and their scaled derivatives.
#[derive(Debug, Clone)]
pub struct History {
    /// Column `j` is the `j`-th derivative times `step^j / j!`. The last column holds the last correction while the
    /// order is below the highest.
    pub columns: [Vec<f64>; HIGHEST + 1],
    /// The order.
    pub order: usize,
    /// The step size that the columns are scaled by.
    pub step: f64,
    /// Sizes of the last steps from index 1 on, the last one first.
    pub past: [f64; HIGHEST + 2],
}

impl History {
    /// A history of order one without derivatives.
    pub fn new(values: Vec<f64>) -> Self {
        let mut columns: [Vec<f64>; HIGHEST + 1] = std::array::from_fn(|_| vec![0.0; values.len()]);
        columns[0] = values;
        Self { columns, order: 1, step: 0.0, past: [0.0; HIGHEST + 2] }
    }

    /// Moves a range of the values one step ahead along the Taylor polynomial.
    pub fn predict(&mut self, range: Range<usize>) {
        for first in 1..=self.order {
            for column in (first..=self.order).rev() {
                let (low, high) = self.columns.split_at_mut(column);
                for (value, next) in low[column - 1][range.clone()].iter_mut().zip(&high[0][range.clone()]) {
                    *value += next;
                }
            }
        }
    }

    /// Undoes [`Self::predict`].
    pub fn restore(&mut self, range: Range<usize>) {
        for first in 1..=self.order {
            for column in (first..=self.order).rev() {
                let (low, high) = self.columns.split_at_mut(column);
                for (value, next) in low[column - 1][range.clone()].iter_mut().zip(&high[0][range.clone()]) {
                    *value -= next;
                }
            }
        }
    }

    /// Takes up a correction of the predicted values.
    pub fn correct(&mut self, coefficients: &Coefficients, correction: &[f64], range: Range<usize>) {
        for (column, factor) in self.columns[..=self.order].iter_mut().zip(coefficients.correction) {
            for (value, change) in column[range.clone()].iter_mut().zip(&correction[range.clone()]) {
                *value += factor * change;
            }
        }
    }

    /// Changes the step size by a ratio.
    pub fn rescale(&mut self, ratio: f64) {
        let mut factor = 1.0;
        for column in &mut self.columns[1..=self.order] {
            factor *= ratio;
            for value in column {
                *value *= factor;
            }
        }
        self.step *= ratio;
    }

    /// One order more; the last column has to hold the last correction. Returns what [`raising`] says.
    pub fn raise(&mut self) -> ([f64; HIGHEST + 1], f64) {
        let (taken, share) = raising(self.order, self.step, &self.past);
        let new = self.order + 1;
        // At the highest order the correction itself becomes the column.
        if new < HIGHEST {
            let (low, high) = self.columns.split_at_mut(HIGHEST);
            low[new].copy_from_slice(&high[0]);
        }
        for value in &mut self.columns[new] {
            *value *= share;
        }
        let (low, high) = self.columns.split_at_mut(new);
        for (column, factor) in low.iter_mut().zip(taken).skip(2) {
            for (value, highest) in column.iter_mut().zip(&high[0]) {
                *value += factor * highest;
            }
        }
        self.order = new;
        (taken, share)
    }

    /// One order less. Returns what [`lowering`] says.
    pub fn lower(&mut self) -> [f64; HIGHEST + 1] {
        let lost = lowering(self.order, self.step, &self.past);
        let (low, high) = self.columns.split_at_mut(self.order);
        for (column, factor) in low.iter_mut().zip(lost).skip(2) {
            for (value, highest) in column.iter_mut().zip(&high[0]) {
                *value -= factor * highest;
            }
        }
        self.order -= 1;
        lost
    }

    /// Notes the size of a step that was taken.
    pub fn note(&mut self, first: bool) {
        for index in (2..=self.order).rev() {
            self.past[index] = self.past[index - 1];
        }
        if self.order == 1 && !first {
            self.past[2] = self.past[1];
        }
        self.past[1] = self.step;
    }

    /// The Taylor polynomial of a range of the values, `share` steps from the last time.
    pub fn interpolate(&self, share: f64, range: Range<usize>, values: &mut [f64]) {
        values.copy_from_slice(&self.columns[self.order][range.clone()]);
        for column in self.columns[..self.order].iter().rev() {
            for (value, coefficient) in values.iter_mut().zip(&column[range.clone()]) {
                *value = *value * share + coefficient;
            }
        }
    }
}
