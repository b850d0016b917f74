//! Vectors drawn from a trained generator: within the bounds by the law that is asked for, and past the filter. What was
//! outside, drawn again or refused is counted.

use super::super::error::StageError;
use crate::learn::{Classifier, Trained};
use crate::optimise::Bounds;
use crate::plan::node::Filter;
use crate::random::Streams;

/// How often vectors outside the bounds are drawn again before they are clipped.
const MOST_DRAWS: usize = 1000;

/// A generator with what its vectors must keep to.
pub(super) struct Source<'a> {
    pub(super) trained: &'a Trained,
    pub(super) bounds: &'a Bounds,
    /// What happens outside of them: `clip`, `reflect` or `reject`.
    pub(super) outside: &'a str,
    /// The filter, with its classifier where there was something to learn from.
    pub(super) filter: Option<(&'a Filter, Option<&'a Classifier>)>,
}

/// A vector within the bounds, and how it came about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Proposal {
    pub(super) vector: Vec<f64>,
    /// How many coordinates were out of bounds when it was first drawn.
    pub(super) outside: usize,
    /// Draws that were given back since they lay outside the bounds.
    pub(super) redrawn: usize,
    /// Draws that the filter refused.
    pub(super) refused: usize,
    /// No draw was within the bounds, or none passed the filter: the last one was clipped, or the most probable taken.
    pub(super) forced: bool,
    /// The predicted probability that it solves; NaN where nothing predicts.
    pub(super) probability: f64,
}

impl Source<'_> {
    /// `count` vectors at a condition. The first draw of vector `i` is that of stream `i`.
    pub(super) fn draw(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Proposal>, StageError> {
        let sample = |count: usize, streams: &Streams| {
            self.trained.sample(condition, count, streams).map_err(StageError::refused)
        };
        let mut made = vec![Proposal { probability: f64::NAN, ..Proposal::default() }; count];
        let mut open: Vec<usize> = (0..count).collect();
        for draw in 0.. {
            let drawn = match draw {
                0 => sample(count, streams)?,
                _ => sample(open.len(), &streams.part(&format!("draw {draw}")))?,
            };
            open = self.judge(&mut made, &open, drawn, draw)?;
            if open.is_empty() {
                break;
            }
        }
        Ok(made)
    }

    /// Keeps what may be kept, and says for which vectors another draw is needed.
    fn judge(
        &self,
        made: &mut [Proposal],
        open: &[usize],
        drawn: Vec<Vec<f64>>,
        draw: usize,
    ) -> Result<Vec<usize>, StageError> {
        let mut again = Vec::new();
        let mut inside: Vec<(usize, Vec<f64>)> = Vec::new();
        for (&at, x) in open.iter().zip(drawn) {
            let outside = self.coordinates_outside(&x);
            if draw == 0 {
                made[at].outside = outside;
            }
            let may_redraw = made[at].redrawn + 1 < MOST_DRAWS;
            match self.outside {
                "reject" if outside > 0 && may_redraw => {
                    made[at].redrawn += 1;
                    again.push(at);
                }
                "reject" if outside > 0 => {
                    made[at].forced = true;
                    inside.push((at, self.bounds.clip(&x)));
                }
                "reflect" => inside.push((at, self.bounds.reflect(&x))),
                _ => inside.push((at, self.bounds.clip(&x))),
            }
        }
        let Some((filter, Some(classifier))) = self.filter else {
            for (at, x) in inside {
                made[at].vector = x;
            }
            return Ok(again);
        };
        let vectors: Vec<Vec<f64>> = inside.iter().map(|(_, x)| x.clone()).collect();
        let probabilities = classifier.predict(&vectors).map_err(StageError::refused)?;
        for ((at, x), probability) in inside.into_iter().zip(probabilities) {
            let one = &mut made[at];
            if one.vector.is_empty() || probability > one.probability {
                (one.vector, one.probability) = (x, probability);
            }
            if probability < filter.at_least {
                one.refused += 1;
                // What could not be brought within the bounds is not drawn any more.
                if one.refused < filter.draws && !one.forced {
                    again.push(at);
                } else {
                    one.forced = true;
                }
            }
        }
        again.sort_unstable();
        Ok(again)
    }

    fn coordinates_outside(&self, x: &[f64]) -> usize {
        x.iter().zip(self.bounds.pairs()).filter(|(value, (lower, upper))| *value < lower || *value > upper).count()
    }
}
