//! The end of a rung of successive halving: which trials go on, and from where.

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::train::{CHECKPOINT, LINEAGE, Lineage, TrainingSummary};
use crate::learn::Settings;
use crate::learn::halving;
use crate::plan::node::Rung;

/// A trial that goes on.
pub(super) struct Survivor {
    pub(super) lineage: Lineage,
    pub(super) settings: Settings,
    /// The state that its training paused in.
    pub(super) checkpoint: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    lineage: Lineage,
    settings: Settings,
}

/// The file of all survivors, without its extension.
const SURVIVORS: &str = "survivors";

/// The name of the file with the state of the survivor at a place.
fn state(place: usize) -> String {
    format!("{place:02}.{CHECKPOINT}")
}

/// The trial at a place among the survivors, the best at place 0; nothing where so many could not be trained.
pub(super) fn survivor(rung: &Artifact, place: usize) -> Result<Option<Survivor>, StageError> {
    let kept: Vec<Kept> = rung.value(SURVIVORS)?;
    let Some(Kept { lineage, settings }) = kept.into_iter().nth(place) else { return Ok(None) };
    Ok(Some(Survivor { lineage, settings, checkpoint: rung.bytes(&state(place))? }))
}

/// Writes `survivors.ron`, best first, and the state of each, so that what goes on needs nothing but this artifact.
pub(super) fn run(context: &Context, rung: &Rung) -> Result<Vec<String>, StageError> {
    let trainings: Vec<Artifact> = context.inputs().map(|(_, artifact)| artifact).collect();
    let mut losses = Vec::with_capacity(trainings.len());
    for training in &trainings {
        let summary: TrainingSummary = training.value("summary")?;
        let value = summary.metric(&rung.choose);
        losses.push(if rung.lowest { value } else { -value });
    }
    let mut kept = Vec::new();
    for (place, training) in halving::survivors(&losses, rung.keep).into_iter().enumerate() {
        let training = &trainings[training];
        context.draft.bytes(&state(place), &training.bytes(CHECKPOINT)?)?;
        kept.push(Kept { lineage: training.value(LINEAGE)?, settings: training.value("settings")? });
    }
    context.draft.value(SURVIVORS, &kept)?;
    Ok(Vec::new())
}
