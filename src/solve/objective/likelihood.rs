//! What one measurement adds to the objective.

use super::super::Failure;
use crate::model::problem::{NoiseDistribution, ObjectiveKind, Scale};
use std::f64::consts::{LN_10, PI};

/// How a measurement is compared with its observable.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    /// The measured value.
    pub measured: f64,
    /// The family of the noise.
    pub distribution: NoiseDistribution,
    /// The scale of the comparison.
    pub transformation: Scale,
    /// What is minimised.
    pub objective: ObjectiveKind,
}

/// The part of a measurement in the objective, with derivatives by observable `y` and noise scale `s`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Part {
    /// Negative log density of the measured value.
    pub nllh: f64,
    /// Squared residual over the noise scale.
    pub chi2: f64,
    /// What is added to the objective.
    pub value: f64,
    /// The derivative of `value` by the observable.
    pub by_observable: f64,
    /// The derivative of `value` by the noise scale.
    pub by_scale: f64,
    /// The weight of `dy dy^T` in the Fisher information.
    pub weight_observable: f64,
    /// The weight of `ds ds^T` in the Fisher information.
    pub weight_scale: f64,
}

impl Comparison {
    /// The part of this measurement, given the simulated observable and the noise scale.
    ///
    /// The density of a value with noise on a logarithmic scale carries the Jacobian of the logarithm, so that
    /// likelihoods on different scales compare.
    ///
    /// # Errors
    /// When observable or noise scale is no finite number, or not positive where it has to be.
    pub fn part(&self, observable: f64, scale: f64) -> Result<Part, Failure> {
        if !observable.is_finite() || !scale.is_finite() {
            return Err(Failure::NotANumber);
        }
        if scale <= 0.0 {
            return Err(Failure::NonPositiveNoise);
        }
        if self.transformation != Scale::Linear && (observable <= 0.0 || self.measured <= 0.0) {
            return Err(Failure::NonPositiveObservable);
        }
        // z: the compared observable; slope: its derivative; jacobian: minus the log of that of the measured value.
        let (z, slope, compared, jacobian) = match self.transformation {
            Scale::Linear => (observable, 1.0, self.measured, 0.0),
            Scale::Log => (observable.ln(), 1.0 / observable, self.measured.ln(), self.measured.ln()),
            Scale::Log10 => {
                (observable.log10(), 1.0 / (observable * LN_10), self.measured.log10(), (self.measured * LN_10).ln())
            }
        };
        let distance = z - compared;
        let residual = distance / scale;
        let chi2 = residual * residual;
        let (nllh, by_z, by_scale, weight_z, weight_scale) = match self.distribution {
            NoiseDistribution::Normal => (
                0.5 * (2.0 * PI * scale * scale).ln() + 0.5 * chi2 + jacobian,
                residual / scale,
                (1.0 - chi2) / scale,
                1.0 / (scale * scale),
                2.0 / (scale * scale),
            ),
            NoiseDistribution::Laplace => {
                let sign = if distance > 0.0 {
                    1.0
                } else if distance < 0.0 {
                    -1.0
                } else {
                    0.0
                };
                (
                    (2.0 * scale).ln() + residual.abs() + jacobian,
                    sign / scale,
                    (1.0 - residual.abs()) / scale,
                    1.0 / (scale * scale),
                    1.0 / (scale * scale),
                )
            }
        };
        let (value, by_z, by_scale, weight_z, weight_scale) = match self.objective {
            ObjectiveKind::Nllh => (nllh, by_z, by_scale, weight_z, weight_scale),
            ObjectiveKind::Sse => (distance * distance, 2.0 * distance, 0.0, 2.0, 0.0),
            ObjectiveKind::Chi2 => {
                let squared = scale * scale;
                (chi2, 2.0 * residual / scale, -2.0 * chi2 / scale, 2.0 / squared, 2.0 * chi2 / squared)
            }
        };
        Ok(Part {
            nllh,
            chi2,
            value,
            by_observable: by_z * slope,
            by_scale,
            weight_observable: weight_z * slope * slope,
            weight_scale,
        })
    }
}
