//! Expected improvement (Jones, Schonlau & Welch, Journal of Global Optimization 1998) by its logarithm, which has slopes
//! where the improvement itself is no longer a number (Ament, Daulton, Eriksson, Balandat & Bakshy, `NeurIPS` 2023).

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::process::Prediction;

/// The logarithm of the expected improvement, with its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogImprovement {
    pub(super) value: f64,
    /// Derivative by the predicted mean.
    pub(super) by_mean: f64,
    /// Derivative by the predicted standard deviation.
    pub(super) by_deviation: f64,
}

/// Below this many deviations the improvement is written with Mills' ratio.
const TAIL: f64 = -2.0;
/// Terms of the continued fraction; at two deviations 60 are exact to rounding.
const TERMS: u32 = 60;

/// The expected improvement on `best`, where lower is better.
pub(super) fn log_improvement(prediction: Prediction, best: f64) -> LogImprovement {
    let Prediction { mean, deviation } = prediction;
    let z = (best - mean) / deviation;
    let log_density = -0.5 * (z * z + TAU.ln());
    // The improvement in deviations is h = density + z cumulative.
    let (log_h, cumulative_over_h, density_over_h) = if z > TAIL {
        let (density, cumulative) = (log_density.exp(), 0.5 * libm::erfc(-z * FRAC_1_SQRT_2));
        let h = density + z * cumulative;
        (h.ln(), cumulative / h, density / h)
    } else {
        // Mills' ratio is m = 1 / (t + c) with c = 1 / (t + 2 / (t + 3 / ...)), so that h = density (1 - t m) is
        // density c m without a difference (Abramowitz & Stegun 1964, 26.2.14).
        let t = -z;
        let c = (1..=TERMS).rev().fold(0.0, |tail, term| f64::from(term) / (t + tail));
        (log_density + (c / (t + c)).ln(), 1.0 / c, (t + c) / c)
    };
    LogImprovement {
        value: log_h + deviation.ln(),
        by_mean: -cumulative_over_h / deviation,
        by_deviation: density_over_h / deviation,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The integral of the improvement over the normal density, by Simpson's rule in the deviations below `best`.
    fn integrated(mean: f64, deviation: f64, best: f64) -> f64 {
        let z = (best - mean) / deviation;
        // The integrand falls by its own size within 1 / max(1, |z|).
        let (steps, width) = (20_000, 12.0 + z.max(0.0));
        let step = width / f64::from(steps);
        let at = |index: i32| {
            let below = f64::from(index) * step;
            // exp(-(z - below)^2 / 2) relative to exp(-z^2 / 2), which the far tail would lose.
            below * (z * below - 0.5 * below * below).exp()
        };
        let inner: f64 = (1..steps).map(|index| if index % 2 == 1 { 4.0 } else { 2.0 } * at(index)).sum();
        let integral = (at(0) + inner + at(steps)) * step / 3.0;
        deviation.ln() + integral.ln() - 0.5 * (z * z + TAU.ln())
    }

    #[test]
    fn it_is_the_integral_of_the_improvement() {
        for z in [-200.0, -40.0, -8.0, -3.0, -2.000001, -1.999999, -1.0, 0.0, 0.5, 3.0, 8.0] {
            for deviation in [1e-4, 1.0, 30.0] {
                let prediction = Prediction { mean: 3.0, deviation };
                let best = 3.0 + z * deviation;
                let (found, expected) = (log_improvement(prediction, best).value, integrated(3.0, deviation, best));
                assert!((found - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{z} {found} {expected}");
            }
        }
    }

    #[test]
    fn far_away_it_still_has_a_slope() {
        let far = log_improvement(Prediction { mean: 1e6, deviation: 1e-3 }, 0.0);
        assert!(far.value.is_finite() && far.by_mean < 0.0 && far.by_deviation > 0.0 && far.by_mean.is_finite());
    }

    proptest! {
        #[test]
        fn derivatives_are_those_of_the_value(mean in -5.0..40.0, log_deviation in -2.0..2.0) {
            let deviation = f64::exp(log_deviation);
            let value = |mean, deviation| log_improvement(Prediction { mean, deviation }, 0.0).value;
            let found = log_improvement(Prediction { mean, deviation }, 0.0);
            let step = 1e-5 * deviation;
            let by_mean = (value(mean + step, deviation) - value(mean - step, deviation)) / (2.0 * step);
            let by_deviation = (value(mean, deviation + step) - value(mean, deviation - step)) / (2.0 * step);
            prop_assert!((found.by_mean - by_mean).abs() < 1e-5 * (1.0 + by_mean.abs()));
            prop_assert!((found.by_deviation - by_deviation).abs() < 1e-5 * (1.0 + by_deviation.abs()));
        }
    }
}
