//! What is remembered of the last steps: the Hessian's approximation in its compact form.

use std::collections::VecDeque;

use nalgebra::{DMatrix, DVector};

/// The matrix `B = theta 1 - W M W'` of the last pairs of steps and changes of the gradient (Byrd, Nocedal & Schnabel,
/// Mathematical Programming 1994).
#[derive(Debug, Clone)]
pub(super) struct Memory {
    most: usize,
    /// The steps with the changes of the gradient over them, the oldest first.
    pairs: VecDeque<(DVector<f64>, DVector<f64>)>,
    pub(super) theta: f64,
    /// `W`, with one row for each parameter and two columns for each pair.
    pub(super) wide: DMatrix<f64>,
    /// `M`
    pub(super) middle: DMatrix<f64>,
}

impl Memory {
    /// Nothing is remembered yet: `B` is the unit matrix.
    pub(super) fn new(dimensions: usize, most: usize) -> Self {
        Self {
            most: most.max(1),
            pairs: VecDeque::new(),
            theta: 1.0,
            wide: DMatrix::zeros(dimensions, 0),
            middle: DMatrix::zeros(0, 0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(super) fn forget(&mut self) {
        *self = Self::new(self.wide.nrows(), self.most);
    }

    /// Learns from a step along which the gradient changed so, unless that would make `B` indefinite; `slope` is the
    /// slope along the whole step at its start.
    pub(super) fn learn(&mut self, step: DVector<f64>, change: DVector<f64>, slope: f64) {
        let curvature = step.dot(&change);
        let square = change.norm_squared();
        if !(curvature > f64::EPSILON * slope.abs() && square.is_finite() && square > 0.0) {
            return;
        }
        if self.pairs.len() == self.most {
            self.pairs.pop_front();
        }
        self.pairs.push_back((step, change));
        self.theta = square / curvature;
        if self.update().is_none() {
            self.forget();
        }
    }

    /// `W` and `M` of the pairs; `None` where they are too close to dependent.
    fn update(&mut self) -> Option<()> {
        let (count, rows) = (self.pairs.len(), self.wide.nrows());
        self.wide = DMatrix::zeros(rows, 2 * count);
        let mut inverse = DMatrix::zeros(2 * count, 2 * count);
        for (row, (step, change)) in self.pairs.iter().enumerate() {
            self.wide.set_column(row, change);
            self.wide.set_column(count + row, &(step * self.theta));
            inverse[(row, row)] = -step.dot(change);
            for (column, (other, earlier)) in self.pairs.iter().enumerate() {
                inverse[(count + row, count + column)] = self.theta * step.dot(other);
                if column < row {
                    inverse[(count + row, column)] = step.dot(earlier);
                    inverse[(column, count + row)] = step.dot(earlier);
                }
            }
        }
        self.middle = inverse.try_inverse()?;
        self.middle.iter().all(|number| number.is_finite()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_maps_the_last_step_to_its_change() {
        let matrix = DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0]);
        let mut memory = Memory::new(3, 2);
        for step in [[1.0, 0.0, 0.3], [0.2, -1.0, 0.0], [0.0, 0.4, 2.0]] {
            let step = DVector::from_row_slice(&step);
            memory.learn(step.clone(), &matrix * &step, -1.0);
            let mapped = &step * memory.theta - &memory.wide * (&memory.middle * memory.wide.tr_mul(&step));
            assert!((mapped - &matrix * &step).norm() < 1e-12);
        }
        let kept = memory.theta;
        memory.learn(DVector::from_element(3, 1.0), DVector::from_element(3, -1.0), -1.0);
        assert_eq!((memory.theta, memory.pairs.len()), (kept, 2));
    }
}
