//! One training of a generator, with checkpoints.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::dataset::DatasetSummary;
use super::rows::vectors;
use super::rung;
use crate::learn::{self, Checkpoints, LearnError, Session, Settings, Trained, TrainingData};
use crate::plan::node::Train;
use crate::random::Streams;

/// What a training came to, beside its table `history`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Why the settings could not be trained on the data; only a trial of a search survives this.
    pub refused: Option<String>,
    /// How many numbers were trained.
    pub parameters: usize,
    /// Epochs that were done.
    pub epochs: usize,
    /// The epoch whose weights were kept, counted from 1.
    pub best_epoch: usize,
    /// Metrics of that epoch, such as `validation.loss`.
    pub metrics: Vec<(String, f64)>,
}

impl TrainingSummary {
    /// A metric by its name; NaN where there is none.
    pub(super) fn metric(&self, name: &str) -> f64 {
        self.metrics.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, value)| *value)
    }
}

/// Reads the trained generator of an artifact that a training or a tune wrote.
pub(super) fn generator(artifact: &Artifact) -> Result<Trained, StageError> {
    Trained::from_bytes(&artifact.bytes(FILE)?).map_err(StageError::refused)
}

/// The file that holds the generator.
pub(super) const FILE: &str = "generator.safetensors";

/// Everything that a training writes; a tune copies the files of its choice.
pub(super) const FILES: [&str; 5] = [FILE, "history.parquet", "summary.ron", "settings.ron", "graph.ron"];

/// Where a trial of a search by rungs comes from, kept beside its trainings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lineage {
    /// The number of the trial.
    pub(super) trial: usize,
    /// The name of its random streams, the same in all rungs: the key of its first training.
    pub(super) streams: String,
}

/// The file of a lineage, without its extension.
pub(super) const LINEAGE: &str = "lineage";

/// The state of a training that has paused.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";

/// Writes `generator.safetensors`, `history.parquet`, `summary.ron`, `settings.ron` and `graph.ron`; for a trial that
/// was refused only `summary.ron`. Where a search goes by rungs, `lineage.ron` too, and `checkpoint.safetensors` where the
/// training pauses.
pub(super) fn run(context: &Context, train: &Train) -> Result<Vec<String>, StageError> {
    let mut lineage = train
        .trial
        .filter(|_| train.pause.is_some())
        .map(|trial| Lineage { trial, streams: context.node.key.to_string() });
    let mut continued = None;
    let settings: Settings = match (&train.settings, train.place) {
        (Some(settings), _) => settings.clone(),
        (None, None) => context.input(1).value("settings")?,
        (None, Some(place)) => {
            let Some(survivor) = rung::survivor(&context.input(1), place)? else {
                return refused(context, "fewer trials could be trained than go on".to_owned());
            };
            continued = Some(survivor.checkpoint);
            lineage = Some(survivor.lineage);
            survivor.settings
        }
    };
    if let Some(lineage) = &lineage {
        context.draft.value(LINEAGE, lineage)?;
    }
    let streams = match &lineage {
        Some(lineage) => Streams::new(context.plan.seed, &lineage.streams),
        None => context.streams(),
    };
    let data = training_data(&context.input(0))?;
    let failed = AtomicBool::new(false);
    let mut checkpoints = NodeCheckpoints {
        context,
        continued,
        pause: train.pause,
        paused: None,
        saved: Instant::now(),
        cost: Duration::ZERO,
        error: None,
        failed: &failed,
    };
    let mut session = Session {
        checkpoints: &mut checkpoints,
        stop: &|| context.stop.requested() || failed.load(Ordering::Relaxed),
        progress: &mut |done, most, _| {
            if done <= 1 {
                context.progress.start(done, most);
            }
            context.progress.at(done);
        },
    };
    let trained = learn::train(&settings, &data, &streams, &mut session);
    if let Some(error) = checkpoints.error.take() {
        return Err(error);
    }
    match trained {
        Ok(trained) => {
            if let Some(paused) = checkpoints.paused.take() {
                context.draft.bytes(CHECKPOINT, &paused)?;
            }
            write(context, &settings, &trained)
        }
        Err(LearnError::Interrupted { .. }) => Err(StageError::Interrupted),
        Err(error) if train.is_trial() => refused(context, error.to_string()),
        Err(error) => Err(StageError::refused(error)),
    }
}

