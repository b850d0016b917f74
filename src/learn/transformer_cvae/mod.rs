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

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};

use self::network::TransformerNetwork;
pub use self::settings::{KIND, TransformerSettings, schema};
use super::archive::Archive;
use super::batches::split;
use super::data::{Space, TrainingData};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::{tensor, values};
use super::sampling::{self, BLOCK};
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
    let identity = training::identity(&settings, data, streams);
    let outcome = training::train(&network, &scaled, &settings.regime(), &identity, streams, session)?;
    let space = scaled.space;
    Ok(outcome.trained(KIND.name, |weights, _| TransformerCvae { settings, space, network, weights }))
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
    /// The vectors of these numbers. What a likelihood draws goes on in the streams of the latent vectors.
    fn block(&self, condition: f32, range: Range<usize>, streams: &Streams) -> Vec<Vec<f64>> {
        let latent = self.settings.latent;
        let mut generators: Vec<_> = range.map(|index| streams.stream(index as u64)).collect();
        let mut z: Vec<f32> = Vec::with_capacity(BLOCK * latent);
        for stream in &mut generators {
            z.extend((0..latent).map(|_| -> f32 { StandardNormal.sample(stream) }));
        }
        z.resize(BLOCK * latent, 0.0);
        let (head, width) = self.network.parameters().with(&self.weights, |weights| {
            let z = tensor(&z, &[BLOCK as i64, latent as i64]);
            let conditions = tensor(&[condition; BLOCK], &[BLOCK as i64, 1]);
            let head = self.network.decode(&z, &conditions, weights);
            (values(&head), head.size()[1] as usize)
        });
        let rows = head.chunks_exact(width).zip(&mut generators);
        let drawn = |head: &[f32], stream| self.network.likelihood.draw(head, self.space.names.len(), stream);
        rows.map(|(head, stream)| self.space.unscale_row(&drawn(head, stream))).collect()
    }
}

impl Generator for TransformerCvae {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        sampling::in_blocks(condition, count, |condition, range| self.block(condition, range, streams))
    }

    fn embed(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        if rows.is_empty() && conditions.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.space.rows(rows, conditions)?;
        let means: Vec<f32> = self.network.parameters().with(&self.weights, |weights| {
            let parts = split(rows.len(), BLOCK).into_iter();
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
