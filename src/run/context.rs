//! What a stage sees of the run: its inputs, its streams, its journal, and whether it should stop.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cores::Cores;
use super::error::StageError;
use super::journal::Journal;
use super::progress::NodeProgress;
use super::store::{Artifact, Draft, Store, write_atomically};
use crate::plan::node::{Node, Plan};
use crate::random::Streams;

/// Set when the user asks to stop; all nodes then save what they have and return.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Asks all nodes to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Was a stop requested?
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// One node at work.
pub struct Context<'a> {
    /// The whole plan.
    pub plan: &'a Plan,
    /// This node.
    pub node: &'a Node,
    /// Where artifacts are.
    pub store: &'a Store,
    /// The files of the artifact being made.
    pub draft: &'a Draft,
    /// The folder for journals and checkpoints of this node.
    pub work: PathBuf,
    /// The bar of this node.
    pub progress: &'a NodeProgress,
    /// Whether to stop.
    pub stop: &'a Stop,
    /// The cores of the run.
    pub cores: &'a Cores,
}

impl Context<'_> {
    /// The artifact of the `index`-th input.
    #[must_use]
    pub fn input(&self, index: usize) -> Artifact {
        self.store.artifact(&self.plan.nodes[self.node.inputs[index]].key)
    }

    /// The artifacts of all inputs with their nodes.
    pub fn inputs(&self) -> impl Iterator<Item = (&Node, Artifact)> {
        self.node.inputs.iter().map(|&input| {
            let node = &self.plan.nodes[input];
            (node, self.store.artifact(&node.key))
        })
    }

    /// The random streams of this node.
    #[must_use]
    pub fn streams(&self) -> Streams {
        Streams::new(self.plan.seed, &self.node.key.to_string())
    }

    /// Computes `count` independent parts side by side, each noted in a journal as soon as it is done, and returns them
    /// in order. After a crash only the missing parts are computed. A part computes on one core: it starts no threads and
    /// no parts of its own.
    ///
    /// # Errors
    /// When a stop is requested or the journal cannot be written.
    pub fn parts<T, F>(&self, name: &str, count: usize, compute: F) -> Result<Vec<T>, StageError>
    where
        T: Serialize + for<'de> Deserialize<'de> + Send,
        F: Fn(usize) -> T + Sync,
    {
        self.try_parts(name, count, |index| Ok(compute(index)))
    }

    /// As [`Self::parts`], for parts that may end without a result: because they take long and look at the stop
    /// themselves, or because they cannot be computed. Those that others have computed by then are kept.
    ///
    /// # Errors
    /// Also the first error of a part.
    pub fn try_parts<T, F>(&self, name: &str, count: usize, compute: F) -> Result<Vec<T>, StageError>
    where
        T: Serialize + for<'de> Deserialize<'de> + Send,
        F: Fn(usize) -> Result<T, StageError> + Sync,
    {
        let (journal, records) = Journal::open(&self.work.join(format!("{name}.journal")))?;
        let mut parts: Vec<Option<T>> = (0..count).map(|_| None).collect();
        for record in records {
            let read = std::str::from_utf8(&record).ok().and_then(|text| ron::from_str::<(usize, T)>(text).ok());
            if let Some((index, part)) = read
                && index < count
            {
                parts[index] = Some(part);
            }
        }
        let done = parts.iter().flatten().count();
        self.progress.start(done, count);
        let open: Vec<(usize, &mut Option<T>)> =
            parts.iter_mut().enumerate().filter(|(_, part)| part.is_none()).collect();
        self.cores.lend(|| {
            open.into_par_iter().with_max_len(1).try_for_each(|(index, slot)| {
                if self.stop.requested() {
                    return Err(StageError::Interrupted);
                }
                let part = self.cores.hold(|| compute(index))?;
                let record = ron::to_string(&(index, &part)).map_err(StageError::refused)?;
                journal.add(record.as_bytes())?;
                *slot = Some(part);
                self.progress.advance();
                Ok(())
            })
        })?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// Keeps a checkpoint of a part that cannot be cut into independent pieces.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_checkpoint(&self, bytes: &[u8]) -> Result<(), StageError> {
        Ok(write_atomically(&self.work.join("checkpoint"), bytes)?)
    }

    /// The last checkpoint, if there is one.
    #[must_use]
    pub fn load_checkpoint(&self) -> Option<Vec<u8>> {
        std::fs::read(self.work.join("checkpoint")).ok()
    }
}
