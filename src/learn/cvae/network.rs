//! Encoder, latent draw and decoder, and the loss over them.

use tch::{Kind, Tensor};

use super::likelihood::Likelihood;
use super::loss;
use super::mlp::Mlp;
use super::posterior::{self, LOG_VARIANCE_BOUND, charge, charge_gradient, draw};
use super::settings::{CvaeSettings, Layer, NetworkSettings, PriorSettings};
use crate::graph::Graph;
use crate::learn::data::Rows;
use crate::learn::parameters::Layout;
use crate::learn::training::{Evaluation, Network};

/// The network of a cVAE, without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CvaeNetwork {
    pub(super) likelihood: Likelihood,
    dimensions: usize,
    latent: usize,
    /// What each latent dimension may say at no charge, in nats.
    free: f64,
    encoder: Mlp,
    decoder: Mlp,
    /// From a condition to the prior, where it is not the standard normal.
    prior: Option<Mlp>,
    parameters: Layout,
    statistics: Layout,
}

impl CvaeNetwork {
    /// The network for vectors of `dimensions` parameters.
    pub(super) fn new(settings: &CvaeSettings, dimensions: usize) -> Self {
        let (mut parameters, mut statistics) = (Layout::default(), Layout::default());
        let (likelihood, latent) = (loss::likelihood(&settings.loss), settings.latent);
        let (wide, deep) = (dimensions as i64, latent as i64);
        let head = likelihood.outputs(dimensions) as i64;
        let encoder = Mlp::new("encoder", &settings.encoder, wide + 1, 2 * deep, &mut parameters, &mut statistics);
        let decoder = Mlp::new("decoder", &settings.decoder, deep + 1, head, &mut parameters, &mut statistics);
        let prior = match settings.prior {
            PriorSettings::Standard => None,
            PriorSettings::Conditional { width } => {
                let layers = vec![Layer::Gemm, Layer::Relu];
                let hidden = NetworkSettings::Mlp { depth: 1, width, layers, widths: None };
                Some(Mlp::new("prior", &hidden, 1, 2 * deep, &mut parameters, &mut statistics))
            }
        };
        let free = loss::free_bits(&settings.loss);
        Self { likelihood, dimensions, latent, free, encoder, decoder, prior, parameters, statistics }
    }

    /// Mean and logarithm of the variance of the prior at conditions, `[rows, 1]`; none for the standard normal.
    pub(super) fn prior(&self, c: &Tensor, parameters: &[Tensor], statistics: &[Tensor]) -> Option<(Tensor, Tensor)> {
        let head = self.prior.as_ref()?.forward(c, parameters, statistics);
        Some(posterior::posterior(&head))
    }

    /// Mean and logarithm of the variance of the latent posterior of rows with their condition in the last column.
    pub(super) fn encode(&self, xc: &Tensor, parameters: &[Tensor], statistics: &[Tensor]) -> (Tensor, Tensor) {
        posterior::posterior(&self.encoder.forward(xc, parameters, statistics))
    }

    /// What the likelihood makes of latent vectors with their condition in the last column.
    pub(super) fn decode(&self, zc: &Tensor, parameters: &[Tensor], statistics: &[Tensor]) -> Tensor {
        self.decoder.forward(zc, parameters, statistics)
    }

    /// The gradient by the encoder's head, and by the head of a learnt prior, through the draw and by what the loss
    /// charges for the divergence, times `weight`.
    fn charged_gradient(
        &self,
        heads: (&Tensor, Option<&Tensor>),
        noise: &Tensor,
        by_z: &Tensor,
        weight: f64,
    ) -> (Tensor, Option<Tensor>) {
        let (head, prior_head) = heads;
        let (mean, log_variance) = posterior::posterior(head);
        let prior = prior_head.map(posterior::posterior);
        let [by_mean, by_log_variance, by_centre, by_log_width] =
            charge_gradient(&mean, &log_variance, prior.as_ref(), self.free);
        let sd = (&log_variance * 0.5).exp();
        let within =
            |head: &Tensor| head.narrow(1, self.latent as i64, self.latent as i64).abs().le(LOG_VARIANCE_BOUND);
        let by_log_variance = (by_z * noise * sd * 0.5 + by_log_variance * weight) * within(head);
        let by_head = Tensor::cat(&[by_z + by_mean * weight, by_log_variance], 1);
        let by_prior =
            prior_head.map(|head| Tensor::cat(&[by_centre * weight, by_log_width * weight * within(head)], 1));
        (by_head, by_prior)
    }

