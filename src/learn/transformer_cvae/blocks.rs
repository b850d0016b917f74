//! Attention blocks (Vaswani et al. 2017) with the normalisation of layers before each part (Xiong et al. 2020), which
//! trains without a slow start of the learning rate.

use tch::{Kind, Tensor};

use super::settings::TransformerSettings;
use crate::graph::Graph;
use crate::learn::parameters::{Layout, Start};

/// Blocks, one after the other, and a last normalisation; `start` is the index of their first tensor in the layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Blocks {
    start: usize,
    count: usize,
    heads: i64,
    width: i64,
}

/// Tensors of one block, in the order in which [`Blocks::new`] adds them.
const BLOCK: usize = 12;
/// The hidden layer of a block's feed-forward part has this many times its width (Vaswani et al. 2017).
const WIDER: i64 = 4;
const EPSILON: f64 = 1e-5;

impl Blocks {
    /// Adds the tensors of the blocks to a layout. Weights start as those of `PyTorch`'s `nn.Linear`; the last of each
    /// part are smaller by the root of the number of parts, so that deep networks start alike (Radford et al. 2019).
    pub(super) fn new(name: &str, settings: &TransformerSettings, layout: &mut Layout) -> Self {
        let (start, width) = (layout.entries.len(), settings.width as i64);
        let parts = 2 * settings.blocks as i64;
        for block in 0..settings.blocks {
            let path = |layer: &str| format!("{name}.{block}.{layer}");
            normalisation(&path("attention.norm"), width, layout);
            linear(&path("attention.inner"), width, 3 * width, 1, layout);
            linear(&path("attention.outer"), width, width, parts, layout);
            normalisation(&path("feed_forward.norm"), width, layout);
            linear(&path("feed_forward.inner"), width, WIDER * width, 1, layout);
            linear(&path("feed_forward.outer"), WIDER * width, width, parts, layout);
        }
        normalisation(&format!("{name}.norm"), width, layout);
        Self { start, count: settings.blocks, heads: settings.heads as i64, width }
    }

    /// Tokens after the blocks, before the last normalisation; `tokens` and what is returned are
    /// `[rows, tokens, width]`.
    pub(super) fn forward(&self, tokens: &Tensor, parameters: &[Tensor]) -> Tensor {
        let mut state = tokens.shallow_clone();
        for block in parameters[self.start..].chunks_exact(BLOCK).take(self.count) {
            state = &state + self.attention(&self.normalised(&state, &block[..2]), &block[2..6]);
            let hidden = self.normalised(&state, &block[6..8]).linear(&block[8], Some(&block[9])).gelu("none");
            state = &state + hidden.linear(&block[10], Some(&block[11]));
        }
        state
    }

    /// The last normalisation, of the tokens that are read.
    pub(super) fn finish(&self, tokens: &Tensor, parameters: &[Tensor]) -> Tensor {
        self.normalised(tokens, &parameters[self.start + BLOCK * self.count..])
    }

    fn normalised(&self, tokens: &Tensor, weights: &[Tensor]) -> Tensor {
        tokens.layer_norm([self.width], Some(&weights[0]), Some(&weights[1]), EPSILON, false)
    }

    /// Scaled dot-product attention of all tokens of a row to all of them, in several heads.
    fn attention(&self, tokens: &Tensor, weights: &[Tensor]) -> Tensor {
        let [rows, count, share] = [tokens.size()[0], tokens.size()[1], self.width / self.heads];
        let projected = tokens.linear(&weights[0], Some(&weights[1]));
        let parts = projected.view([rows, count, 3, self.heads, share]).permute([2, 0, 3, 1, 4]);
        let [query, key, value] = [0, 1, 2].map(|part| parts.select(0, part));
        let scores = (query * (1.0 / (share as f64).sqrt())).matmul(&key.transpose(2, 3)).softmax(3, Kind::Float);
        let attended = scores.matmul(&value).transpose(1, 2).reshape([rows, count, self.width]);
        attended.linear(&weights[2], Some(&weights[3]))
    }

