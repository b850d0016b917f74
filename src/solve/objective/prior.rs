//! Priors: normalised negative log densities, and their derivatives on the estimation scale.

use crate::model::problem::{Prior, Scale};

/// A prior of a parameter that is estimated on a scale.
#[derive(Debug, Clone, Copy)]
pub struct Scaled {
    /// The prior.
    pub prior: Prior,
    /// The scale of the vectors' element.
    pub scale: Scale,
}

/// A coordinate of a density as a function of the element `x`: its value and derivative.
#[derive(Debug, Clone, Copy)]
struct Coordinate {
    value: f64,
    slope: f64,
}

/// The negative log density at `x` on the estimation scale, its derivative by `x`, and its curvature (0 where there is
/// none to speak of). The curvature is that of the density in its own coordinate, carried over to `x` as in the Fisher
/// information, so that it is never negative.
///
/// A density of the value on the linear scale is not transformed to the estimation scale: where it is largest does not
/// depend on how the parameter is estimated. This is how `PEtab` defines its priors.
pub fn negative_log(scaled: &Scaled, x: f64) -> (f64, f64, f64) {
    let itself = Coordinate { value: x, slope: 1.0 };
    match scaled.prior {
        Prior::Normal { mean, sd } => normal(itself, mean, sd),
        Prior::Laplace { location, scale } => laplace(itself, location, scale),
        Prior::Uniform { lower, upper } => uniform(x, lower, upper),
        Prior::LinearNormal { mean, sd } => normal(scaled.linear(x), mean, sd),
        Prior::LinearLaplace { location, scale } => laplace(scaled.linear(x), location, scale),
        Prior::LinearUniform { lower, upper } => uniform(scaled.linear(x).value, lower, upper),
        Prior::LogNormal { mean, sd } => scaled.of_logarithm(x, |logarithm| normal(logarithm, mean, sd)),
        Prior::LogLaplace { location, scale } => {
            scaled.of_logarithm(x, |logarithm| laplace(logarithm, location, scale))
        }
    }
}

impl Scaled {
    /// The value on the linear scale.
    fn linear(&self, x: f64) -> Coordinate {
        match self.scale {
            Scale::Linear => Coordinate { value: x, slope: 1.0 },
            Scale::Log => Coordinate { value: x.exp(), slope: x.exp() },
            Scale::Log10 => {
                let value = 10f64.powf(x);
                Coordinate { value, slope: value * std::f64::consts::LN_10 }
            }
        }
    }

    /// A density of the value whose logarithm has the density `of`: the logarithm's derivative, one over the value, is
    /// a factor of it.
    fn of_logarithm(&self, x: f64, of: impl Fn(Coordinate) -> (f64, f64, f64)) -> (f64, f64, f64) {
        let logarithm = match self.scale {
            Scale::Linear if x > 0.0 => Coordinate { value: x.ln(), slope: 1.0 / x },
            Scale::Linear => return (f64::INFINITY, 0.0, 0.0),
            Scale::Log => Coordinate { value: x, slope: 1.0 },
            Scale::Log10 => Coordinate { value: x * std::f64::consts::LN_10, slope: std::f64::consts::LN_10 },
        };
        let (value, slope, curvature) = of(logarithm);
        (value + logarithm.value, slope + logarithm.slope, curvature)
    }
}

fn normal(at: Coordinate, mean: f64, sd: f64) -> (f64, f64, f64) {
    let z = (at.value - mean) / sd;
    let value = 0.5 * (2.0 * std::f64::consts::PI * sd * sd).ln() + 0.5 * z * z;
    (value, z / sd * at.slope, at.slope * at.slope / (sd * sd))
}

fn laplace(at: Coordinate, location: f64, scale: f64) -> (f64, f64, f64) {
    let z = (at.value - location) / scale;
    let slope = if z > 0.0 {
        1.0
    } else if z < 0.0 {
        -1.0
    } else {
        0.0
    };
    ((2.0 * scale).ln() + z.abs(), slope / scale * at.slope, 0.0)
}