    /// The gradient by the encoder's head, through the draw and by the mean divergence from the standard normal times
    /// `weight`: what [`CvaeNetwork::charged_gradient`] comes to where nothing is free, in fewer operations.
    fn posterior_gradient(&self, head: &Tensor, noise: &Tensor, by_z: &Tensor, weight: f64) -> Tensor {
        let (mean, log_variance) = posterior::posterior(head);
        let share = weight / head.size()[0] as f64;
        let sd = (log_variance * 0.5).exp();
        let by_log_variance = (by_z * noise * &sd + (sd.square() - 1.0) * share) * 0.5;
        let raw = head.narrow(1, self.latent as i64, self.latent as i64);
        let by_log_variance = by_log_variance * raw.abs().le(LOG_VARIANCE_BOUND);
        Tensor::cat(&[by_z + mean * share, by_log_variance], 1)
    }

    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let rows = graph.add("parameters", format!("{}, scaled to 0..1", self.dimensions), "input", &[]);
        let condition = graph.add("fval", "condition", "input", &[]);
        let encoded = self.encoder.draw(&mut graph, "encoder", &[rows, condition]);
        let mean = graph.add("mean", self.latent.to_string(), "latent", &[encoded]);
        let variance = graph.add("log variance", self.latent.to_string(), "latent", &[encoded]);
        if let Some(prior) = &self.prior {
            let learnt = prior.draw(&mut graph, "latent", &[condition]);
            graph.add("prior", format!("{} at each condition", self.latent), "latent", &[learnt]);
        }
        let drawn = graph.add("z", "mean + sd × noise", "latent", &[mean, variance]);
        let decoded = self.decoder.draw(&mut graph, "decoder", &[drawn, condition]);
        graph.add("parameters", self.likelihood.title(), "decoder", &[decoded]);
        graph
    }
}

impl Network for CvaeNetwork {
    fn parameters(&self) -> &Layout {
        &self.parameters
    }

    fn statistics(&self) -> &Layout {
        &self.statistics
    }

    fn noise(&self) -> usize {
        self.latent
    }

    fn gradient(
        &self,
        parameters: &[Tensor],
        statistics: &[Tensor],
        rows: &Rows,
        noise: &Tensor,
        weight: f64,
        gradients: &[Tensor],
    ) {
        let (encoded, encoder_tape) = self.encoder.forward_training(&rows.xc, parameters, statistics);
        let (mean, log_variance) = posterior::posterior(&encoded);
        let z = draw(&mean, &log_variance, noise);
        let zc = Tensor::cat(&[&z, &rows.c], 1);
        let (decoded, decoder_tape) = self.decoder.forward_training(&zc, parameters, statistics);
        let by_decoded = self.likelihood.gradient(&decoded, &rows.x);
        let by_zc = self.decoder.backward(&decoder_tape, by_decoded, parameters, gradients);
        let by_z = by_zc.narrow(1, 0, self.latent as i64);
        let prior = self.prior.as_ref().map(|prior| (prior, prior.forward_training(&rows.c, parameters, statistics)));
        let by_encoded = if prior.is_none() && self.free == 0.0 {
            self.posterior_gradient(&encoded, noise, &by_z, weight)
        } else {
            let heads = (&encoded, prior.as_ref().map(|(_, (head, _))| head));
            let (by_encoded, by_prior) = self.charged_gradient(heads, noise, &by_z, weight);
            if let (Some((prior, (_, tape))), Some(by_prior)) = (&prior, by_prior) {
                let _ = prior.backward(tape, by_prior, parameters, gradients);
            }
            by_encoded
        };
        let _ = self.encoder.backward(&encoder_tape, by_encoded, parameters, gradients);
    }

