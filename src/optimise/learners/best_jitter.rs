//! Steps around the best training row.

use serde::{Deserialize, Serialize};

use super::rows::{LearnerError, TrainingRows};
use crate::optimise::bounds::Bounds;
use crate::optimise::design::jitter;
use crate::random::Streams;

/// Gaussian steps around the row with the lowest fval, mirrored into the box: [`jitter`], with its streams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BestJitter {
    /// Standard deviation of the steps in every parameter, on the estimation scale. The default 0.5 is half a decade
    /// for log10 parameters.
    pub sd: f64,
}

impl Default for BestJitter {
    fn default() -> Self {
        Self { sd: 0.5 }
    }
}

impl BestJitter {
    pub(super) fn propose(
        self,
        rows: &TrainingRows,
        bounds: &Bounds,
        count: usize,
        streams: &Streams,
    ) -> Result<Vec<Vec<f64>>, LearnerError> {
        let lowest = rows.lowest().ok_or(LearnerError::NoRows { rows: rows.len() })?;
        Ok(jitter(&rows.vectors[lowest], self.sd, count, bounds, streams))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::learners::Learner;

    #[test]
    fn it_is_the_design_around_the_lowest_row() {
        let bounds = Bounds { lower: vec![-5.0; 2], upper: vec![5.0; 2] };
        let mut rows = TrainingRows::default();
        rows.push(vec![1.0, 1.0], 5.0, 0, true);
        rows.push(vec![2.0, -1.0], 3.0, 1, false);
        let streams = Streams::new(1, "test");
        let found = Learner::BestJitter(BestJitter { sd: 0.1 }).propose(&rows, &bounds, 4, &streams);
        assert_eq!(found, Ok(jitter(&[2.0, -1.0], 0.1, 4, &bounds, &streams)));
        let still = Learner::BestJitter(BestJitter { sd: 0.0 }).propose(&rows, &bounds, 1, &streams);
        assert_eq!(still, Ok(vec![vec![2.0, -1.0]]));
    }
}
