//! The one trait of all generators, their engines, and what a training leaves behind.

use std::path::Path;

use super::archive::{Archive, Array};
use super::checkpoint::Checkpoints;
use super::data::TrainingData;
use super::error::LearnError;
use super::kinds::{Settings, brought_engine, kind, kind_of};
use super::parameters;
use crate::graph::Graph;
use crate::random::Streams;
use crate::table::{Column, Table};

/// A conditional generative model of parameter vectors: what a training leaves, and a file holds.
pub trait Generator: Send + Sync + std::fmt::Debug {
    /// `count` vectors at a condition, on the estimation scale, not cut off at the bounds: what lies outside them is
    /// for the caller to judge. Vector `i` uses stream `i` alone. Conditions outside 0..1 extrapolate.
    ///
    /// # Errors
    /// When the condition is not finite.
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError>;

    /// The latent representation of rows (estimation scale) with their conditions, one vector a row.
    ///
    /// # Errors
    /// When the kind has no latent space; when a row does not fit the parameters, is not finite, or lies outside the
    /// bounds.
    fn embed(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError>;

    /// The natural logarithm of the density of rows (estimation scale, also out of the bounds) given their conditions,
    /// per unit of the estimation scale in each parameter.
    ///
    /// # Errors
    /// When the kind knows no density, as most do; when a row does not fit the parameters or is not finite.
    fn log_density(&self, _rows: &[Vec<f64>], _conditions: &[f64]) -> Result<Vec<f64>, LearnError> {
        Err(LearnError::NoDensity)
    }

    /// The network's layers, in the groups `input`, `encoder`, `latent`, `decoder`.
    fn graph(&self) -> Graph;

    /// How many numbers were trained.
    fn parameters(&self) -> usize;

    /// Adds weights and settings to an archive, from which the kind's `load` builds the generator again.
    fn write(&self, archive: &mut Archive);
}

/// What surrounds a training.
pub struct Session<'a> {
    /// Where checkpoints go.
    pub checkpoints: &'a mut dyn Checkpoints,
    /// Asked before each epoch: should the training stop?
    pub stop: &'a dyn Fn() -> bool,
    /// Told after each epoch: epochs done, most epochs, validation loss.
    pub progress: &'a mut dyn FnMut(usize, usize, f64),
}

/// How one kind of generator is trained, and read from its file. Engines stand apart from [`super::Kind`], which only
/// describes, so that commands that train nothing need no libtorch.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// Trains a generator by settings that the kind's check has accepted.
    pub train: fn(&Settings, &TrainingData, &Streams, &mut Session) -> Result<Trained, LearnError>,
    /// Builds a generator from what [`Generator::write`] wrote. The file may be anybody's: sizes and values are checked.
    pub load: fn(&Archive) -> Result<Box<dyn Generator>, LearnError>,
}

fn engine(name: &str) -> Result<Engine, LearnError> {
    let own = super::ENGINES.iter().find(|(kind, _)| *kind == name).map(|(_, engine)| *engine);
    own.or_else(|| brought_engine(name)).ok_or_else(|| LearnError::UnknownKind(name.to_owned()))
}

/// Trains a generator of the kind that its settings name. Trainings of the same settings, data and streams give the
/// same bits, alone or side by side, resumed from a checkpoint or not.
///
/// # Errors
/// When the data or the settings do not allow it, when it diverges, or when the session stops it.
pub fn train(
    settings: &Settings,
    data: &TrainingData,
    streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    parameters::one_thread();
    let kind = kind_of(settings)?;
    kind.check(settings)?;
    (engine(kind.name)?.train)(settings, data, streams, session)
}

