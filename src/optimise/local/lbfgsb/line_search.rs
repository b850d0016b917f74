//! The line search of Moré & Thuente (ACM Transactions on Mathematical Software 1994), as MINPACK-2's `dcsrch` and
//! `dcstep` do it: one step at a time, each after the answer to the last.

/// A step with less than this share of the promised descent goes on.
const DESCENT: f64 = 1e-3;
/// The slope has to fall to this share of the first.
const CURVATURE: f64 = 0.9;
/// A bracket narrower than this share of its upper end is not worth another evaluation.
const WIDTH: f64 = 0.1;
/// Where an evaluation fails, the next step goes this share of the way to it.
const RETREAT: f64 = 0.25;
/// Evaluations before it is given up.
const MOST_EVALUATIONS: usize = 20;

/// A search along a line for a step that satisfies the strong Wolfe conditions.
#[derive(Debug, Clone)]
pub(super) struct LineSearch {
    /// The step to evaluate.
    pub(super) step: f64,
    start: Probe,
    /// The best step so far.
    best: Probe,
    /// The other end of the bracket.
    other: Probe,
    is_bracketed: bool,
    /// Has a step been found that descends enough? Until then the function with the promised descent taken off is
    /// searched.
    has_descended: bool,
    /// Widths of the bracket, the last and the one before.
    widths: (f64, f64),
    /// Between these the next step lies.
    range: (f64, f64),
    largest: f64,
    evaluations: usize,
}

/// A step with the fval and the slope there.
#[derive(Debug, Clone, Copy, Default)]
struct Probe {
    step: f64,
    fval: f64,
    slope: f64,
}

/// What an answer means for the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The step is taken.
    Accepted,
    /// Another step is to be evaluated.
    Again,
    /// There is none.
    Failed,
}

impl LineSearch {
    /// A search from `fval` with the negative `slope`, for a step of at most `largest`, the first one being `step`.
    pub(super) fn new(fval: f64, slope: f64, step: f64, largest: f64) -> Self {
        let start = Probe { step: 0.0, fval, slope };
        Self {
            step,
            start,
            best: start,
            other: start,
            is_bracketed: false,
            has_descended: false,
            widths: (largest, 2.0 * largest),
            range: (0.0, 5.0 * step),
            largest,
            evaluations: 0,
        }
    }

    /// Takes the fval and the slope at the step.
    pub(super) fn tell(&mut self, answer: Option<(f64, f64)>) -> Verdict {
        self.evaluations += 1;
        let Some((fval, slope)) = answer else { return self.retreat() };
        let probe = Probe { step: self.step, fval, slope };
        let promised = DESCENT * self.start.slope;
        let enough = self.start.fval + probe.step * promised;
        self.has_descended |= fval <= enough && slope >= 0.0;
        let (least, most) = self.range;
        let is_narrow =
            self.is_bracketed && (probe.step <= least || probe.step >= most || most - least <= WIDTH * most);
        let at_the_end = probe.step >= self.largest && fval <= enough && slope <= promised;
        let is_wolfe = fval <= enough && slope.abs() <= CURVATURE * -self.start.slope;
        if is_wolfe || ((is_narrow || at_the_end) && fval < self.start.fval) {
            return Verdict::Accepted;
        }
        if is_narrow || self.evaluations >= MOST_EVALUATIONS {
            return Verdict::Failed;
        }
        if !self.has_descended && fval <= self.best.fval && fval > enough {
            let tilt = |probe: Probe, by: f64| Probe {
                fval: probe.fval - by * probe.step * promised,
                slope: probe.slope - by * promised,
                ..probe
            };
            (self.best, self.other) = (tilt(self.best, 1.0), tilt(self.other, 1.0));
            self.advance(tilt(probe, 1.0));
            (self.best, self.other) = (tilt(self.best, -1.0), tilt(self.other, -1.0));
        } else {
            self.advance(probe);
        }
        self.narrow();
        if self.step.is_finite() && self.step > 0.0 { Verdict::Again } else { Verdict::Failed }
    }

    /// A step between the best and the one that could not be evaluated, beyond which nothing is tried any more.
    fn retreat(&mut self) -> Verdict {
        let retreated = self.best.step + RETREAT * (self.step - self.best.step);
        if self.step > self.best.step {
            self.largest = retreated;
        }
        self.step = retreated;
        let is_over = self.evaluations >= MOST_EVALUATIONS || retreated <= 0.0 || retreated == self.best.step;
        if is_over { Verdict::Failed } else { Verdict::Again }
    }

    fn narrow(&mut self) {
        if self.is_bracketed {
            let width = (self.other.step - self.best.step).abs();
            if width >= 0.66 * self.widths.1 {
                self.step = self.best.step + 0.5 * (self.other.step - self.best.step);
            }
            self.widths = (width, self.widths.0);
            self.range = (self.best.step.min(self.other.step), self.best.step.max(self.other.step));
        } else {
            let ahead = self.step - self.best.step;
            self.range = (self.step + 1.1 * ahead, self.step + 4.0 * ahead);
        }
        self.step = self.step.clamp(0.0, self.largest);
        let (least, most) = self.range;
        if self.is_bracketed && (self.step <= least || self.step >= most || most - least <= WIDTH * most) {
            self.step = self.best.step;
        }
    }

