//! The condition: the normalised fval that a generator is asked for. 0 is the best training row, 1 the worst.

use serde::{Deserialize, Serialize};

use super::quantiles::{quantile_of_sorted, sorted_finite};
use crate::schema::{Choice, Field, Type, Value};

/// The scale on which conditions are equally spaced.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ConditionKind {
    /// `log10(fval - best + offset)`, then min-max on the training rows: resolves the gap to the best row over decades.
    LogGap {
        /// What keeps the logarithm of the best row finite, in fval units.
        offset: f64,
    },
    /// The share of training rows with a lower fval.
    Quantile,
    /// Min-max on the training rows.
    Minmax,
}

impl Default for ConditionKind {
    fn default() -> Self {
        ConditionKind::LogGap { offset: 0.05 }
    }
}

impl ConditionKind {
    /// How the language names the scales.
    #[must_use]
    pub fn schema() -> Vec<Choice> {
        vec![
            Choice::new(
                "log_gap",
                "log10(fval - best + offset), min-max on the training rows",
                vec![Field::new(
                    "offset",
                    Type::Number { least: 1e-12, most: 1e12 },
                    Value::Number(0.05),
                    "keeps the logarithm of the best row finite; about the fval difference of a hit",
                )],
            ),
            Choice::new("quantile", "the share of training rows with a lower fval", vec![]),
            Choice::new("minmax", "min-max of the fval on the training rows", vec![]),
        ]
    }
}

/// Why a scale cannot be fitted.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ConditionError {
    /// Every training row failed.
    #[error("no training row has a finite fval, so there is no best one to measure from")]
    NothingSolved,
    /// The offset is not positive and finite.
    #[error("the offset of log_gap is {0}, expected a positive number")]
    Offset(f64),
}

/// A scale fitted to the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConditionScale {
    kind: ConditionKind,
    /// Lowest fval of the training rows.
    best: f64,
    /// Highest finite fval of the training rows.
    worst: f64,
    /// The finite fvals, rising; kept for quantiles alone.
    sorted: Vec<f64>,
}

impl ConditionScale {
    /// Fits the scale to the fvals of the training rows; those that are not finite are left out.
    ///
    /// # Errors
    /// When none is finite, or the offset is not positive.
    pub fn fit(kind: ConditionKind, training: &[f64]) -> Result<Self, ConditionError> {
        if let ConditionKind::LogGap { offset } = kind
            && !(offset.is_finite() && offset > 0.0)
        {
            return Err(ConditionError::Offset(offset));
        }
        let sorted = sorted_finite(training);
        let (Some(&best), Some(&worst)) = (sorted.first(), sorted.last()) else {
            return Err(ConditionError::NothingSolved);
        };
        let sorted = if kind == ConditionKind::Quantile { sorted } else { Vec::new() };
        Ok(Self { kind, best, worst, sorted })
    }

    /// The kind of scale.
    #[must_use]
    pub fn kind(&self) -> ConditionKind {
        self.kind
    }

    /// The lowest fval of the training rows, which has condition 0.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.best
    }

    /// The highest finite fval of the training rows, which has condition 1.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.worst
    }

    /// The condition of an fval. Fvals worse than the worst row lie above 1, better than the best below 0, down to
    /// minus infinity where the logarithm ends; quantiles end at 0 and 1. A failed solve has an infinite condition.
    /// When all rows have one fval, the distance to it is measured in the scale's own unit.
    #[must_use]
    pub fn to_condition(&self, fval: f64) -> f64 {
        if !fval.is_finite() {
            return f64::INFINITY;
        }
        match self.kind {
            ConditionKind::LogGap { offset } => {
                let (lowest, span) = self.log_range(offset);
                let gap = fval - self.best + offset;
                if gap > 0.0 { (gap.log10() - lowest) / span } else { f64::NEG_INFINITY }
            }
            ConditionKind::Minmax => (fval - self.best) / span_or_unit(self.worst - self.best),
            ConditionKind::Quantile => self.rank(fval),
        }
    }

    /// The condition of a training row that came after the scale was fitted: like [`ConditionScale::to_condition`], but
    /// better rows than the best one, for which a logarithm has no room, mirror at it: as far below 0 as a row that is as
    /// much worse lies above, and not below -1.
    #[must_use]
    pub fn to_mirrored_condition(&self, fval: f64) -> f64 {
        if fval >= self.best || !fval.is_finite() {
            return self.to_condition(fval);
        }
        let below = match self.kind {
            ConditionKind::Quantile => 0.0,
            _ => -self.to_condition(self.best + (self.best - fval)),
        };
        below.max(-1.0)
    }

    /// The fval that a condition asks for; `None` below 0, where only the share better than the best training row can
    /// be judged. Quantiles ask for the worst row beyond 1.
    #[must_use]
    pub fn to_fval(&self, condition: f64) -> Option<f64> {
        if condition.is_nan() || condition < 0.0 {
            return None;
        }
        match self.kind {
            ConditionKind::LogGap { offset } => {
                let (lowest, span) = self.log_range(offset);
                Some(self.best + (10_f64.powf(lowest + condition * span) - offset))
            }
            ConditionKind::Minmax => Some(self.best + condition * span_or_unit(self.worst - self.best)),
            ConditionKind::Quantile => quantile_of_sorted(&self.sorted, condition),
        }
    }

    /// `log10` of the best row's gap, and the span up to the worst row's.
    fn log_range(&self, offset: f64) -> (f64, f64) {
        let lowest = offset.log10();
        (lowest, span_or_unit((self.worst - self.best + offset).log10() - lowest))
    }

    /// The inverse of the quantile of type 7; in the middle of tied rows, 0 at the best and 1 at the worst.
    fn rank(&self, fval: f64) -> f64 {
        let last = self.sorted.len() - 1;
        if fval <= self.best {
            return 0.0;
        }
        if fval >= self.worst {
            return 1.0;
        }
        // best < fval < worst: both counts are at least 1 and at most `last`.
        let below = self.sorted.partition_point(|&known| known < fval);
        let up_to = self.sorted.partition_point(|&known| known <= fval);
        let place = if up_to > below {
            (below + up_to - 1) as f64 / 2.0
        } else {
            let (low, high) = (self.sorted[below - 1], self.sorted[below]);
            (below - 1) as f64 + (fval - low) / (high - low)
        };
        place / last as f64
    }
}

