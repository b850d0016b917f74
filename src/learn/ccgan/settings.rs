//! The settings of a continuous conditional GAN: their schema, their typed form, and what must hold between them.

use serde::{Deserialize, Serialize};

use crate::learn::error::LearnError;
use crate::learn::kinds::{Kind, Settings, kind_field};
use crate::learn::train_settings::{TrainSettings, within};
use crate::learn::training::{Anneal, Regime};
use crate::schema::{Choice, Field, Schema, Type, Value, typed};

/// What the language knows of this kind.
pub const KIND: Kind = Kind {
    name: "ccgan",
    doc: "Continuous conditional generative adversarial network (Ding et al. 2021).",
    schema,
    latent: false,
    check: |settings| read(settings).map(|_| ()),
};

/// The settings of `generator g { kind = ccgan }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CcganSettings {
    /// The word `ccgan`.
    pub kind: String,
    /// Which rows stand for a condition.
    pub vicinity: VicinitySettings,
    /// How the condition enters both networks.
    pub labels: LabelSettings,
    /// Numbers in a latent vector.
    pub latent: usize,
    /// Numbers between the layers of both networks.
    pub width: usize,
    /// Hidden layers of both networks.
    pub depth: usize,
    /// What the networks play for.
    pub loss: GanLoss,
    /// Weight of the discriminator's gradient penalty.
    pub penalty: f64,
    /// Steps of the discriminator for each of the generator.
    pub discriminator_steps: usize,
    /// The discriminator's learning rate, in those of the generator.
    pub discriminator_rate: f64,
    /// The share of old weights that the generator's running average keeps at each step.
    pub average: f64,
    /// How both are trained.
    pub train: TrainSettings,
}

/// Which training rows the discriminator sees at a condition.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VicinitySettings {
    /// All rows within a radius alike (hard vicinal discriminator loss, Ding et al. 2021).
    Hard {
        /// The radius holds at least this many of the largest gaps between conditions.
        gaps: f64,
        /// It holds as many rows at half of the conditions.
        rows: usize,
    },
    /// Near rows more than far ones (soft vicinal discriminator loss, Ding et al. 2021).
    Soft {
        /// See [`VicinitySettings::Hard`].
        gaps: f64,
        /// See [`VicinitySettings::Hard`].
        rows: usize,
    },
    /// The least radius at each condition that holds so many rows (Ding et al. 2025).
    Adaptive {
        /// How many.
        rows: usize,
    },
    /// Each row at its own condition (Mirza and Osindero 2014).
    None,
}

/// How a condition enters a network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelSettings {
    /// Through two layers that are trained with the network.
    Embedding {
        /// Numbers in the embedding.
        width: usize,
    },
    /// As it is.
    Number,
}

/// What the networks play for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GanLoss {
    /// The discriminator's cross-entropy; the generator maximises the probability of being taken for data
    /// (Goodfellow et al. 2014).
    Vanilla,
    /// The discriminator's margin (Lim and Ye 2017).
    Hinge,
}

const MOST_WIDTH: i64 = 8192;
const MOST_DEPTH: i64 = 32;
const MOST_STEPS: i64 = 100;
const MOST_ROWS: i64 = 1_000_000;
const MOST_GAPS: f64 = 1e6;
const MOST_PENALTY: f64 = 1e6;
const LEAST_RATE: f64 = 1e-3;
const MOST_RATE: f64 = 1e3;
/// The running average reaches back ten thousand steps at most.
const MOST_AVERAGE: f64 = 0.9999;
/// Both adversaries keep moving, so that the old gradients that Adam usually averages over are of another game
/// (Radford et al. 2016).
const BETA1: f64 = 0.5;
/// The discriminator has to be the faster one (`discriminator_rate`): at one rate for both the generator was seen to
/// learn means, and to lose the spread around them.
const TRAIN: TrainSettings = TrainSettings::Adam { lr: 5e-4, weight_decay: 0.0, epochs: 500, batch: 128, patience: 80 };

fn whole(name: &'static str, most: i64, default: i64, doc: &'static str) -> Field {
    Field::new(name, Type::Integer { least: 1, most }, Value::Integer(default), doc)
}

fn number(name: &'static str, most: f64, default: f64, doc: &'static str) -> Field {
    Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc)
}

fn vicinity() -> Field {
    let radius = || {
        vec![
            number("gaps", MOST_GAPS, 2.0, "The radius is at least this many of the largest gaps between conditions."),
            whole("rows", MOST_ROWS, 50, "The radius holds at least so many rows at half of the conditions."),
        ]
    };
    let choices = vec![
        Choice::new("hard", "All rows within a radius of the condition, alike (HVDL, Ding et al. 2021).", radius()),
        Choice::new("soft", "Weights exp(-(distance / radius)^2) (SVDL, Ding et al. 2021).", radius()),
        Choice::new(
            "adaptive",
            "All rows within the least radius that holds enough of them, another at each condition (Ding et al. 2025).",
            vec![whole("rows", MOST_ROWS, 50, "Rows that the radius holds, wherever the condition.")],
        ),
        Choice::new("none", "Each row at its own condition alone (Mirza and Osindero 2014).", vec![]),
    ];
    let default = Value::choice("soft", [("gaps", Value::Number(2.0)), ("rows", Value::Integer(50))]);
    Field::new("vicinity", Type::Choice(choices), default, "Which rows stand for a condition in training.")
}

