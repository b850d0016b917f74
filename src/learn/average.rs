//! A running average of weights, which stands still where training circles about its end (Polyak and Juditsky 1992): an
//! exponential one, without the zeros that it started with.

use tch::{Tensor, no_grad};

use super::parameters::{Layout, Start};

/// The layout of an average among running statistics: the weights' own tensors, and last the share of the average that
/// is not the zeros that it started with.
pub(super) fn layout(weights: &Layout) -> Layout {
    let mut layout = weights.clone();
    for entry in &mut layout.entries {
        entry.start = Start::Constant(0.0);
    }
    layout.add("mass", &[1], Start::Constant(0.0));
    layout
}

/// Moves the average towards the weights; `keep` is the share of it that stays.
pub(super) fn follow(statistics: &[Tensor], weights: &[Tensor], keep: f64) {
    no_grad(|| {
        let rate = 1.0 - keep;
        for (average, value) in statistics.iter().zip(weights) {
            let _ = average.shallow_clone().lerp_(value, rate);
        }
        let mass = &statistics[weights.len()];
        let _ = mass.shallow_clone().lerp_(&mass.ones_like(), rate);
    });
}

/// The averaged weights, from the statistics.
pub(super) fn weights(statistics: &[Tensor]) -> Vec<Tensor> {
    let Some((mass, averages)) = statistics.split_last() else { return Vec::new() };
    let mass = mass.double_value(&[0]);
    averages.iter().map(|average| average / mass).collect()
}

/// The averaged weights, from the flat statistics.
pub(super) fn flat(statistics: &[f32]) -> Vec<f32> {
    let Some((mass, averages)) = statistics.split_last() else { return Vec::new() };
    averages.iter().map(|value| value / mass).collect()
}