fn span_or_unit(span: f64) -> f64 {
    if span > 0.0 { span } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [ConditionKind; 3] =
        [ConditionKind::LogGap { offset: 0.05 }, ConditionKind::Quantile, ConditionKind::Minmax];

    #[test]
    fn the_log_gap_is_what_it_says() {
        let scale = ConditionScale::fit(KINDS[0], &[f64::INFINITY, 138.0, 148.0, 1138.0, f64::NAN]).expect("fits");
        let span = (1000.05_f64.log10()) - 0.05_f64.log10();
        assert!((scale.to_condition(148.0) - (10.05_f64.log10() - 0.05_f64.log10()) / span).abs() < 1e-12);
        assert_eq!(scale.to_condition(137.0), f64::NEG_INFINITY);
        assert!(scale.to_condition(137.96) < 0.0);
        assert_eq!(scale.to_condition(f64::INFINITY), f64::INFINITY);
        assert_eq!(scale.to_fval(-0.25), None);
        assert!((scale.to_fval(0.0).expect("above 0") - 138.0).abs() < 1e-9);
        assert!(scale.to_fval(1.25).expect("above 0") > 1138.0);
    }

    #[test]
    fn quantiles_average_ties() {
        let scale = ConditionScale::fit(KINDS[1], &[1.0, 2.0, 2.0, 2.0, 5.0]).expect("fits");
        let found: Vec<f64> =
            [0.0, 1.0, 1.5, 2.0, 3.5, 5.0, 9.0].iter().map(|&fval| scale.to_condition(fval)).collect();
        assert_eq!(found, vec![0.0, 0.0, 0.125, 0.5, 0.875, 1.0, 1.0]);
        assert_eq!(scale.to_fval(0.5), Some(2.0));
    }

    #[test]
    fn what_cannot_be_fitted_says_why() {
        assert_eq!(ConditionScale::fit(KINDS[2], &[f64::INFINITY]).err(), Some(ConditionError::NothingSolved));
        let offset = ConditionKind::LogGap { offset: 0.0 };
        assert_eq!(ConditionScale::fit(offset, &[1.0]).err(), Some(ConditionError::Offset(0.0)));
    }

    #[test]
    fn one_value_is_enough_and_the_scale_survives_serde() {
        for kind in KINDS {
            let scale = ConditionScale::fit(kind, &[3.0, 3.0]).expect("fits");
            assert!(scale.to_condition(3.0).abs() < 1e-12);
            let text = ron::to_string(&scale).expect("serialises");
            assert_eq!(ron::from_str::<ConditionScale>(&text).expect("reads"), scale);
        }
    }

    #[test]
    fn the_schema_fits_the_type() {
        let typed = |name: &str, fields: Vec<(&str, Value)>| {
            let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            Value::Choice(name.to_owned(), fields).to::<ConditionKind>().expect("the schema fits the type")
        };
        assert_eq!(typed("log_gap", vec![("offset", Value::Number(0.05))]), ConditionKind::default());
        assert_eq!(typed("quantile", vec![]), ConditionKind::Quantile);
        assert_eq!(typed("minmax", vec![]), ConditionKind::Minmax);
        assert_eq!(ConditionKind::schema().len(), KINDS.len());
    }

    #[test]
    fn better_rows_mirror_at_the_best_one() {
        for kind in KINDS {
            let scale = ConditionScale::fit(kind, &[1.0, 2.0, 11.0]).expect("fits");
            for (better, worse) in [(1.0, 1.0), (0.99, 1.01), (0.0, 2.0), (-3.0, 5.0)] {
                let mirrored = scale.to_mirrored_condition(better);
                let expected = if kind == ConditionKind::Quantile { 0.0 } else { -scale.to_condition(worse) };
                assert!((mirrored - expected).abs() < 1e-12, "{kind:?}: {mirrored} is not {expected}");
            }
            assert!(scale.to_mirrored_condition(-1e9) >= -1.0);
            assert_eq!(scale.to_mirrored_condition(5.0), scale.to_condition(5.0));
            assert_eq!(scale.to_mirrored_condition(f64::INFINITY), f64::INFINITY);
        }
    }

    proptest! {
        #[test]
        fn there_and_back(mut fvals in proptest::collection::vec(-1e3..1e4, 2..40), at in 0.0..=1.0) {
            fvals.push(fvals[0] + 1.0);
            for kind in KINDS {
                let scale = ConditionScale::fit(kind, &fvals).expect("fits");
                prop_assert!(scale.to_condition(scale.best()).abs() < 1e-9);
                prop_assert!((scale.to_condition(scale.worst()) - 1.0).abs() < 1e-9);
                let fval = scale.to_fval(at).expect("at or above 0");
                let span = scale.worst() - scale.best();
                prop_assert!(scale.best() - 1e-9 * span <= fval && fval <= scale.worst() + 1e-9 * span);
                prop_assert!((scale.to_condition(fval) - at).abs() < 1e-6);
            }
        }
    }
}
