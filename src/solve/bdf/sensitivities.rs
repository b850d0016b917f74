//! The sensitivities of the states, step by step.
//!
//! A step's equation `y - gamma f(t, y, p) = z0 - z1 / l1`, with the predicted columns `z0` and `z1` of the history, has
//! the derivative `(1 - gamma J) s = s0 - s1 / l1 + gamma f_p` with the sensitivities' own history. It is linear: one
//! solution with the matrix at the step's end. That matrix is not handed to Newton's method, so that the states are the
//! same, bit for bit, with and without sensitivities.

use super::{Equations, Integrator, Settings};

impl<E: Equations> Integrator<'_, E> {
    /// The sensitivities at the end of the step at hand, once the states are there; the largest norm of a lane's
    /// correction, or nothing where the matrix is singular. Until the step is taken over their history is not touched.
    pub(super) fn correct_sensitivities(&mut self) -> Option<f64> {
        let gamma = self.gamma();
        let count = self.states;
        let lanes = self.lanes();
        let (states, sensitivities) = self.values.split_at_mut(count);
        let (jacobian, factors) = self.at_end.as_mut()?;
        self.equations.jacobian(self.time, states, jacobian);
        let jacobian = &jacobian[..self.equations.pattern().len()];
        factors.factor(self.equations.analysis(), jacobian, gamma).ok()?;
        // Predictions: the first two rows of Pascal's triangle.
        let leading = 1.0 / self.coefficients.correction[1];
        let columns = &self.history.columns;
        let predicted = &mut self.scratch[lanes.clone()];
        predicted.fill(0.0);
        sensitivities.fill(0.0);
        for (place, column) in columns[..=self.history.order].iter().enumerate() {
            let share = leading * place as f64;
            for ((sum, known), value) in predicted.iter_mut().zip(sensitivities.iter_mut()).zip(&column[lanes.clone()])
            {
                *sum += value;
                *known += (1.0 - share) * value;
            }
        }
        self.equations.force(self.time, states, gamma, sensitivities);
        factors.solve_many(self.equations.analysis(), sensitivities, lanes.len() / count);
        let correction = &mut self.correction[lanes.clone()];
        for ((correction, value), predicted) in correction.iter_mut().zip(sensitivities.iter()).zip(predicted.iter()) {
            *correction = value - predicted;
        }
        if !self.settings.controlled {
            return Some(0.0);
        }
        Some(self.lanes_norm(&self.correction[lanes]))
    }

    /// The largest norm of a lane.
    pub(super) fn lanes_norm(&self, values: &[f64]) -> f64 {
        let count = self.states;
        let Settings { rtol, atol, .. } = self.settings;
        let sensitivities = &self.history.columns[0][count..];
        let mut largest = 0.0_f64;
        for (values, sensitivities) in values.chunks_exact(count).zip(sensitivities.chunks_exact(count)) {
            let weights = sensitivities.iter().enumerate().map(|(state, value)| {
                let atol = if let [single] = atol { *single } else { atol[state] };
                1.0 / (rtol * value.abs() + atol)
            });
            let sum: f64 = values.iter().zip(weights).map(|(value, weight)| (value * weight) * (value * weight)).sum();
            largest = largest.max((sum / count as f64).sqrt());
        }
        largest
    }

    /// The sensitivities' slopes at the time that was reached, into the history's first derivative.
    pub(super) fn sensitivity_slopes(&mut self) {
        let count = self.states;
        let lanes = self.lanes();
        if lanes.is_empty() {
            return;
        }
        let Some((jacobian, _)) = &mut self.at_end else { return };
        let [values, slopes, ..] = &mut self.history.columns;
        let (states, sensitivities) = values.split_at(count);
        self.equations.jacobian(self.time, states, jacobian);
        let slopes = &mut slopes[lanes];
        slopes.fill(0.0);
        for (slopes, sensitivities) in slopes.chunks_exact_mut(count).zip(sensitivities.chunks_exact(count)) {
            for (&(row, column), value) in self.equations.pattern().iter().zip(jacobian.iter()) {
                slopes[row] += value * sensitivities[column];
            }
        }
        self.equations.force(self.time, states, 1.0, slopes);
    }
}
