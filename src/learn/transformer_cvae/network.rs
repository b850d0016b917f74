//! Encoder, latent draw and decoder over tokens, and the loss over them.

use tch::{Kind, Tensor, no_grad};

use super::blocks::{Blocks, linear};
use super::settings::TransformerSettings;
use crate::graph::Graph;
use crate::learn::batches::split;
use crate::learn::cvae::likelihood::Likelihood;
use crate::learn::cvae::loss::{free_bits, likelihood};
use crate::learn::cvae::posterior::{charge, draw, posterior};
use crate::learn::data::Rows;
use crate::learn::parameters::{Layout, Start};
use crate::learn::sampling::BLOCK;
use crate::learn::standard::Standard;
use crate::learn::training::{Evaluation, Network};

/// The network, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TransformerNetwork {
    pub(super) likelihood: Likelihood,
    pub(super) standard: Standard,
    latent: usize,
    /// What each latent dimension may say at no charge, in nats.
    free: f64,
    width: usize,
    encoder: Blocks,
    decoder: Blocks,
    /// Index of the encoder's head: its weights and its bias.
    encoder_head: usize,
    /// Index of the decoder's tokens: of latent vectors (weights, bias), of conditions (value, identity), of
    /// parameters (identity).
    decoder_tokens: usize,
    /// Index of the decoder's head: weights and bias of each parameter.
    decoder_head: usize,
    parameters: Layout,
    statistics: Layout,
}

impl TransformerNetwork {
    /// The network for the parameters that `standard` is of. Tokens start as those of Gorishniy et al. (2021).
    pub(super) fn new(settings: &TransformerSettings, standard: Standard) -> Self {
        let mut parameters = Layout::default();
        let likelihood = likelihood(&settings.loss);
        let (dimensions, latent, width) = (standard.dimensions() as i64, settings.latent as i64, settings.width as i64);
        let outputs = likelihood.outputs(1) as i64;
        let start = Start::Uniform(1.0 / (settings.width as f64).sqrt());
        parameters.add("encoder.tokens.value", &[dimensions + 1, width], start);
        parameters.add("encoder.tokens.identity", &[dimensions + 1, width], start);
        let encoder = Blocks::new("encoder", settings, &mut parameters);
        let encoder_head = linear("encoder.head", width, 2 * latent, 1, &mut parameters);
        let decoder_tokens = linear("decoder.tokens.latent", latent, width, 1, &mut parameters);
        parameters.add("decoder.tokens.condition.value", &[1, width], start);
        parameters.add("decoder.tokens.condition.identity", &[1, width], start);
        parameters.add("decoder.tokens.identity", &[dimensions, width], start);
        let decoder = Blocks::new("decoder", settings, &mut parameters);
        let decoder_head = parameters.add("decoder.head.weight", &[dimensions, width, outputs], start);
        parameters.add("decoder.head.bias", &[dimensions, 1, outputs], Start::Constant(0.0));
        let (latent, width, statistics) = (settings.latent, settings.width, Layout::default());
        Self {
            likelihood,
            standard,
            latent,
            free: free_bits(&settings.loss),
            width,
            encoder,
            decoder,
            encoder_head,
            decoder_tokens,
            decoder_head,
            parameters,
            statistics,
        }
    }

    /// Mean and logarithm of the variance of the latent posterior, `[rows, latent]` each. A parameter's token is its
    /// identity plus its standardised value times a vector of its own, the condition's likewise; the mean of all tokens
    /// is read.
    pub(super) fn encode(&self, rows: &Rows, parameters: &[Tensor]) -> (Tensor, Tensor) {
        let seen = Tensor::cat(&[self.standard.standardised(&rows.x), centred(&rows.c)], 1);
        let tokens = parameters[1].addcmul(&seen.unsqueeze(2), &parameters[0]);
        let seen = self.encoder.finish(&self.encoder.forward(&tokens, parameters), parameters);
        // The root keeps the scale of tokens: their mean would hardly move with one of many parameters, and the encoder
        // would begin by saying nothing.
        let gathered = seen.mean_dim(1_i64, false, None) * (seen.size()[1] as f64).sqrt();
        let [weight, bias] = [0, 1].map(|index| &parameters[self.encoder_head + index]);
        posterior(&gathered.linear(weight, Some(bias)))
    }

