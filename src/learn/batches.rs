//! The order of rows and the noise of each epoch, and how an epoch is cut into batches.

use std::f64::consts::FRAC_1_SQRT_2;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use tch::Tensor;

use super::parameters::tensor;
use crate::random::Streams;

/// First row and length of each batch. The rows are split evenly into `rows / batch` batches, rounded up, so that all
/// rows are used, none of them in a small remainder whose noisy statistics would weigh as much as a full batch; a batch
/// has at least two rows, which batch normalisation needs.
#[must_use]
pub fn split(rows: usize, batch: usize) -> Vec<(i64, i64)> {
    let count = rows.div_ceil(batch.max(1)).min(rows / 2).max(1);
    (0..count)
        .map(|index| {
            let (start, end) = (index * rows / count, (index + 1) * rows / count);
            (start as i64, (end - start) as i64)
        })
        .collect()
}

/// A random order of the rows (Fisher and Yates) from stream `index`.
#[must_use]
pub fn order(rows: usize, streams: &Streams, index: u64) -> Vec<i64> {
    let mut stream = streams.stream(index);
    let mut order: Vec<i64> = (0..rows as i64).collect();
    for last in (1..rows).rev() {
        order.swap(last, stream.random_range(0..=last));
    }
    order
}

/// Standard normal noise, `[rows, columns]`, from stream `index`.
pub fn noise(rows: usize, columns: usize, streams: &Streams, index: u64) -> Tensor {
    let mut stream = streams.stream(index);
    let values: Vec<f32> = (0..rows * columns).map(|_| StandardNormal.sample(&mut stream)).collect();
    tensor(&values, &[rows as i64, columns as i64])
}

/// Standard normal numbers as uniform ones in 0..1, by their distribution function.
pub fn uniform(normal: &Tensor) -> Tensor {
    ((normal * FRAC_1_SQRT_2).erf() + 1.0) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_cover_all_rows_evenly() {
        for (rows, batch) in [(1600, 128), (129, 128), (128, 128), (3, 2), (7, 2), (2, 2), (1, 1), (255, 128)] {
            let batches = split(rows, batch);
            let lengths: Vec<i64> = batches.iter().map(|(_, length)| *length).collect();
            assert_eq!(lengths.iter().sum::<i64>(), rows as i64);
            assert!(lengths.iter().max().expect("a batch") - lengths.iter().min().expect("a batch") <= 1);
            assert!(rows < 2 || lengths.iter().all(|&length| length >= 2), "{rows} rows in {lengths:?}");
            assert!(batches.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0));
        }
    }

    #[test]
    fn orders_are_permutations_and_differ() {
        let streams = Streams::new(1, "order");
        let (first, second) = (order(100, &streams, 0), order(100, &streams, 1));
        assert_ne!(first, second);
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, (0..100).collect::<Vec<i64>>());
        }
    }

    #[test]
    fn normal_numbers_become_uniform_ones() {
        let found = uniform(&Tensor::from_slice(&[-40.0_f32, -1.0, 0.0, 1.959964, 40.0]));
        let expected = Tensor::from_slice(&[0.0_f32, 0.158655, 0.5, 0.975, 1.0]);
        assert!(found.allclose(&expected, 0.0, 1e-6, false), "{found}");
    }
}