    fn evaluate(&self, parameters: &[Tensor], statistics: &[Tensor], rows: &Rows, noise: &Tensor) -> Evaluation {
        let (mean, log_variance) = self.encode(&rows.xc, parameters, statistics);
        let decode = |z: &Tensor| self.decode(&Tensor::cat(&[z, &rows.c], 1), parameters, statistics);
        let z = draw(&mean, &log_variance, noise);
        let loss = self.likelihood.loss(&decode(&z), &rows.x).sum(Kind::Double) / rows.len() as f64;
        Evaluation {
            reconstruction: loss.double_value(&[]),
            kl: charge(&mean, &log_variance, self.prior(&rows.c, parameters, statistics).as_ref(), self.free)
                .double_value(&[]),
            reconstructed: self.likelihood.mean(&decode(&mean)),
        }
    }

    fn bernoulli(&self) -> bool {
        self.likelihood == Likelihood::Bernoulli
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::cvae::settings::{read, schema};
    use crate::schema::Value;

    /// A learnt prior and free bits, of which some dimensions use all and others none.
    fn changed(settings: &mut std::collections::BTreeMap<String, Value>) {
        settings.insert("prior".into(), Value::choice("conditional", [("width", Value::Integer(5))]));
        let kl = [
            ("weight", Value::Number(1.0)),
            ("anneal", Value::choice("none", [])),
            ("free_bits", Value::Number(0.005)),
        ];
        settings.insert("loss".into(), Value::List(vec![Value::choice("gaussian", []), Value::choice("kl", kl)]));
    }

    #[test]
    fn gradients_are_those_of_libtorch() {
        for change in [|_: &mut _| {}, changed] {
            compare(change);
        }
    }

    fn compare(change: fn(&mut std::collections::BTreeMap<String, Value>)) {
        let settings = schema().fields.into_iter().filter_map(|field| Some((field.name.to_owned(), field.default?)));
        let mut settings: std::collections::BTreeMap<_, _> = settings.collect();
        settings.insert("kind".into(), Value::choice("cvae", []));
        change(&mut settings);
        let network = CvaeNetwork::new(&read(&settings).expect("settings"), 3);
        let streams = crate::random::Streams::new(1, "network");
        let flat = |layout: &Layout| Tensor::from_slice(&layout.start(&streams));
        let (parameters, statistics) = (flat(&network.parameters), flat(&network.statistics));
        let statistics = network.statistics.views(&statistics);
        let values: Vec<f32> = (0..60_i16).map(|i| f32::from(i * i % 17) / 16.0).collect();
        let (rows, noise) = (Rows::new(&values, 3), crate::learn::batches::noise(15, 8, &streams, 0));

        let gradient = parameters.zeros_like();
        let views = network.parameters.views(&parameters);
        network.gradient(&views, &statistics, &rows, &noise, 0.7, &network.parameters.views(&gradient));

        let parameters = parameters.set_requires_grad(true);
        let views = network.parameters.views(&parameters);
        let (encoded, _) = network.encoder.forward_training(&rows.xc, &views, &statistics);
        let (mean, log_variance) = posterior::posterior(&encoded);
        let zc = Tensor::cat(&[&draw(&mean, &log_variance, &noise), &rows.c], 1);
        let (decoded, _) = network.decoder.forward_training(&zc, &views, &statistics);
        let loss = network.likelihood.loss(&decoded, &rows.x).sum(Kind::Float) / 15.0;
        let prior = network.prior(&rows.c, &views, &statistics);
        let loss = loss + charge(&mean, &log_variance, prior.as_ref(), network.free) * 0.7;
        let expected = Tensor::run_backward(&[&loss], &[&parameters], false, false).swap_remove(0);
        let scale = expected.abs().max().double_value(&[]);
        let error = (gradient - expected).abs().max().double_value(&[]);
        assert!(error < 1e-5 * scale, "off by {error} of {scale}");
    }
}
