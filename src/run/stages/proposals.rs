//! Vectors drawn from a trained generator: within the bounds by the law that is asked for, and past the filter. What was
//! outside, drawn again or refused is counted.

use super::super::error::StageError;
use crate::learn::{Classifier, LearnError};
use crate::optimise::Bounds;
use crate::plan::node::Filter;
use crate::random::Streams;

/// How often vectors outside the bounds are drawn again before they are clipped.
const MOST_DRAWS: usize = 1000;

/// Draws so many vectors at a condition, vector `i` from stream `i`: [`crate::learn::Generator::sample`].
pub(super) type Sample<'a> = dyn Fn(f64, usize, &Streams) -> Result<Vec<Vec<f64>>, LearnError> + 'a;

/// A generator with what its vectors must keep to.
pub(super) struct Source<'a> {
    pub(super) sample: &'a Sample<'a>,
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
        let sample =
            |count: usize, streams: &Streams| (self.sample)(condition, count, streams).map_err(StageError::refused);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::learn::train_settings::TrainSettings;
    use crate::learn::{FeasibilityData, FeasibilitySettings, feasibility};

    /// Gaussian vectors of this mean and standard deviation in each of two parameters.
    fn cloud(mean: f64, sd: f64) -> impl Fn(f64, usize, &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        move |_, count, streams| {
            Ok((0..count as u64)
                .map(|index| {
                    let mut stream = streams.stream(index);
                    let normal: [f64; 2] = std::array::from_fn(|_| StandardNormal.sample(&mut stream));
                    normal.iter().map(|value| mean + sd * value).collect()
                })
                .collect())
        }
    }

    fn box_of_two() -> Bounds {
        Bounds::new(vec![-1.0, 0.0], vec![1.0, 0.5]).expect("a box")
    }

    fn drawn(outside: &str, sample: &Sample, seed: u64) -> Vec<Proposal> {
        let bounds = box_of_two();
        let source = Source { sample, bounds: &bounds, outside, filter: None };
        source.draw(0.0, 20, &Streams::new(seed, "draws")).expect("draws")
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn every_law_keeps_to_the_bounds_and_counts(seed in 0..1000_u64, mean in -2.0..2.0, sd in 0.1..3.0) {
            let (sample, bounds) = (cloud(mean, sd), box_of_two());
            let first = sample(0.0, 20, &Streams::new(seed, "draws")).expect("draws");
            for law in ["clip", "reflect", "reject"] {
                for (one, x) in drawn(law, &sample, seed).iter().zip(&first) {
                    let inside = bounds.contains(x);
                    prop_assert!(bounds.contains(&one.vector));
                    prop_assert_eq!(one.outside == 0, inside);
                    prop_assert_eq!(one.redrawn > 0, law == "reject" && !inside);
                    prop_assert!(!one.forced || (law == "reject" && one.redrawn == MOST_DRAWS - 1));
                    let expected = match law {
                        "clip" => Some(bounds.clip(x)),
                        "reflect" => Some(bounds.reflect(x)),
                        _ => inside.then(|| x.clone()),
                    };
                    prop_assert!(expected.is_none_or(|expected| expected == one.vector));
                }
            }
        }
    }

    #[test]
    fn rejection_ends() {
        for one in drawn("reject", &cloud(1e6, 1.0), 1) {
            assert!(one.forced && one.redrawn == MOST_DRAWS - 1 && one.outside == 2);
            assert_eq!(one.vector, vec![1.0, 0.5]);
        }
    }

    #[test]
    fn the_filter_refuses_what_fails() {
        // Solves where the first parameter is below 0.
        let streams = Streams::new(4, "classifier");
        let rows = cloud(0.0, 0.4)(0.0, 300, &streams).expect("draws");
        let rows: Vec<Vec<f64>> = rows.iter().map(|x| box_of_two().reflect(x)).collect();
        let data = FeasibilityData {
            names: vec!["a".into(), "b".into()],
            lower: vec![-1.0, 0.0],
            upper: vec![1.0, 0.5],
            solved: rows.iter().map(|x| x[0] < 0.0).collect(),
            descents: (0..300).collect(),
            validation: (0..300).map(|row| row % 5 == 0).collect(),
            rows,
        };
        let train = TrainSettings::Adam { lr: 0.05, weight_decay: 1e-3, epochs: 300, batch: 128, patience: 40 };
        let settings = FeasibilitySettings { depth: 0, train, ..FeasibilitySettings::default() };
        let train = || feasibility::train(settings, &data, &streams, &|| false, &mut |_, _, _| ()).expect("trains");
        let classifier = train().classifier;
        assert_eq!(classifier, train().classifier, "the same seed gives the same bits");
        assert_eq!(Classifier::from_bytes(&classifier.to_bytes()).expect("reads"), classifier);
        let [low, middle, high] = [-0.8, 0.0, 0.8].map(|x| classifier.predict(&[vec![x, 0.2]]).expect("predicts")[0]);
        assert!(low > 0.9 && (0.2..0.8).contains(&middle) && high < 0.1, "{low} {middle} {high}");

        let (bounds, filter) = (box_of_two(), Filter { at_least: 0.5, draws: 50 });
        let draw = |sample: &Sample| {
            let source =
                Source { sample, bounds: &bounds, outside: "reflect", filter: Some((&filter, Some(&classifier))) };
            source.draw(0.0, 40, &Streams::new(9, "draws")).expect("draws")
        };
        let passed = draw(&cloud(0.0, 0.3));
        assert!(passed.iter().all(|one| one.probability >= 0.5 && !one.forced && one.vector[0] < 0.1));
        assert!(passed.iter().any(|one| one.refused > 0), "half of the draws fail");
        // Where no draw passes, the most probable is taken.
        for one in draw(&cloud(0.8, 0.02)) {
            assert!(one.forced && one.refused == 50 && one.probability < 0.5 && one.vector[0] < 0.82);
        }
    }
}
