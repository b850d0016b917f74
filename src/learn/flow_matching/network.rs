//! The velocity network: residual blocks of one hidden layer (He et al. 2016) with sigmoid linear units, each of which
//! sees the features of time and condition anew. Without normalisation of layers: what a vector's length says stays.

use tch::{Kind, Tensor};

use crate::graph::{Graph, GraphNode};
use crate::learn::parameters::{Layout, Start};

/// The shape of the network, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VelocityNetwork {
    dimensions: usize,
    width: usize,
    features: usize,
    blocks: usize,
    layout: Layout,
}

/// Indices of tensors in the layout: those of the first layer, of one block counted from its start, of the last layer.
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

impl VelocityNetwork {
    /// The network for vectors of `dimensions` numbers, with `features` of time and condition. Weights start as those
    /// of `PyTorch`'s `nn.Linear`; the last layer starts at 0, so that training begins at the mean velocity; the
    /// second layers of blocks are smaller by the root of their number, so that deep networks start alike.
    pub(super) fn new(dimensions: usize, features: usize, width: usize, blocks: usize) -> Self {
        let (deep, seen, wide) = (dimensions as i64, features as i64, width as i64);
        let mut layout = Layout::default();
        let uniform = |inputs: usize| Start::Uniform(1.0 / (inputs as f64).sqrt());
        layout.add("input.weight", &[wide, deep], uniform(dimensions + features));
        layout.add("input.features", &[wide, seen], uniform(dimensions + features));
        layout.add("input.bias", &[wide], uniform(dimensions + features));
        for block in 0..blocks {
            layout.add(format!("block.{block}.inner.weight"), &[wide, wide], uniform(width));
            layout.add(format!("block.{block}.inner.features"), &[wide, seen], uniform(features));
            layout.add(format!("block.{block}.inner.bias"), &[wide], uniform(width));
            layout.add(format!("block.{block}.outer.weight"), &[wide, wide], uniform(width * blocks));
            layout.add(format!("block.{block}.outer.bias"), &[wide], Start::Constant(0.0));
        }
        layout.add("output.weight", &[deep, wide], Start::Constant(0.0));
        layout.add("output.bias", &[deep], Start::Constant(0.0));
        Self { dimensions, width, features, blocks, layout }
    }

    /// What is trained.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The velocity at `z`, `[rows, dimensions]`, given features, `[rows, features]` or one row for all.
    pub(super) fn forward(&self, z: &Tensor, features: &Tensor, weights: &[Tensor]) -> Tensor {
        let mut state = affine(z, features, weights);
        for block in weights[INPUT..].chunks_exact(BLOCK).take(self.blocks) {
            let hidden = affine(&state, features, block).silu_();
            let _ = state.g_add_(&hidden.linear(&block[3], Some(&block[4])));
        }
        let [.., weight, bias] = weights else { return state };
        state.linear(weight, Some(bias))
    }

    /// The same in training, and what [`VelocityNetwork::backward`] needs.
    pub(super) fn forward_training(&self, z: &Tensor, features: &Tensor, weights: &[Tensor]) -> (Tensor, Tape) {
        let mut state = affine(z, features, weights);
        let mut blocks = Vec::with_capacity(self.blocks);
        for block in weights[INPUT..].chunks_exact(BLOCK).take(self.blocks) {
            let before = affine(&state, features, block);
            let hidden = before.silu();
            let next = &state + hidden.linear(&block[3], Some(&block[4]));
            blocks.push([state, before, hidden]);
            state = next;
        }
        let last = INPUT + BLOCK * self.blocks;
        let velocity = state.linear(&weights[last], Some(&weights[last + 1]));
        (velocity, Tape { z: z.shallow_clone(), features: features.shallow_clone(), blocks, last: state })
    }

    /// Backpropagation of the gradient by the velocity: writes the gradients by the weights. Written out, since
    /// libtorch's automatic one spends time on bookkeeping.
    pub(super) fn backward(&self, tape: &Tape, by_velocity: &Tensor, weights: &[Tensor], gradients: &[Tensor]) {
        let last = INPUT + BLOCK * self.blocks;
        layer_gradient(by_velocity, &tape.last, &gradients[last], &gradients[last + 1]);
        let mut by_state = by_velocity.mm(&weights[last]);
        for (block, [state, before, hidden]) in tape.blocks.iter().enumerate().rev() {
            let range = INPUT + BLOCK * block..INPUT + BLOCK * (block + 1);
            let (weights, gradients) = (&weights[range.clone()], &gradients[range]);
            layer_gradient(&by_state, hidden, &gradients[3], &gradients[4]);
            let by_before = before.silu_backward(&by_state.mm(&weights[3]));
            layer_gradient(&by_before, state, &gradients[0], &gradients[2]);
            let _ = by_before.tr().mm_out(&gradients[1], &tape.features);
            by_state = by_state.addmm(&by_before, &weights[0]);
        }
        layer_gradient(&by_state, &tape.z, &gradients[0], &gradients[2]);
        let _ = by_state.tr().mm_out(&gradients[1], &tape.features);
    }

    /// The layers as a graph.
    pub(super) fn graph(&self, steps: usize) -> Graph {
        let mut graph = Graph::default();
        let mut add = |label: &str, detail: String, group: &str, from: &[usize]| {
            let node = graph.nodes.len();
            graph.nodes.push(GraphNode { label: label.into(), detail, group: group.into() });
            graph.edges.extend(from.iter().map(|&before| (before, node)));
            node
        };
        let (dimensions, width) = (self.dimensions, self.width);
        let rows = add("noise", dimensions.to_string(), "input", &[]);
        let condition = add("fval", "condition".into(), "input", &[]);
        let time = add("time", "0..1".into(), "input", &[]);
        let features = add("Fourier features", self.features.to_string(), "encoder", &[condition, time]);
        let mut state = add("Gemm", format!("{dimensions} → {width}"), "decoder", &[rows, features]);
        for _ in 0..self.blocks {
            let inner = add("Gemm", format!("{width} → {width}"), "decoder", &[state, features]);
            let hidden = add("SiLU", String::new(), "decoder", &[inner]);
            let outer = add("Gemm", format!("{width} → {width}"), "decoder", &[hidden]);
            state = add("Add", String::new(), "decoder", &[state, outer]);
        }
        let velocity = add("Gemm", format!("{width} → {dimensions}"), "decoder", &[state]);
        add("parameters", format!("{steps} midpoint steps along the velocity"), "decoder", &[velocity]);
        graph
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
        let network = VelocityNetwork::new(3, 4, 6, 2);
        let streams = Streams::new(1, "velocity");
        // Noise for all weights: those that start at 0 would hide the gradients of the others.
        let flat = noise(1, network.layout.len(), &streams, 0).view([-1]) * 0.3;
        let (z, features) = (noise(7, 3, &streams, 1), noise(7, 4, &streams, 2));
        let tracked = flat.copy().set_requires_grad(true);
        let velocity = network.forward_training(&z, &features, &network.layout.views(&tracked)).0;
        let loss = (&velocity * velocity.sin()).sum(Kind::Float);
        let expected = Tensor::run_backward(&[&loss], &[&velocity, &tracked], false, false);

        let (weights, found) = (network.layout.views(&flat), flat.zeros_like());
        let (again, tape) = network.forward_training(&z, &features, &weights);
        network.backward(&tape, &expected[0], &weights, &network.layout.views(&found));
        assert!(found.allclose(&expected[1], 1e-4, 1e-5, false), "{found} is not {}", expected[1]);
        assert!(network.forward(&z, &features, &weights).allclose(&again, 1e-5, 1e-6, false));
    }
}
