//! The continuous conditional generative adversarial network (Ding, Wang, Xu, Welch and Wang 2021, 2023): a generator
//! makes rows from noise and a condition, and a discriminator learns to tell them from the training rows. Hardly two
//! rows have one condition, so that the discriminator sees at each condition the rows of its vicinity, all alike within
//! a radius (hard) or the near ones more (soft); the radius may be another at each condition (adaptive, Ding et al.
//! 2025). Without a vicinity it is the conditional GAN of Mirza and Osindero 2014.
//!
//! The discriminator is held by a penalty on its slope at training rows (R1, Mescheder, Geiger and Nowozin 2018), with
//! which the game converges near its solution also where rows lie on a thin set, as descents' ends do; spectral
//! normalisation, which Ding et al. use on images, bounds the slope everywhere, and rows that the data determine well
//! need a steep one. Samples come from a running average of the generator (Yazici et al. 2019), which stands still where
//! the players circle each other.
//!
//! Both networks see rows with mean 0 and standard deviation 1 over the training rows, as flows do and for their
//! reasons.
//!
//! In the history, `loss` and `reconstruction` are the energy distance (Székely and Rizzo 2013) between rows and samples
//! at their conditions, in standardised coordinates, the mean over bins of about 64 rows of neighbouring conditions,
//! with noise that is the same in all epochs: 0, give or take chance, for a generator that is right. `kl` is 0: there is
//! no divergence. `rmse`, `pearson` and `spearman` compare rows with what the generator makes of their condition and no
//! noise: small only where the condition alone says what a row is, so that kinds do not compare in them.

mod energy;
mod network;
mod objective;
pub(super) mod settings;
pub mod vicinity;

use self::network::ConditionalNetwork;
use self::objective::Objective;
pub use self::settings::{CcganSettings, GanLoss, KIND, LabelSettings, VicinitySettings, schema};
use super::archive::Archive;
use super::data::{Space, TrainingData};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::{tensor, values};
use super::sampling::{self, BLOCK};
use super::standard::Standard;
use super::training;
use crate::graph::Graph;
use crate::random::Streams;

/// How this kind is trained, and read from its file.
pub const ENGINE: Engine = Engine { train, load };

/// A trained generator; its adversary is not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Ccgan {
    settings: CcganSettings,
    space: Space,
    standard: Standard,
    network: ConditionalNetwork,
    weights: Vec<f32>,
}

/// Trains a generator and its adversary.
fn train(
    settings: &Settings,
    data: &TrainingData,
    streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    let settings = settings::read(settings)?;
    let scaled = data.scaled()?;
    let network = ConditionalNetwork::generator(&settings, data.names.len());
    let objective = Objective::new(&settings, &network, &scaled.training);
    let identity = training::identity(&settings, data, streams);
    let outcome = training::train(&objective, &scaled, &settings.regime(), &identity, streams, session)?;
    let (weights, standard) = (objective.averaged(&outcome.statistics), objective.standard());
    Ok(outcome.trained(KIND.name, |_, _| Ccgan { space: scaled.space, standard, network, weights, settings }))
}

/// Builds a generator from its file; all sizes come from settings within their limits and must fit the arrays.
fn load(archive: &Archive) -> Result<Box<dyn Generator>, LearnError> {
    let settings: CcganSettings = archive.describe("settings")?;
    settings.check()?;
    let space = Space::read(archive)?;
    let standard = Standard::read(archive, space.names.len())?;
    let network = ConditionalNetwork::generator(&settings, space.names.len());
    let weights = network.layout().read(archive)?;
    Ok(Box::new(Ccgan { settings, space, standard, network, weights }))
}

impl Generator for Ccgan {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        let (latent, dimensions) = (self.settings.latent, self.space.names.len());
        sampling::in_blocks(condition, count, |condition, range| {
            let asked = range.len();
            let noise = tensor(&sampling::noise(range, latent, streams), &[BLOCK as i64, latent as i64]);
            let conditions = tensor(&[condition; BLOCK], &[BLOCK as i64, 1]);
            let scaled = self.network.layout().with(&self.weights, |weights| {
                values(&self.standard.scaled(&self.network.forward(&noise, &conditions, weights)))
            });
            scaled.chunks_exact(dimensions).take(asked).map(|row| self.space.unscale_row(row)).collect()
        })
    }

    fn embed(&self, _rows: &[Vec<f64>], _conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        Err(LearnError::NoLatentSpace(self.settings.kind.clone()))
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
        self.standard.write(archive);
        self.network.layout().write(&self.weights, archive);
    }
}
