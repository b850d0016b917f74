//! Confidence intervals from profiles.

use super::{End, Side};

/// A confidence interval of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The value with the lowest fval of the profile.
    pub estimate: f64,
    /// The lower end, and what it is.
    pub lower: (f64, Edge),
    /// The upper end, and what it is.
    pub upper: (f64, Edge),
}

/// What the end of an interval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The profile crosses the threshold there.
    Crosses,
    /// It does not: the end is the last value of the walk, which ended for this reason.
    Open(End),
    /// No point of the profile is within the threshold: a lower fval was found elsewhere.
    Nowhere,
}

impl Edge {
    /// In a few words, for tables.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            // A walk that crossed has its crossing among its points.
            Edge::Crosses | Edge::Open(End::Crossed) => "crosses the threshold",
            Edge::Open(End::Bound) => "open to the bound",
            Edge::Open(End::Points) => "open: too few points",
            Edge::Open(End::Failed) => "open: solves fail",
            Edge::Nowhere => "above the threshold everywhere",
        }
    }
}

/// The values of a parameter whose profile lies within `threshold` of `lowest`, around the lowest point of the profile:
/// with the threshold of a chi-square quantile, a confidence interval of that level (Raue et al. 2009). Between two points
/// the square root of the rise is taken to be linear, as it is for a parabola.
#[must_use]
pub fn interval(
    optimum: (f64, f64),
    down: (&Side, &[f64]),
    up: (&Side, &[f64]),
    threshold: f64,
    lowest: f64,
) -> Interval {
    let reversed = |(side, values): (&Side, &[f64])| -> Vec<(f64, f64)> {
        values.iter().copied().zip(side.points.iter().map(|point| point.fval)).collect()
    };
    let mut points = reversed(down);
    points.reverse();
    points.push(optimum);
    points.extend(reversed(up));
    let best = (0..points.len()).min_by(|&one, &other| points[one].1.total_cmp(&points[other].1)).unwrap_or(0);
    let rise = |at: usize| points[at].1 - lowest;
    if !(rise(best) <= threshold) {
        let nowhere = (f64::NAN, Edge::Nowhere);
        return Interval { estimate: points[best].0, lower: nowhere, upper: nowhere };
    }
    let root = |rise: f64| rise.max(0.0).sqrt();
    let crossing = |inside: usize, outside: usize| {
        let (from, to) = (root(rise(inside)), root(rise(outside)));
        let share = (root(threshold) - from) / (to - from);
        (points[inside].0 + share.clamp(0.0, 1.0) * (points[outside].0 - points[inside].0), Edge::Crosses)
    };
    let mut above = best + 1..points.len();
    let mut below = (0..best).rev();
    Interval {
        estimate: points[best].0,
        lower: below
            .find(|&at| rise(at) > threshold)
            .map_or((points[0].0, Edge::Open(down.0.end)), |at| crossing(at + 1, at)),
        upper: above
            .find(|&at| rise(at) > threshold)
            .map_or((points[points.len() - 1].0, Edge::Open(up.0.end)), |at| crossing(at - 1, at)),
    }
}