    /// What the likelihood makes of latent vectors, `[rows, latent]`, and conditions, `[rows, 1]`. A parameter's token
    /// starts as the sum of its identity and both of their tokens, and is read by weights of its own: by attention alone
    /// the latent vector would reach it thinned by the number of tokens, the divergence would outweigh what it says, and
    /// most of its numbers would stay unused (on ten correlated parameters all but one, now two or more).
    pub(super) fn decode(&self, z: &Tensor, condition: &Tensor, parameters: &[Tensor]) -> Tensor {
        let (rows, dimensions) = (z.size()[0], self.standard.dimensions() as i64);
        let [weight, bias, value, identity, identities] =
            [0, 1, 2, 3, 4].map(|index| &parameters[self.decoder_tokens + index]);
        let z = z.linear(weight, Some(bias)).unsqueeze(1);
        let condition = identity.addcmul(&centred(condition), value).unsqueeze(1);
        let tokens = Tensor::cat(&[identities + &z + &condition, condition, z], 1);
        let read = self.decoder.forward(&tokens, parameters).narrow(1, 0, dimensions);
        let [weight, bias] = [0, 1].map(|index| &parameters[self.decoder_head + index]);
        let head = bias.baddbmm(&self.decoder.finish(&read, parameters).transpose(0, 1), weight, 1, 1);
        head.permute([1, 2, 0]).reshape([rows, -1])
    }

    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let (dimensions, width, latent) = (self.standard.dimensions(), self.width, self.latent.to_string());
        let rows = graph.add("parameters", format!("{dimensions}, standardised"), "input", &[]);
        let condition = graph.add("fval", "condition", "input", &[]);
        let tokens = format!("{} × {width}", dimensions + 1);
        let tokens = graph.add("tokens", tokens, "encoder", &[rows, condition]);
        let encoded = self.encoder.draw(&mut graph, "encoder", &[tokens]);
        let pooled = graph.add("mean over tokens", String::new(), "encoder", &[encoded]);
        let head = graph.add("Gemm", format!("{width} → {}", 2 * self.latent), "encoder", &[pooled]);
        let mean = graph.add("mean", latent.clone(), "latent", &[head]);
        let variance = graph.add("log variance", latent, "latent", &[head]);
        let drawn = graph.add("z", "mean + sd × noise", "latent", &[mean, variance]);
        let tokens = format!("{} × {width}", dimensions + 2);
        let tokens = graph.add("tokens", tokens, "decoder", &[drawn, condition]);
        let decoded = self.decoder.draw(&mut graph, "decoder", &[tokens]);
        let head = format!("{width} → {} each", self.likelihood.outputs(1));
        let head = graph.add("Gemm", head, "decoder", &[decoded]);
        graph.add("parameters", self.likelihood.title(), "decoder", &[head]);
        graph
    }

    /// The mean reconstruction loss of a batch and its divergence.
    fn losses(&self, parameters: &[Tensor], rows: &Rows, noise: &Tensor) -> (Tensor, Tensor) {
        let (mean, log_variance) = self.encode(rows, parameters);
        let head = self.decode(&draw(&mean, &log_variance, noise), &rows.c, parameters);
        let reconstruction = self.likelihood.loss(&head, &rows.x).sum(Kind::Float) / rows.len() as f64;
        (reconstruction, charge(&mean, &log_variance, None, self.free))
    }
}

/// Conditions on the scale of standardised values.
fn centred(condition: &Tensor) -> Tensor {
    condition * 2.0 - 1.0
}

impl Network for TransformerNetwork {
    fn parameters(&self) -> &Layout {
        &self.parameters
    }

    fn statistics(&self) -> &Layout {
        &self.statistics
    }

