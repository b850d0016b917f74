//! The next point: where the expected improvement is highest.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::improvement::log_improvement;
use super::process::Process;
use super::smooth::minimise;
use crate::optimise::bounds::Bounds;
use crate::optimise::global::ranked;

/// Candidates all over the region, and as many around the best points.
const CANDIDATES: usize = 150;
/// Best points that candidates are drawn around.
const CENTRES: usize = 3;
/// Candidates that are climbed from.
const CLIMBS: usize = 4;
/// Most evaluations on one climb.
const ITERATIONS: usize = 40;
/// Of the coordinates of a candidate around a best point, about so many differ from it (Regis & Shoemaker, Engineering
/// Optimization 2013).
const MOVED: f64 = 20.0;
/// Points closer than this in all coordinates, in widths of the box, are the same point.
const SAME: f64 = 1e-9;

/// The point of `region` with the highest expected improvement on the target 0 that climbs by L-BFGS-B find, and that
/// is none of those `seen`. `best` are the best points seen, the lowest first.
pub(super) fn propose(
    process: &Process,
    region: &Bounds,
    seen: &[Vec<f64>],
    best: &[&[f64]],
    generator: &mut ChaCha8Rng,
) -> Vec<f64> {
    let mut candidates: Vec<Vec<f64>> =
        (0..CANDIDATES).map(|_| region.from_unit(&uniform(region.len(), generator))).collect();
    for index in 0..if best.is_empty() { 0 } else { CANDIDATES } {
        candidates.push(near(best[index % best.len().min(CENTRES)], region, generator));
    }
    let predictions = process.at(&candidates);
    let losses: Vec<f64> = predictions.iter().map(|&prediction| -log_improvement(prediction, 0.0).value).collect();
    let order = ranked(&losses);
    let falling = |scaled: &[f64]| {
        let (prediction, slopes) = process.with_slopes(scaled);
        let found = log_improvement(prediction, 0.0);
        let by = slopes.mean.iter().zip(&slopes.deviation);
        let by = by.map(|(mean, deviation)| -(found.by_mean * mean + found.by_deviation * deviation)).collect();
        Some((-found.value, by))
    };
    // In units of the lengthscales all directions are alike.
    let kernel = process.kernel();
    let scaled = Bounds { lower: kernel.scaled(&region.lower), upper: kernel.scaled(&region.upper) };
    let mut ends: Vec<(Vec<f64>, f64)> = order
        .iter()
        .take(CLIMBS)
        .filter_map(|&index| minimise(falling, &scaled, &kernel.scaled(&candidates[index]), ITERATIONS))
        .map(|(end, loss)| {
            let x: Vec<f64> = end.iter().zip(&kernel.lengthscales).map(|(x, length)| x * length).collect();
            (region.clip(&x), loss)
        })
        .collect();
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let is_new =
        |x: &&Vec<f64>| !seen.iter().any(|seen| seen.iter().zip(x.iter()).all(|(seen, x)| (seen - x).abs() < SAME));
    let found = ends.iter().map(|(x, _)| x).chain(order.iter().map(|&index| &candidates[index])).find(is_new);
    found.cloned().unwrap_or_else(|| uniform(region.len(), generator))
}

/// A point of the unit cube.
pub(super) fn uniform(dimensions: usize, generator: &mut ChaCha8Rng) -> Vec<f64> {
    (0..dimensions).map(|_| generator.random()).collect()
}

/// A point around `centre`, at a distance of a drawn order of magnitude.
fn near(centre: &[f64], region: &Bounds, generator: &mut ChaCha8Rng) -> Vec<f64> {
    let reach = 10.0_f64.powf(-4.0 * generator.random::<f64>()) * 0.2;
    let share = (MOVED / centre.len() as f64).min(1.0);
    let moved = generator.random_range(0..centre.len());
    let x: Vec<f64> = region
        .pairs()
        .zip(centre)
        .enumerate()
        .map(|(index, ((lower, upper), x))| {
            let step: f64 = StandardNormal.sample(generator);
            let moves = generator.random::<f64>() < share || index == moved;
            if moves { x + reach * (upper - lower) * step } else { *x }
        })
        .collect();
    region.reflect(&x)
}
