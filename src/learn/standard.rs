//! Standardisation: the affine image of scaled rows in which each parameter has mean 0 and standard deviation 1.

use tch::Tensor;

use super::archive::{Archive, Array};
use super::error::LearnError;
use super::parameters::{tensor, values};

/// Mean and standard deviation of each scaled parameter over the training rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standard {
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
    pub(super) fn new(x: &Tensor) -> Self {
        let (width, rows) = (x.size()[1] as usize, x.size()[0] as f64);
        let scaled = values(x);
        let column = |index: usize| scaled.iter().skip(index).step_by(width).map(|&value| f64::from(value));
        let mean: Vec<f64> = (0..width).map(|index| column(index).sum::<f64>() / rows).collect();
        let variance = |index: usize| column(index).map(|value| (value - mean[index]).powi(2)).sum::<f64>() / rows;
        let deviation = (0..width).map(|index| variance(index).sqrt().max(LEAST_DEVIATION) as f32).collect();
        Self { deviation, mean: mean.iter().map(|&value| value as f32).collect() }
    }

    fn row(values: &[f32]) -> Tensor {
        tensor(values, &[1, values.len() as i64])
    }

    /// Scaled rows in standard deviations from the mean, `[rows, parameters]`.
    pub(super) fn standardised(&self, x: &Tensor) -> Tensor {
        (x - Self::row(&self.mean)) / Self::row(&self.deviation)
    }

    /// Back to 0..1.
    pub(super) fn scaled(&self, z: &Tensor) -> Tensor {
        z * Self::row(&self.deviation) + Self::row(&self.mean)
    }

    /// Adds both to an archive.
    pub(super) fn write(&self, archive: &mut Archive) {
        for (name, row) in [("mean", &self.mean), ("deviation", &self.deviation)] {
            archive.arrays.insert(name.into(), Array::Single(vec![row.len()], row.clone()));
        }
    }

    /// Both of an archive, for so many parameters.
    ///
    /// # Errors
    /// When one is missing, is not finite, or has another length.
    pub(super) fn read(archive: &Archive, parameters: usize) -> Result<Self, LearnError> {
        let row = |name: &str| Ok::<_, LearnError>(archive.single(name, &[parameters])?.to_vec());
        Ok(Self { mean: row("mean")?, deviation: row("deviation")? })
    }
}