    fn noise(&self) -> usize {
        self.latent
    }

    /// By libtorch's automatic differentiation: matrix products are nearly all of the work here, so that written-out
    /// gradients would save little. On one thread it adds in one order.
    fn gradient(
        &self,
        parameters: &[Tensor],
        _statistics: &[Tensor],
        rows: &Rows,
        noise: &Tensor,
        weight: f64,
        gradients: &[Tensor],
    ) {
        let leaves: Vec<Tensor> = parameters.iter().map(|one| one.detach().set_requires_grad(true)).collect();
        let (reconstruction, divergence) = self.losses(&leaves, rows, noise);
        let found = Tensor::run_backward(&[reconstruction + divergence * weight], &leaves, false, false);
        no_grad(|| {
            for (gradient, found) in gradients.iter().zip(&found) {
                gradient.shallow_clone().copy_(found);
            }
        });
    }

    fn evaluate(&self, parameters: &[Tensor], _statistics: &[Tensor], rows: &Rows, noise: &Tensor) -> Evaluation {
        let mut sums = [0.0; 2];
        let mut means = Vec::new();
        for (first, count) in split(rows.len(), BLOCK) {
            let (rows, noise) = (rows.narrow(first, count), noise.narrow(0, first, count));
            let (mean, log_variance) = self.encode(&rows, parameters);
            let decode = |z: &Tensor| self.decode(z, &rows.c, parameters);
            let head = decode(&draw(&mean, &log_variance, &noise));
            sums[0] += self.likelihood.loss(&head, &rows.x).sum(Kind::Double).double_value(&[]);
            sums[1] += charge(&mean, &log_variance, None, self.free).double_value(&[]) * count as f64;
            means.push(self.likelihood.mean(&decode(&mean)));
        }
        let [reconstruction, kl] = sums.map(|sum| sum / rows.len() as f64);
        Evaluation { reconstruction, kl, reconstructed: Tensor::cat(&means, 0) }
    }

    fn bernoulli(&self) -> bool {
        self.likelihood == Likelihood::Bernoulli
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::learn::transformer_cvae::settings::{read, schema};
    use crate::random::Streams;
    use crate::schema::Value;

    /// Two blocks of width 8 with two heads.
    pub(in crate::learn::transformer_cvae) fn settings() -> TransformerSettings {
        let fields = schema().fields.into_iter().filter_map(|field| Some((field.name.to_owned(), field.default?)));
        let mut settings: std::collections::BTreeMap<_, _> = fields.collect();
        settings.insert("kind".into(), Value::choice("transformer_cvae", []));
        for (name, value) in [("width", 8), ("heads", 2), ("blocks", 2), ("latent", 2)] {
            settings.insert(name.into(), Value::Integer(value));
        }
        read(&settings).expect("settings")
    }

    #[test]
    fn gradients_are_finite_differences_of_the_loss() {
        let values: Vec<f32> = (0..60_i16).map(|i| f32::from(i * i % 17) / 16.0).collect();
        let rows = Rows::new(&values, 3);
        let network = TransformerNetwork::new(&settings(), Standard::new(&rows.x));
        let (layout, streams) = (&network.parameters, Streams::new(1, "network"));
        let flat = noise(1, layout.len(), &streams, 0).view([-1]) * 0.3;
        let draws = noise(15, 2, &streams, 1);
        let gradient = flat.full_like(f64::NAN);
        network.gradient(&layout.views(&flat), &[], &rows, &draws, 0.7, &layout.views(&gradient));
        // In 64-bit numbers the differences have digits to spare.
        let loss = |flat: &Tensor| {
            let (reconstruction, divergence) = network.losses(&layout.views(flat), &rows, &draws);
            (reconstruction + divergence * 0.7).double_value(&[])
        };
        let scale = gradient.abs().max().double_value(&[]);
        assert!(scale.is_finite());
        layout.assert_slopes(&flat, &gradient, (3e-2, 0.02, 1e-4), loss);
    }
}
