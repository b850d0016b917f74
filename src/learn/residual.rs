//! Residual networks of one hidden layer a block (He et al. 2016) with sigmoid linear units, each of which sees further
//! features anew. Without normalisation of layers: what a vector's length says stays.

use std::f64::consts::FRAC_PI_2;

use tch::{Kind, Tensor};

use super::parameters::{Layout, Start, tensor};

/// How wide a network is at each place, and how deep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sizes {
    pub(super) inputs: usize,
    /// Features that each block sees.
    pub(super) features: usize,
    /// Numbers between blocks.
    pub(super) width: usize,
    pub(super) blocks: usize,
    pub(super) outputs: usize,
}

/// The shape of a network, without its weights, and where they begin among those of all networks of a layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResidualNetwork {
    pub(super) sizes: Sizes,
    first: usize,
}

/// Indices of tensors from a network's first: those of the first layer, of one block counted from its start.
const INPUT: usize = 3;
const BLOCK: usize = 5;

/// What one batch leaves for backpropagation.
#[derive(Debug)]
pub(super) struct Tape {
    z: Tensor,
    features: Tensor,
    /// Of each block: its input, its hidden layer before and after the unit.
    blocks: Vec<[Tensor; 3]>,
    last: Tensor,
}

/// A number, `[rows, 1]`, and its sines and cosines at `count` frequencies: a quarter turn over 0..1, and each twice the
/// one before. The number itself is among them, so that what lies outside 0..1 differs from all within.
pub(super) fn waves(value: &Tensor, count: usize) -> Tensor {
    let frequencies: Vec<f32> = (0..count as i32).map(|index| (FRAC_PI_2 * 2.0_f64.powi(index)) as f32).collect();
    let angles = value * tensor(&frequencies, &[1, count as i64]);
    Tensor::cat(&[value, &angles.sin(), &angles.cos()], 1)
}

impl ResidualNetwork {
    /// Adds a network to a layout, with names that begin with `prefix`. Weights start as those of `PyTorch`'s
    /// `nn.Linear`; the last layer starts at 0, so that training begins at the same output everywhere; the second
    /// layers of blocks are smaller by the root of their number, so that deep networks start alike.
    pub(super) fn new(prefix: &str, sizes: Sizes, layout: &mut Layout) -> Self {
        let Sizes { inputs, features, width, blocks, outputs } = sizes;
        let (deep, seen, wide, out) = (inputs as i64, features as i64, width as i64, outputs as i64);
        let first = layout.entries.len();
        let uniform = |inputs: usize| Start::Uniform(1.0 / (inputs as f64).sqrt());
        layout.add(format!("{prefix}input.weight"), &[wide, deep], uniform(inputs + features));
        layout.add(format!("{prefix}input.features"), &[wide, seen], uniform(inputs + features));
        layout.add(format!("{prefix}input.bias"), &[wide], uniform(inputs + features));
        for block in 0..blocks {
            layout.add(format!("{prefix}block.{block}.inner.weight"), &[wide, wide], uniform(width));
            layout.add(format!("{prefix}block.{block}.inner.features"), &[wide, seen], uniform(features));
            layout.add(format!("{prefix}block.{block}.inner.bias"), &[wide], uniform(width));
            layout.add(format!("{prefix}block.{block}.outer.weight"), &[wide, wide], uniform(width * blocks));
            layout.add(format!("{prefix}block.{block}.outer.bias"), &[wide], Start::Constant(0.0));
        }
        layout.add(format!("{prefix}output.weight"), &[out, wide], Start::Constant(0.0));
        layout.add(format!("{prefix}output.bias"), &[out], Start::Constant(0.0));
        Self { sizes, first }
    }

