//! The networks of both players: a multilayer perceptron with sigmoid linear units that sees the condition's embedding
//! beside its input. The unit is smooth, since the discriminator is trained on its slope too.

use tch::Tensor;

use super::settings::{CcganSettings, LabelSettings};
use crate::graph::Graph;
use crate::learn::parameters::{Layout, Start};

/// The shape of a network, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ConditionalNetwork {
    inputs: usize,
    outputs: usize,
    width: usize,
    depth: usize,
    /// Numbers in the condition's embedding; none where it enters as it is.
    embedding: Option<usize>,
    layout: Layout,
}

/// Tensors of an embedding.
const EMBEDDING: usize = 4;

impl ConditionalNetwork {
    /// From `inputs` numbers and a condition to `outputs` numbers. Weights start as those of `PyTorch`'s `nn.Linear`.
    fn new(name: &str, inputs: usize, outputs: usize, settings: &CcganSettings) -> Self {
        let (width, depth) = (settings.width, settings.depth);
        let mut layout = Layout::default();
        let mut linear = |path: String, inputs: usize, outputs: usize| {
            let start = Start::Uniform(1.0 / (inputs as f64).sqrt());
            layout.add(format!("{name}.{path}.weight"), &[outputs as i64, inputs as i64], start);
            layout.add(format!("{name}.{path}.bias"), &[outputs as i64], start);
        };
        let embedding = match settings.labels {
            LabelSettings::Embedding { width } => {
                linear("label.0".into(), 1, width);
                linear("label.1".into(), width, width);
                Some(width)
            }
            LabelSettings::Number => None,
        };
        let mut reached = inputs + embedding.unwrap_or(1);
        for layer in 0..depth {
            linear(layer.to_string(), reached, width);
            reached = width;
        }
        linear("head".into(), reached, outputs);
        Self { inputs, outputs, width, depth, embedding, layout }
    }

    /// From a latent vector and a condition to a standardised row of `dimensions` parameters.
    pub(super) fn generator(settings: &CcganSettings, dimensions: usize) -> Self {
        Self::new("generator", settings.latent, dimensions, settings)
    }

    /// From a standardised row and a condition to a score: the logarithm of the odds that it is data.
    pub(super) fn discriminator(settings: &CcganSettings, dimensions: usize) -> Self {
        Self::new("discriminator", dimensions, 1, settings)
    }

    /// What is trained.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The output, `[rows, outputs]`, for inputs, `[rows, inputs]`, at conditions, `[rows, 1]`.
    pub(super) fn forward(&self, input: &Tensor, condition: &Tensor, weights: &[Tensor]) -> Tensor {
        // From 0..1 to mean 0 and standard deviation 1 for uniform conditions, as the other inputs have.
        let mut label = (condition - 0.5) * 12.0_f64.sqrt();
        let mut layers = weights;
        if self.embedding.is_some() {
            let (own, rest) = weights.split_at(EMBEDDING);
            label = own.chunks_exact(2).fold(label, |value, layer| value.linear(&layer[0], Some(&layer[1])).silu());
            layers = rest;
        }
        let joined = Tensor::cat(&[input, &label], 1);
        let (hidden, head) = layers.split_at(2 * self.depth);
        let last = hidden.chunks_exact(2).fold(joined, |value, layer| value.linear(&layer[0], Some(&layer[1])).silu());
        last.linear(&head[0], Some(&head[1]))
    }

    /// The generator's layers as a graph.
    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let mut add = |label: &str, detail: String, group: &str, from: &[usize]| graph.add(label, detail, group, from);
        let noise = add("noise", self.inputs.to_string(), "input", &[]);
        let mut label = add("fval", "condition".into(), "input", &[]);
        if let Some(width) = self.embedding {
            for inputs in [1, width] {
                let gemm = add("Gemm", format!("{inputs} → {width}"), "encoder", &[label]);
                label = add("SiLU", String::new(), "encoder", &[gemm]);
            }
        }
        let mut reached = self.inputs + self.embedding.unwrap_or(1);
        let mut before = vec![noise, label];
        for _ in 0..self.depth {
            let gemm = add("Gemm", format!("{reached} → {}", self.width), "decoder", &before);
            before = vec![add("SiLU", String::new(), "decoder", &[gemm])];
            reached = self.width;
        }
        let head = add("Gemm", format!("{reached} → {}", self.outputs), "decoder", &before);
        add("parameters", self.outputs.to_string(), "decoder", &[head]);
        graph
    }
}
