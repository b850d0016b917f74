//! The settings of each stage: what its keys hash.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::rows::Format;
use crate::learn::halving;
use crate::optimise::local::written;
use crate::optimise::{Design, LocalSettings};
use crate::schema::Value;

/// Settings of descents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descend {
    /// Where they start.
    pub starts: Starts,
    /// How many.
    pub count: usize,
    /// How each goes and when it stops.
    #[serde(with = "written")]
    pub descent: LocalSettings,
    /// Keep every accepted iterate, not only the ends.
    pub keep_iterates: bool,
    /// Which repeat it is, from 0: repeats differ by their random streams.
    #[serde(default, skip_serializing_if = "is_first")]
    pub repeat: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_first(repeat: &usize) -> bool {
    *repeat == 0
}

/// Where descents start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Starts {
    /// A Latin hypercube over the bounds (`McKay`, Beckman & Conover 1979).
    LatinHypercube,
    /// Uniform draws in the bounds.
    Random,
    /// Another initial design.
    Design(Design),
    /// The generated vectors of a second input, in order.
    Proposals,
    /// The best training row of a second input, plus Gaussian noise of this standard deviation on the estimation scale.
    BestJitter(f64),
}

/// Rows that are there already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRows {
    /// Where the table lies; not part of the key.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// The BLAKE3 hash of its bytes.
    pub checksum: String,
}

/// How rows are taken from descents.
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own, as the file says it")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecipe {
    /// At most so many iterates of each descent, its end not counted.
    pub most_iterates: usize,
    /// Take the ends of descents.
    pub endpoints: bool,
    /// The share of descents, or of basins, that is held out.
    pub validate: f64,
    /// Hold out whole basins, not single descents.
    pub validate_basins: bool,
    /// The condition scale: a choice `log_gap`, `quantile` or `minmax`.
    pub condition: Value,
    /// Leave out every descent that ended in the best basin.
    pub blind: bool,
    /// How close to the best end an end lies in the best basin.
    #[serde(default = "basin", skip_serializing_if = "is_basin")]
    pub within: f64,
    /// What a generator is told of each row.
    #[serde(default, skip_serializing_if = "Labels::is_condition")]
    pub labels: Labels,
    /// Rows whose solve failed are learnt from as the worst ones; else they are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed_as_worst: bool,
}

/// What a generator is told of each row that it learns from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Labels {
    /// The condition of its fval.
    #[default]
    Condition,
    /// The condition of another row, drawn at random.
    Shuffled,
    /// Nothing: all rows have condition 0, and so has whatever is asked for.
    None,
}

impl Labels {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_condition(&self) -> bool {
        *self == Labels::Condition
    }
}

/// How close to the best end an end lies in its basin, where nothing is said.
fn basin() -> f64 {
    0.05
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_basin(within: &f64) -> bool {
    *within == basin()
}

/// How the rows of a round come from those of the round before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Append {
    /// The round that learns from these rows, from 2.
    pub round: usize,
    /// The share of the appended proposals that is held out.
    pub validate: f64,
    /// The `k` of the weight 1/(k N + rank) of training rows; nothing where all count alike.
    pub weight: Option<f64>,
}

/// What proposals must pass before they are solved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// The predicted probability to solve that a proposal needs.
    pub at_least: f64,
    /// After so many refused draws the most probable of them is taken.
    pub draws: usize,
}

/// The rounds of a `generate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    /// The generators in the order of the inputs.
    pub generators: Vec<RoundsOf>,
}

/// The rounds of one generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundsOf {
    /// What it is called in figures; no part of the key, the artifact numbers its generators.
    pub label: String,
    /// How many rounds.
    pub rounds: usize,
}

/// Settings of one training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Train {
    /// The generator's settings; absent where a tune's choice is trained on another dataset.
    pub settings: Option<BTreeMap<String, Value>>,
    /// The number of the trial in a search. A trial whose settings cannot be trained on the data is recorded as refused
    /// and loses; any other training then fails. Trials that drew the same values differ by their number.
    pub trial: Option<usize>,
    /// Pause after so many epochs, with a checkpoint from which another training goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<usize>,
    /// The place among the survivors of a rung whose training goes on. Which trial that is only the run knows, and so the
    /// key does not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
}

impl Train {
    /// Is it a trial of a search, or goes on with one?
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.trial.is_some() || self.place.is_some()
    }
}

/// Settings of the end of a rung.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// The metric that is compared, such as `validation.loss`.
    pub choose: String,
    /// Lowest wins; else highest.
    pub lowest: bool,
    /// How many trials go on.
    pub keep: usize,
}

/// Settings of a choice among trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tune {
    /// The column of the final metrics that is compared, such as `validation.loss`.
    pub choose: String,
    /// Lowest wins; else highest.
    pub lowest: bool,
    /// The varied settings, in the order of the file.
    pub varied: Vec<Varied>,
    /// The rungs of successive halving; none where every trial trains to the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<halving::Rung>,
}

/// A varied setting and its value in every trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Varied {
    /// Its path in the generator.
    pub path: String,
    /// Drawn and drawn as a figure on a logarithmic scale.
    pub log10: bool,
    /// Its value in each trial.
    pub values: Vec<Value>,
}

/// Settings of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// The conditions asked for.
    pub conditions: Vec<f64>,
    /// Vectors at each condition.
    pub replicates: usize,
    /// What happens to vectors outside the bounds: `clip`, `reflect` or `reject`.
    pub outside: String,
    /// What they must pass; the third input then is its classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

/// Settings of the latent map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latent {
    /// UMAP's number of neighbours.
    pub neighbours: usize,
}

/// Settings of the distances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// The condition of the proposals.
    pub condition: f64,
    /// The share of training rows with the lowest fvals that counts as best.
    pub quantile: f64,
    /// At most so many distances of each group go into the figure; the summary is over all.
    pub shown: usize,
}

/// Settings of a judgement of proposals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// How far apart on the condition scale two fvals are at most that count as the same.
    pub caliper: f64,
    /// The ball of a held-out row reaches to so many other descents.
    pub neighbours: usize,
    /// Bootstrap resamples.
    pub resamples: usize,
}

/// Settings of the map of proposals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// UMAP's number of neighbours.
    pub neighbours: usize,
    /// At most so many training rows, and so many proposals of each generator.
    pub shown: usize,
}

/// Settings of a comparison of descents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compare {
    /// What each of the inputs after the problem is called.
    pub origins: Vec<Origin>,
    /// An end within this of the target is a hit.
    pub tolerance: f64,
    /// Bootstrap resamples.
    pub resamples: usize,
}

/// One set of descents in a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// What it is called in figures. It is no part of the key: the artifact numbers its origins.
    pub label: String,
    /// Of the plan's nodes, by key, those whose work is charged to this origin besides its descents.
    pub charged: Vec<Key>,
}