/// What is left of a trial that could not be trained.
fn refused(context: &Context, reason: String) -> Result<Vec<String>, StageError> {
    let warning = format!("this trial counts as lost: {reason}");
    let summary =
        TrainingSummary { refused: Some(reason), parameters: 0, epochs: 0, best_epoch: 0, metrics: Vec::new() };
    context.draft.value("summary", &summary)?;
    Ok(vec![warning])
}

fn write(context: &Context, settings: &Settings, trained: &Trained) -> Result<Vec<String>, StageError> {
    let draft = context.draft;
    draft.bytes(FILE, &trained.to_bytes())?;
    draft.table("history", &trained.history)?;
    draft.value("settings", settings)?;
    draft.value("graph", &trained.graph())?;
    let (splits, best) = (trained.history.texts("split")?, trained.history.integers("best")?);
    let mut metrics = Vec::new();
    for split in ["validation", "training"] {
        let row = (0..splits.len()).find(|&row| splits[row] == split && best[row] == 1);
        let Some(row) = row else { continue };
        for metric in ["loss", "rmse", "pearson", "spearman"] {
            metrics.push((format!("{split}.{metric}"), trained.history.numbers(metric)?[row]));
        }
    }
    draft.value(
        "summary",
        &TrainingSummary {
            refused: None,
            parameters: trained.parameters(),
            epochs: trained.history.rows() / 2,
            best_epoch: trained.best_epoch,
            metrics,
        },
    )?;
    Ok(trained.warnings.clone())
}

/// The rows of a dataset that have a condition.
pub(super) fn training_data(dataset: &Artifact) -> Result<TrainingData, StageError> {
    let summary: DatasetSummary = dataset.value("summary")?;
    let rows = dataset.table("rows")?;
    let splits = rows.texts("split")?;
    let usable: Vec<usize> = (0..rows.rows()).filter(|&row| splits[row] != "failed").collect();
    let rows = rows.select(&usable);
    Ok(TrainingData {
        rows: vectors(&rows, &summary.names)?,
        conditions: rows.numbers("condition")?.to_vec(),
        validation: rows.texts("split")?.iter().map(|split| split == "validation").collect(),
        names: summary.names,
        lower: summary.lower,
        upper: summary.upper,
    })
}

/// Checkpoints in the node's folder, as many as cost about 2 % of the time: when they are written changes no result.
struct NodeCheckpoints<'a> {
    context: &'a Context<'a>,
    /// The state in which a trial of a rung comes here.
    continued: Option<Vec<u8>>,
    pause: Option<usize>,
    /// The last state, of a training that pauses.
    paused: Option<Vec<u8>>,
    saved: Instant,
    /// How long the last one took to write.
    cost: Duration,
    error: Option<StageError>,
    failed: &'a AtomicBool,
}

/// The shortest time between two checkpoints.
const SHORTEST: Duration = Duration::from_millis(250);

impl Checkpoints for NodeCheckpoints<'_> {
    fn load(&mut self) -> Option<Vec<u8>> {
        self.context.load_checkpoint().or_else(|| self.continued.take())
    }

    fn save(&mut self, bytes: &[u8]) {
        let started = Instant::now();
        if let Err(error) = self.context.save_checkpoint(bytes) {
            self.error = Some(error);
            self.failed.store(true, Ordering::Relaxed);
        }
        if self.pause.is_some() {
            self.paused = Some(bytes.to_vec());
        }
        self.saved = Instant::now();
        self.cost = started.elapsed();
    }

    fn due(&mut self, _epochs: usize) -> bool {
        self.saved.elapsed() >= SHORTEST.max(50 * self.cost)
    }

    fn pause(&self) -> Option<usize> {
        self.pause
    }
}
