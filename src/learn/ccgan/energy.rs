//! The energy distance (Székely and Rizzo 2013) between rows and samples within bins of conditions: what epochs and
//! trials are compared by, since the losses of two adversaries say nothing of how far either has come.

use tch::{Kind, Tensor};

/// Rows of a bin, about.
const BIN: usize = 64;

/// The first row and the length of each bin of so many rows in the order of their conditions.
pub(super) fn bins(rows: usize) -> Vec<(i64, i64)> {
    let count = (rows / BIN).max(1);
    let edge = |index: usize| (index * rows / count) as i64;
    (0..count).map(|index| (edge(index), edge(index + 1) - edge(index))).collect()
}

/// 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two sets of vectors, `[rows, dimensions]` each: 0 where they have one
/// distribution, and positive otherwise. Estimated without bias, so that it may fall below 0 by chance; a set of one
/// vector has no distance within.
pub(super) fn energy_distance(x: &Tensor, y: &Tensor) -> f64 {
    let sum = |a: &Tensor, b: &Tensor| Tensor::cdist(a, b, 2.0, BY_DIFFERENCES).sum(Kind::Double).double_value(&[]);
    let (n, m) = (x.size()[0] as f64, y.size()[0] as f64);
    let within = |a: &Tensor, count: f64| sum(a, a) / (count * (count - 1.0)).max(1.0);
    2.0 * sum(x, y) / (n * m) - within(x, n) - within(y, m)
}

/// The mode of `cdist` that does not go through products of matrices, which lose near distances to rounding.
const BY_DIFFERENCES: i64 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::random::Streams;

    #[test]
    fn distances_of_known_sets() {
        // 2 * (1 + 3 + 1 + 1) / 4 - 2 - 2 with distances 1, 3, 1, 1 across and 2 within both.
        let x = Tensor::from_slice(&[0.0_f32, 2.0]).view([2, 1]);
        let y = Tensor::from_slice(&[1.0_f32, 3.0]).view([2, 1]);
        assert!((energy_distance(&x, &y) + 1.0).abs() < 1e-6, "{}", energy_distance(&x, &y));
        let one = Tensor::from_slice(&[1.0_f32]).view([1, 1]);
        assert!((energy_distance(&one, &one)).abs() < 1e-6);
    }

    #[test]
    fn one_distribution_has_none_and_a_shift_shows() {
        let streams = Streams::new(1, "energy");
        let (x, y) = (noise(400, 3, &streams, 0), noise(400, 3, &streams, 1));
        assert!(energy_distance(&x, &y).abs() < 0.02, "{}", energy_distance(&x, &y));
        assert!(energy_distance(&x, &(&y + 1.0)) > 0.3);
        assert!(energy_distance(&x, &(&y * 2.0)) > 0.1);
    }

    #[test]
    fn bins_cover_all_rows() {
        for rows in [1, 2, 63, 64, 127, 128, 1000] {
            let bins = bins(rows);
            assert_eq!(bins.iter().map(|(_, length)| *length).sum::<i64>(), rows as i64);
            assert!(bins.iter().all(|(_, length)| *length >= (rows as i64).min(64)), "{bins:?}");
        }
    }
}
