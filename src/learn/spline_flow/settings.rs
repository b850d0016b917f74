//! The settings of a neural spline flow: their schema, their typed form, and what must hold between them.

use serde::{Deserialize, Serialize};

use super::spline::MOST_BINS;
use crate::learn::error::LearnError;
use crate::learn::kinds::{Kind, Settings, kind_field};
use crate::learn::train_settings::{TrainSettings, within};
use crate::schema::{Field, Schema, Type, Value, typed};

/// What the language knows of neural spline flows.
pub const KIND: Kind = Kind {
    name: "spline_flow",
    doc: "Conditional neural spline flow (Durkan et al. 2019), whose density is exact.",
    schema,
    latent: false,
    check: |settings| read(settings).map(|_| ()),
};

/// The settings of `generator g { kind = spline_flow }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplineFlowSettings {
    /// The word `spline_flow`.
    pub kind: String,
    /// Coupling transforms between rows and noise.
    pub transforms: usize,
    /// Bins of each spline.
    pub bins: usize,
    /// Where splines end and the identity begins, in standard deviations of the training rows.
    pub tail: f64,
    /// Numbers between the residual blocks of each transform's network.
    pub width: usize,
    /// Residual blocks of each.
    pub blocks: usize,
    /// Frequencies of the embedding of the condition.
    pub condition_frequencies: usize,
    /// Standard deviation of the noise on training rows, in standard deviations of the rows.
    pub smoothing: f64,
    /// The share of old weights that the running average keeps at each step.
    pub average: f64,
    /// How it is trained.
    pub train: TrainSettings,
}

const MOST_TRANSFORMS: i64 = 64;
const MOST_WIDTH: i64 = 8192;
const MOST_BLOCKS: i64 = 32;
const MOST_FREQUENCIES: i64 = 11;
/// The running average reaches back a thousand times its last step at most.
const MOST_AVERAGE: f64 = 0.9999;
const LEAST_TAIL: f64 = 0.1;
const MOST_TAIL: f64 = 100.0;
const TRAIN: TrainSettings = TrainSettings::Adam { lr: 1e-3, weight_decay: 0.0, epochs: 300, batch: 128, patience: 40 };

/// The schema of [`SplineFlowSettings`].
#[must_use]
pub fn schema() -> Schema {
    let whole =
        |name, least, most, default, doc| Field::new(name, Type::Integer { least, most }, Value::Integer(default), doc);
    let number =
        |name, least, most, default, doc| Field::new(name, Type::Number { least, most }, Value::Number(default), doc);
    Schema {
        kind: "generator spline_flow",
        doc: "A conditional neural spline flow (Durkan et al. 2019): coupling transforms by rational-quadratic splines \
              between parameter vectors and noise, trained on the exact likelihood.",
        fields: vec![
            kind_field(),
            whole("transforms", 1, MOST_TRANSFORMS, 5, "Coupling transforms; each bends half of the parameters."),
            whole("bins", 2, MOST_BINS as i64, 10, "Bins of each spline."),
            number(
                "tail",
                LEAST_TAIL,
                MOST_TAIL,
                3.0,
                "Splines reach from minus to plus this many standard deviations of the training rows.",
            ),
            whole("width", 1, MOST_WIDTH, 128, "Numbers between the residual blocks of each transform's network."),
            whole(
                "blocks",
                1,
                MOST_BLOCKS,
                2,
                "Residual blocks of each transform's network, of one hidden layer each.",
            ),
            whole(
                "condition_frequencies",
                1,
                MOST_FREQUENCIES,
                4,
                "Frequencies of the sines and cosines of the condition: a quarter turn, and each twice the one before.",
            ),
            number(
                "smoothing",
                0.0,
                1.0,
                0.01,
                "Standard deviation of the noise on rows in training, in standard deviations of the rows: values that \
                 repeat, as on bounds, would have an infinite density.",
            ),
            number(
                "average",
                0.0,
                MOST_AVERAGE,
                0.99,
                "The share of old weights that their running average keeps at each step; samples come from the average.",
            ),
            TRAIN.field(),
        ],
    }
}

impl SplineFlowSettings {
    /// Do the settings fit each other and their limits? Files are checked too, so that none asks for absurd sizes.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self) -> Result<(), LearnError> {
        let counts = [
            ("transforms", self.transforms, MOST_TRANSFORMS),
            ("bins", self.bins, MOST_BINS as i64),
            ("width", self.width, MOST_WIDTH),
            ("blocks", self.blocks, MOST_BLOCKS),
            ("condition_frequencies", self.condition_frequencies, MOST_FREQUENCIES),
        ];
        counts.into_iter().try_for_each(|(name, value, most)| within(name, value, most))?;
        if self.bins < 2 {
            return Err(LearnError::Settings("`bins` is 1; a spline of one bin is the identity".into()));
        }
        let numbers = [
            ("tail", self.tail, LEAST_TAIL, MOST_TAIL),
            ("smoothing", self.smoothing, 0.0, 1.0),
            ("average", self.average, 0.0, MOST_AVERAGE),
        ];
        for (name, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                return Err(LearnError::Settings(format!("`{name}` is {value}, not between {least} and {most}")));
            }
        }
        self.train.check()
    }
}

/// The typed settings, checked.
pub(super) fn read(settings: &Settings) -> Result<SplineFlowSettings, LearnError> {
    let settings: SplineFlowSettings = typed(settings).map_err(|error| LearnError::Settings(error.to_string()))?;
    settings.check()?;
    Ok(settings)
}
