//! How the settings of a descent are written into plans and keys.
//!
//! Before there were other methods, the settings of the trust region stood there alone, and keys are hashes of what is
//! written. They are written so still, and another method stands in a field `method` of the same structure.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LocalSettings;
use crate::optimise::trust_region::{DescentSettings, StopRule};

/// Writes the settings.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(settings: &LocalSettings, serializer: S) -> Result<S::Ok, S::Error> {
    match settings {
        LocalSettings::Gradient(settings) => settings.serialize(serializer),
        other => Other { method: *other }.serialize(serializer),
    }
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// When the text is of another form.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LocalSettings, D::Error> {
    let Either { method, iterations, stop, fatol, frtol, gtol, xtol, radius } = Either::deserialize(deserializer)?;
    let gradient = DescentSettings { iterations, stop, fatol, frtol, gtol, xtol, radius };
    Ok(method.unwrap_or(LocalSettings::Gradient(gradient)))
}

#[derive(Serialize)]
#[serde(rename = "DescentSettings")]
struct Other {
    method: LocalSettings,
}

/// Both forms: the fields of [`DescentSettings`], or a method. Formats that check names of structures find the one that
/// was written.
#[derive(Deserialize)]
#[serde(rename = "DescentSettings", default, deny_unknown_fields)]
struct Either {
    #[serde(deserialize_with = "some")]
    method: Option<LocalSettings>,
    iterations: usize,
    stop: StopRule,
    fatol: f64,
    frtol: f64,
    gtol: f64,
    xtol: f64,
    radius: f64,
}

impl Default for Either {
    fn default() -> Self {
        let DescentSettings { iterations, stop, fatol, frtol, gtol, xtol, radius } = DescentSettings::default();
        Self { method: None, iterations, stop, fatol, frtol, gtol, xtol, radius }
    }
}

/// A field that is left out where there is nothing holds its bare value.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LocalSettings>, D::Error> {
    LocalSettings::deserialize(deserializer).map(Some)
}
