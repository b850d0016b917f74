//! Simple learners: they propose starts from the training rows that a generative model gets, so that what it adds can
//! be told. All are methods of a few lines with settings of a few numbers.
//!
//! What each learns from is the end of each descent among the rows ([`TrainingRows::ends`]), in the unit cube of the
//! box; what it proposes is mirrored into the box. Each proposal has its own random stream: the first `n` of more
//! proposals are the same. Fixed parameters stay where they are fixed.

mod best_jitter;
mod cube;
mod elite_gaussian;
mod elite_mixture;
mod gaussian;
mod kde;
mod mixture;
mod recombination;
mod rows;
mod schema;

use serde::{Deserialize, Serialize};

pub use best_jitter::BestJitter;
pub use elite_gaussian::EliteGaussian;
pub use elite_mixture::EliteMixture;
pub use kde::Kde;
pub use recombination::Recombination;
pub use rows::{LearnerError, TrainingRows};
pub use schema::learners;

use self::cube::Cube;
use super::bounds::Bounds;
use crate::random::Streams;

/// A learner by name, as settings hold it; see [`learners`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// [`BestJitter`]
    BestJitter(BestJitter),
    /// [`EliteGaussian`]
    EliteGaussian(EliteGaussian),
    /// [`EliteMixture`]
    EliteMixture(EliteMixture),
    /// [`Kde`]
    Kde(Kde),
    /// [`Recombination`]
    Recombination(Recombination),
}

impl Learner {
    /// Its word in the language.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Learner::BestJitter(_) => "best_jitter",
            Learner::EliteGaussian(_) => "elite_gaussian",
            Learner::EliteMixture(_) => "elite_mixture",
            Learner::Kde(_) => "kde",
            Learner::Recombination(_) => "recombination",
        }
    }

    /// Proposes `count` vectors in the box, each as long as the bounds.
    ///
    /// All but [`BestJitter`] need two different ends to learn a spread from, and [`Recombination`] two distinct ones.
    /// With fewer they do what [`BestJitter`] does by default, from the same streams as it.
    ///
    /// # Errors
    /// When the rows' lists differ in length, a vector is not as long as the bounds, the bounds are no box or not
    /// finite, or no row has a finite fval and a finite vector.
    pub fn propose(
        &self,
        rows: &TrainingRows,
        bounds: &Bounds,
        count: usize,
        streams: &Streams,
    ) -> Result<Vec<Vec<f64>>, LearnerError> {
        rows.check(bounds)?;
        let cube = Cube::new(bounds);
        let ends = cube.ends(rows);
        let own = streams.part(self.name());
        let proposals = match self {
            Learner::BestJitter(_) => None,
            _ if ends.iter().all(|end| *end == ends[0]) => None,
            Learner::EliteGaussian(settings) => Some(settings.propose(&ends, &cube, count, &own)),
            Learner::EliteMixture(settings) => Some(settings.propose(&ends, &cube, count, &own)),
            Learner::Kde(settings) => Some(settings.propose(&ends, &cube, count, &own)),
            Learner::Recombination(settings) => settings.propose(&ends, &cube, count, &own),
        };
        let jitter = if let Learner::BestJitter(settings) = self { *settings } else { BestJitter::default() };
        proposals.map_or_else(|| jitter.propose(rows, bounds, count, streams), Ok)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;

    fn all() -> [Learner; 5] {
        [
            Learner::BestJitter(BestJitter::default()),
            Learner::EliteGaussian(EliteGaussian::default()),
            Learner::EliteMixture(EliteMixture::default()),
            Learner::Kde(Kde::default()),
            Learner::Recombination(Recombination::default()),
        ]
    }

    fn bounds(dimensions: usize) -> Bounds {
        let mut bounds = Bounds { lower: vec![-5.0; dimensions], upper: vec![5.0; dimensions] };
        // The second of several parameters is fixed.
        if dimensions > 1 {
            (bounds.lower[1], bounds.upper[1]) = (2.0, 2.0);
        }
        bounds
    }

    fn rows(descents: usize, bounds: &Bounds, seed: u64) -> TrainingRows {
        let mut generator = Streams::new(seed, "rows").stream(0);
        let mut rows = TrainingRows::default();
        for descent in 0..descents {
            for end in [false, true] {
                let unit: Vec<f64> = (0..bounds.len()).map(|_| generator.random::<f64>()).collect();
                rows.push(bounds.from_unit(&unit), 100.0 * generator.random::<f64>(), descent, end);
            }
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn proposals_lie_in_the_box_and_do_not_depend_on_how_many_there_are(
            descents in 1_usize..40,
            dimensions in 1_usize..7,
            seed in any::<u64>(),
        ) {
            let (bounds, streams) = (bounds(dimensions), Streams::new(seed, "test"));
            let rows = rows(descents, &bounds, seed);
            for learner in all() {
                let many = learner.propose(&rows, &bounds, 20, &streams).expect("rows");
                prop_assert_eq!(many.len(), 20);
                prop_assert!(many.iter().all(|vector| bounds.contains(vector)), "{:?}", learner);
                let few = learner.propose(&rows, &bounds, 7, &streams).expect("rows");
                prop_assert_eq!(&many[..7], &few[..]);
                let other = learner.propose(&rows, &bounds, 7, &Streams::new(seed, "other")).expect("rows");
                prop_assert!(few != other);
            }
        }
    }

    #[test]
    fn rows_that_failed_are_ignored() {
        let (bounds, streams) = (bounds(3), Streams::new(1, "test"));
        let rows = rows(20, &bounds, 5);
        let mut more = rows.clone();
        for (index, fval) in [f64::INFINITY, f64::NAN, -1.0].into_iter().enumerate() {
            let first = if fval == -1.0 { f64::NAN } else { 0.0 };
            more.push(vec![first, 2.0, 0.0], fval, 50 + index, true);
        }
        for learner in all() {
            let known = learner.propose(&rows, &bounds, 5, &streams).expect("rows");
            assert_eq!(learner.propose(&more, &bounds, 5, &streams).expect("rows"), known, "{learner:?}");
        }
    }

    #[test]
    fn too_few_rows_give_jitter_and_none_an_error() {
        let (bounds, streams) = (bounds(3), Streams::new(1, "test"));
        let one = rows(1, &bounds, 5);
        let jitter = all()[0].propose(&one, &bounds, 5, &streams).expect("a row");
        for learner in all() {
            assert_eq!(learner.propose(&one, &bounds, 5, &streams).expect("a row"), jitter);
            let none = learner.propose(&TrainingRows::default(), &bounds, 5, &streams);
            assert_eq!(none, Err(LearnerError::NoRows { rows: 0 }));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let streams = Streams::new(1, "test");
        let given = rows(3, &bounds(3), 5);
        let propose = |rows: &TrainingRows, bounds: &Bounds| all()[1].propose(rows, bounds, 1, &streams);
        assert!(matches!(propose(&given, &bounds(2)), Err(LearnerError::Dimension { row: 0, found: 3, wanted: 2 })));
        let mut shorter = given.clone();
        shorter.fvals.pop();
        assert!(matches!(propose(&shorter, &bounds(3)), Err(LearnerError::Lengths { .. })));
        let half = Bounds { lower: vec![0.0; 3], upper: vec![f64::INFINITY; 3] };
        assert!(matches!(propose(&given, &half), Err(LearnerError::InfiniteBounds { index: 0 })));
        let fixed = Bounds { lower: vec![1.0; 3], upper: vec![1.0; 3] };
        assert_eq!(propose(&given, &fixed), Ok(vec![vec![1.0; 3]]));
    }
}