fn uniform(value: f64, lower: f64, upper: f64) -> (f64, f64, f64) {
    match (lower..=upper).contains(&value) {
        true => ((upper - lower).ln(), 0.0, 0.0),
        false => (f64::INFINITY, 0.0, 0.0),
    }
}

/// Whether the numbers of a prior make a density.
pub fn is_proper(prior: &Prior) -> bool {
    match *prior {
        Prior::Normal { mean, sd } | Prior::LinearNormal { mean, sd } | Prior::LogNormal { mean, sd } => {
            mean.is_finite() && sd.is_finite() && sd > 0.0
        }
        Prior::Laplace { location, scale }
        | Prior::LinearLaplace { location, scale }
        | Prior::LogLaplace { location, scale } => location.is_finite() && scale.is_finite() && scale > 0.0,
        Prior::Uniform { lower, upper } | Prior::LinearUniform { lower, upper } => {
            lower.is_finite() && upper.is_finite() && lower < upper
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALES: [Scale; 3] = [Scale::Linear, Scale::Log, Scale::Log10];

    fn all() -> Vec<Prior> {
        vec![
            Prior::Normal { mean: 0.3, sd: 0.7 },
            Prior::Laplace { location: 0.3, scale: 0.7 },
            Prior::Uniform { lower: -1.0, upper: 2.0 },
            Prior::LinearNormal { mean: 0.3, sd: 0.7 },
            Prior::LinearLaplace { location: 0.3, scale: 0.7 },
            Prior::LinearUniform { lower: 0.0, upper: 40.0 },
            Prior::LogNormal { mean: 0.3, sd: 0.7 },
            Prior::LogLaplace { location: 0.3, scale: 0.7 },
        ]
    }

    #[test]
    fn slopes_are_those_of_the_values() {
        for prior in all() {
            for scale in SCALES {
                let scaled = Scaled { prior, scale };
                for x in [0.1, 0.55, 1.4] {
                    let step = 1e-6;
                    let (below, above) = (negative_log(&scaled, x - step).0, negative_log(&scaled, x + step).0);
                    let slope = negative_log(&scaled, x).1;
                    assert!(((above - below) / (2.0 * step) - slope).abs() < 1e-6 * slope.abs().max(1.0), "{scaled:?}");
                }
            }
        }
    }

    /// The density of the value on the linear scale integrates to one, and is the same whatever the scale of
    /// estimation is.
    #[test]
    fn densities_are_normalised_on_the_linear_scale() {
        for prior in all().into_iter().skip(3) {
            let density = |value: f64| (-negative_log(&Scaled { prior, scale: Scale::Linear }, value).0).exp();
            let (lower, upper, count) = (-60.0, 400.0, 4_600_000);
            let width = (upper - lower) / f64::from(count);
            let integral: f64 = (0..count).map(|i| density(lower + (f64::from(i) + 0.5) * width) * width).sum();
            assert!((integral - 1.0).abs() < 2e-3, "{prior:?}: {integral}");
            let [linear, log, log10] = SCALES.map(|scale| {
                let x = match scale {
                    Scale::Linear => 1.7,
                    Scale::Log => 1.7f64.ln(),
                    Scale::Log10 => 1.7f64.log10(),
                };
                negative_log(&Scaled { prior, scale }, x).0
            });
            assert!((linear - log).abs() < 1e-12 && (linear - log10).abs() < 1e-12, "{prior:?}");
        }
    }

    #[test]
    fn a_logarithm_needs_a_positive_value() {
        let scaled = Scaled { prior: Prior::LogNormal { mean: 0.0, sd: 1.0 }, scale: Scale::Linear };
        assert_eq!(negative_log(&scaled, 0.0), (f64::INFINITY, 0.0, 0.0));
    }
}
