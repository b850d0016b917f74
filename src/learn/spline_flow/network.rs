//! The flow: coupling transforms (Dinh et al. 2017) between rows and standard normal noise, each of which bends one part
//! of the coordinates by splines that a residual network shapes from the other part and the condition.

use tch::{Kind, Tensor};

use super::settings::SplineFlowSettings;
use super::spline::Spline;
use crate::graph::Graph;
use crate::learn::batches::order;
use crate::learn::parameters::{Layout, tensor, values};
use crate::learn::residual::{ResidualNetwork, Sizes, Tape};
use crate::random::Streams;

/// The shape of the flow, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SplineNetwork {
    dimensions: usize,
    features: usize,
    spline: Spline,
    transforms: Vec<Transform>,
    layout: Layout,
}

#[derive(Debug, Clone, PartialEq)]
struct Transform {
    /// The coordinates that the network sees and that stay.
    seen: Vec<usize>,
    /// Those that are bent.
    bent: Vec<usize>,
    shaper: ResidualNetwork,
}

/// What a transform of one batch leaves for backpropagation.
#[derive(Debug)]
pub(super) struct Bent {
    tape: Tape,
    raw: Vec<f32>,
    /// The bent coordinates before, row by row.
    before: Vec<f64>,
}

/// The orders of coordinates by which transforms split them, one for two transforms: the second bends what the first
/// leaves, so that after each two every coordinate was bent.
pub(super) fn draw_orders(transforms: usize, dimensions: usize, streams: &Streams) -> Vec<Vec<usize>> {
    let pairs = 0..transforms.div_ceil(2) as u64;
    pairs.map(|pair| order(dimensions, streams, pair).into_iter().map(|index| index as usize).collect()).collect()
}

impl SplineNetwork {
    /// The flow over vectors of `dimensions` numbers. Training begins at the identity, where rows are standard normal.
    pub(super) fn new(settings: &SplineFlowSettings, dimensions: usize, orders: &[Vec<usize>]) -> Self {
        let spline = Spline { bins: settings.bins, tail: settings.tail };
        let features = 2 * settings.condition_frequencies + 1;
        let mut layout = Layout::default();
        let transforms = (0..settings.transforms).map(|index| {
            let (first, second) = orders[index / 2].split_at(dimensions.div_ceil(2));
            let (bent, seen) = if index % 2 == 0 || second.is_empty() { (first, second) } else { (second, first) };
            let sizes = Sizes {
                // A network of no input is one of a constant input.
                inputs: seen.len().max(1),
                features,
                width: settings.width,
                blocks: settings.blocks,
                outputs: bent.len() * spline.numbers(),
            };
            let shaper = ResidualNetwork::new(&format!("transform.{index}."), sizes, &mut layout);
            Transform { seen: seen.to_vec(), bent: bent.to_vec(), shaper }
        });
        let transforms = transforms.collect();
        Self { dimensions, features, spline, transforms, layout }
    }

    /// What is trained.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many coordinates there are.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Leads rows to noise, in place, given features, `[rows, features]` or one row for all: the logarithm of the
    /// determinant of each row's derivatives.
    pub(super) fn forward(&self, rows: &mut [f64], features: &Tensor, weights: &[Tensor]) -> Vec<f64> {
        let mut logs = vec![0.0; rows.len() / self.dimensions];
        for transform in &self.transforms {
            let raw = transform.shaper.forward(&transform.gather(rows, self.dimensions), features, weights);
            self.bend(transform, rows, &values(&raw), &mut logs, Spline::forward);
        }
        logs
    }

    /// Leads noise to rows, in place; returns what [`SplineNetwork::forward`] returns for these rows.
    pub(super) fn inverse(&self, rows: &mut [f64], features: &Tensor, weights: &[Tensor]) -> Vec<f64> {
        let mut logs = vec![0.0; rows.len() / self.dimensions];
        for transform in self.transforms.iter().rev() {
            let raw = transform.shaper.forward(&transform.gather(rows, self.dimensions), features, weights);
            self.bend(transform, rows, &values(&raw), &mut logs, Spline::inverse);
        }
        logs
    }

