//! The box in which parameter vectors live.

use serde::{Deserialize, Serialize};

/// Lower and upper bounds of each parameter on the estimation scale. Either side may be infinite for optimisers;
/// designs need finite bounds. A parameter with equal bounds is fixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Lower bounds, one for each parameter.
    pub lower: Vec<f64>,
    /// Upper bounds, one for each parameter.
    pub upper: Vec<f64>,
}

/// Why bounds cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BoundsError {
    /// One list is longer than the other.
    #[error("{lower} lower bounds, but {upper} upper bounds")]
    Length {
        /// How many lower bounds.
        lower: usize,
        /// How many upper bounds.
        upper: usize,
    },
    /// The lower bound lies above the upper one, or one of them is NaN.
    #[error("parameter {index} has bounds {lower} .. {upper}")]
    Order {
        /// Index of the parameter, from 0.
        index: usize,
        /// Its lower bound.
        lower: f64,
        /// Its upper bound.
        upper: f64,
    },
}

impl Bounds {
    /// Bounds that have been checked.
    ///
    /// # Errors
    /// When the lists differ in length, or a lower bound is not at most its upper bound.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, BoundsError> {
        let bounds = Self { lower, upper };
        bounds.check()?;
        Ok(bounds)
    }

    /// Are these bounds a box?
    ///
    /// # Errors
    /// Like [`Bounds::new`].
    pub fn check(&self) -> Result<(), BoundsError> {
        if self.lower.len() != self.upper.len() {
            return Err(BoundsError::Length { lower: self.lower.len(), upper: self.upper.len() });
        }
        for (index, (lower, upper)) in self.pairs().enumerate() {
            if lower.is_nan() || upper.is_nan() || lower > upper {
                return Err(BoundsError::Order { index, lower, upper });
            }
        }
        Ok(())
    }

    /// How many parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lower.len().min(self.upper.len())
    }

    /// Are there no parameters?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lower and upper bound of each parameter.
    pub fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.lower.iter().copied().zip(self.upper.iter().copied())
    }

    /// Does the box hold the vector, its faces included? NaN is nowhere.
    #[must_use]
    pub fn contains(&self, x: &[f64]) -> bool {
        x.len() == self.len() && self.pairs().zip(x).all(|((lower, upper), &x)| lower <= x && x <= upper)
    }

    /// The nearest vector in the box. NaN stays NaN.
    #[must_use]
    pub fn clip(&self, x: &[f64]) -> Vec<f64> {
        self.pairs()
            .zip(x)
            .map(|((lower, upper), &x)| {
                if x < lower {
                    lower
                } else if x > upper {
                    upper
                } else {
                    x
                }
            })
            .collect()
    }

    /// Folds a vector into the box by mirroring it at the faces as often as needed, which keeps a Gaussian cloud around
    /// an inner point free of heaps on the faces. NaN stays NaN, an infinite coordinate goes to the face on its side.
    #[must_use]
    pub fn reflect(&self, x: &[f64]) -> Vec<f64> {
        self.pairs().zip(x).map(|((lower, upper), &x)| reflect(lower, upper, x)).collect()
    }

    /// From the box to the unit cube. A fixed parameter goes to 0.
    #[must_use]
    pub fn to_unit(&self, x: &[f64]) -> Vec<f64> {
        self.pairs()
            .zip(x)
            .map(|((lower, upper), &x)| if upper > lower { (x - lower) / (upper - lower) } else { 0.0 })
            .collect()
    }

    /// From the unit cube to the box; rounding never leaves the box.
    #[must_use]
    pub fn from_unit(&self, unit: &[f64]) -> Vec<f64> {
        self.clip(&self.pairs().zip(unit).map(|((lower, upper), &u)| lower + u * (upper - lower)).collect::<Vec<_>>())
    }

    /// Norm of the projected gradient, `max |clip(x - g) - x|`: zero exactly where the first-order conditions for a
    /// minimum in the box hold (Conn, Gould & Toint, Trust-Region Methods, 2000, chapter 12).
    #[must_use]
    pub fn projected_gradient_norm(&self, x: &[f64], gradient: &[f64]) -> f64 {
        self.pairs().zip(x.iter().zip(gradient)).fold(0.0, |norm: f64, ((lower, upper), (&x, &slope))| {
            let reach = if slope > 0.0 { x - lower } else { upper - x };
            norm.max(slope.abs().min(reach.max(0.0)))
        })
    }
}

fn reflect(lower: f64, upper: f64, x: f64) -> f64 {
    if x.is_nan() || (lower <= x && x <= upper) {
        return x;
    }
    let width = upper - lower;
    if !x.is_finite() || width <= 0.0 {
        return if x < lower { lower } else { upper };
    }
    if !width.is_finite() {
        // Only one face exists, and the point lies beyond it.
        return if x < lower { lower + (lower - x) } else { upper - (x - upper) };
    }
    let turn = (x - lower).rem_euclid(2.0 * width);
    let folded = if turn > width { upper - (turn - width) } else { lower + turn };
    folded.clamp(lower, upper)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds() -> Bounds {
        Bounds::new(vec![-5.0, 0.0, 2.0], vec![5.0, 1.0, 2.0]).expect("a box")
    }

    #[test]
    fn mirrors_at_the_faces() {
        assert_eq!(bounds().reflect(&[6.0, -0.25, 7.0]), vec![4.0, 0.25, 2.0]);
        assert_eq!(bounds().reflect(&[-16.0, 2.25, 2.0]), vec![4.0, 0.25, 2.0]);
        assert_eq!(bounds().reflect(&[f64::INFINITY, f64::NEG_INFINITY, 2.0]), vec![5.0, 0.0, 2.0]);
        let half = Bounds { lower: vec![0.0], upper: vec![f64::INFINITY] };
        assert_eq!(half.reflect(&[-3.0]), vec![3.0]);
    }

    #[test]
    fn refuses_what_is_no_box() {
        assert!(matches!(Bounds::new(vec![0.0], vec![]), Err(BoundsError::Length { .. })));
        assert!(matches!(Bounds::new(vec![0.0, 2.0], vec![1.0, 1.0]), Err(BoundsError::Order { index: 1, .. })));
        assert!(Bounds::new(vec![f64::NAN], vec![1.0]).is_err());
    }

    #[test]
    fn projected_gradient_vanishes_at_a_bound_that_holds_the_point() {
        let bounds = Bounds { lower: vec![0.0, 0.0], upper: vec![1.0, 1.0] };
        assert_eq!(bounds.projected_gradient_norm(&[0.0, 1.0], &[3.0, -2.0]), 0.0);
        assert_eq!(bounds.projected_gradient_norm(&[0.5, 0.5], &[0.1, -2.0]), 0.5);
    }

    proptest! {
        #[test]
        fn helpers_stay_in_the_box(
            x in proptest::collection::vec(-1e3..1e3, 3),
            u in proptest::collection::vec(0.0..=1.0, 3),
        ) {
            let bounds = bounds();
            prop_assert!(bounds.contains(&bounds.clip(&x)));
            prop_assert!(bounds.contains(&bounds.reflect(&x)));
            prop_assert!(bounds.contains(&bounds.from_unit(&u)));
            let back = bounds.from_unit(&bounds.to_unit(&bounds.clip(&x)));
            prop_assert!(back.iter().zip(bounds.clip(&x)).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
