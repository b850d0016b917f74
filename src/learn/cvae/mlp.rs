//! A multilayer perceptron: blocks of layers and a linear head, its parameters, and its part of the graph.

use tch::Tensor;

use super::settings::{Layer, NetworkSettings};
use crate::graph::{Graph, GraphNode};
use crate::learn::parameters::{Layout, Start};

/// The layers in order; numbers are indices into the layouts of parameters and of running statistics.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mlp {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Gemm { weight: usize, bias: usize, inputs: i64, outputs: i64 },
    BatchNorm { weight: usize, bias: usize, mean: usize, variance: usize, width: i64 },
    Relu,
}

const MOMENTUM: f64 = 0.1;
const EPSILON: f64 = 1e-5;

impl Mlp {
    /// Adds the tensors of the network to the layouts. Weights and biases start as those of PyTorch's `nn.Linear`,
    /// uniform between plus and minus one over the square root of the inputs.
    pub(super) fn new(
        name: &str,
        settings: &NetworkSettings,
        inputs: i64,
        outputs: i64,
        parameters: &mut Layout,
        statistics: &mut Layout,
    ) -> Self {
        let NetworkSettings::Mlp { depth, width, layers } = settings;
        let mut steps = Vec::new();
        let mut reached = inputs;
        let gemm = |path: String, inputs: i64, outputs: i64, parameters: &mut Layout| {
            let start = Start::Uniform(1.0 / (inputs as f64).sqrt());
            Step::Gemm {
                weight: parameters.add(format!("{path}.weight"), &[outputs, inputs], start),
                bias: parameters.add(format!("{path}.bias"), &[outputs], start),
                inputs,
                outputs,
            }
        };
        for block in 0..*depth {
            for (index, layer) in layers.iter().enumerate() {
                let path = format!("{name}.{block}.{index}");
                steps.push(match layer {
                    Layer::Gemm => {
                        let step = gemm(path, reached, *width as i64, parameters);
                        reached = *width as i64;
                        step
                    }
                    Layer::BatchNorm => Step::BatchNorm {
                        weight: parameters.add(format!("{path}.weight"), &[reached], Start::Constant(1.0)),
                        bias: parameters.add(format!("{path}.bias"), &[reached], Start::Constant(0.0)),
                        mean: statistics.add(format!("{path}.mean"), &[reached], Start::Constant(0.0)),
                        variance: statistics.add(format!("{path}.variance"), &[reached], Start::Constant(1.0)),
                        width: reached,
                    },
                    Layer::Relu => Step::Relu,
                });
            }
        }
        steps.push(gemm(format!("{name}.head"), reached, outputs, parameters));
        Self { steps }
    }

    /// The head's output. In training, batch normalisation uses the batch and updates the running statistics.
    pub(super) fn forward(
        &self,
        input: &Tensor,
        parameters: &[Tensor],
        statistics: &[Tensor],
        training: bool,
    ) -> Tensor {
        let mut value = input.shallow_clone();
        for step in &self.steps {
            value = match step {
                Step::Gemm { weight, bias, .. } => value.linear(&parameters[*weight], Some(&parameters[*bias])),
                Step::BatchNorm { weight, bias, mean, variance, .. } => value.batch_norm(
                    Some(&parameters[*weight]),
                    Some(&parameters[*bias]),
                    Some(&statistics[*mean]),
                    Some(&statistics[*variance]),
                    training,
                    MOMENTUM,
                    EPSILON,
                    false,
                ),
                Step::Relu => value.relu(),
            };
        }
        value
    }

    /// Adds the layers to a graph, one after the other, fed by `inputs`; returns the last node.
    pub(super) fn draw(&self, graph: &mut Graph, group: &str, inputs: &[usize]) -> usize {
        let mut before = inputs.to_vec();
        for step in &self.steps {
            let (label, detail) = match step {
                Step::Gemm { inputs, outputs, .. } => ("Gemm", format!("{inputs} → {outputs}")),
                Step::BatchNorm { width, .. } => ("BatchNorm", width.to_string()),
                Step::Relu => ("ReLU", String::new()),
            };
            let node = graph.nodes.len();
            graph.nodes.push(GraphNode { label: label.into(), detail, group: group.into() });
            graph.edges.extend(before.iter().map(|&from| (from, node)));
            before = vec![node];
        }
        graph.nodes.len() - 1
    }
}