    /// Adds the layers to a graph, one after the other, fed by `inputs`; returns the last node. The sums around each
    /// part are not drawn.
    pub(super) fn draw(&self, graph: &mut Graph, group: &str, inputs: &[usize]) -> usize {
        let mut before = inputs.to_vec();
        let mut add = |label: &str, detail: String| {
            let node = graph.add(label, detail, group, &before);
            before = vec![node];
            node
        };
        for _ in 0..self.count {
            add("LayerNorm", format!("width {}", self.width));
            add(&format!("{}-head attention", self.heads), String::new());
            add("LayerNorm", format!("width {}", self.width));
            add("feed-forward", String::new());
        }
        add("LayerNorm", format!("width {}", self.width))
    }
}

/// Adds a normalisation of layers.
fn normalisation(path: &str, width: i64, layout: &mut Layout) {
    layout.add(format!("{path}.weight"), &[width], Start::Constant(1.0));
    layout.add(format!("{path}.bias"), &[width], Start::Constant(0.0));
}

/// Adds a matrix product with bias, whose weights are smaller by the root of `parts`; returns the index of its weights.
pub(super) fn linear(path: &str, inputs: i64, outputs: i64, parts: i64, layout: &mut Layout) -> usize {
    let start = Start::Uniform(1.0 / ((inputs * parts) as f64).sqrt());
    let weight = layout.add(format!("{path}.weight"), &[outputs, inputs], start);
    layout.add(format!("{path}.bias"), &[outputs], start);
    weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::learn::transformer_cvae::network::tests::settings;
    use crate::random::Streams;

    fn blocks() -> (Blocks, Layout, Tensor) {
        let mut layout = Layout::default();
        let blocks = Blocks::new("encoder", &settings(), &mut layout);
        let flat = noise(1, layout.len(), &Streams::new(1, "blocks"), 0).view([-1]) * 0.3;
        (blocks, layout, flat)
    }

    #[test]
    fn attention_is_that_of_libtorch() {
        let (blocks, layout, flat) = blocks();
        let weights = layout.views(&flat);
        let tokens = noise(15, 8, &Streams::new(2, "blocks"), 0).view([3, 5, 8]);
        let found = blocks.attention(&tokens, &weights[2..6]);
        let projected = tokens.linear(&weights[2], Some(&weights[3]));
        let part = |index: i64| projected.narrow(2, 8 * index, 8).view([3, 5, 2, 4]).transpose(1, 2);
        let expected = Tensor::scaled_dot_product_attention(
            &part(0),
            &part(1),
            &part(2),
            None::<&Tensor>,
            0.0,
            false,
            None::<f64>,
            false,
        );
        let expected = expected.transpose(1, 2).reshape([3, 5, 8]).linear(&weights[4], Some(&weights[5]));
        assert!(found.allclose(&expected, 1e-5, 1e-6, false), "{found} is not {expected}");
    }

    #[test]
    fn tokens_are_a_set() {
        let (blocks, layout, flat) = blocks();
        let weights = layout.views(&flat);
        let tokens = noise(15, 8, &Streams::new(2, "blocks"), 0).view([3, 5, 8]);
        let order = Tensor::from_slice(&[3_i64, 0, 4, 1, 2]);
        let found = blocks.forward(&tokens.index_select(1, &order), &weights);
        let expected = blocks.forward(&tokens, &weights).index_select(1, &order);
        assert!(found.allclose(&expected, 1e-4, 1e-5, false), "{found} is not {expected}");
        // They do see each other: another token changes all of its row, and no other row.
        let _ = tokens.get(1).get(2).fill_(0.5);
        let changed = (blocks.forward(&tokens, &weights).index_select(1, &order) - expected).abs().amax([2], false);
        assert!(changed.get(1).min().double_value(&[]) > 1e-4 && changed.get(0).max().double_value(&[]) == 0.0);
    }
}
