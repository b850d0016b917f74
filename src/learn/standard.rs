//! Rows of mean 0 and standard deviation 1, for networks whose weights start at that scale.

use tch::Tensor;

use super::archive::{Archive, Array};
use super::error::LearnError;
use super::parameters::{tensor, values};

/// Mean and standard deviation of each scaled parameter over the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    /// Of each parameter.
    pub(super) mean: Vec<f32>,
    /// Of each parameter, not below a least one.
    pub(super) deviation: Vec<f32>,
}

/// The least standard deviation, in widths of the bounds: parameters that hardly vary stay finite, and as noise of this
/// size enters samples where a network errs by one deviation, none of them leaves its place.
const LEAST_DEVIATION: f64 = 1e-3;

impl Standard {
    /// From scaled rows, `[rows, parameters]`.
    #[must_use]
    pub fn new(x: &Tensor) -> Self {
        let (width, rows) = (x.size()[1] as usize, x.size()[0] as f64);
        let scaled = values(x);
        let column = |index: usize| scaled.iter().skip(index).step_by(width).map(|&value| f64::from(value));
        let mean: Vec<f64> = (0..width).map(|index| column(index).sum::<f64>() / rows).collect();
        let variance = |index: usize| column(index).map(|value| (value - mean[index]).powi(2)).sum::<f64>() / rows;
        let deviation = (0..width).map(|index| variance(index).sqrt().max(LEAST_DEVIATION) as f32).collect();
        Self { deviation, mean: mean.iter().map(|&value| value as f32).collect() }
    }

    /// How many parameters there are.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// From 0..1, `[rows, parameters]`.
    pub fn standardised(&self, x: &Tensor) -> Tensor {
        (x - row(&self.mean)) / row(&self.deviation)
    }

    /// Back to 0..1.
    pub fn scaled(&self, z: &Tensor) -> Tensor {
        z * row(&self.deviation) + row(&self.mean)
    }

    /// One value of a column from 0..1, in 64-bit numbers.
    #[must_use]
    pub fn standardised_one(&self, column: usize, scaled: f64) -> f64 {
        (scaled - f64::from(self.mean[column])) / f64::from(self.deviation[column])
    }

    /// And back to 0..1.
    #[must_use]
    pub fn scaled_one(&self, column: usize, standardised: f64) -> f64 {
        standardised * f64::from(self.deviation[column]) + f64::from(self.mean[column])
    }

    /// The logarithm of the volume that a unit of standardised space has in 0..1.
    #[must_use]
    pub fn log_volume(&self) -> f64 {
        self.deviation.iter().map(|&deviation| f64::from(deviation).ln()).sum()
    }

    /// Adds both to an archive.
    pub(super) fn write(&self, archive: &mut Archive) {
        for (name, row) in [("mean", &self.mean), ("deviation", &self.deviation)] {
            archive.arrays.insert(name.into(), Array::Single(vec![row.len()], row.clone()));
        }
    }

    /// Those of an archive.
    ///
    /// # Errors
    /// When they are not there or are not of so many parameters.
    pub(super) fn read(archive: &Archive, dimensions: usize) -> Result<Standard, LearnError> {
        let row = |name: &str| Ok::<_, LearnError>(archive.single(name, &[dimensions])?.to_vec());
        Ok(Standard { mean: row("mean")?, deviation: row("deviation")? })
    }
}

fn row(values: &[f32]) -> Tensor {
    tensor(values, &[1, values.len() as i64])
}
