//! A conditional variational autoencoder (Kingma and Welling 2014; Sohn, Lee and Yan 2015) whose encoder and decoder
//! attend over parameters (Vaswani et al. 2017): each parameter is a token, and the condition is one.
//!
//! The encoder sees each parameter as its identity with its value (Gorishniy et al. 2021); the latent Gaussian is read
//! from the mean of all tokens. The decoder has a token of the latent vector and one of the condition, and starts each
//! parameter's as the sum of its identity and these two; each parameter's distribution is read from its own token. Given
//! the latent vector parameters are independent, as they are in the cVAE of perceptrons, whose losses and history these
//! are too. There is no dropout: training draws the order of rows and the latent noise, and nothing else.

mod blocks;
mod network;
pub(super) mod settings;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use tch::{Tensor, no_grad};

use self::network::{AT_ONCE, TransformerNetwork};
pub use self::settings::{KIND, TransformerSettings, schema};
use super::archive::Archive;
use super::batches::split;
use super::data::{Rows, Space, TrainingData, same_length};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::{one_thread, tensor, values};
use super::standard::Standard;
use super::training::{self, Network as _};
use crate::graph::Graph;
use crate::random::Streams;

/// How this kind is trained, and read from its file.
pub const ENGINE: Engine = Engine { train, load };

/// A trained cVAE of attention blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerCvae {
    settings: TransformerSettings,
    space: Space,
    network: TransformerNetwork,
    weights: Vec<f32>,
}

/// Trains a cVAE of attention blocks.
fn train(
    settings: &Settings,
    data: &TrainingData,
    streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    let settings = settings::read(settings)?;
    let scaled = data.scaled()?;
    let network = TransformerNetwork::new(&settings, Standard::new(&scaled.training.x));
    let draws: [u64; 2] = streams.part("identity").stream(0).random();
    let identity = format!("{settings:?} {} {draws:?}", data.fingerprint());
    let outcome = training::train(&network, &scaled, &settings.regime(), &identity, streams, session)?;
    let weights = outcome.parameters;
    Ok(Trained {
        kind: KIND.name,
        history: outcome.history,
        best_epoch: outcome.best_epoch,
        validation_loss: outcome.validation_loss,
        warnings: outcome.warnings,
        generator: Box::new(TransformerCvae { settings, space: scaled.space, network, weights }),
    })
}

/// Builds a generator from its file; all sizes come from settings within their limits and must fit the arrays.
fn load(archive: &Archive) -> Result<Box<dyn Generator>, LearnError> {
    let settings: TransformerSettings = archive.describe("settings")?;
    settings.check()?;
    let space = Space::read(archive)?;
    let network = TransformerNetwork::new(&settings, Standard::read(archive, space.names.len())?);
    let weights = network.parameters().read(archive)?;
    Ok(Box::new(TransformerCvae { settings, space, network, weights }))
}

impl TransformerCvae {
    /// Runs `compute` with the weights as tensors, without gradients, on one thread.
    fn with_weights<T>(&self, compute: impl FnOnce(&[Tensor]) -> T) -> T {
        // The setting is one of each thread.
        one_thread();
        no_grad(|| {
            let flat = tensor(&self.weights, &[self.weights.len() as i64]);
            compute(&self.network.parameters().views(&flat))
        })
    }

    /// The vectors from `first` on, [`AT_ONCE`] of them, or fewer where `count` ends. Always as many are computed, the
    /// last ones for nothing: how a matrix product adds up depends on the number of its rows, and a vector must not
    /// depend on how many others are asked for.
    fn block(&self, condition: f32, first: usize, count: usize, streams: &Streams) -> Vec<Vec<f64>> {
        let (latent, end) = (self.settings.latent, (first + AT_ONCE).min(count));
        let mut generators: Vec<_> = (first..end).map(|index| streams.stream(index as u64)).collect();
        let mut z: Vec<f32> = Vec::with_capacity(AT_ONCE * latent);
        for stream in &mut generators {
            z.extend((0..latent).map(|_| -> f32 { StandardNormal.sample(stream) }));
        }
        z.resize(AT_ONCE * latent, 0.0);
        let (head, width) = self.with_weights(|weights| {
            let z = tensor(&z, &[AT_ONCE as i64, latent as i64]);
            let conditions = tensor(&[condition; AT_ONCE], &[AT_ONCE as i64, 1]);
            let head = self.network.decode(&z, &conditions, weights);
            (values(&head), head.size()[1] as usize)
        });
        let rows = head.chunks_exact(width).zip(&mut generators);
        rows.map(|(head, stream)| {
            let scaled = self.network.likelihood.draw(head, self.space.names.len(), stream);
            scaled.iter().enumerate().map(|(column, &value)| self.space.unscale(column, value)).collect()
        })
        .collect()
    }
}

impl Generator for TransformerCvae {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        let condition = condition as f32;
        if !condition.is_finite() {
            return Err(LearnError::NotFinite { row: 0, name: "condition".into() });
        }
        let blocks = (0..count.div_ceil(AT_ONCE)).into_par_iter();
        Ok(blocks.flat_map_iter(|block| self.block(condition, block * AT_ONCE, count, streams)).collect())
    }

    fn embed(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        same_length("conditions", conditions.len(), rows.len())?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut scaled = Vec::new();
        for (index, (row, &condition)) in rows.iter().zip(conditions).enumerate() {
            scaled.extend(self.space.scale(row, index)?);
            if !(condition as f32).is_finite() {
                return Err(LearnError::NotFinite { row: index, name: "condition".into() });
            }
            scaled.push(condition as f32);
        }
        let rows = Rows::new(&scaled, self.space.names.len());
        let means: Vec<f32> = self.with_weights(|weights| {
            let parts = split(rows.len(), AT_ONCE).into_iter();
            parts
                .flat_map(|(first, count)| values(&self.network.encode(&rows.narrow(first, count), weights).0))
                .collect()
        });
        Ok(means.chunks_exact(self.settings.latent).map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect())
    }

    fn graph(&self) -> Graph {
        self.network.graph()
    }

    fn parameters(&self) -> usize {
        self.weights.len()
    }

    fn write(&self, archive: &mut Archive) {
        archive.description["settings"] = serde_json::to_value(&self.settings).expect("settings are plain data");
        self.space.write(archive);
        self.network.standard.write(archive);
        self.network.parameters().write(&self.weights, archive);
    }
}
