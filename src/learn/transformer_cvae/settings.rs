//! The settings of a cVAE of attention blocks: their schema, their typed form, and what must hold between them.

use serde::{Deserialize, Serialize};

use crate::learn::cvae::loss::{self, LossTerm};
use crate::learn::error::LearnError;
use crate::learn::kinds::{Kind, Settings, kind_field};
use crate::learn::train_settings::{TrainSettings, within};
use crate::learn::training::Regime;
use crate::schema::{Field, Schema, Type, Value, typed};

/// What the language knows of this kind.
pub const KIND: Kind = Kind {
    name: "transformer_cvae",
    doc: "A cVAE whose encoder and decoder attend over parameters.",
    schema,
    latent: true,
    check: |settings| read(settings).map(|_| ()),
};

/// The settings of `generator g { kind = transformer_cvae }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransformerSettings {
    /// The word `transformer_cvae`.
    pub kind: String,
    /// Numbers in a token.
    pub width: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Attention blocks of the encoder, and as many of the decoder.
    pub blocks: usize,
    /// Numbers in a latent vector.
    pub latent: usize,
    /// One likelihood, and the KL term.
    pub loss: Vec<LossTerm>,
    /// How it is trained.
    pub train: TrainSettings,
}

const MOST_WIDTH: i64 = 4096;
const MOST_HEADS: i64 = 64;
const MOST_BLOCKS: i64 = 32;
const MOST_LATENT: i64 = 8192;
/// How it is trained where nothing is said: as the cVAE of perceptrons, so that the two compare.
const TRAIN: TrainSettings =
    TrainSettings::Adam { lr: 1e-3, weight_decay: 1e-5, epochs: 300, batch: 128, patience: 40 };

/// The schema of [`TransformerSettings`].
#[must_use]
pub fn schema() -> Schema {
    let whole =
        |name, most, default, doc| Field::new(name, Type::Integer { least: 1, most }, Value::Integer(default), doc);
    Schema {
        kind: "generator transformer_cvae",
        doc: "A conditional variational autoencoder whose encoder and decoder attend over parameters, one token each \
              (Vaswani et al. 2017; Kingma and Welling 2014; Sohn et al. 2015).",
        fields: vec![
            kind_field(),
            whole("width", MOST_WIDTH, 64, "Numbers in a token; a block's hidden layer has four times as many."),
            whole("heads", MOST_HEADS, 4, "Heads of each attention; they share the width evenly."),
            whole("blocks", MOST_BLOCKS, 3, "Attention blocks of the encoder, and as many of the decoder."),
            whole("latent", MOST_LATENT, 8, "Numbers in a latent vector."),
            loss::field(),
            TRAIN.field(),
        ],
    }
}

impl TransformerSettings {
    /// Do the settings fit each other and their limits? Files are checked too, so that none asks for absurd sizes.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self) -> Result<(), LearnError> {
        let counts = [
            ("width", self.width, MOST_WIDTH),
            ("heads", self.heads, MOST_HEADS),
            ("blocks", self.blocks, MOST_BLOCKS),
            ("latent", self.latent, MOST_LATENT),
        ];
        counts.into_iter().try_for_each(|(name, value, most)| within(name, value, most))?;
        if !self.width.is_multiple_of(self.heads) {
            let text = format!("`width` is {}, which {} `heads` cannot share evenly", self.width, self.heads);
            return Err(LearnError::Settings(text));
        }
        loss::check(&self.loss)?;
        self.train.check()
    }

    /// What the training loop needs.
    pub(super) fn regime(&self) -> Regime {
        let (weight, anneal) = loss::divergence(&self.loss);
        self.train.regime(weight, anneal)
    }
}

/// The typed settings, checked.
pub(super) fn read(settings: &Settings) -> Result<TransformerSettings, LearnError> {
    let settings: TransformerSettings = typed(settings).map_err(|error| LearnError::Settings(error.to_string()))?;
    settings.check()?;
    Ok(settings)
}
