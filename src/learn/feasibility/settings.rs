//! The settings of a feasibility classifier.

use serde::{Deserialize, Serialize};

use crate::learn::train_settings::TrainSettings;
use crate::schema::{Field, Type, Value};

/// How a feasibility classifier is built and trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FeasibilitySettings {
    /// Hidden layers; 0 is a logistic regression.
    pub depth: usize,
    /// Numbers in a hidden layer.
    pub width: usize,
    /// How it is trained.
    pub train: TrainSettings,
}

/// The most hidden layers.
const MOST_DEPTH: i64 = 16;
/// The widest hidden layer.
const MOST_WIDTH: i64 = 4096;
/// How it is trained where nothing is said. The penalty is strong: failures are few.
const TRAIN: TrainSettings =
    TrainSettings::Adam { lr: 3e-3, weight_decay: 1e-3, epochs: 300, batch: 128, patience: 40 };

impl Default for FeasibilitySettings {
    fn default() -> Self {
        Self { depth: 2, width: 32, train: TRAIN }
    }
}

/// The fields of [`FeasibilitySettings`] for a schema.
#[must_use]
pub fn fields() -> Vec<Field> {
    let defaults = FeasibilitySettings::default();
    let whole = |name, least, most, default: usize, doc| {
        Field::new(name, Type::Integer { least, most }, Value::Integer(default as i64), doc)
    };
    vec![
        whole("depth", 0, MOST_DEPTH, defaults.depth, "Hidden layers; 0 is a logistic regression."),
        whole("width", 1, MOST_WIDTH, defaults.width, "Numbers in a hidden layer."),
        TRAIN.field(),
    ]
}
