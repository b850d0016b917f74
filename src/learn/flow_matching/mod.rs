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

use self::network::VelocityNetwork;
use self::objective::{Objective, features_count};
pub use self::settings::{FlowSettings, KIND, schema};
use super::archive::Archive;
use super::average;
use super::data::{Space, TrainingData};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::{tensor, values};
use super::sampling::{self, BLOCK};
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
    let identity = training::identity(&settings, data, streams);
    let regime = settings.train.regime(0.0, Anneal::None);
    let outcome = training::train(&objective, &scaled, &regime, &identity, streams, session)?;
    let (standard, weights) = (objective.standard(), average::flat(&outcome.statistics));
    Ok(outcome.trained(KIND.name, |_, _| Flow { space: scaled.space, standard, network, weights, settings }))
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

impl Generator for Flow {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        let dimensions = self.space.names.len();
        sampling::in_blocks(condition, count, |condition, range| {
            let asked = range.len();
            let noise = tensor(&sampling::noise(range, dimensions, streams), &[BLOCK as i64, dimensions as i64]);
            let scaled = self.network.layout().with(&self.weights, |weights| {
                values(&self.standard.scaled(&solver::solve(&self.settings, &self.network, weights, &noise, condition)))
            });
            scaled.chunks_exact(dimensions).take(asked).map(|row| self.space.unscale_row(row)).collect()
        })
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
