//! The file format of generators and checkpoints: safetensors, with everything that is no tensor as JSON in its
//! metadata, and a checksum over both.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde_json::{Value as Json, json};

use super::error::LearnError;

/// The one metadata entry. More than one would be written in the order of a hash map.
const ENTRY: &str = "kexp";

/// Named arrays with a description.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Archive {
    /// What is no array.
    pub description: Json,
    /// The arrays.
    pub arrays: BTreeMap<String, Array>,
}

/// An array of numbers in row order.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// 32-bit numbers.
    Single(Vec<usize>, Vec<f32>),
    /// 64-bit numbers.
    Double(Vec<usize>, Vec<f64>),
}

impl Array {
    fn parts(&self) -> (Dtype, &[usize], Vec<u8>) {
        match self {
            Array::Single(shape, values) => {
                (Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
            }
            Array::Double(shape, values) => {
                (Dtype::F64, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
            }
        }
    }
}

impl Archive {
    /// The bytes of a file. The same archive gives the same bytes.
    ///
    /// # Panics
    /// When an array's shape does not fit its values: archives are made by code, never by input.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts: Vec<(&String, Dtype, &[usize], Vec<u8>)> = self
            .arrays
            .iter()
            .map(|(name, array)| {
                let (dtype, shape, bytes) = array.parts();
                (name, dtype, shape, bytes)
            })
            .collect();
        // The description travels as text, so that the checksum is over what stands in the file and not over numbers
        // that were parsed and printed again.
        let description = self.description.to_string();
        let checksum = checksum(&description, parts.iter().map(|(name, .., bytes)| (name.as_str(), bytes.as_slice())));
        let entry = json!({ "checksum": checksum, "description": description }).to_string();
        let views = parts.iter().map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.to_vec(), bytes).expect("an array's shape fits its values");
            (name.as_str(), view)
        });
        serialize(views, Some(HashMap::from([(ENTRY.to_owned(), entry)]))).expect("the header is below 100 MB")
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are no safetensors file, not one of kexp's, or not what was written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Archive, LearnError> {
        let damaged = |error: &dyn std::fmt::Display| LearnError::Damaged(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error))?;
        let entry = header.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
        let entry = entry.ok_or_else(|| damaged(&"it has no description by kexp"))?;
        let entry: Json = serde_json::from_str(entry).map_err(|error| damaged(&error))?;
        let description = entry["description"].as_str().unwrap_or_default();
        let views: BTreeMap<&str, TensorView> = tensors.iter().collect();
        let found = checksum(description, views.iter().map(|(name, view)| (*name, view.data())));
        if entry["checksum"] != json!(found) {
            return Err(damaged(&"its checksum does not fit its content"));
        }
        let description = serde_json::from_str(description).map_err(|error| damaged(&error))?;
        let mut arrays = BTreeMap::new();
        for (name, view) in views {
            let shape = view.shape().to_vec();
            let array = match view.dtype() {
                Dtype::F32 => {
                    Array::Single(shape, view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
                }
                Dtype::F64 => {
                    Array::Double(shape, view.data().as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
                }
                other => return Err(LearnError::Damaged(format!("`{name}` holds numbers of type {other:?}"))),
            };
            arrays.insert(name.to_owned(), array);
        }
        Ok(Archive { description, arrays })
    }

    /// The 32-bit values of an array of exactly this shape, all finite.
    ///
    /// # Errors
    /// When there is no such array.
    pub fn single(&self, name: &str, shape: &[usize]) -> Result<&[f32], LearnError> {
        match self.arrays.get(name) {
            Some(Array::Single(found, values)) if found == shape && values.iter().all(|value| value.is_finite()) => {
                Ok(values)
            }
            other => Err(misfit(name, shape, other)),
        }
    }

    /// The 64-bit values of an array of exactly this shape.
    ///
    /// # Errors
    /// When there is no such array.
    pub fn double(&self, name: &str, shape: &[usize]) -> Result<&[f64], LearnError> {
        match self.arrays.get(name) {
            Some(Array::Double(found, values)) if found == shape => Ok(values),
            other => Err(misfit(name, shape, other)),
        }
    }

    /// A part of the description as a type.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn describe<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T, LearnError> {
        let value = self.description.get(key).cloned().unwrap_or(Json::Null);
        serde_json::from_value(value).map_err(|error| LearnError::Damaged(format!("`{key}`: {error}")))
    }
}

fn misfit(name: &str, shape: &[usize], found: Option<&Array>) -> LearnError {
    LearnError::Damaged(match found {
        None => format!("there is no `{name}`"),
        Some(Array::Single(found, _)) if found == shape => format!("`{name}` is not finite, or not of 64 bits"),
        Some(Array::Single(found, _) | Array::Double(found, _)) => {
            format!("`{name}` has shape {found:?} where {shape:?} was expected")
        }
    })
}

fn checksum<'a>(description: &str, arrays: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(description.as_bytes());
    for (name, bytes) in arrays {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}
