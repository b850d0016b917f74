//! Will a vector solve? A classifier trained on rows that solved and on starts that failed: a multilayer perceptron, or a
//! logistic regression without hidden layers, on the log loss, a proper score, so that its outputs are probabilities.
//! Every descent counts once, however many of its iterates are rows: iterates are neighbours, and a descent that failed
//! has one row.

mod network;
mod settings;

use rand::RngExt;
use tch::{Tensor, no_grad};

use self::network::Logit;
pub use self::settings::{FeasibilitySettings, fields};
use super::archive::Archive;
use super::checkpoint::NoCheckpoints;
use super::data::{Rows, Scaled, Space, same_length};
use super::error::LearnError;
use super::generator::Session;
use super::parameters::{one_thread, tensor, values};
use super::train_settings::TrainSettings;
use super::training::{self, Anneal, Network as _};
use crate::random::Streams;
use crate::table::Table;

/// Vectors of which it is known whether they solve.
#[derive(Debug, Clone, PartialEq)]
pub struct FeasibilityData {
    /// The parameters' ids, in the order of a row.
    pub names: Vec<String>,
    /// Lower bounds on the estimation scale.
    pub lower: Vec<f64>,
    /// Upper bounds on the estimation scale.
    pub upper: Vec<f64>,
    /// Parameter vectors on the estimation scale.
    pub rows: Vec<Vec<f64>>,
    /// Did the row solve?
    pub solved: Vec<bool>,
    /// The descent that the row belongs to.
    pub descents: Vec<i64>,
    /// Is the row held out for validation?
    pub validation: Vec<bool>,
}

/// A trained classifier of whether vectors solve.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    settings: FeasibilitySettings,
    space: Space,
    network: Logit,
    weights: Vec<f32>,
}

/// What a training leaves.
#[derive(Debug)]
pub struct TrainedClassifier {
    /// The classifier of the epoch with the lowest log loss on validation rows.
    pub classifier: Classifier,
    /// Columns epoch, split and loss (mean log loss in nats, every descent counting once).
    pub history: Table,
    /// The epoch whose weights were kept, counted from 1.
    pub best_epoch: usize,
    /// Epochs that were done.
    pub epochs: usize,
    /// What went wrong without stopping the training.
    pub warnings: Vec<String>,
}

/// Trains a classifier on one thread; the same settings, data and streams give the same bits.
///
/// # Errors
/// When the rows of one side of the split are missing, a row does not fit its bounds, or the training is stopped.
pub fn train(
    settings: FeasibilitySettings,
    data: &FeasibilityData,
    streams: &Streams,
    stop: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(usize, usize, f64),
) -> Result<TrainedClassifier, LearnError> {
    let space = Space { names: data.names.clone(), lower: data.lower.clone(), upper: data.upper.clone() };
    space.check()?;
    let count = data.rows.len();
    same_length("labels", data.solved.len(), count)?;
    same_length("descents", data.descents.len(), count)?;
    same_length("marks of validation rows", data.validation.len(), count)?;
    let [training, validation] = [false, true].map(|held_out| side(data, &space, held_out));
    let (training, validation) = (training?, validation?);
    if validation.is_empty() {
        return Err(LearnError::NoValidation { rows: count });
    }
    if training.is_empty() {
        return Err(LearnError::NoTraining { rows: count });
    }
    let network = Logit::new(space.names.len(), settings.depth, settings.width);
    let TrainSettings::Adam { lr, weight_decay, epochs, batch, patience } = settings.train;
    let train = TrainSettings::Adam { lr, weight_decay, epochs, batch: batch.min(training.len()), patience };
    let draws: [u64; 2] = streams.part("identity").stream(0).random();
    let scaled = Scaled { space, training, validation };
    let mut session = Session { checkpoints: &mut NoCheckpoints, stop, progress };
    let regime = train.regime(0.0, Anneal::None);
    let outcome = training::train(&network, &scaled, &regime, &format!("{draws:?}"), streams, &mut session)?;
    let history = ["epoch", "split", "loss"].into_iter().fold(Table::new(), |table, name| {
        let column = outcome.history.column(name).expect("every history has these columns");
        table.with(name, column.clone())
    });
    Ok(TrainedClassifier {
        epochs: history.rows() / 2,
        history,
        best_epoch: outcome.best_epoch,
        warnings: outcome.warnings,
        classifier: Classifier { settings, space: scaled.space, network, weights: outcome.parameters },
    })
}

/// The rows of one side of the split, each with its label: what it counts, negative where it failed. The counts of a
/// descent's rows add up to as much for every descent, and all of them to the number of rows.
fn side(data: &FeasibilityData, space: &Space, held_out: bool) -> Result<Rows, LearnError> {
    let chosen: Vec<usize> = (0..data.rows.len()).filter(|&row| data.validation[row] == held_out).collect();
    let mut sizes = std::collections::BTreeMap::<i64, usize>::new();
    for &row in &chosen {
        *sizes.entry(data.descents[row]).or_default() += 1;
    }
    let each = chosen.len() as f64 / sizes.len().max(1) as f64;
    let mut scaled = Vec::with_capacity(chosen.len() * (space.names.len() + 1));
    for &row in &chosen {
        scaled.extend(space.scale(&data.rows[row], row)?);
        let counts = (each / sizes[&data.descents[row]] as f64) as f32;
        scaled.push(if data.solved[row] { counts } else { -counts });
    }
    Ok(Rows::new(&scaled, space.names.len()))
}

impl Classifier {
    /// The predicted probability that each vector (estimation scale, within the bounds) solves.
    ///
    /// # Errors
    /// When a vector has the wrong length, is not finite or lies outside the bounds.
    pub fn predict(&self, rows: &[Vec<f64>]) -> Result<Vec<f64>, LearnError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut scaled: Vec<f32> = Vec::with_capacity(rows.len() * self.space.names.len());
        for (index, row) in rows.iter().enumerate() {
            scaled.extend(self.space.scale(row, index)?);
        }
        one_thread();
        let found = no_grad(|| {
            let weights = self.network.parameters().views(&Tensor::from_slice(&self.weights));
            let x = tensor(&scaled, &[rows.len() as i64, self.space.names.len() as i64]);
            values(&self.network.forward(&x, &weights).0.sigmoid())
        });
        Ok(found.into_iter().map(f64::from).collect())
    }

    /// How many numbers were trained.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.weights.len()
    }

    /// The bytes of its file (safetensors).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut archive = Archive::default();
        archive.description["format"] = FORMAT.into();
        archive.description["settings"] = serde_json::to_value(self.settings).expect("settings are plain data");
        self.space.write(&mut archive);
        self.network.parameters().write(&self.weights, &mut archive);
        archive.to_bytes()
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are damaged, of another program, or do not fit together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LearnError> {
        let archive = Archive::from_bytes(bytes)?;
        if archive.describe::<String>("format")? != FORMAT {
            return Err(LearnError::Damaged("another format".into()));
        }
        let settings: FeasibilitySettings = archive.describe("settings")?;
        settings.train.check()?;
        let space = Space::read(&archive)?;
        let network = Logit::new(space.names.len(), settings.depth.min(64), settings.width.min(1 << 16));
        let weights = network.parameters().read(&archive)?;
        Ok(Self { settings, space, network, weights })
    }
}

const FORMAT: &str = "kexp feasibility classifier 1";
