//! Densities of samples.

use super::quantiles::quantile_of_sorted;

/// How many places a density is given at.
const PLACES: usize = 128;

/// The density of finite values between two ends, at places from the lower to the upper end of what they need: a Gaussian
/// kernel with Silverman's bandwidth (1986), mirrored at the ends, beyond which no value lies. Nothing of fewer than two
/// values or of values that are all the same.
#[must_use]
pub fn density(values: &[f64], (lower, upper): (f64, f64)) -> Vec<(f64, f64)> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let deviation = (sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)).sqrt();
    let quartile = |share| quantile_of_sorted(&sorted, share).unwrap_or(f64::NAN);
    let middle = (quartile(0.75) - quartile(0.25)) / 1.34;
    let spread = if middle > 0.0 { deviation.min(middle) } else { deviation };
    let width = 0.9 * spread * count.powf(-0.2);
    if !(width.is_finite() && width > 0.0 && most > least) {
        return Vec::new();
    }
    let (from, to) = ((least - 3.0 * width).max(lower), (most + 3.0 * width).min(upper));
    let kernel = |distance: f64| (-0.5 * (distance / width).powi(2)).exp();
    let scale = 1.0 / (count * width * (2.0 * std::f64::consts::PI).sqrt());
    let near = |at: f64| {
        let first = sorted.partition_point(|value| *value < at - 5.0 * width);
        sorted[first..]
            .iter()
            .take_while(|value| **value <= at + 5.0 * width)
            .map(|value| kernel(at - value))
            .sum::<f64>()
    };
    let height = |at: f64| {
        // Beyond an end, what lies mirrored.
        let below = if lower.is_finite() { near(2.0 * lower - at) } else { 0.0 };
        let above = if upper.is_finite() { near(2.0 * upper - at) } else { 0.0 };
        scale * (near(at) + below + above)
    };
    (0..PLACES)
        .map(|place| from + (to - from) * place as f64 / (PLACES - 1) as f64)
        .map(|at| (at, height(at)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(points: &[(f64, f64)]) -> f64 {
        points.windows(2).map(|pair| 0.5 * (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1)).sum()
    }

    #[test]
    fn densities_keep_their_area_at_bounds_too() {
        let uniform: Vec<f64> = (0..2000).map(|index| (f64::from(index) + 0.5) / 2000.0).collect();
        for ends in [(0.0, 1.0), (f64::NEG_INFINITY, f64::INFINITY), (0.0, f64::INFINITY)] {
            assert!((area(&density(&uniform, ends)) - 1.0).abs() < 0.01, "{ends:?}");
        }
        let inside = density(&uniform, (0.0, 1.0));
        assert!(inside.iter().all(|(_, height)| (height - 1.0).abs() < 0.05), "{inside:?}");
        assert!((inside[0].0, inside[inside.len() - 1].0) == (0.0, 1.0));
    }

    #[test]
    fn what_has_no_spread_has_no_density() {
        assert!(density(&[], (0.0, 1.0)).is_empty());
        assert!(density(&[0.5; 9], (0.0, 1.0)).is_empty());
        assert!(density(&[f64::NAN, f64::INFINITY, 0.2], (0.0, 1.0)).is_empty());
    }
}
