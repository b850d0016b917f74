//! Layers of rectified linear units and a logit, with the log loss of labels.

use tch::{Kind, Tensor};

use crate::learn::data::Rows;
use crate::learn::parameters::{Layout, Start};
use crate::learn::training::{Evaluation, Network};

/// The network of a classifier, without its weights. Its rows carry a label where generators have a condition: how much
/// the row counts, positive where it solved and negative where it failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Logit {
    /// Inputs and outputs of each layer; weights and bias of layer `i` are the tensors `2 i` and `2 i + 1`.
    layers: Vec<(i64, i64)>,
    parameters: Layout,
    statistics: Layout,
}

impl Logit {
    /// For vectors of `dimensions` parameters.
    pub(super) fn new(dimensions: usize, depth: usize, width: usize) -> Self {
        let mut sizes = vec![dimensions as i64];
        sizes.extend(std::iter::repeat_n(width as i64, depth));
        sizes.push(1);
        let mut parameters = Layout::default();
        let layers: Vec<(i64, i64)> = sizes.windows(2).map(|pair| (pair[0], pair[1])).collect();
        for (index, &(inputs, outputs)) in layers.iter().enumerate() {
            let start = Start::Uniform(1.0 / (inputs as f64).sqrt());
            parameters.add(format!("classifier.{index}.weight"), &[outputs, inputs], start);
            parameters.add(format!("classifier.{index}.bias"), &[outputs], start);
        }
        Self { layers, parameters, statistics: Layout::default() }
    }

    /// Logits `[rows, 1]` of scaled rows, and the input of each layer.
    pub(super) fn forward(&self, x: &Tensor, weights: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        // From 0..1 to -1..1, around which weights start.
        let mut value = x * 2.0 - 1.0;
        let mut inputs = Vec::with_capacity(self.layers.len());
        for index in 0..self.layers.len() {
            let next = value.linear(&weights[2 * index], Some(&weights[2 * index + 1]));
            inputs.push(value);
            value = if index + 1 < self.layers.len() { next.relu() } else { next };
        }
        (value, inputs)
    }
}

/// 1 where a row solved, and how much it counts.
fn labels(rows: &Rows) -> (Tensor, Tensor) {
    (rows.c.gt(0.0).to_kind(Kind::Float), rows.c.abs())
}

impl Network for Logit {
    fn parameters(&self) -> &Layout {
        &self.parameters
    }

    fn statistics(&self) -> &Layout {
        &self.statistics
    }

    fn noise(&self) -> usize {
        0
    }

    fn gradient(
        &self,
        parameters: &[Tensor],
        _statistics: &[Tensor],
        rows: &Rows,
        _noise: &Tensor,
        _weight: f64,
        gradients: &[Tensor],
    ) {
        let (logit, inputs) = self.forward(&rows.x, parameters);
        let (solved, counts) = labels(rows);
        let mut by_output = (logit.sigmoid() - solved) * counts / rows.len() as f64;
        for (index, input) in inputs.iter().enumerate().rev() {
            let _ = by_output.tr().mm_out(&gradients[2 * index], input);
            let _ = by_output.sum_intlist_out(&gradients[2 * index + 1], 0_i64, false, Kind::Float);
            if index > 0 {
                // The input of a layer is what the units before it let through.
                by_output = input.threshold_backward(&by_output.mm(&parameters[2 * index]), 0.0);
            }
        }
    }

    /// The mean log loss in nats (Good 1952). There is nothing to reconstruct: rows stand for themselves.
    fn evaluate(&self, parameters: &[Tensor], _statistics: &[Tensor], rows: &Rows, _noise: &Tensor) -> Evaluation {
        let (logit, _) = self.forward(&rows.x, parameters);
        let (solved, counts) = labels(rows);
        // softplus(logit) - solved * logit, without overflow.
        let losses = logit.clamp_min(0.0) - &logit * solved + (-logit.abs()).exp().log1p();
        let loss = (losses * &counts).sum(Kind::Double) / counts.sum(Kind::Double).clamp_min(1e-30);
        Evaluation { reconstruction: loss.double_value(&[]), kl: 0.0, reconstructed: rows.x.shallow_clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::random::Streams;

    #[test]
    fn gradients_are_those_of_libtorch() {
        for depth in [0, 2] {
            let network = Logit::new(3, depth, 5);
            let streams = Streams::new(1, "logit");
            let flat = Tensor::from_slice(&network.parameters.start(&streams));
            let values: Vec<f32> = (0..28_i16)
                .map(|i| if i % 4 == 3 { [0.5, -2.0, 1.5][i as usize % 3] } else { f32::from(i * i % 17) / 16.0 })
                .collect();
            let (rows, nothing) = (Rows::new(&values, 3), noise(7, 0, &streams, 0));
            let gradient = flat.zeros_like();
            let views = network.parameters.views(&flat);
            network.gradient(&views, &[], &rows, &nothing, 0.0, &network.parameters.views(&gradient));

            let tracked = flat.copy().set_requires_grad(true);
            let (logit, _) = network.forward(&rows.x, &network.parameters.views(&tracked));
            let (solved, counts) = labels(&rows);
            let probability = logit.sigmoid();
            let (failed, improbability): (Tensor, Tensor) = (1.0 - &solved, 1.0 - &probability);
            let loss = -(&solved * probability.log() + failed * improbability.log()) * counts;
            let loss = loss.sum(Kind::Float) / 7.0;
            let expected = Tensor::run_backward(&[&loss], &[&tracked], false, false).swap_remove(0);
            assert!(gradient.allclose(&expected, 1e-4, 1e-6, false), "{gradient} is not {expected}");
            // The labels count 0.5 or 1.5 where they solved, 2 where not.
            let total = rows.c.abs().sum(Kind::Double).double_value(&[]);
            let found = network.evaluate(&views, &[], &rows, &nothing).reconstruction;
            assert!((found - loss.double_value(&[]) * 7.0 / total).abs() < 1e-5);
        }
    }
}
