//! A multilayer perceptron: blocks of layers and a linear head, its parameters, and its part of the graph.

use tch::{Kind, Tensor, no_grad};

use super::settings::{Layer, NetworkSettings};
use crate::graph::Graph;
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

/// What the layers of one batch leave for backpropagation, in their order.
#[derive(Debug)]
pub(super) struct Tape {
    saved: Vec<Saved>,
}

#[derive(Debug)]
enum Saved {
    /// The input of a matrix product.
    Input(Tensor),
    /// Values of mean 0 and variance 1, and the factor by which a change of the input changes the output.
    Normalised { normalised: Tensor, scale: Tensor },
    /// The output of a rectified linear unit.
    Output(Tensor),
}

impl Mlp {
    /// Adds the tensors of the network to the layouts. Weights and biases start as those of `PyTorch`'s `nn.Linear`,
    /// uniform between plus and minus one over the square root of the inputs.
    pub(super) fn new(
        name: &str,
        settings: &NetworkSettings,
        inputs: i64,
        outputs: i64,
        parameters: &mut Layout,
        statistics: &mut Layout,
    ) -> Self {
        let NetworkSettings::Mlp { layers, .. } = settings;
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
        for (block, width) in settings.widths().into_iter().enumerate() {
            for (index, layer) in layers.iter().enumerate() {
                let path = format!("{name}.{block}.{index}");
                steps.push(match layer {
                    Layer::Gemm => {
                        let step = gemm(path, reached, width as i64, parameters);
                        reached = width as i64;
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

    /// The head's output, with running statistics.
    pub(super) fn forward(&self, input: &Tensor, parameters: &[Tensor], statistics: &[Tensor]) -> Tensor {
        let mut value = input.shallow_clone();
        for step in &self.steps {
            value = match step {
                Step::Gemm { weight, bias, .. } => value.linear(&parameters[*weight], Some(&parameters[*bias])),
                Step::BatchNorm { weight, bias, mean, variance, .. } => {
                    let scale = (&statistics[*variance] + EPSILON).rsqrt() * &parameters[*weight];
                    parameters[*bias].addcmul(&(value - &statistics[*mean]), &scale)
                }
                Step::Relu => value.relu(),
            };
        }
        value
    }

    /// The head's output in training, and what [`Mlp::backward`] needs. Batch normalisation uses the batch's mean and
    /// variance, which enter the running statistics (the variance without bias, as in `PyTorch`).
    pub(super) fn forward_training(
        &self,
        input: &Tensor,
        parameters: &[Tensor],
        statistics: &[Tensor],
    ) -> (Tensor, Tape) {
        let rows = input.size()[0] as f64;
        let mut value = input.shallow_clone();
        let mut saved = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let (next, kept) = match step {
                Step::Gemm { weight, bias, .. } => {
                    (value.linear(&parameters[*weight], Some(&parameters[*bias])), Saved::Input(value))
                }
                Step::BatchNorm { weight, bias, mean, variance, .. } => {
                    let batch_mean = value.mean_dim(0_i64, false, None);
                    let centred = value - &batch_mean;
                    let batch_variance = centred.square().mean_dim(0_i64, false, None);
                    no_grad(|| {
                        let _ = statistics[*mean].shallow_clone().lerp_(&batch_mean, MOMENTUM);
                        let unbiased = &batch_variance * (rows / (rows - 1.0));
                        let _ = statistics[*variance].shallow_clone().lerp_(&unbiased, MOMENTUM);
                    });
                    let inverse = (batch_variance + EPSILON).rsqrt();
                    let normalised = centred * &inverse;
                    let next = parameters[*bias].addcmul(&normalised, &parameters[*weight]);
                    (next, Saved::Normalised { normalised, scale: inverse * &parameters[*weight] })
                }
                Step::Relu => {
                    let next = value.relu();
                    (next.shallow_clone(), Saved::Output(next))
                }
            };
            value = next;
            saved.push(kept);
        }
        (value, Tape { saved })
    }

    /// Backpropagation of the gradient by the head's output: writes the gradients by the parameters, and returns the
    /// gradient by the network's input. Written out, since libtorch's automatic one spends more
    /// time on batch normalisation and on bookkeeping than on the matrix products.
    pub(super) fn backward(
        &self,
        tape: &Tape,
        gradient: Tensor,
        parameters: &[Tensor],
        gradients: &[Tensor],
    ) -> Tensor {
        let rows = gradient.size()[0] as f64;
        let mut gradient = gradient;
        for (step, saved) in self.steps.iter().zip(&tape.saved).rev() {
            gradient = match (step, saved) {
                (Step::Gemm { weight, bias, .. }, Saved::Input(input)) => {
                    let _ = gradient.tr().mm_out(&gradients[*weight], input);
                    let _ = gradient.sum_intlist_out(&gradients[*bias], 0_i64, false, Kind::Float);
                    gradient.mm(&parameters[*weight])
                }
                (Step::BatchNorm { weight, bias, .. }, Saved::Normalised { normalised, scale }) => {
                    let (by_weight, by_bias) = (&gradients[*weight], &gradients[*bias]);
                    let _ = (&gradient * normalised).sum_intlist_out(by_weight, 0_i64, false, Kind::Float);
                    let _ = gradient.sum_intlist_out(by_bias, 0_i64, false, Kind::Float);
                    // scale * (gradient - mean(gradient) - normalised * mean(gradient * normalised))
                    let along = (by_bias / rows).addcmul(normalised, &(by_weight / rows));
                    let _ = gradient.g_sub_(&along);
                    gradient.g_mul_(scale)
                }
                (_, Saved::Output(output)) => output.threshold_backward(&gradient, 0.0),
                (_, Saved::Input(_) | Saved::Normalised { .. }) => gradient,
            };
        }
        gradient
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
            before = vec![graph.add(label, detail, group, &before)];
        }
        graph.nodes.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::cvae::Layer;
    use crate::random::Streams;
    use tch::Device;

    fn network() -> (Mlp, Layout, Layout) {
        let (mut parameters, mut statistics) = (Layout::default(), Layout::default());
        let layers = vec![Layer::Gemm, Layer::BatchNorm, Layer::Relu];
        let settings = NetworkSettings::Mlp { depth: 1, width: 6, layers, widths: Some(vec![6, 5]) };
        let mlp = Mlp::new("encoder", &settings, 3, 2, &mut parameters, &mut statistics);
        (mlp, parameters, statistics)
    }

    fn flat(layout: &Layout) -> Tensor {
        let values = layout.start(&Streams::new(2, "mlp"));
        let values: Vec<f32> = values.iter().enumerate().map(|(i, v)| v + 0.01 * (i % 7) as f32).collect();
        Tensor::from_slice(&values)
    }

    fn input() -> Tensor {
        let values: Vec<f32> = (0..33_i16).map(|i| f32::from(i * i % 13) * 0.2 - 1.0).collect();
        Tensor::from_slice(&values).view([11, 3])
    }

    #[test]
    fn backpropagation_is_that_of_libtorch() {
        let (mlp, layout, statistics) = network();
        let (parameters, running) = (flat(&layout).set_requires_grad(true), statistics.views(&flat(&statistics)));
        let input = input().set_requires_grad(true);
        let (output, _) = mlp.forward_training(&input, &layout.views(&parameters), &running);
        let loss = (&output * output.sin()).sum(Kind::Float);
        let expected = Tensor::run_backward(&[&loss], &[&output, &input, &parameters], false, false);

        let gradients = Tensor::zeros([layout.len() as i64], (Kind::Float, Device::Cpu));
        let (views, written) = (layout.views(&parameters.detach()), layout.views(&gradients));
        let (_, tape) = mlp.forward_training(&input.detach(), &views, &running);
        let by_input = mlp.backward(&tape, expected[0].copy(), &views, &written);
        assert!(by_input.allclose(&expected[1], 1e-4, 1e-5, false));
        assert!(gradients.allclose(&expected[2], 1e-4, 1e-5, false), "{gradients} is not {}", expected[2]);
    }

    #[test]
    fn batch_normalisation_is_that_of_libtorch() {
        let (mut parameters, mut statistics) = (Layout::default(), Layout::default());
        let settings =
            NetworkSettings::Mlp { depth: 1, width: 1, layers: vec![Layer::BatchNorm, Layer::Gemm], widths: None };
        let mlp = Mlp::new("encoder", &settings, 3, 1, &mut parameters, &mut statistics);
        let views = parameters.views(&flat(&parameters));
        let (ours, theirs) = (flat(&statistics), flat(&statistics));
        let running = statistics.views(&theirs);
        let normalised = |training| {
            let [weight, bias, mean, variance] = [&views[0], &views[1], &running[0], &running[1]];
            let found = input().batch_norm(
                Some(weight),
                Some(bias),
                Some(mean),
                Some(variance),
                training,
                MOMENTUM,
                EPSILON,
                false,
            );
            found.linear(&views[2], Some(&views[3])).linear(&views[4], Some(&views[5]))
        };
        let (found, _) = mlp.forward_training(&input(), &views, &statistics.views(&ours));
        assert!(found.allclose(&normalised(true), 1e-5, 1e-5, false));
        assert!(ours.allclose(&theirs, 1e-5, 1e-6, false));
        let found = mlp.forward(&input(), &views, &statistics.views(&ours));
        assert!(found.allclose(&normalised(false), 1e-5, 1e-5, false));
    }
}
