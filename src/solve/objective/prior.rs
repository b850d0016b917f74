//! Priors: normalised negative log densities on the estimation scale, and their derivatives.

use crate::model::problem::Prior;

/// The negative log density at `x`, its derivative, and its curvature (0 where there is none to speak of).
pub fn negative_log(prior: &Prior, x: f64) -> (f64, f64, f64) {
    match *prior {
        Prior::Normal { mean, sd } => {
            let z = (x - mean) / sd;
            (0.5 * (2.0 * std::f64::consts::PI * sd * sd).ln() + 0.5 * z * z, z / sd, 1.0 / (sd * sd))
        }
        Prior::Laplace { location, scale } => {
            let z = (x - location) / scale;
            let slope = if z > 0.0 {
                1.0
            } else if z < 0.0 {
                -1.0
            } else {
                0.0
            };
            ((2.0 * scale).ln() + z.abs(), slope / scale, 0.0)
        }
        Prior::Uniform { lower, upper } => {
            if (lower..=upper).contains(&x) {
                ((upper - lower).ln(), 0.0, 0.0)
            } else {
                (f64::INFINITY, 0.0, 0.0)
            }
        }
    }
}

/// Whether the numbers of a prior make a density.
pub fn is_proper(prior: &Prior) -> bool {
    match *prior {
        Prior::Normal { mean, sd } => mean.is_finite() && sd.is_finite() && sd > 0.0,
        Prior::Laplace { location, scale } => location.is_finite() && scale.is_finite() && scale > 0.0,
        Prior::Uniform { lower, upper } => lower.is_finite() && upper.is_finite() && lower < upper,
    }
}
