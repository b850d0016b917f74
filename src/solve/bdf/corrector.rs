//! The equation of a step, by Newton's method with a Jacobian that is kept as long as it is good enough.

use super::{Equations, Integrator, Trouble, norm};

/// Steps after which the matrix is made anew.
const MATRIX_STEPS: usize = 20;
/// The matrix is made anew when its factor of the Jacobian has changed by this share.
const DRIFT: f64 = 0.3;
/// An estimate of the rate of convergence is not believed to fall faster than this.
const FALL: f64 = 0.3;
/// An iteration whose steps grow by this factor diverges.
const DIVERGENCE: f64 = 2.0;

/// The state of Newton's method.
pub struct Newton {
    /// The correction's norm.
    pub size: f64,
    /// The Jacobian's values, then the right-hand side where it was evaluated.
    jacobian: Vec<f64>,
    residual: Vec<f64>,
    /// The matrix's factor of the Jacobian; zero before there is one.
    gamma: f64,
    /// The step at which the matrix and the Jacobian were made.
    made: usize,
    evaluated: usize,
    rate: f64,
    /// The Jacobian is that of the step at hand.
    fresh: bool,
}

impl Newton {
    pub fn new(states: usize, entries: usize) -> Self {
        Self {
            size: 0.0,
            jacobian: vec![0.0; entries],
            residual: vec![0.0; states],
            gamma: 0.0,
            made: 0,
            evaluated: 0,
            rate: 1.0,
            fresh: false,
        }
    }
}

/// How an iteration ended.
enum End {
    Converged,
    Diverged,
    NotFinite,
}

impl<E: Equations> Integrator<'_, E> {
    /// The factor of the Jacobian in the equation of the step at hand.
    pub(super) fn gamma(&self) -> f64 {
        self.history.step / self.coefficients.correction[1]
    }

    /// Solves the equation of the step at hand. The arguments say whether an attempt at it did not converge before, or had
    /// too large an error.
    pub(super) fn correct(&mut self, diverged: bool, inaccurate: bool) -> Result<(), Trouble> {
        let gamma = self.gamma();
        let ratio = if self.newton.gamma == 0.0 { 1.0 } else { gamma / self.newton.gamma };
        let most = MATRIX_STEPS.min(self.settings.jacobian_steps);
        let old = self.newton.gamma == 0.0 || diverged || inaccurate || self.steps >= self.newton.made + most;
        self.newton.fresh = false;
        if old || (ratio - 1.0).abs() > DRIFT {
            let stale = self.newton.gamma == 0.0
                || diverged
                || self.steps >= self.newton.evaluated + self.settings.jacobian_steps;
            self.prepare(gamma, stale)?;
        }
        let end = match self.iterate(gamma) {
            End::Converged => return Ok(()),
            _ if !self.newton.fresh => {
                self.prepare(gamma, true)?;
                self.iterate(gamma)
            }
            end => end,
        };
        match end {
            End::Converged => Ok(()),
            End::Diverged => Err(Trouble::Corrector),
            End::NotFinite => Err(Trouble::NotFinite),
        }
    }

    /// Makes the matrix, with a new Jacobian where the old one is stale.
    fn prepare(&mut self, gamma: f64, stale: bool) -> Result<(), Trouble> {
        if stale {
            let predicted = &self.history.columns[0][..self.states];
            self.equations.jacobian(self.time, predicted, &mut self.newton.jacobian);
            self.newton.evaluated = self.steps;
            self.newton.fresh = true;
        }
        (self.newton.gamma, self.newton.made, self.newton.rate) = (gamma, self.steps, 1.0);
        let jacobian = &self.newton.jacobian[..self.equations.pattern().len()];
        let made = self.factors.factor(self.equations.analysis(), jacobian, gamma);
        made.map_err(|_| {
            self.newton.gamma = 0.0;
            Trouble::Corrector
        })
    }

    fn iterate(&mut self, gamma: f64) -> End {
        let Self { equations, newton, history, correction, values, scratch, weights, factors, states, .. } = self;
        let count = *states;
        let entries = newton.jacobian.len() - count;
        let (correction, values, slope) = (&mut correction[..count], &mut values[..count], &mut scratch[..count]);
        let predicted = &history.columns[0][..count];
        let scaled = &history.columns[1][..count];
        let leading = 1.0 / self.coefficients.correction[1];
        let relax = if gamma == newton.gamma { 1.0 } else { 2.0 / (1.0 + gamma / newton.gamma) };
        let allowed = self.settings.newton_tolerance / self.coefficients.error;
        correction.fill(0.0);
        values.copy_from_slice(predicted);
        let mut before = 0.0;
        for iteration in 0..self.settings.newton_iterations {
            // The Jacobian came with the right-hand side at the predicted values.
            let known = &newton.jacobian[entries..];
            if iteration == 0 && newton.fresh && known.iter().all(|value| value.is_finite()) {
                slope.copy_from_slice(known);
            } else if !equations.slope(self.time, values, slope) {
                return End::NotFinite;
            }
            let terms = slope.iter().zip(scaled).zip(correction.iter());
            for (residual, ((slope, scaled), correction)) in newton.residual.iter_mut().zip(terms) {
                *residual = gamma * slope - (leading * scaled + correction);
            }
            factors.solve(equations.analysis(), &mut newton.residual);
            if relax != 1.0 {
                for value in &mut newton.residual {
                    *value *= relax;
                }
            }
            let size = norm(&newton.residual, weights);
            if !size.is_finite() {
                return End::NotFinite;
            }
            let terms = newton.residual.iter().zip(predicted);
            for ((correction, value), (change, predicted)) in correction.iter_mut().zip(values.iter_mut()).zip(terms) {
                *correction += change;
                *value = predicted + *correction;
            }
            if iteration > 0 {
                newton.rate = (FALL * newton.rate).max(size / before);
            }
            if size * newton.rate.min(1.0) <= allowed {
                newton.size = if iteration == 0 { size } else { norm(correction, weights) };
                return End::Converged;
            }
            if iteration > 0 && size > DIVERGENCE * before {
                return End::Diverged;
            }
            before = size;
        }
        End::Diverged
    }
}
