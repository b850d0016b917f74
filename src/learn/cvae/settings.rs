//! The settings of a conditional variational autoencoder: their schema, their typed form, and what must hold between
//! them.

use serde::{Deserialize, Serialize};

use super::loss;
pub use super::loss::{AnnealSettings, LossTerm};
use crate::learn::error::LearnError;
use crate::learn::kinds::{Settings, kind_field};
pub use crate::learn::train_settings::TrainSettings;
use crate::learn::train_settings::within;
use crate::learn::training::Regime;
use crate::schema::{Choice, Field, Schema, Type, Value, typed};

/// The settings of `generator g { kind = cvae }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CvaeSettings {
    /// The word `cvae`.
    pub kind: String,
    /// From a parameter vector and its condition to a latent distribution.
    pub encoder: NetworkSettings,
    /// From a latent vector and a condition to a distribution of parameter vectors.
    pub decoder: NetworkSettings,
    /// Numbers in a latent vector.
    pub latent: usize,
    /// One likelihood, and the KL term.
    pub loss: Vec<LossTerm>,
    /// How it is trained.
    pub train: TrainSettings,
}

/// A network between its input and its head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkSettings {
    /// Blocks of layers, one after the other.
    Mlp {
        /// Blocks.
        depth: usize,
        /// Numbers between blocks.
        width: usize,
        /// The layers of a block.
        layers: Vec<Layer>,
    },
}

/// A layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Matrix product and bias.
    Gemm,
    /// Batch normalisation (Ioffe and Szegedy 2015), momentum 0.1, epsilon 1e-5.
    BatchNorm,
    /// Rectified linear unit.
    Relu,
}

/// The most blocks of a network.
const MOST_DEPTH: i64 = 32;
/// The widest network and latent vector.
const MOST_WIDTH: i64 = 8192;
/// How it is trained where nothing is said.
const TRAIN: TrainSettings =
    TrainSettings::Adam { lr: 1e-3, weight_decay: 1e-5, epochs: 300, batch: 128, patience: 40 };

fn integer(least: i64, most: i64) -> Type {
    Type::Integer { least, most }
}

fn mlp() -> Type {
    let layers = vec![
        Choice::new("gemm", "Matrix product and bias.", vec![]),
        Choice::new("batch_norm", "Batch normalisation (Ioffe and Szegedy 2015).", vec![]),
        Choice::new("relu", "Rectified linear unit.", vec![]),
    ];
    let default_layers = Value::List(["gemm", "batch_norm", "relu"].map(|name| Value::choice(name, [])).to_vec());
    let fields = vec![
        Field::new("depth", integer(1, MOST_DEPTH), Value::Integer(2), "Blocks of layers."),
        Field::new("width", integer(1, MOST_WIDTH), Value::Integer(256), "Numbers between blocks."),
        Field::new("layers", Type::List(Box::new(Type::Choice(layers))), default_layers, "The layers of a block."),
    ];
    Type::Choice(vec![Choice::new("mlp", "Multilayer perceptron.", fields)])
}

fn default_mlp() -> Value {
    let layers = Value::List(["gemm", "batch_norm", "relu"].map(|name| Value::choice(name, [])).to_vec());
    Value::choice("mlp", [("depth", Value::Integer(2)), ("width", Value::Integer(256)), ("layers", layers)])
}

/// The schema of [`CvaeSettings`].
#[must_use]
pub fn schema() -> Schema {
    Schema {
        kind: "generator cvae",
        doc: "A conditional variational autoencoder of parameter vectors (Kingma and Welling 2014; Sohn et al. 2015).",
        fields: vec![
            kind_field(),
            Field::new(
                "encoder",
                mlp(),
                default_mlp(),
                "From a parameter vector and its condition to a latent Gaussian.",
            ),
            Field::new("decoder", mlp(), default_mlp(), "From a latent vector and a condition to a parameter vector."),
            Field::new("latent", integer(1, MOST_WIDTH), Value::Integer(8), "Numbers in a latent vector."),
            loss::field(),
            TRAIN.field(),
        ],
    }
}

impl CvaeSettings {
    /// Do the settings fit each other and their limits? Files are checked too, so that none asks for absurd sizes.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self) -> Result<(), LearnError> {
        for (name, network) in [("encoder", &self.encoder), ("decoder", &self.decoder)] {
            let NetworkSettings::Mlp { depth, width, layers } = network;
            within(&format!("{name}.depth"), *depth, MOST_DEPTH)?;
            within(&format!("{name}.width"), *width, MOST_WIDTH)?;
            if !layers.contains(&Layer::Gemm) || layers.len() > 16 {
                let text = format!("the layers of `{name}` need a `gemm`, and at most 16 layers in a block");
                return Err(LearnError::Settings(text));
            }
        }
        within("latent", self.latent, MOST_WIDTH)?;
        self.train.check()?;
        loss::check(&self.loss)
    }

    /// What the training loop needs.
    pub(super) fn regime(&self) -> Regime {
        let (weight, anneal) = loss::divergence(&self.loss);
        self.train.regime(weight, anneal)
    }
}

/// Can a network be built from these settings?
pub(in crate::learn) fn check(settings: &Settings) -> Result<(), LearnError> {
    read(settings).map(|_| ())
}

/// The typed settings, checked.
pub(super) fn read(settings: &Settings) -> Result<CvaeSettings, LearnError> {
    let settings: CvaeSettings = typed(settings).map_err(|error| LearnError::Settings(error.to_string()))?;
    settings.check()?;
    Ok(settings)
}
