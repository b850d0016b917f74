//! The settings of a conditional variational autoencoder: their schema, their typed form, and what must hold between
//! them.

use serde::{Deserialize, Serialize};

use super::likelihood::Likelihood;
use crate::learn::error::LearnError;
use crate::learn::kinds::{Settings, kind_field};
pub use crate::learn::train_settings::TrainSettings;
use crate::learn::train_settings::{MOST_EPOCHS, within};
use crate::learn::training::{Anneal, Regime};
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

/// A term of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossTerm {
    /// See [`Likelihood::Gaussian`].
    Gaussian,
    /// See [`Likelihood::Bernoulli`].
    Bce,
    /// See [`Likelihood::ContinuousBernoulli`].
    ContinuousBernoulli,
    /// The Kullback-Leibler divergence of the posterior from the prior.
    Kl {
        /// Its weight; 1 is the evidence lower bound.
        weight: f64,
        /// Its way to the full weight.
        anneal: AnnealSettings,
    },
}

/// How the weight of the KL term moves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnealSettings {
    /// The full weight from the start.
    None,
    /// From 0 to the full weight.
    Linear {
        /// In this many epochs.
        epochs: usize,
    },
    /// Fu et al. 2019.
    Cyclical {
        /// Cycles over all epochs.
        cycles: usize,
    },
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

fn number(least: f64, most: f64) -> Type {
    Type::Number { least, most }
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

fn loss() -> Field {
    let anneal = vec![
        Choice::new("none", "The full weight from the start.", vec![]),
        Choice::new(
            "linear",
            "From 0 to the full weight.",
            vec![
                Field::new("epochs", integer(1, MOST_EPOCHS), Value::Integer(50), "Until the full weight.")
                    .unit("epochs"),
            ],
        ),
        Choice::new(
            "cyclical",
            "In each cycle from 0 to the full weight in the first half, then constant (Fu et al. 2019).",
            vec![Field::new("cycles", integer(1, 1000), Value::Integer(4), "Cycles over all epochs.")],
        ),
    ];
    let kl = vec![
        Field::new("weight", number(0.0, 1e6), Value::Number(1.0), "Full weight; 1 is the evidence lower bound."),
        Field::new("anneal", Type::Choice(anneal), Value::choice("none", []), "Its way to the full weight."),
    ];
    let terms = vec![
        Choice::new("gaussian", "Gaussian likelihood with learned variance.", vec![]),
        Choice::new("bce", "Binary cross-entropy; no normalised likelihood on continuous values.", vec![]),
        Choice::new(
            "continuous_bernoulli",
            "Continuous Bernoulli likelihood (Loaiza-Ganem and Cunningham 2019).",
            vec![],
        ),
        Choice::new("kl", "Kullback-Leibler divergence of the posterior from the prior.", kl),
    ];
    let default = Value::List(vec![
        Value::choice("gaussian", []),
        Value::choice("kl", [("weight", Value::Number(1.0)), ("anneal", Value::choice("none", []))]),
    ]);
    Field::new("loss", Type::Sum(terms), default, "One likelihood of the reconstruction, and the KL term.")
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
            loss(),
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
        let (kl, likelihoods): (Vec<LossTerm>, Vec<LossTerm>) =
            self.loss.iter().partition(|term| matches!(term, LossTerm::Kl { .. }));
        if likelihoods.len() != 1 || kl.len() != 1 {
            let text = "`loss` needs one of gaussian, bce and continuous_bernoulli, plus one kl: \
                        without the kl term nothing could be sampled from the prior";
            return Err(LearnError::Settings(text.into()));
        }
        match kl[0] {
            LossTerm::Kl { weight, .. } if !(weight >= 0.0 && weight.is_finite()) => {
                Err(LearnError::Settings(format!("`loss.kl.weight` is {weight}")))
            }
            LossTerm::Kl { anneal: AnnealSettings::Linear { epochs: count }, .. }
            | LossTerm::Kl { anneal: AnnealSettings::Cyclical { cycles: count }, .. } => {
                within("loss.kl.anneal", count, MOST_EPOCHS)
            }
            _ => Ok(()),
        }
    }

    /// The likelihood among the terms of the loss.
    pub(super) fn likelihood(&self) -> Likelihood {
        let of = |term: &LossTerm| match term {
            LossTerm::Bce => Some(Likelihood::Bernoulli),
            LossTerm::ContinuousBernoulli => Some(Likelihood::ContinuousBernoulli),
            LossTerm::Gaussian => Some(Likelihood::Gaussian),
            LossTerm::Kl { .. } => None,
        };
        self.loss.iter().find_map(of).unwrap_or(Likelihood::Gaussian)
    }

    /// What the training loop needs.
    pub(super) fn regime(&self) -> Regime {
        let kl = self.loss.iter().find_map(|term| match term {
            LossTerm::Kl { weight, anneal } => Some((*weight, *anneal)),
            _ => None,
        });
        let (kl_weight, anneal) = kl.unwrap_or((1.0, AnnealSettings::None));
        let anneal = match anneal {
            AnnealSettings::None => Anneal::None,
            AnnealSettings::Linear { epochs } => Anneal::Linear(epochs as f64),
            AnnealSettings::Cyclical { cycles } => Anneal::Cyclical(cycles as f64),
        };
        self.train.regime(kl_weight, anneal)
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