/// A trained generator with the story of its training.
#[derive(Debug)]
pub struct Trained {
    /// The name of its kind.
    pub kind: &'static str,
    /// Columns epoch (from 1), split (`training` or `validation`), loss, reconstruction, kl (nats a row), rmse
    /// (estimation scale), pearson, spearman, entropy (binary cross-entropy only), best (1 in the rows of the epoch
    /// whose weights were kept). What other kinds than autoencoders put there is told in their modules.
    pub history: Table,
    /// The epoch whose weights were kept, counted from 1.
    pub best_epoch: usize,
    /// Its validation loss.
    pub validation_loss: f64,
    /// What went wrong without stopping the training; not part of the file.
    pub warnings: Vec<String>,
    /// The generator.
    pub generator: Box<dyn Generator>,
}

impl Trained {
    /// See [`Generator::sample`].
    ///
    /// # Errors
    /// See there.
    pub fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        self.generator.sample(condition, count, streams)
    }

    /// See [`Generator::embed`].
    ///
    /// # Errors
    /// See there.
    pub fn embed(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        self.generator.embed(rows, conditions)
    }

    /// See [`Generator::log_density`].
    ///
    /// # Errors
    /// See there.
    pub fn log_density(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<f64>, LearnError> {
        self.generator.log_density(rows, conditions)
    }

    /// See [`Generator::graph`].
    #[must_use]
    pub fn graph(&self) -> Graph {
        self.generator.graph()
    }

    /// How many numbers were trained.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.generator.parameters()
    }

    /// The bytes of its file (safetensors).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut archive = Archive::default();
        self.generator.write(&mut archive);
        let numbers: Vec<&str> = self.history.names().filter(|&name| self.history.numbers(name).is_ok()).collect();
        archive.description["format"] = FORMAT.into();
        archive.description["kind"] = self.kind.into();
        archive.description["best_epoch"] = self.best_epoch.into();
        archive.description["epochs"] = (self.history.rows() / 2).into();
        archive.description["history"] = numbers.clone().into();
        for name in numbers {
            let values = self.history.numbers(name).unwrap_or_default().to_vec();
            archive.arrays.insert(format!("history.{name}"), Array::Double(vec![values.len()], values));
        }
        let loss = Array::Double(vec![1], vec![self.validation_loss]);
        archive.arrays.insert("validation_loss".into(), loss);
        archive.to_bytes()
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are damaged, of another program, or do not fit together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Trained, LearnError> {
        let archive = Archive::from_bytes(bytes)?;
        if archive.describe::<String>("format")? != FORMAT {
            return Err(LearnError::Damaged("another format".into()));
        }
        let kind = kind(&archive.describe::<String>("kind")?)?;
        let best_epoch: usize = archive.describe("best_epoch")?;
        let names: Vec<String> = archive.describe("history")?;
        let rows = match archive.arrays.get("history.loss") {
            Some(Array::Double(_, values)) if values.len().is_multiple_of(2) => values.len(),
            _ => return Err(LearnError::Damaged("there is no history".into())),
        };
        let epochs = 1..=(rows / 2) as i64;
        let mut history = Table::new()
            .integer("epoch", epochs.clone().flat_map(|epoch| [epoch, epoch]).collect())
            .text("split", (0..rows).map(|row| ["training", "validation"][row % 2].to_owned()).collect());
        for name in names {
            let values = archive.double(&format!("history.{name}"), &[rows])?.to_vec();
            history = history.with(&name, Column::Number(values));
        }
        let best = epochs.flat_map(|epoch| [i64::from(epoch == best_epoch as i64); 2]).collect();
        Ok(Trained {
            kind: kind.name,
            history: history.integer("best", best),
            best_epoch,
            validation_loss: archive.double("validation_loss", &[1])?[0],
            warnings: Vec::new(),
            generator: (engine(kind.name)?.load)(&archive)?,
        })
    }

    /// Writes its file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), LearnError> {
        Ok(std::fs::write(path, self.to_bytes())?)
    }

    /// Reads a file that [`Trained::save`] wrote.
    ///
    /// # Errors
    /// When it cannot be read; see [`Trained::from_bytes`].
    pub fn load(path: &Path) -> Result<Trained, LearnError> {
        Trained::from_bytes(&std::fs::read(path)?)
    }
}

const FORMAT: &str = "kexp generator 1";
