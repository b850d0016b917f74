//! Sampling in blocks of one size, side by side.

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::error::LearnError;
use crate::random::Streams;

/// Vectors that are computed at once. Always as many, the last ones for nothing: how a matrix product adds up depends on
/// the number of its rows, and a vector must not depend on how many others are asked for. Their states fit a core's
/// cache.
pub(super) const BLOCK: usize = 128;

/// `count` vectors at a condition; `block` makes those with the numbers of a range, [`BLOCK`] or fewer at the end.
pub(super) fn in_blocks(
    condition: f64,
    count: usize,
    block: impl Fn(f32, Range<usize>) -> Vec<Vec<f64>> + Sync,
) -> Result<Vec<Vec<f64>>, LearnError> {
    let condition = finite_condition(condition, 0)?;
    let blocks = (0..count.div_ceil(BLOCK)).into_par_iter();
    Ok(blocks
        .flat_map_iter(|number| {
            let first = number * BLOCK;
            block(condition, first..(first + BLOCK).min(count))
        })
        .collect())
}

/// Standard normal numbers, `width` for each vector of a range from the vector's own stream, and zeros up to a whole
/// [`BLOCK`].
pub(super) fn noise<T: Copy + Default>(range: Range<usize>, width: usize, streams: &Streams) -> Vec<T>
where
    StandardNormal: Distribution<T>,
{
    let mut noise = Vec::with_capacity(BLOCK * width);
    for index in range {
        let mut stream = streams.stream(index as u64);
        noise.extend((0..width).map(|_| -> T { StandardNormal.sample(&mut stream) }));
    }
    noise.resize(BLOCK * width, T::default());
    noise
}

/// The condition of a row as the networks see it.
pub(super) fn finite_condition(condition: f64, row: usize) -> Result<f32, LearnError> {
    let seen = condition as f32;
    if seen.is_finite() { Ok(seen) } else { Err(LearnError::NotFinite { row, name: "condition".into() }) }
}
