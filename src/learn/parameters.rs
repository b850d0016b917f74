//! Trainable parameters and running statistics: named tensors that are views of one flat tensor, so that an
//! optimiser's step is a handful of operations however many layers a network has.

use rand::RngExt;
use tch::{Kind, Tensor, no_grad};

use super::archive::{Archive, Array};
use super::error::LearnError;
use crate::random::Streams;

/// How a tensor starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Uniform between plus and minus this number.
    Uniform(f64),
    /// All the same.
    Constant(f32),
}

/// One named tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name, such as `encoder.0.gemm.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// How it starts.
    pub start: Start,
}

/// The named tensors of a network, in the order in which they lie in the flat tensor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// The tensors.
    pub entries: Vec<Entry>,
}

impl Layout {
    /// Adds a tensor and returns its index.
    pub fn add(&mut self, name: impl Into<String>, shape: &[i64], start: Start) -> usize {
        self.entries.push(Entry { name: name.into(), shape: shape.to_vec(), start });
        self.entries.len() - 1
    }

    /// How many numbers in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.iter().map(Entry::len).sum()
    }

    /// Is there nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Initial values; each tensor has a stream of its own.
    #[must_use]
    pub fn start(&self, streams: &Streams) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.len());
        for (index, entry) in self.entries.iter().enumerate() {
            match entry.start {
                Start::Constant(value) => values.extend(std::iter::repeat_n(value, entry.len())),
                Start::Uniform(bound) => {
                    let mut stream = streams.stream(index as u64);
                    values.extend((0..entry.len()).map(|_| ((2.0 * stream.random::<f64>() - 1.0) * bound) as f32));
                }
            }
        }
        values
    }

    /// The named tensors as views of the flat one; gradients flow through them.
    #[must_use]
    pub fn views(&self, flat: &Tensor) -> Vec<Tensor> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let sizes: Vec<i64> = self.entries.iter().map(|entry| entry.len() as i64).collect();
        let pieces = flat.split_with_sizes(sizes, 0);
        pieces.iter().zip(&self.entries).map(|(piece, entry)| piece.view(entry.shape.as_slice())).collect()
    }

    /// The range of each tensor in the flat one.
    pub fn ranges(&self) -> impl Iterator<Item = (&Entry, std::ops::Range<usize>)> {
        self.entries.iter().scan(0, |offset, entry| {
            let range = *offset..*offset + entry.len();
            *offset = range.end;
            Some((entry, range))
        })
    }

    /// Runs `compute` with the tensors of flat values, without gradients, on the calling thread alone.
    pub(super) fn with<T>(&self, flat: &[f32], compute: impl FnOnce(&[Tensor]) -> T) -> T {
        // The setting is one of each thread.
        one_thread();
        no_grad(|| compute(&self.views(&tensor(flat, &[flat.len() as i64]))))
    }

    /// Adds the tensors with these flat values to an archive, each by its name.
    pub(super) fn write(&self, flat: &[f32], archive: &mut Archive) {
        for (entry, range) in self.ranges() {
            archive.arrays.insert(entry.name.clone(), Array::Single(entry.lengths(), flat[range].to_vec()));
        }
    }

    /// The flat values of the tensors of an archive.
    ///
    /// # Errors
    /// When one is missing, is not finite, or has another shape.
    pub(super) fn read(&self, archive: &Archive) -> Result<Vec<f32>, LearnError> {
        let mut values = Vec::new();
        for entry in &self.entries {
            values.extend_from_slice(archive.single(&entry.name, &entry.lengths())?);
        }
        Ok(values)
    }
}

impl Entry {
    fn lengths(&self) -> Vec<usize> {
        self.shape.iter().map(|&length| length as usize).collect()
    }

    /// How many numbers it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product::<i64>() as usize
    }

    /// Does it hold none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A tensor of this shape from values in row order; their number must fit.
pub(super) fn tensor(values: &[f32], shape: &[i64]) -> Tensor {
    Tensor::from_slice(values).view(shape)
}

/// The values of a tensor in row order.
pub(super) fn values(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.detach().to_kind(Kind::Float).contiguous();
    let mut values = vec![0.0_f32; flat.numel()];
    let count = values.len();
    flat.copy_data(&mut values, count);
    values
}

/// Makes libtorch compute on the calling thread alone: side-by-side trainings use the cores, and sums have one order.
pub(super) fn one_thread() {
    tch::set_num_threads(1);
}

#[cfg(test)]
impl Layout {
    /// Fails where the slope of a loss along the gradient of an entry is not the gradient's square. Along the gradient
    /// itself, so that the difference is large beside the rounding of 32-bit numbers. The bounds: how far to go, and the
    /// share of the square and the number by which the slope may be off.
    pub(super) fn assert_slopes(
        &self,
        flat: &Tensor,
        gradient: &Tensor,
        (reach, share, slack): (f64, f64, f64),
        loss: impl Fn(&Tensor) -> f64,
    ) {
        for (entry, range) in self.ranges() {
            let found = gradient.narrow(0, range.start as i64, entry.len() as i64);
            let length = found.square().sum(Kind::Double).double_value(&[]).sqrt();
            let step = (reach / length.max(1e-3)).min(1.0);
            let moved = |sign: f64| {
                let moved = flat.copy();
                let _ = moved.narrow(0, range.start as i64, entry.len() as i64).g_add_(&(&found * (sign * step)));
                loss(&moved)
            };
            let slope = (moved(1.0) - moved(-1.0)) / (2.0 * step);
            let error = (slope - length * length).abs();
            assert!(error < share * length * length + slack, "{}: {slope} is not {}", entry.name, length * length);
        }
    }
}
