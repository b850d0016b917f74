//! The settings of a conditional variational autoencoder: their schema, their typed form, and what must hold between
//! them.

use serde::{Deserialize, Serialize};

use super::loss;
pub use super::loss::{AnnealSettings, LossTerm};
use crate::learn::error::LearnError;
use crate::learn::kinds::{Kind, Settings, kind_field};
pub use crate::learn::train_settings::TrainSettings;
use crate::learn::train_settings::within;
use crate::learn::training::Regime;
use crate::schema::{Choice, Field, Schema, Type, Value, typed};

/// What the language knows of this kind.
pub const KIND: Kind = Kind {
    name: "cvae",
    doc: "Conditional variational autoencoder (Kingma and Welling 2014; Sohn et al. 2015).",
    schema,
    latent: true,
    check: |settings| read(settings).map(|_| ()),
};

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
    /// The prior of latent vectors.
    #[serde(default, skip_serializing_if = "PriorSettings::is_standard")]
    pub prior: PriorSettings,
    /// One likelihood, and the KL term.
    pub loss: Vec<LossTerm>,
    /// How it is trained.
    pub train: TrainSettings,
}

/// The prior of latent vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorSettings {
    /// Standard normal at each condition.
    #[default]
    Standard,
    /// A Gaussian whose mean and variances are learnt functions of the condition (Sohn et al. 2015).
    Conditional {
        /// Numbers in the hidden layer of its network.
        width: usize,
    },
}

impl PriorSettings {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_standard(&self) -> bool {
        *self == PriorSettings::Standard
    }
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
        /// Numbers after each block, in place of `depth` blocks of one `width`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        widths: Option<Vec<usize>>,
    },
}

impl NetworkSettings {
    /// Numbers after each block.
    pub(super) fn widths(&self) -> Vec<usize> {
        let NetworkSettings::Mlp { depth, width, widths, .. } = self;
        widths.clone().unwrap_or_else(|| vec![*width; *depth])
    }
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
        Field::optional(
            "widths",
            Type::List(Box::new(integer(1, MOST_WIDTH))),
            "Numbers after each block, such as [256, 128]: in place of `depth` blocks of one `width`.",
        )
        .added(),
    ];
    Type::Choice(vec![Choice::new("mlp", "Multilayer perceptron.", fields)])
}

fn default_mlp() -> Value {
    let layers = Value::List(["gemm", "batch_norm", "relu"].map(|name| Value::choice(name, [])).to_vec());
    let (depth, width) = (Value::Integer(2), Value::Integer(256));
    Value::choice("mlp", [("depth", depth), ("width", width), ("layers", layers), ("widths", Value::Absent)])
}

fn prior_field() -> Field {
    let width = Field::new("width", integer(1, MOST_WIDTH), Value::Integer(64), "Numbers in its hidden layer.");
    let priors = vec![
        Choice::new("standard", "Standard normal at each condition.", vec![]),
        Choice::new(
            "conditional",
            "A Gaussian whose mean and variances a network learns from the condition (Sohn et al. 2015).",
            vec![width],
        ),
    ];
    let default = Value::choice("standard", []);
    Field::new("prior", Type::Choice(priors), default, "The prior of latent vectors, from which samples are drawn.")
        .added()
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
            prior_field(),
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
            let NetworkSettings::Mlp { depth, width, layers, widths } = network;
            within(&format!("{name}.depth"), *depth, MOST_DEPTH)?;
            within(&format!("{name}.width"), *width, MOST_WIDTH)?;
            if let Some(widths) = widths {
                within(&format!("the number of {name}.widths"), widths.len(), MOST_DEPTH)?;
                widths.iter().try_for_each(|&width| within(&format!("{name}.widths"), width, MOST_WIDTH))?;
            }
            if !layers.contains(&Layer::Gemm) || layers.len() > 16 {
                let text = format!("the layers of `{name}` need a `gemm`, and at most 16 layers in a block");
                return Err(LearnError::Settings(text));
            }
        }
        within("latent", self.latent, MOST_WIDTH)?;
        if let PriorSettings::Conditional { width } = self.prior {
            within("prior.width", width, MOST_WIDTH)?;
        }
        self.train.check()?;
        loss::check(&self.loss)
    }

    /// What the training loop needs.
    pub(super) fn regime(&self) -> Regime {
        let (weight, anneal) = loss::divergence(&self.loss);
        self.train.regime(weight, anneal)
    }
}

/// The typed settings, checked.
pub(super) fn read(settings: &Settings) -> Result<CvaeSettings, LearnError> {
    let settings: CvaeSettings = typed(settings).map_err(|error| LearnError::Settings(error.to_string()))?;
    settings.check()?;
    Ok(settings)
}
