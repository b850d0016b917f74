//! The settings of a conditional flow: their schema, their typed form, and what must hold between them.

use serde::{Deserialize, Serialize};

use crate::learn::error::LearnError;
use crate::learn::kinds::{Kind, Settings, kind_field};
use crate::learn::train_settings::{TrainSettings, within};
use crate::schema::{Field, Schema, Type, Value, typed};

/// What the language knows of this kind.
pub const KIND: Kind = Kind {
    name: "flow_matching",
    doc: "Conditional flow matching (Lipman et al. 2023).",
    schema,
    latent: false,
    check: |settings| read(settings).map(|_| ()),
};

/// The settings of `generator g { kind = flow_matching }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowSettings {
    /// The word `flow_matching`.
    pub kind: String,
    /// Numbers between blocks.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
    /// Frequencies of the embedding of time.
    pub time_frequencies: usize,
    /// Frequencies of the embedding of the condition.
    pub condition_frequencies: usize,
    /// The share of rows in a batch whose condition is hidden.
    pub label_dropout: f64,
    /// How much more rows of low fval weigh.
    pub favour: f64,
    /// The share of old weights that the running average keeps at each step.
    pub average: f64,
    /// The weight of the conditional velocity in sampling.
    pub guidance: f64,
    /// Steps from noise to sample.
    pub steps: usize,
    /// How it is trained.
    pub train: TrainSettings,
}

const MOST_WIDTH: i64 = 8192;
const MOST_BLOCKS: i64 = 32;
/// The fastest wave of an embedding then has 1024 quarter turns in 0..1, close to what 32-bit numbers tell apart.
const MOST_FREQUENCIES: i64 = 11;
const MOST_STEPS: i64 = 10_000;
const MOST_GUIDANCE: f64 = 100.0;
const MOST_FAVOUR: f64 = 20.0;
/// The running average reaches back a thousand times its last step at most.
const MOST_AVERAGE: f64 = 0.9999;
/// A share beyond this leaves the condition hardly any rows.
const MOST_DROPOUT: f64 = 0.9;
/// Patience is longer than a cVAE's: the loss has noise of its own, from time and noise, and falls slowly.
const TRAIN: TrainSettings = TrainSettings::Adam { lr: 1e-3, weight_decay: 0.0, epochs: 500, batch: 128, patience: 60 };

/// The schema of [`FlowSettings`].
#[must_use]
pub fn schema() -> Schema {
    let whole =
        |name, most, default, doc| Field::new(name, Type::Integer { least: 1, most }, Value::Integer(default), doc);
    let number =
        |name, most, default, doc| Field::new(name, Type::Number { least: 0.0, most }, Value::Number(default), doc);
    Schema {
        kind: "generator flow_matching",
        doc: "Conditional flow matching (Lipman et al. 2023) along straight paths from noise to parameter vectors, \
              sampled with classifier-free guidance (Ho and Salimans 2022).",
        fields: vec![
            kind_field(),
            whole("width", MOST_WIDTH, 256, "Numbers between the residual blocks of the velocity network."),
            whole("blocks", MOST_BLOCKS, 5, "Residual blocks of the velocity network, of one hidden layer each."),
            whole(
                "time_frequencies",
                MOST_FREQUENCIES,
                6,
                "Frequencies of the sines and cosines of time: a quarter turn, and each twice the one before.",
            ),
            whole("condition_frequencies", MOST_FREQUENCIES, 4, "The same for the condition."),
            number(
                "label_dropout",
                MOST_DROPOUT,
                0.2,
                "The share of rows in training whose condition is hidden, so that guidance knows all rows' velocity.",
            ),
            number(
                "favour",
                MOST_FAVOUR,
                1.0,
                "Rows weigh exp(-favour * condition): how much more the rows of low fval count; 0 counts all alike.",
            ),
            number(
                "average",
                MOST_AVERAGE,
                0.99,
                "The share of old weights that their running average keeps at each step; samples come from the average.",
            ),
            number(
                "guidance",
                MOST_GUIDANCE,
                1.5,
                "1 samples the condition as learnt; more moves away from what rows of any condition look like.",
            ),
            whole("steps", MOST_STEPS, 50, "Steps of the midpoint rule from noise to a sample."),
            TRAIN.field(),
        ],
    }
}

impl FlowSettings {
    /// Do the settings fit each other and their limits? Files are checked too, so that none asks for absurd sizes.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self) -> Result<(), LearnError> {
        let counts = [
            ("width", self.width, MOST_WIDTH),
            ("blocks", self.blocks, MOST_BLOCKS),
            ("time_frequencies", self.time_frequencies, MOST_FREQUENCIES),
            ("condition_frequencies", self.condition_frequencies, MOST_FREQUENCIES),
            ("steps", self.steps, MOST_STEPS),
        ];
        counts.into_iter().try_for_each(|(name, value, most)| within(name, value, most))?;
        let numbers = [
            ("label_dropout", self.label_dropout, MOST_DROPOUT),
            ("favour", self.favour, MOST_FAVOUR),
            ("average", self.average, MOST_AVERAGE),
            ("guidance", self.guidance, MOST_GUIDANCE),
        ];
        for (name, value, most) in numbers {
            if !(0.0..=most).contains(&value) {
                return Err(LearnError::Settings(format!("`{name}` is {value}, not between 0 and {most}")));
            }
        }
        if self.label_dropout == 0.0 && self.guidance != 1.0 {
            let text = "`guidance` other than 1 needs a `label_dropout` above 0: without it no velocity without \
                        condition is learnt";
            return Err(LearnError::Settings(text.into()));
        }
        self.train.check()
    }
}

/// The typed settings, checked.
pub(super) fn read(settings: &Settings) -> Result<FlowSettings, LearnError> {
    let settings: FlowSettings = typed(settings).map_err(|error| LearnError::Settings(error.to_string()))?;
    settings.check()?;
    Ok(settings)
}
