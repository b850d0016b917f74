//! Conditional flow matching (Lipman et al. 2023): a network learns the velocity of straight paths from standard normal
//! noise x0 to rows x1, (1 - t) x0 + t x1 at time t, with the velocity x1 - x0, given time and condition; samples are the
//! ends of paths along the learnt velocity. Conditions are hidden from some rows, so that sampling can be guided
//! (classifier-free guidance, Ho and Salimans 2022).
//!
//! The flow lives where each parameter has mean 0 and standard deviation 1 over the training rows, an affine image of
//! 0..1. A logit, which would keep samples within the bounds, sends rows that lie on a bound to infinity, and descents
//! leave many there. With -1..1, parameters that the data determine well would be narrow beside noise of deviation 1,
//! and the velocity would be almost all noise; standardised ones start at the scale that they end at.
//!
//! In the history, `loss` and `reconstruction` are the mean squared error of the velocity, the mean over parameters,
//! weighted by `favour`, on noise and times that are the same in all epochs; a flow that knows nothing has 2. `kl` is 0:
//! there is no divergence. `rmse`, `pearson` and `spearman` compare rows with their estimate from the middle of the
//! path, half row and half noise: an autoencoder's are those of a reconstruction, so that kinds do not compare in them.

mod network;
mod objective;
pub(super) mod settings;
mod solver;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use tch::no_grad;

use self::network::VelocityNetwork;
use self::objective::{Objective, features_count};
pub use self::settings::{FlowSettings, KIND, schema};
use super::archive::Archive;
use super::average;
use super::data::{Space, TrainingData};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::{one_thread, tensor, values};
use super::standard::Standard;
use super::training::{self, Anneal};
use crate::graph::Graph;
use crate::random::Streams;

/// How this kind is trained, and read from its file.
pub const ENGINE: Engine = Engine { train, load };

/// A trained conditional flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    settings: FlowSettings,
    space: Space,
    standard: Standard,
    network: VelocityNetwork,
    weights: Vec<f32>,
}

/// Vectors that are sampled at once. Always as many, the last ones for nothing: how a matrix product adds up depends on
/// the number of its rows, and a vector must not depend on how many others are asked for. Their states fit a core's
/// cache.
const BLOCK: usize = 128;

/// Trains a flow.
fn train(
    settings: &Settings,
    data: &TrainingData,
    streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    let settings = settings::read(settings)?;
    let scaled = data.scaled()?;
    let network = velocity_network(&settings, data.names.len());
    let objective = Objective::new(&settings, &network, &scaled.training);
    let draws: [u64; 2] = streams.part("identity").stream(0).random();
    let identity = format!("{settings:?} {} {draws:?}", data.fingerprint());
    let regime = settings.train.regime(0.0, Anneal::None);
    let outcome = training::train(&objective, &scaled, &regime, &identity, streams, session)?;
    let (standard, weights) = (objective.standard(), average::flat(&outcome.statistics));
    Ok(Trained {
        kind: KIND.name,
        history: outcome.history,
        best_epoch: outcome.best_epoch,
        validation_loss: outcome.validation_loss,
        warnings: outcome.warnings,
        generator: Box::new(Flow { space: scaled.space, standard, network, weights, settings }),
    })
}

/// Builds a flow from its file; all sizes come from settings within their limits and must fit the arrays.
fn load(archive: &Archive) -> Result<Box<dyn Generator>, LearnError> {
    let settings: FlowSettings = archive.describe("settings")?;
    settings.check()?;
    let space = Space::read(archive)?;
    let standard = Standard::read(archive, space.names.len())?;
    let network = velocity_network(&settings, space.names.len());
    let weights = network.layout().read(archive)?;
    Ok(Box::new(Flow { settings, space, standard, network, weights }))
}

fn velocity_network(settings: &FlowSettings, dimensions: usize) -> VelocityNetwork {
    VelocityNetwork::new(dimensions, features_count(settings), settings.width, settings.blocks)
}

impl Flow {
    /// The scaled vectors from `first` on, [`BLOCK`] of them, or fewer where `count` ends.
    fn block(&self, condition: f32, first: usize, count: usize, streams: &Streams) -> Vec<f32> {
        let dimensions = self.space.names.len();
        let end = (first + BLOCK).min(count);
        let mut noise = Vec::with_capacity(BLOCK * dimensions);
        for index in first..end {
            let mut stream = streams.stream(index as u64);
            noise.extend((0..dimensions).map(|_| -> f32 { StandardNormal.sample(&mut stream) }));
        }
        noise.resize(BLOCK * dimensions, 0.0);
        // The setting is one of each thread.
        one_thread();
        let mut scaled = no_grad(|| {
            let weights = self.network.layout().views(&tensor(&self.weights, &[self.weights.len() as i64]));
            let noise = tensor(&noise, &[BLOCK as i64, dimensions as i64]);
            values(&self.standard.scaled(&solver::solve(&self.settings, &self.network, &weights, &noise, condition)))
        });
        scaled.truncate((end - first) * dimensions);
        scaled
    }
}

impl Generator for Flow {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        let condition = condition as f32;
        if !condition.is_finite() {
            return Err(LearnError::NotFinite { row: 0, name: "condition".into() });
        }
        let blocks = (0..count.div_ceil(BLOCK)).into_par_iter();
        Ok(blocks
            .flat_map_iter(|block| {
                let scaled = self.block(condition, block * BLOCK, count, streams);
                let estimation_scale = |row: &[f32]| {
                    row.iter()
                        .enumerate()
                        .map(|(column, &value)| self.space.unscale(column, f64::from(value)))
                        .collect::<Vec<f64>>()
                };
                scaled.chunks_exact(self.space.names.len()).map(estimation_scale).collect::<Vec<_>>()
            })
            .collect())
    }

    fn embed(&self, _rows: &[Vec<f64>], _conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        Err(LearnError::NoLatentSpace(self.settings.kind.clone()))
    }

    fn graph(&self) -> Graph {
        self.network.graph(self.settings.steps)
    }

    fn parameters(&self) -> usize {
        self.weights.len()
    }

    fn write(&self, archive: &mut Archive) {
        archive.description["settings"] = serde_json::to_value(&self.settings).expect("settings are plain data");
        self.space.write(archive);
        self.standard.write(archive);
        self.network.layout().write(&self.weights, archive);
    }
}
