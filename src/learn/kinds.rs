//! The kinds of generators: their names, settings and checks. Nothing here needs libtorch.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::error::LearnError;
use super::generator::Engine;
use crate::schema::{Choice, Field, Schema, Type, Value};

/// The resolved settings of one generator.
pub type Settings = BTreeMap<String, Value>;

/// A kind of generator.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its word: `generator g { kind = cvae }`.
    pub name: &'static str,
    /// What it is, with its source.
    pub doc: &'static str,
    /// Its settings, [`kind_field`] the first.
    pub schema: fn() -> Schema,
    /// Has it a latent space, which [`super::Generator::embed`] leads into?
    pub latent: bool,
    /// See [`Kind::check`].
    pub check: fn(&Settings) -> Result<(), LearnError>,
}

/// Kinds that a program which links this library brought, with their engines.
static BROUGHT: RwLock<Vec<(Kind, Engine)>> = RwLock::new(Vec::new());

/// Adds a kind from outside of this library, for the rest of the process: checks, `--set`, `vary`, keys, trainings and
/// files treat it like those that are built in. To be called before anything is planned, and with one name always the
/// same: keys know a kind by its name and settings.
///
/// # Errors
/// When a kind of this name is there already.
pub fn register(kind: Kind, engine: Engine) -> Result<(), LearnError> {
    let mut brought = BROUGHT.write().unwrap_or_else(PoisonError::into_inner);
    if super::KINDS.iter().chain(brought.iter().map(|(kind, _)| kind)).any(|there| there.name == kind.name) {
        return Err(LearnError::Settings(format!("there is a generator of kind `{}` already", kind.name)));
    }
    brought.push((kind, engine));
    Ok(())
}

/// The engine of a kind from outside.
pub(super) fn brought_engine(name: &str) -> Option<Engine> {
    let brought = BROUGHT.read().unwrap_or_else(PoisonError::into_inner);
    brought.iter().find(|(kind, _)| kind.name == name).map(|(_, engine)| *engine)
}

/// All kinds of generators, those from outside last.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    let brought = BROUGHT.read().unwrap_or_else(PoisonError::into_inner);
    super::KINDS.iter().copied().chain(brought.iter().map(|(kind, _)| *kind)).collect()
}

/// The kind of this name.
///
/// # Errors
/// When there is none.
pub fn kind(name: &str) -> Result<Kind, LearnError> {
    kinds().into_iter().find(|kind| kind.name == name).ok_or_else(|| LearnError::UnknownKind(name.to_owned()))
}

/// The kind that the setting `kind` names.
///
/// # Errors
/// When there is no such setting or kind.
pub fn kind_of(settings: &Settings) -> Result<Kind, LearnError> {
    match settings.get("kind") {
        Some(Value::Choice(name, _) | Value::Text(name)) => kind(name),
        _ => Err(LearnError::UnknownSetting { path: "kind".into(), segment: "kind".into() }),
    }
}

/// The setting that names the kind.
#[must_use]
pub fn kind_field() -> Field {
    let kinds = kinds().iter().map(|kind| Choice::new(kind.name, kind.doc, vec![])).collect();
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
