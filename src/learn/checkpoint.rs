//! Checkpoints: the whole state of a training after an epoch, so that a resumed training continues bit for bit.

use serde_json::json;
use tch::Tensor;

use super::adam::Adam;
use super::archive::{Archive, Array};
use super::error::LearnError;
use super::parameters::{tensor, values};

/// Where a training keeps its checkpoints. When they are saved never influences results, so [`Checkpoints::due`] may
/// look at a clock.
pub trait Checkpoints {
    /// The last checkpoint, if there is one.
    fn load(&mut self) -> Option<Vec<u8>>;
    /// Replaces the last checkpoint.
    fn save(&mut self, bytes: &[u8]);
    /// Should there be a checkpoint after this many epochs?
    fn due(&mut self, epochs: usize) -> bool;
    /// After how many epochs does the training pause? It then leaves the best weights so far, and a checkpoint from which
    /// it goes on as if it had not paused.
    fn pause(&self) -> Option<usize> {
        None
    }
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn load(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn save(&mut self, _bytes: &[u8]) {}

    fn due(&mut self, _epochs: usize) -> bool {
        false
    }
}

/// How many numbers the history holds for each split of an epoch; see [`super::training::Measures`].
pub const MEASURES: usize = 6;

/// The state of a training between two epochs.
#[derive(Debug)]
pub struct State {
    /// Epochs that are done.
    pub epochs: usize,
    /// The flat parameters.
    pub parameters: Tensor,
    /// The flat running statistics.
    pub statistics: Tensor,
    /// The optimiser.
    pub adam: Adam,
    /// Parameters and running statistics of the best epoch so far.
    pub best: (Tensor, Tensor),
    /// The best epoch, counted from 1; 0 before the first.
    pub best_epoch: usize,
    /// Its validation loss.
    pub best_loss: f64,
    /// Epochs since then that count towards the patience.
    pub stale: usize,
    /// For each epoch the measures of the training and of the validation rows.
    pub history: Vec<[[f64; MEASURES]; 2]>,
}

impl State {
    /// The bytes of a checkpoint of the training that `training` identifies.
    #[must_use]
    pub fn to_bytes(&self, training: &str) -> Vec<u8> {
        let single = |tensor: &Tensor| Array::Single(vec![tensor.numel()], values(tensor));
        let history: Vec<f64> = self.history.iter().flatten().flatten().copied().collect();
        let arrays = [
            ("best.parameters", single(&self.best.0)),
            ("best.statistics", single(&self.best.1)),
            ("best_loss", Array::Double(vec![1], vec![self.best_loss])),
            ("first", single(&self.adam.first)),
            ("history", Array::Double(vec![self.history.len(), 2, MEASURES], history)),
            ("parameters", single(&self.parameters)),
            ("second", single(&self.adam.second)),
            ("statistics", single(&self.statistics)),
        ];
        let description = json!({
            "format": "kexp checkpoint 1",
            "training": training,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "stale": self.stale,
            "steps": self.adam.steps,
        });
        let arrays = arrays.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
        Archive { description, arrays }.to_bytes()
    }

    /// Continues from a checkpoint. The state itself is left as it was when the checkpoint cannot be used.
    ///
    /// # Errors
    /// When the bytes are damaged, or the checkpoint is of another training.
    pub fn restore(&mut self, bytes: &[u8], training: &str) -> Result<(), LearnError> {
        let archive = Archive::from_bytes(bytes)?;
        if archive.describe::<String>("format")? != "kexp checkpoint 1" {
            return Err(LearnError::Damaged("another format".into()));
        }
        if archive.describe::<String>("training")? != training {
            return Err(LearnError::Damaged("it is of another training".into()));
        }
        let epochs: usize = archive.describe("epochs")?;
        let single = |name: &str, like: &Tensor| {
            Ok::<Tensor, LearnError>(tensor(archive.single(name, &[like.numel()])?, &[like.numel() as i64]))
        };
        let parameters = single("parameters", &self.parameters)?;
        let statistics = single("statistics", &self.statistics)?;
        let best = (single("best.parameters", &parameters)?, single("best.statistics", &statistics)?);
        let (first, second) = (single("first", &parameters)?, single("second", &parameters)?);
        let history = archive.double("history", &[epochs, 2, MEASURES])?;
        let best_loss = archive.double("best_loss", &[1])?[0];
        let (best_epoch, stale) = (archive.describe("best_epoch")?, archive.describe("stale")?);
        let steps = archive.describe("steps")?;

        let half = |values: &[f64]| std::array::from_fn(|index| values[index]);
        self.history = history.chunks_exact(2 * MEASURES).map(|both| [half(both), half(&both[MEASURES..])]).collect();
        (self.parameters, self.statistics) = (parameters, statistics);
        (self.best, self.best_loss, self.best_epoch) = (best, best_loss, best_epoch);
        (self.epochs, self.stale) = (epochs, stale);
        (self.adam.first, self.adam.second, self.adam.steps) = (first, second, steps);
        Ok(())
    }
}
