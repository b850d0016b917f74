//! The conditional variational autoencoder (Kingma and Welling 2014; Sohn, Lee and Yan 2015): an encoder from a scaled
//! parameter vector and its condition to a Gaussian over latent vectors, a decoder from a latent vector and the
//! condition to a distribution of parameter vectors, trained on the evidence lower bound.

pub(super) mod likelihood;
pub(super) mod loss;
mod mlp;
mod network;
pub(super) mod posterior;
pub(super) mod settings;

use rand_distr::{Distribution, StandardNormal};
use tch::Tensor;

use self::network::CvaeNetwork;
pub use self::settings::{
    AnnealSettings, CvaeSettings, KIND, Layer, LossTerm, NetworkSettings, PriorSettings, TrainSettings, schema,
};
use super::archive::Archive;
use super::data::{Space, TrainingData};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::{tensor, values};
use super::sampling::finite_condition;
use super::training::{self, Network as _};
use crate::graph::Graph;
use crate::random::Streams;

/// How this kind is trained, and read from its file.
pub const ENGINE: Engine = Engine { train, load };

/// A trained conditional variational autoencoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Cvae {
    settings: CvaeSettings,
    space: Space,
    network: CvaeNetwork,
    parameters: Vec<f32>,
    statistics: Vec<f32>,
}

/// Trains a cVAE.
fn train(
    settings: &Settings,
    data: &TrainingData,
    streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    let settings = settings::read(settings)?;
    let scaled = data.scaled()?;
    let network = CvaeNetwork::new(&settings, data.names.len());
    let identity = training::identity(&settings, data, streams);
    let outcome = training::train(&network, &scaled, &settings.regime(), &identity, streams, session)?;
    let space = scaled.space;
    Ok(outcome.trained(KIND.name, |parameters, statistics| Cvae { settings, space, network, parameters, statistics }))
}

/// Builds a cVAE from its file; all sizes come from settings within their limits and must fit the arrays.
fn load(archive: &Archive) -> Result<Box<dyn Generator>, LearnError> {
    let settings: CvaeSettings = archive.describe("settings")?;
    settings.check()?;
    let space = Space::read(archive)?;
    let network = CvaeNetwork::new(&settings, space.names.len());
    let (parameters, statistics) = (network.parameters().read(archive)?, network.statistics().read(archive)?);
    Ok(Box::new(Cvae { settings, space, network, parameters, statistics }))
}

impl Cvae {
    /// Runs `compute` with the weights as tensors, without gradients, on one thread.
    fn with_weights<T>(&self, compute: impl FnOnce(&[Tensor], &[Tensor]) -> T) -> T {
        self.network.parameters().with(&self.parameters, |parameters| {
            self.network.statistics().with(&self.statistics, |statistics| compute(parameters, statistics))
        })
    }

    /// Mean and standard deviation of the latent dimensions at a condition, where the prior is a learnt one.
    fn prior(&self, condition: f32) -> Option<(Vec<f32>, Vec<f32>)> {
        self.with_weights(|parameters, statistics| {
            let at = tensor(&[condition], &[1, 1]);
            let (centre, log_width) = self.network.prior(&at, parameters, statistics)?;
            Some((values(&centre), values(&(log_width * 0.5).exp())))
        })
    }
}

impl Generator for Cvae {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        let condition = finite_condition(condition, 0)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let latent = self.settings.latent;
        let mut generators: Vec<_> = (0..count as u64).map(|index| streams.stream(index)).collect();
        let mut decoder_input = Vec::with_capacity(count * (latent + 1));
        for stream in &mut generators {
            decoder_input.extend((0..latent).map(|_| -> f32 { StandardNormal.sample(stream) }));
            decoder_input.push(condition);
        }
        if let Some((centre, deviation)) = self.prior(condition) {
            for row in decoder_input.chunks_exact_mut(latent + 1) {
                for ((z, centre), deviation) in row.iter_mut().zip(&centre).zip(&deviation) {
                    *z = centre + deviation * *z;
                }
            }
        }
        let decoder_input = tensor(&decoder_input, &[count as i64, latent as i64 + 1]);
        let likelihood = self.network.likelihood;
        let (head, width) = self.with_weights(|parameters, statistics| {
            let head = self.network.decode(&decoder_input, parameters, statistics);
            (values(&head), head.size()[1] as usize)
        });
        let rows = head.chunks_exact(width).zip(&mut generators);
        Ok(rows
            .map(|(head, stream)| {
                let scaled = likelihood.draw(head, self.space.names.len(), stream);
                self.space.unscale_row(&scaled)
            })
            .collect())
    }

    fn embed(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        if rows.is_empty() && conditions.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.space.rows(rows, conditions)?;
        let means = self
            .with_weights(|parameters, statistics| values(&self.network.encode(&rows.xc, parameters, statistics).0));
        Ok(means.chunks_exact(self.settings.latent).map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect())
    }

    fn graph(&self) -> Graph {
        self.network.graph()
    }

    fn parameters(&self) -> usize {
        self.parameters.len()
    }

    fn write(&self, archive: &mut Archive) {
        archive.description["settings"] = serde_json::to_value(&self.settings).expect("settings are plain data");
        self.space.write(archive);
        self.network.parameters().write(&self.parameters, archive);
        self.network.statistics().write(&self.statistics, archive);
    }
}