fn labels() -> Field {
    let choices = vec![
        Choice::new(
            "embedding",
            "Through two layers of its own in each network.",
            vec![whole("width", MOST_WIDTH, 128, "Numbers in the embedding.")],
        ),
        Choice::new("number", "As it is.", vec![]),
    ];
    let default = Value::choice("embedding", [("width", Value::Integer(128))]);
    Field::new("labels", Type::Choice(choices), default, "How the condition enters both networks.")
}

fn loss() -> Field {
    let choices = vec![
        Choice::new("vanilla", "Cross-entropy, not saturating for the generator (Goodfellow et al. 2014).", vec![]),
        Choice::new("hinge", "Hinge (Lim and Ye 2017).", vec![]),
    ];
    Field::new("loss", Type::Choice(choices), Value::choice("vanilla", []), "What the networks play for.")
}

/// The schema of [`CcganSettings`].
#[must_use]
pub fn schema() -> Schema {
    Schema {
        kind: "generator ccgan",
        doc: "A continuous conditional generative adversarial network of parameter vectors (Ding et al. 2021).",
        fields: vec![
            kind_field(),
            vicinity(),
            labels(),
            whole("latent", MOST_WIDTH, 32, "Numbers in a latent vector."),
            whole("width", MOST_WIDTH, 256, "Numbers between the layers of generator and discriminator."),
            whole("depth", MOST_DEPTH, 3, "Hidden layers of generator and discriminator."),
            loss(),
            number(
                "penalty",
                MOST_PENALTY,
                0.1,
                "Weight of the discriminator's squared slope at rows, halved (R1, Mescheder et al. 2018).",
            ),
            whole("discriminator_steps", MOST_STEPS, 1, "Steps of the discriminator for each of the generator."),
            Field::new(
                "discriminator_rate",
                Type::Number { least: LEAST_RATE, most: MOST_RATE },
                Value::Number(8.0),
                "The discriminator's learning rate, in those of the generator (Heusel et al. 2017).",
            ),
            number(
                "average",
                MOST_AVERAGE,
                0.995,
                "The share of old weights that the generator's running average keeps; samples come from the average.",
            ),
            TRAIN.field(),
        ],
    }
}

impl CcganSettings {
    /// Do the settings fit each other and their limits? Files are checked too, so that none asks for absurd sizes.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self) -> Result<(), LearnError> {
        let (gaps, rows) = match self.vicinity {
            VicinitySettings::Hard { gaps, rows } | VicinitySettings::Soft { gaps, rows } => (gaps, rows),
            VicinitySettings::Adaptive { rows } => (0.0, rows),
            VicinitySettings::None => (0.0, 1),
        };
        let embedding = match self.labels {
            LabelSettings::Embedding { width } => width,
            LabelSettings::Number => 1,
        };
        let counts = [
            ("vicinity.rows", rows, MOST_ROWS),
            ("labels.width", embedding, MOST_WIDTH),
            ("latent", self.latent, MOST_WIDTH),
            ("width", self.width, MOST_WIDTH),
            ("depth", self.depth, MOST_DEPTH),
            ("discriminator_steps", self.discriminator_steps, MOST_STEPS),
        ];
        counts.into_iter().try_for_each(|(name, value, most)| within(name, value, most))?;
        let numbers = [
            ("vicinity.gaps", gaps, MOST_GAPS),
            ("penalty", self.penalty, MOST_PENALTY),
            ("average", self.average, MOST_AVERAGE),
            ("discriminator_rate", self.discriminator_rate, MOST_RATE),
        ];
        for (name, value, most) in numbers {
            let least = if name == "discriminator_rate" { LEAST_RATE } else { 0.0 };
            if !(least..=most).contains(&value) {
                return Err(LearnError::Settings(format!("`{name}` is {value}, not between {least} and {most}")));
            }
        }
        self.train.check()
    }

    /// What the training loop needs.
    pub(super) fn regime(&self) -> Regime {
        Regime { beta1: BETA1, ..self.train.regime(0.0, Anneal::None) }
    }
}

/// The typed settings, checked.
pub(super) fn read(settings: &Settings) -> Result<CcganSettings, LearnError> {
    let settings: CcganSettings = typed(settings).map_err(|error| LearnError::Settings(error.to_string()))?;
    settings.check()?;
    Ok(settings)
}
