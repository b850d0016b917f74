//! The starts that a method proposes, one design after the other.

use super::super::super::context::Context;
use super::super::super::error::StageError;
use super::super::dataset::DatasetSummary;
use super::super::feasibility::classifier;
use super::super::proposals::Source;
use super::super::rows::vectors;
use super::super::train::generator;
use crate::learn::{Classifier, Trained};
use crate::optimise::learners::TrainingRows;
use crate::optimise::{Bounds, Design, design};
use crate::plan::node::Filter;
use crate::plan::trial::{Method, Trial};
use crate::random::Streams;

/// Points of one design, where the design has no sizes of its own.
const POINTS: usize = 100;

/// A method with what it has learnt.
pub(super) struct Proposer<'a> {
    method: &'a Method,
    bounds: &'a Bounds,
    streams: Streams,
    rows: TrainingRows,
    /// The generator and the condition that it is asked for.
    trained: Option<(Trained, f64)>,
    filter: Option<&'a Filter>,
    /// What filters, where there was something to learn from.
    classifier: Option<Classifier>,
    outside: &'a str,
}

/// What became of a generator's draws.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Draws {
    /// Vectors that were proposed.
    pub(super) proposed: usize,
    /// Of them, those that were first drawn outside the bounds.
    pub(super) outside: usize,
    /// Draws that were given back for that.
    pub(super) redrawn: usize,
    /// Draws that the filter refused.
    pub(super) refused: usize,
}

impl<'a> Proposer<'a> {
    pub(super) fn new(
        context: &Context,
        settings: &'a Trial,
        bounds: &'a Bounds,
        names: &[String],
    ) -> Result<Self, StageError> {
        let method = &settings.method;
        let filter = settings.filter.as_ref();
        Ok(Self {
            filter,
            classifier: filter.map(|_| classifier(&context.input(4))).transpose()?.flatten(),
            outside: settings.outside.as_deref().unwrap_or("reflect"),
            method,
            bounds,
            streams: context.streams().part("starts"),
            rows: if let Method::Learner(_) = method { rows(context, names)? } else { TrainingRows::default() },
            trained: match method {
                Method::Generator { condition } => {
                    let dataset: DatasetSummary = context.input(2).value("summary")?;
                    Some((generator(&context.input(3))?, dataset.asked(*condition)))
                }
                _ => None,
            },
        })
    }

    /// How many of the points of each design are descended from, where they are candidates.
    pub(super) fn screens(&self) -> Option<usize> {
        if let Method::Screened { keep, .. } = self.method { Some(*keep) } else { None }
    }

    /// The points of the design with this number: each is drawn anew, but one Sobol sequence goes on from design to design.
    pub(super) fn design(&self, number: usize, draws: &mut Draws) -> Result<Vec<Vec<f64>>, StageError> {
        let (bounds, dimensions) = (self.bounds, self.bounds.len());
        let streams = self.streams.part(&format!("design {number}"));
        let drawn = |design: Design| design.points(bounds, &streams).map_err(StageError::refused);
        match (self.method, &self.trained) {
            (Method::Generator { .. }, Some((trained, condition))) => {
                let filter = self.filter.map(|filter| (filter, self.classifier.as_ref()));
                let sample = |condition, count, streams: &Streams| trained.sample(condition, count, streams);
                let source = Source { sample: &sample, bounds, outside: self.outside, filter };
                let made = source.draw(*condition, POINTS, &streams)?;
                draws.proposed += made.len();
                draws.outside += made.iter().filter(|one| one.outside > 0).count();
                draws.redrawn += made.iter().map(|one| one.redrawn).sum::<usize>();
                draws.refused += made.iter().map(|one| one.refused).sum::<usize>();
                Ok(made.into_iter().map(|one| one.vector).collect())
            }
            (Method::Learner(learner), _) => {
                learner.propose(&self.rows, bounds, POINTS, &streams).map_err(StageError::refused)
            }
            (Method::LatinHypercube { criterion }, _) => {
                drawn(Design::LatinHypercube { count: POINTS, criterion: *criterion })
            }
            (Method::MultiJittered, _) => {
                drawn(Design::MultiJittered { count: design::multi_jittered_count(POINTS, dimensions) })
            }
            (Method::Screened { of, .. }, _) => drawn(Design::LatinHypercube { count: *of, criterion: None }),
            (Method::Sobol, _) => {
                let count = (number + 1) * POINTS;
                let all = Design::Sobol { count }.points(bounds, &self.streams).map_err(StageError::refused)?;
                Ok(all.into_iter().skip(number * POINTS).collect())
            }
            (Method::Random | Method::Generator { .. } | Method::Global(_), _) => {
                drawn(Design::Random { count: POINTS })
            }
        }
    }
}

/// The rows of the dataset whose solve did not fail, those that are held out from the training of generators too.
fn rows(context: &Context, names: &[String]) -> Result<TrainingRows, StageError> {
    let table = context.input(2).table("rows")?;
    let (fvals, starts) = (table.numbers("fval")?, table.integers("start")?);
    let (iterations, splits) = (table.integers("iteration")?, table.texts("split")?);
    let mut rows = TrainingRows::default();
    for (row, x) in vectors(&table, names)?.into_iter().enumerate().filter(|(row, _)| splits[*row] != "failed") {
        let is_last =
            (0..starts.len()).all(|other| starts[other] != starts[row] || iterations[other] <= iterations[row]);
        rows.push(x, fvals[row], starts[row] as usize, is_last);
    }
    Ok(rows)
}