    /// The next step by cubic and quadratic interpolation of the ends of the bracket and of `at`, which becomes one of
    /// them.
    fn advance(&mut self, at: Probe) {
        let (best, other) = (self.best, self.other);
        let turns = at.slope * best.slope.signum() < 0.0;
        let secant = at.step + at.slope / (at.slope - best.slope) * (best.step - at.step);
        let further = |a: f64, b: f64| (a - at.step).abs() > (b - at.step).abs();
        let ahead = if at.step > best.step { self.range.1 } else { self.range.0 };
        let next = if at.fval > best.fval {
            // Higher: the minimum lies between them. The cubic is taken where it is nearer to the best step.
            let cubic = cubic(best, at);
            let rise = (best.fval - at.fval) / (at.step - best.step) + best.slope;
            let quadratic = best.step + best.slope / rise / 2.0 * (at.step - best.step);
            self.is_bracketed = true;
            if (cubic - best.step).abs() < (quadratic - best.step).abs() {
                cubic
            } else {
                cubic + (quadratic - cubic) / 2.0
            }
        } else if turns {
            self.is_bracketed = true;
            let cubic = cubic(at, best);
            if further(cubic, secant) { cubic } else { secant }
        } else if at.slope.abs() < best.slope.abs() {
            // The slope falls: the cubic may have its minimum on the wrong side, or none.
            let cubic = flattening(best, at).unwrap_or(ahead);
            if self.is_bracketed {
                let nearer = if further(secant, cubic) { cubic } else { secant };
                let most = at.step + 0.66 * (other.step - at.step);
                if at.step > best.step { nearer.min(most) } else { nearer.max(most) }
            } else {
                let farther = if further(cubic, secant) { cubic } else { secant };
                farther.clamp(self.range.0.min(self.range.1), self.range.1.max(self.range.0))
            }
        } else if self.is_bracketed {
            cubic(at, other)
        } else {
            ahead
        };
        if at.fval > best.fval {
            self.other = at;
        } else {
            if turns {
                self.other = best;
            }
            self.best = at;
        }
        self.step = next;
    }
}

/// The minimum of the cubic through two probes, as seen from the first.
fn cubic(from: Probe, to: Probe) -> f64 {
    let (theta, gamma) = coefficients(from, to);
    let gamma = if to.step < from.step { -gamma } else { gamma };
    let ratio = (gamma - from.slope + theta) / (gamma - from.slope + gamma + to.slope);
    from.step + ratio * (to.step - from.step)
}

/// The minimum of the cubic beyond `at`, where the slope falls towards it; `None` where the cubic goes down for ever.
fn flattening(best: Probe, at: Probe) -> Option<f64> {
    let (theta, gamma) = coefficients(best, at);
    let gamma = if at.step > best.step { -gamma } else { gamma };
    let ratio = (gamma - at.slope + theta) / (gamma + (best.slope - at.slope) + gamma);
    (ratio < 0.0 && gamma != 0.0).then_some(at.step + ratio * (best.step - at.step))
}

fn coefficients(one: Probe, two: Probe) -> (f64, f64) {
    let theta = 3.0 * (one.fval - two.fval) / (two.step - one.step) + one.slope + two.slope;
    let size = theta.abs().max(one.slope.abs()).max(two.slope.abs());
    let root = (theta / size).powi(2) - (one.slope / size) * (two.slope / size);
    (theta, size * root.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(f: impl Fn(f64) -> Option<(f64, f64)>, step: f64, largest: f64) -> (Verdict, f64, usize) {
        let (fval, slope) = f(0.0).expect("a start");
        let mut search = LineSearch::new(fval, slope, step, largest);
        loop {
            let at = search.step;
            match search.tell(f(at)) {
                Verdict::Again => {}
                verdict => return (verdict, at, search.evaluations),
            }
        }
    }

    #[test]
    fn finds_steps_from_any_first_one() {
        // The first function of Moré & Thuente, with b = 2: its minimum is at sqrt(2).
        let f = |x: f64| Some((-x / (x * x + 2.0), (x * x - 2.0) / (x * x + 2.0).powi(2)));
        for first in [1e-3, 1e-1, 1.0, 10.0, 1e3] {
            let (verdict, step, evaluations) = search(f, first, 1e10);
            let (_, slope) = f(step).expect("a value");
            assert_eq!(verdict, Verdict::Accepted);
            assert!(slope.abs() <= CURVATURE * 0.5 && evaluations < 12, "{first} {step} {evaluations}");
        }
    }

    #[test]
    fn a_wall_is_stopped_before_and_the_end_of_the_line_is_taken() {
        let (verdict, step, _) = search(|x| (x < 0.3).then_some((-x, -1.0)), 1.0, 1e10);
        assert!(verdict == Verdict::Accepted && step > 0.0 && step < 0.3, "{step}");
        assert_eq!(search(|x| Some((-x, -1.0)), 1.0, 2.0).1, 2.0);
        assert_eq!(search(|x| (x == 0.0).then_some((0.0, -1.0)), 1.0, 2.0).0, Verdict::Failed);
        assert_eq!(search(|x| Some((x, -1.0)), 1.0, 2.0).0, Verdict::Failed);
    }
}