    /// The network's tensors among those of the layout: the first layer's, the blocks', the last layer's.
    fn parts<'a>(&self, all: &'a [Tensor]) -> (&'a [Tensor], &'a [Tensor], &'a [Tensor]) {
        let (input, rest) = all[self.first..].split_at(INPUT);
        let (blocks, rest) = rest.split_at(BLOCK * self.sizes.blocks);
        (input, blocks, &rest[..2])
    }

    /// The output at `z`, `[rows, inputs]`, given features, `[rows, features]` or one row for all.
    pub(super) fn forward(&self, z: &Tensor, features: &Tensor, weights: &[Tensor]) -> Tensor {
        let (input, blocks, last) = self.parts(weights);
        let mut state = affine(z, features, input);
        for block in blocks.chunks_exact(BLOCK) {
            let hidden = affine(&state, features, block).silu_();
            let _ = state.g_add_(&hidden.linear(&block[3], Some(&block[4])));
        }
        state.linear(&last[0], Some(&last[1]))
    }

    /// The same in training, and what [`ResidualNetwork::backward`] needs.
    pub(super) fn forward_training(&self, z: &Tensor, features: &Tensor, weights: &[Tensor]) -> (Tensor, Tape) {
        let (input, blocks, last) = self.parts(weights);
        let mut state = affine(z, features, input);
        let mut saved = Vec::with_capacity(self.sizes.blocks);
        for block in blocks.chunks_exact(BLOCK) {
            let before = affine(&state, features, block);
            let hidden = before.silu();
            let next = &state + hidden.linear(&block[3], Some(&block[4]));
            saved.push([state, before, hidden]);
            state = next;
        }
        let output = state.linear(&last[0], Some(&last[1]));
        (output, Tape { z: z.shallow_clone(), features: features.shallow_clone(), blocks: saved, last: state })
    }

    /// Backpropagation of the gradient by the output: writes the gradients by the weights, and returns that by the first
    /// layer's output, from which [`ResidualNetwork::by_input`] goes on. Written out, since libtorch's automatic one
    /// spends time on bookkeeping.
    pub(super) fn backward(&self, tape: &Tape, by_output: &Tensor, weights: &[Tensor], gradients: &[Tensor]) -> Tensor {
        let ((_, blocks, last), (by_input, by_blocks, by_last)) = (self.parts(weights), self.parts(gradients));
        layer_gradient(by_output, &tape.last, &by_last[0], &by_last[1]);
        let mut by_state = by_output.mm(&last[0]);
        let layers = blocks.chunks_exact(BLOCK).zip(by_blocks.chunks_exact(BLOCK));
        for ((weights, gradients), [state, before, hidden]) in layers.zip(&tape.blocks).rev() {
            layer_gradient(&by_state, hidden, &gradients[3], &gradients[4]);
            let by_before = before.silu_backward(&by_state.mm(&weights[3]));
            layer_gradient(&by_before, state, &gradients[0], &gradients[2]);
            let _ = by_before.tr().mm_out(&gradients[1], &tape.features);
            by_state = by_state.addmm(&by_before, &weights[0]);
        }
        layer_gradient(&by_state, &tape.z, &by_input[0], &by_input[2]);
        let _ = by_state.tr().mm_out(&by_input[1], &tape.features);
        by_state
    }

    /// The gradient by the input, `[rows, inputs]`, from what [`ResidualNetwork::backward`] returned.
    pub(super) fn by_input(&self, by_state: &Tensor, weights: &[Tensor]) -> Tensor {
        by_state.mm(&self.parts(weights).0[0])
    }
}

/// The first three of `weights` are those of a layer for its input, those for the features, and its bias.
fn affine(input: &Tensor, features: &Tensor, weights: &[Tensor]) -> Tensor {
    input.linear(&weights[0], Some(&weights[2])) + features.linear(&weights[1], None::<&Tensor>)
}

fn layer_gradient(by_output: &Tensor, input: &Tensor, by_weight: &Tensor, by_bias: &Tensor) {
    let _ = by_output.tr().mm_out(by_weight, input);
    let _ = by_output.sum_intlist_out(by_bias, 0_i64, false, Kind::Float);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::random::Streams;

    #[test]
    fn backpropagation_is_that_of_libtorch() {
        let mut layout = Layout::default();
        // Another network before it, so that its weights do not begin where the layout does.
        ResidualNetwork::new("other.", Sizes { inputs: 2, features: 1, width: 2, blocks: 1, outputs: 1 }, &mut layout);
        let sizes = Sizes { inputs: 3, features: 4, width: 6, blocks: 2, outputs: 5 };
        let network = ResidualNetwork::new("", sizes, &mut layout);
        let streams = Streams::new(1, "residual");
        // Noise for all weights: those that start at 0 would hide the gradients of the others.
        let flat = noise(1, layout.len(), &streams, 0).view([-1]) * 0.3;
        let (z, features) = (noise(7, 3, &streams, 1).set_requires_grad(true), noise(7, 4, &streams, 2));
        let tracked = flat.copy().set_requires_grad(true);
        let output = network.forward_training(&z, &features, &layout.views(&tracked)).0;
        let loss = (&output * output.sin()).sum(Kind::Float);
        let expected = Tensor::run_backward(&[&loss], &[&output, &tracked, &z], false, false);

        let (weights, found, z) = (layout.views(&flat), flat.zeros_like(), z.detach());
        let (again, tape) = network.forward_training(&z, &features, &weights);
        let by_state = network.backward(&tape, &expected[0], &weights, &layout.views(&found));
        assert!(found.allclose(&expected[1], 1e-4, 1e-5, false), "{found} is not {}", expected[1]);
        assert!(network.by_input(&by_state, &weights).allclose(&expected[2], 1e-4, 1e-5, false));
        assert!(network.forward(&z, &features, &weights).allclose(&again, 1e-5, 1e-6, false));
    }
}
