//! What the process is a process of: fvals of kinetic problems span many decades, so they are warped first.

/// The warp `ln(1 + (fval - lowest) / scale)`: linear where fvals are within `scale` of the lowest, logarithmic beyond.
/// The scale is a hyperparameter of the warped process (Snelson, Rasmussen & Ghahramani, `NeurIPS` 2004): where fvals are
/// tame it grows until the warp is a straight line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Warp {
    /// How much higher than the lowest each fval is. Failed solves are as high as the highest that did not fail: the process
    /// has to learn where solves fail, and nothing beyond what was seen can be said of how bad that is.
    excess: Vec<f64>,
}

/// The scale is no smaller than the excess of this share of the points, so that the warp is no spike at the lowest.
const LINEAR_SHARE: f64 = 0.1;
/// At so many times the largest excess the warp is a straight line.
const STRAIGHT: f64 = 100.0;
/// Higher than this above the lowest all fvals are alike, so that sums with them stay finite.
const CEILING: f64 = 1e300;

impl Warp {
    /// The warp of these fvals; `None` while they say nothing: fewer than two different ones are finite.
    pub(super) fn new(fvals: &[f64]) -> Option<Self> {
        let finite = || fvals.iter().copied().filter(|fval| fval.is_finite());
        let (lowest, highest) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let excess = |&fval: &f64| (if fval.is_finite() { fval } else { highest } - lowest).min(CEILING);
        (highest > lowest).then(|| Self { excess: fvals.iter().map(excess).collect() })
    }

    /// Least and largest scale worth looking at.
    pub(super) fn scales(&self) -> (f64, f64) {
        let mut sorted: Vec<f64> = self.excess.iter().copied().filter(|excess| *excess > 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        let at = (LINEAR_SHARE * sorted.len() as f64) as usize;
        let largest = sorted.last().copied().unwrap_or(1.0);
        (sorted.get(at).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE), STRAIGHT * largest)
    }

    /// The targets under this scale; the lowest is 0.
    pub(super) fn targets(&self, scale: f64) -> Vec<f64> {
        self.excess.iter().map(|excess| (excess / scale).ln_1p()).collect()
    }

    /// Their derivatives by the logarithm of the scale.
    pub(super) fn by_scale(&self, scale: f64) -> impl Iterator<Item = f64> {
        self.excess.iter().map(move |excess| -excess / (scale + excess))
    }

    /// The logarithm of the density that the warp adds to the likelihood of the fvals, with its derivative by the logarithm
    /// of the scale.
    pub(super) fn log_density(&self, scale: f64) -> (f64, f64) {
        self.excess.iter().fold((0.0, 0.0), |(value, slope), excess| {
            (value - (scale + excess).ln(), slope - scale / (scale + excess))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_solves_are_as_high_as_the_highest() {
        let warp = Warp::new(&[1e6, f64::INFINITY, -3.0, 1e12]).expect("it varies");
        let targets = warp.targets(10.0);
        assert_eq!((targets[1], targets[2]), (targets[3], 0.0));
        assert!(targets[0] < targets[3] && targets[3] < 26.0);
    }

    #[test]
    fn nothing_is_learnt_from_nothing() {
        for fvals in [vec![], vec![f64::INFINITY; 3], vec![2.0, f64::INFINITY], vec![2.0, 2.0]] {
            assert_eq!(Warp::new(&fvals), None);
        }
    }

    #[test]
    fn fvals_of_any_size_have_targets() {
        let warp = Warp::new(&[-1e308, 1e308, 0.0, -1.0]).expect("it varies");
        let (least, most) = warp.scales();
        assert!([least, most].iter().all(|&scale| warp.log_density(scale).0.is_finite()));
        assert!([least, most].iter().all(|&scale| warp.targets(scale).iter().all(|target| target.is_finite())));
    }
}
