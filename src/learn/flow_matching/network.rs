//! The velocity network: a residual network that sees the features of time and condition in each block.

use crate::graph::Graph;
use crate::learn::parameters::Layout;
use crate::learn::residual::{ResidualNetwork, Sizes, Tape};
use tch::Tensor;

/// The shape of the network, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VelocityNetwork {
    network: ResidualNetwork,
    layout: Layout,
}

impl VelocityNetwork {
    /// The network for vectors of `dimensions` numbers, with `features` of time and condition. Training begins at the
    /// mean velocity.
    pub(super) fn new(dimensions: usize, features: usize, width: usize, blocks: usize) -> Self {
        let mut layout = Layout::default();
        let sizes = Sizes { inputs: dimensions, features, width, blocks, outputs: dimensions };
        Self { network: ResidualNetwork::new("", sizes, &mut layout), layout }
    }

    /// What is trained.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The velocity at `z`, `[rows, dimensions]`, given features, `[rows, features]` or one row for all.
    pub(super) fn forward(&self, z: &Tensor, features: &Tensor, weights: &[Tensor]) -> Tensor {
        self.network.forward(z, features, weights)
    }

    /// The same in training, and what [`VelocityNetwork::backward`] needs.
    pub(super) fn forward_training(&self, z: &Tensor, features: &Tensor, weights: &[Tensor]) -> (Tensor, Tape) {
        self.network.forward_training(z, features, weights)
    }

    /// Backpropagation of the gradient by the velocity: writes the gradients by the weights.
    pub(super) fn backward(&self, tape: &Tape, by_velocity: &Tensor, weights: &[Tensor], gradients: &[Tensor]) {
        let _ = self.network.backward(tape, by_velocity, weights, gradients);
    }

    /// The layers as a graph.
    pub(super) fn graph(&self, steps: usize) -> Graph {
        let mut graph = Graph::default();
        let mut add = |label: &str, detail: String, group: &str, from: &[usize]| graph.add(label, detail, group, from);
        let Sizes { inputs: dimensions, features: seen, width, blocks, .. } = self.network.sizes;
        let rows = add("noise", dimensions.to_string(), "input", &[]);
        let condition = add("fval", "condition".into(), "input", &[]);
        let time = add("time", "0..1".into(), "input", &[]);
        let features = add("Fourier features", seen.to_string(), "encoder", &[condition, time]);
        let mut state = add("Gemm", format!("{dimensions} → {width}"), "decoder", &[rows, features]);
        for _ in 0..blocks {
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
