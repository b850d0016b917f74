//! The kinds of generators: their names, settings and checks. Nothing here needs libtorch.

use std::collections::BTreeMap;

use super::ccgan::settings as ccgan;
use super::cvae::settings as cvae;
use super::error::LearnError;
use super::flow_matching::settings as flow_matching;
use super::transformer_cvae::settings as transformer_cvae;
use crate::schema::{Choice, Field, Schema, Type, Value};

/// The resolved settings of one generator.
pub type Settings = BTreeMap<String, Value>;

/// A kind of generator.
#[derive(Debug)]
pub struct Kind {
    /// Its word: `generator g { kind = cvae }`.
    pub name: &'static str,
    /// Its settings.
    pub schema: fn() -> Schema,
    /// Has it a latent space, which [`super::Generator::embed`] leads into?
    pub latent: bool,
    check: fn(&Settings) -> Result<(), LearnError>,
}

/// All kinds of generators. A new one is a file, a line here and a line in [`super::generator`].
#[must_use]
pub fn kinds() -> &'static [Kind] {
    &[
        Kind { name: "cvae", schema: cvae::schema, latent: true, check: cvae::check },
        Kind { name: "ccgan", schema: ccgan::schema, latent: false, check: ccgan::check },
        Kind {
            name: "transformer_cvae",
            schema: transformer_cvae::schema,
            latent: true,
            check: transformer_cvae::check,
        },
        Kind { name: "flow_matching", schema: flow_matching::schema, latent: false, check: flow_matching::check },
    ]
}

/// The kind of this name.
///
/// # Errors
/// When there is none.
pub fn kind(name: &str) -> Result<&'static Kind, LearnError> {
    kinds().iter().find(|kind| kind.name == name).ok_or_else(|| LearnError::UnknownKind(name.to_owned()))
}

/// The kind that the setting `kind` names.
///
/// # Errors
/// When there is no such setting or kind.
pub fn kind_of(settings: &Settings) -> Result<&'static Kind, LearnError> {
    match settings.get("kind") {
        Some(Value::Choice(name, _) | Value::Text(name)) => kind(name),
        _ => Err(LearnError::UnknownSetting { path: "kind".into(), segment: "kind".into() }),
    }
}

/// The setting that names the kind.
#[must_use]
pub fn kind_field() -> Field {
    let kinds = vec![
        Choice::new("cvae", "Conditional variational autoencoder (Kingma and Welling 2014; Sohn et al. 2015).", vec![]),
        Choice::new("transformer_cvae", "A cVAE whose encoder and decoder attend over parameters.", vec![]),
        Choice::new("ccgan", "Continuous conditional generative adversarial network (Ding et al. 2021).", vec![]),
        Choice::new("flow_matching", "Conditional flow matching (Lipman et al. 2023).", vec![]),
    ];
    Field::required("kind", Type::Choice(kinds), "Kind of generator.")
}

impl Kind {
    /// Can a network be built from these settings? What the schema alone cannot say.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self, settings: &Settings) -> Result<(), LearnError> {
        (self.check)(settings)
    }
}
