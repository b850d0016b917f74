//! The size of the first step, and starting anew.

use super::{Equations, Integrator, norm};

/// The first step takes at most this share of the way to the next asked time, ...
const SHARE: f64 = 0.1;
/// ... and lets no state change by more than this share of itself.
const CHANGE: f64 = 0.1;
/// How far the first look goes, as a share of the states.
const LOOK: f64 = 0.01;
/// Estimates of the second derivative.
const ESTIMATES: usize = 4;
/// Attempts to find a place where the right-hand side is finite.
const ATTEMPTS: usize = 10;
/// Each is this much nearer.
const NEARER: f64 = 0.2;
/// What is left of a size for safety.
const SAFETY: f64 = 0.5;

impl<E: Equations> Integrator<'_, E> {
    /// A step size whose error at order one is about what the tolerances allow.
    pub(super) fn first_step(&mut self, next: Option<f64>) -> f64 {
        let distance = next.map(|next| next - self.time);
        let largest_time = self.time.abs().max(next.map_or(0.0, f64::abs));
        let lowest = 100.0 * f64::EPSILON * largest_time;
        let highest = self.highest_first(distance);
        if highest < lowest {
            return (lowest * highest).sqrt();
        }
        // The first look is as far away as the states change by a hundredth (Hairer, Nørsett and Wanner 1993, II.4), well
        // above the rounding of the right-hand side.
        let (values, slopes) = (&self.values[..self.states], &self.history.columns[1][..self.states]);
        let (size, speed) = (norm(values, &self.weights), norm(slopes, &self.weights));
        let mut size = if speed > 0.0 && size > 0.0 { highest.min(LOOK * size / speed) } else { LOOK * highest };
        size = size.max(lowest);
        let mut found = size;
        let mut settled = false;
        for estimate in 1..=ESTIMATES {
            let Some((curvature, used)) = self.curvature(size) else { break };
            size = used;
            found = size;
            if settled || estimate == ESTIMATES {
                break;
            }
            let better =
                if curvature * highest * highest > 2.0 { (2.0 / curvature).sqrt() } else { (size * highest).sqrt() };
            let ratio = better / size;
            found = better;
            if ratio > 0.5 && ratio < 2.0 {
                break;
            }
            if estimate > 1 && ratio > 2.0 {
                // Noise: the estimate does not settle.
                found = size;
                settled = true;
            }
            size = better;
        }
        (SAFETY * found).clamp(lowest.max(f64::MIN_POSITIVE), highest)
    }

    /// An upper bound on the first step.
    fn highest_first(&self, distance: Option<f64>) -> f64 {
        let states = &self.values[..self.states];
        let slopes = &self.history.columns[1][..self.states];
        let fastest =
            states.iter().zip(slopes).zip(&self.weights).fold(0.0_f64, |fastest, ((state, slope), weight)| {
                fastest.max(slope.abs() / (CHANGE * state.abs() + 1.0 / weight))
            });
        let allowed = if fastest > 0.0 { 1.0 / fastest } else { f64::INFINITY };
        match distance {
            Some(distance) => allowed.min(SHARE * distance),
            None if allowed.is_finite() => allowed,
            None => 1.0,
        }
    }

    /// The norm of the second derivative, from the slope one step of a size or less away, and that size.
    fn curvature(&mut self, mut size: f64) -> Option<(f64, f64)> {
        let count = self.states;
        for _ in 0..ATTEMPTS {
            let slopes = &self.history.columns[1][..count];
            let start = &self.history.columns[0][..count];
            for ((value, start), slope) in self.values[..count].iter_mut().zip(start).zip(slopes) {
                *value = start + size * slope;
            }
            let finite = self.equations.slope(self.time + size, &self.values[..count], &mut self.scratch[..count]);
            if finite {
                for (slope, first) in self.scratch[..count].iter_mut().zip(&self.history.columns[1][..count]) {
                    *slope = (*slope - first) / size;
                }
                return Some((norm(&self.scratch[..count], &self.weights), size));
            }
            size *= NEARER;
        }
        None
    }

    /// Forgets all derivatives but the first, which is computed anew.
    pub(super) fn restart(&mut self) {
        let count = self.states;
        let (start, step) = (&self.history.columns[0][..count], self.history.step);
        // The begin of a step is a place where the right-hand side was finite.
        if !self.equations.slope(self.time, start, &mut self.scratch[..count]) {
            return;
        }
        if let Some(tape) = &mut self.tape {
            tape.slope(self.time, step, start);
        }
        self.history.columns[1][..count].copy_from_slice(&self.scratch[..count]);
        self.sensitivity_slopes();
        for value in &mut self.history.columns[1] {
            *value *= step;
        }
    }
}