    /// [`SplineNetwork::forward`] in training, and what [`SplineNetwork::backward`] needs.
    pub(super) fn forward_training(
        &self,
        rows: &mut [f64],
        features: &Tensor,
        weights: &[Tensor],
    ) -> (Vec<f64>, Vec<Bent>) {
        let mut logs = vec![0.0; rows.len() / self.dimensions];
        let tapes = self.transforms.iter().map(|transform| {
            let seen = transform.gather(rows, self.dimensions);
            let (raw, tape) = transform.shaper.forward_training(&seen, features, weights);
            let raw = values(&raw);
            let bent = rows.chunks_exact(self.dimensions).flat_map(|row| transform.bent.iter().map(|&at| row[at]));
            let before = bent.collect();
            self.bend(transform, rows, &raw, &mut logs, Spline::forward);
            Bent { tape, raw, before }
        });
        let tapes = tapes.collect();
        (logs, tapes)
    }

    /// Backpropagation: `by_rows` are the derivatives of the loss by the noise and become those by the rows; `by_log` is
    /// that by each row's logarithm. Writes the gradients by the weights.
    pub(super) fn backward(
        &self,
        tapes: &[Bent],
        by_rows: &mut [f64],
        by_log: f64,
        weights: &[Tensor],
        gradients: &[Tensor],
    ) {
        let (spline, numbers) = (self.spline, self.spline.numbers());
        for (transform, Bent { tape, raw, before }) in self.transforms.iter().zip(tapes).rev() {
            let mut by_raw = vec![0.0_f32; raw.len()];
            let mut pieces = raw.chunks_exact(numbers).zip(by_raw.chunks_exact_mut(numbers)).zip(before);
            for row in by_rows.chunks_exact_mut(self.dimensions) {
                for (&at, ((raw, by_raw), &before)) in transform.bent.iter().zip(&mut pieces) {
                    row[at] = spline.backward(raw, before, row[at], by_log, by_raw);
                }
            }
            let shape = [(by_rows.len() / self.dimensions) as i64, (transform.bent.len() * numbers) as i64];
            let by_state = transform.shaper.backward(tape, &tensor(&by_raw, &shape), weights, gradients);
            if transform.seen.is_empty() {
                continue;
            }
            let by_seen = values(&transform.shaper.by_input(&by_state, weights));
            let by_seen = by_seen.chunks_exact(transform.seen.len());
            for (row, by_seen) in by_rows.chunks_exact_mut(self.dimensions).zip(by_seen) {
                for (&at, &by_seen) in transform.seen.iter().zip(by_seen) {
                    row[at] += f64::from(by_seen);
                }
            }
        }
    }

    /// Bends the coordinates of a transform by a spline each, and adds the logarithms of the slopes up.
    fn bend(
        &self,
        transform: &Transform,
        rows: &mut [f64],
        raw: &[f32],
        logs: &mut [f64],
        by: fn(&Spline, &[f32], f64) -> (f64, f64),
    ) {
        let mut raw = raw.chunks_exact(self.spline.numbers());
        for (row, log) in rows.chunks_exact_mut(self.dimensions).zip(logs) {
            for (&at, raw) in transform.bent.iter().zip(&mut raw) {
                let (value, slope) = by(&self.spline, raw, row[at]);
                row[at] = value;
                *log += slope;
            }
        }
    }

    /// The layers as a graph.
    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let mut add = |label: &str, detail: String, group: &str, from: &[usize]| graph.add(label, detail, group, from);
        let mut state = add("noise", self.dimensions.to_string(), "input", &[]);
        let condition = add("fval", "condition".into(), "input", &[]);
        let features = add("Fourier features", self.features.to_string(), "encoder", &[condition]);
        for transform in self.transforms.iter().rev() {
            let Sizes { width, blocks, outputs, .. } = transform.shaper.sizes;
            let shape = format!("{} → {width} × {blocks} → {outputs}", transform.seen.len());
            let shaper = add("residual MLP", shape, "decoder", &[state, features]);
            let what = format!("{} of {}, {} bins", transform.bent.len(), self.dimensions, self.spline.bins);
            state = add("spline", what, "decoder", &[state, shaper]);
        }
        add("parameters", self.dimensions.to_string(), "decoder", &[state]);
        graph
    }
}

impl Transform {
    /// The coordinates that the network sees, `[rows, seen]`, or zeros where there are none.
    fn gather(&self, rows: &[f64], dimensions: usize) -> Tensor {
        let count = (rows.len() / dimensions) as i64;
        if self.seen.is_empty() {
            return Tensor::zeros([count, 1], (Kind::Float, tch::Device::Cpu));
        }
        let seen: Vec<f32> =
            rows.chunks_exact(dimensions).flat_map(|row| self.seen.iter().map(|&at| row[at] as f32)).collect();
        tensor(&seen, &[count, self.seen.len() as i64])
    }
}
