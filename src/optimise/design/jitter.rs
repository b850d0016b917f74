//! Points around one row.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::super::bounds::Bounds;
use crate::random::Streams;

/// Points around one row: Gaussian steps of standard deviation `sd` (estimation scale, so 0.5 is half a decade for
/// log10 parameters) in every dimension, mirrored into the box. Around the best training row it is the baseline that a
/// learned initialiser has to beat. Each point has its own stream.
#[must_use]
pub fn jitter(row: &[f64], sd: f64, count: usize, bounds: &Bounds, streams: &Streams) -> Vec<Vec<f64>> {
    let streams = streams.part("jitter");
    (0..count)
        .map(|index| {
            let mut generator = streams.stream(index as u64);
            let moved: Vec<f64> = row.iter().map(|&x| x + sd * generator.sample::<f64, _>(StandardNormal)).collect();
            bounds.reflect(&moved)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::bounds;
    use super::*;

    #[test]
    fn points_do_not_depend_on_how_many_are_drawn() {
        let (bounds, streams, row) = (bounds(3), Streams::new(1, "test"), [0.0, 0.0, 0.0]);
        assert_eq!(jitter(&row, 0.5, 10, &bounds, &streams)[..4], jitter(&row, 0.5, 4, &bounds, &streams)[..]);
    }

    #[test]
    fn points_have_the_mean_and_spread_they_say() {
        let bounds = Bounds { lower: vec![-50.0], upper: vec![50.0] };
        let points = jitter(&[2.0], 0.5, 20_000, &bounds, &Streams::new(3, "test"));
        let mean = points.iter().map(|point| point[0]).sum::<f64>() / 20_000.0;
        let variance = points.iter().map(|point| (point[0] - mean).powi(2)).sum::<f64>() / 19_999.0;
        assert!((mean - 2.0).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() - 0.5).abs() < 0.01, "{variance}");
    }
}
