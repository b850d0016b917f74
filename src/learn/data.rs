//! The rows that a generator learns from, and their scaling.

use tch::Tensor;

use super::archive::{Archive, Array};
use super::error::LearnError;
use super::parameters::tensor;
use super::sampling::finite_condition;

/// Parameter vectors with their conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingData {
    /// The parameters' ids, in the order of a row.
    pub names: Vec<String>,
    /// Lower bounds on the estimation scale.
    pub lower: Vec<f64>,
    /// Upper bounds on the estimation scale.
    pub upper: Vec<f64>,
    /// Parameter vectors on the estimation scale.
    pub rows: Vec<Vec<f64>>,
    /// The normalised fval of each row: 0 is the best training row, 1 the worst.
    pub conditions: Vec<f64>,
    /// Is the row held out for validation?
    pub validation: Vec<bool>,
}

/// The names and bounds of a vector: what leads from 0..1 back to the estimation scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// The parameters' ids.
    pub names: Vec<String>,
    /// Lower bounds on the estimation scale.
    pub lower: Vec<f64>,
    /// Upper bounds on the estimation scale.
    pub upper: Vec<f64>,
}

/// Rows as tensors of 32-bit numbers.
#[derive(Debug)]
pub struct Rows {
    /// Scaled parameter vectors, `[rows, parameters]`.
    pub x: Tensor,
    /// Scaled parameter vectors with the condition in the last column, `[rows, parameters + 1]`.
    pub xc: Tensor,
    /// Conditions, `[rows, 1]`.
    pub c: Tensor,
}

/// Training and validation rows, scaled to 0..1 by the bounds.
#[derive(Debug)]
pub struct Scaled {
    /// Where the rows live.
    pub space: Space,
    /// What is learnt from.
    pub training: Rows,
    /// What is held out.
    pub validation: Rows,
}

impl TrainingData {
    /// Scales the rows by the bounds.
    ///
    /// # Errors
    /// When there is no finite row, or no row on either side of the split; when a value is not finite or out of bounds
    /// by more than rounding; when lengths do not fit.
    pub fn scaled(&self) -> Result<Scaled, LearnError> {
        let space = Space { names: self.names.clone(), lower: self.lower.clone(), upper: self.upper.clone() };
        space.check()?;
        same_length("conditions", self.conditions.len(), self.rows.len())?;
        same_length("marks of validation rows", self.validation.len(), self.rows.len())?;
        let finite =
            |row: &Vec<f64>, condition: &f64| condition.is_finite() && row.iter().all(|value| value.is_finite());
        if !self.rows.iter().zip(&self.conditions).any(|(row, condition)| finite(row, condition)) {
            return Err(LearnError::NoFiniteRows);
        }
        let mut parts: [Vec<f32>; 2] = [Vec::new(), Vec::new()];
        for (index, (row, &condition)) in self.rows.iter().zip(&self.conditions).enumerate() {
            let part = &mut parts[usize::from(self.validation[index])];
            part.extend(space.scale(row, index)?);
            part.push(finite_condition(condition, index)?);
        }
        if parts[1].is_empty() {
            return Err(LearnError::NoValidation { rows: self.rows.len() });
        }
        if parts[0].is_empty() {
            return Err(LearnError::NoTraining { rows: self.rows.len() });
        }
        let [training, validation] = parts.map(|part| Rows::new(&part, space.names.len()));
        Ok(Scaled { space, training, validation })
    }

