//! The setting `train` that kinds of generators share: Adam, and when it stops.

use serde::{Deserialize, Serialize};

use super::adam::BETA1;
use super::error::LearnError;
use super::training::{Anneal, Regime};
use crate::schema::{Choice, Field, Type, Value};

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainSettings {
    /// See [`crate::learn::adam::Adam`].
    Adam {
        /// Learning rate.
        lr: f64,
        /// L2 penalty.
        weight_decay: f64,
        /// Most epochs.
        epochs: usize,
        /// Rows in a batch.
        batch: usize,
        /// Epochs without a lower validation loss.
        patience: usize,
    },
}

/// The largest batch.
const MOST_BATCH: i64 = 1_000_000;
/// The most epochs, of training, patience and annealing.
pub(super) const MOST_EPOCHS: i64 = 1_000_000;

impl TrainSettings {
    /// The field `train` of a schema, with these settings as defaults.
    #[must_use]
    pub fn field(self) -> Field {
        let TrainSettings::Adam { lr, weight_decay, epochs, batch, patience } = self;
        let count = |value: usize| Value::Integer(value as i64);
        let whole = |least, most| Type::Integer { least, most };
        let defaults = [
            ("lr", Value::Number(lr)),
            ("weight_decay", Value::Number(weight_decay)),
            ("epochs", count(epochs)),
            ("batch", count(batch)),
            ("patience", count(patience)),
        ];
        let [rate, decay, most, rows, wait] = defaults.clone().map(|(_, value)| value);
        let fields = vec![
            Field::new("lr", Type::Number { least: 1e-9, most: 10.0 }, rate, "Learning rate."),
            Field::new(
                "weight_decay",
                Type::Number { least: 0.0, most: 10.0 },
                decay,
                "L2 penalty, added to the gradient.",
            ),
            Field::new("epochs", whole(1, MOST_EPOCHS), most, "Most passes over the training rows."),
            Field::new("batch", whole(2, MOST_BATCH), rows, "Most rows in a batch.").unit("rows"),
            Field::new(
                "patience",
                whole(1, MOST_EPOCHS),
                wait,
                "Training stops after this long without a lower validation loss.",
            )
            .unit("epochs"),
        ];
        let adam = Choice::new("adam", "Adam (Kingma and Ba 2015).", fields);
        let default = Value::choice("adam", defaults);
        Field::new("train", Type::Choice(vec![adam]), default, "Optimiser, and when it stops.")
    }

    /// Are the settings within their limits? Files are checked too.
    ///
    /// # Errors
    /// When not.
    pub fn check(self) -> Result<(), LearnError> {
        let TrainSettings::Adam { lr, weight_decay, epochs, batch, patience } = self;
        within("train.epochs", epochs, MOST_EPOCHS)?;
        within("train.batch", batch, MOST_BATCH)?;
        within("train.patience", patience, MOST_EPOCHS)?;
        if batch < 2 {
            return Err(LearnError::Settings("`train.batch` is 1; batch normalisation needs at least 2 rows".into()));
        }
        if !(lr > 0.0 && lr.is_finite() && weight_decay >= 0.0 && weight_decay.is_finite()) {
            return Err(LearnError::Settings(format!("`train` has lr = {lr} and weight_decay = {weight_decay}")));
        }
        Ok(())
    }

    /// What the training loop needs, with the KL term at this weight.
    #[must_use]
    pub fn regime(self, kl_weight: f64, anneal: Anneal) -> Regime {
        let TrainSettings::Adam { lr, weight_decay, epochs, batch, patience } = self;
        Regime { learning_rate: lr, weight_decay, beta1: BETA1, epochs, batch, patience, kl_weight, anneal }
    }
}

/// Is a whole number between 1 and its limit?
pub(super) fn within(name: &str, value: usize, most: i64) -> Result<(), LearnError> {
    if (1..=most).contains(&i64::try_from(value).unwrap_or(i64::MAX)) {
        return Ok(());
    }
    Err(LearnError::Settings(format!("`{name}` is {value}, not between 1 and {most}")))
}