    /// A hash over all names, bounds and values, to tell one dataset from another.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for name in &self.names {
            hasher.update(name.as_bytes()).update(&[0]);
        }
        let numbers = self.lower.iter().chain(&self.upper).chain(self.rows.iter().flatten()).chain(&self.conditions);
        for value in numbers {
            hasher.update(&value.to_le_bytes());
        }
        for &held_out in &self.validation {
            hasher.update(&[u8::from(held_out)]);
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl Space {
    /// Do names and bounds fit, and is the lower bound below the upper one?
    ///
    /// # Errors
    /// When not.
    pub fn check(&self) -> Result<(), LearnError> {
        if self.names.is_empty() {
            return Err(LearnError::Shape { what: "estimated parameters".into(), found: 0, expected: 1 });
        }
        same_length("lower bounds", self.lower.len(), self.names.len())?;
        same_length("upper bounds", self.upper.len(), self.names.len())?;
        for ((name, &lower), &upper) in self.names.iter().zip(&self.lower).zip(&self.upper) {
            if !(lower.is_finite() && upper.is_finite() && lower < upper && (upper - lower).is_finite()) {
                return Err(LearnError::Bounds { name: name.clone(), lower, upper });
            }
        }
        Ok(())
    }

    /// One row, scaled to 0..1. Rounding beyond a bound (a part in 1e9 of the width) is cut off.
    ///
    /// # Errors
    /// When the row, which errors call `index`, has the wrong length, is not finite, or lies outside the bounds.
    pub fn scale(&self, row: &[f64], index: usize) -> Result<Vec<f32>, LearnError> {
        same_length(&format!("values in row {index}"), row.len(), self.names.len())?;
        let scale_one = |(column, &value): (usize, &f64)| {
            let (lower, upper) = (self.lower[column], self.upper[column]);
            if !value.is_finite() {
                return Err(LearnError::NotFinite { row: index, name: self.names[column].clone() });
            }
            let scaled = (value - lower) / (upper - lower);
            if !(-1e-9..=1.0 + 1e-9).contains(&scaled) {
                return Err(LearnError::OutOfBounds {
                    row: index,
                    name: self.names[column].clone(),
                    value,
                    lower,
                    upper,
                });
            }
            Ok(scaled.clamp(0.0, 1.0) as f32)
        };
        row.iter().enumerate().map(scale_one).collect()
    }

    /// Rows with their conditions, scaled to 0..1.
    ///
    /// # Errors
    /// As [`Space::scale`], or when a condition is missing or not finite.
    pub fn rows(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Rows, LearnError> {
        same_length("conditions", conditions.len(), rows.len())?;
        let mut scaled = Vec::with_capacity(rows.len() * (self.names.len() + 1));
        for (index, (row, &condition)) in rows.iter().zip(conditions).enumerate() {
            scaled.extend(self.scale(row, index)?);
            scaled.push(finite_condition(condition, index)?);
        }
        Ok(Rows::new(&scaled, self.names.len()))
    }

    /// A finite value of one column, scaled; values out of the bounds lead out of 0..1.
    #[must_use]
    pub fn scale_one(&self, column: usize, value: f64) -> f64 {
        (value - self.lower[column]) / (self.upper[column] - self.lower[column])
    }

    /// The logarithm of the volume that the bounds enclose on the estimation scale.
    #[must_use]
    pub fn log_volume(&self) -> f64 {
        self.lower.iter().zip(&self.upper).map(|(lower, upper)| (upper - lower).ln()).sum()
    }

    /// The value on the estimation scale of a scaled value of one column; values outside 0..1 lead out of the bounds.
    #[must_use]
    pub fn unscale(&self, column: usize, scaled: f64) -> f64 {
        self.lower[column] + scaled * (self.upper[column] - self.lower[column])
    }

    /// A scaled row on the estimation scale; see [`Space::unscale`].
    #[must_use]
    pub fn unscale_row<T: Copy + Into<f64>>(&self, scaled: &[T]) -> Vec<f64> {
        scaled.iter().enumerate().map(|(column, &value)| self.unscale(column, value.into())).collect()
    }
}

impl Space {
    /// Adds names and bounds to an archive.
    pub fn write(&self, archive: &mut Archive) {
        archive.description["names"] = self.names.clone().into();
        for (name, bounds) in [("lower", &self.lower), ("upper", &self.upper)] {
            archive.arrays.insert(name.into(), Array::Double(vec![bounds.len()], bounds.clone()));
        }
    }

    /// Names and bounds of an archive, checked.
    ///
    /// # Errors
    /// When they are not there or do not fit.
    pub fn read(archive: &Archive) -> Result<Space, LearnError> {
        let names: Vec<String> = archive.describe("names")?;
        let lower = archive.double("lower", &[names.len()])?.to_vec();
        let upper = archive.double("upper", &[names.len()])?.to_vec();
        let space = Space { names, lower, upper };
        space.check()?;
        Ok(space)
    }
}

impl Rows {
    /// Rows from scaled values with the condition after each row's `parameters` values.
    #[must_use]
    pub fn new(values: &[f32], parameters: usize) -> Self {
        let width = parameters as i64;
        let xc = tensor(values, &[(values.len() / (parameters + 1)) as i64, width + 1]);
        Rows { x: xc.narrow(1, 0, width).contiguous(), c: xc.narrow(1, width, 1).contiguous(), xc }
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.size()[0] as usize
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The given rows in the given order.
    #[must_use]
    pub fn select(&self, order: &[i64]) -> Rows {
        let order = Tensor::from_slice(order);
        Rows {
            x: self.x.index_select(0, &order),
            xc: self.xc.index_select(0, &order),
            c: self.c.index_select(0, &order),
        }
    }

    /// `count` rows from `start`, sharing memory.
    #[must_use]
    pub fn narrow(&self, start: i64, count: i64) -> Rows {
        Rows {
            x: self.x.narrow(0, start, count),
            xc: self.xc.narrow(0, start, count),
            c: self.c.narrow(0, start, count),
        }
    }
}

/// Is a length what it has to be?
///
/// # Errors
/// When not.
pub(super) fn same_length(what: &str, found: usize, expected: usize) -> Result<(), LearnError> {
    if found == expected { Ok(()) } else { Err(LearnError::Shape { what: what.to_owned(), found, expected }) }
}
