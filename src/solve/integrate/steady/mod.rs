//! Steady states: the state to which a system settles from where it starts.
//!
//! The solver integrates with the steps that its error control allows, and a [`Judge`] looks on. Each time the elapsed
//! time has doubled, it compares the states with those half as long ago; where they hardly moved, a Newton step tells how
//! far away the steady state is. Only when that is within the tolerances do Newton's steps polish the state. So a steady
//! state is always one that the trajectory itself comes to, never another root of the equations, and neither the
//! criterion nor its result depends on the unit of time, as a bound on the right-hand side alone would.
//!
//! Newton's matrix is `1 - h J` with a time `h` far beyond those of the system, in place of `-h J`: pseudo-transient
//! continuation (Kelley and Keyes, SIAM J Numer Anal 35:508, 1998). Where conserved moieties make the Jacobian singular,
//! `w^T J = 0` and `w^T f = 0` make every step one with `w^T step = 0`: it stays on the manifold of the moieties without
//! knowing them.

mod newton;
mod sensitivities;

use crate::solve::system::{Entrance, System};
use newton::{Nearness, instability, polish};
pub use sensitivities::implicit;
use serde::{Deserialize, Serialize};

/// How a steady state was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// The trajectory came within the tolerances of it, and Newton's method did the rest.
    Newton,
    /// The trajectory stopped moving: the Jacobian is of no help there.
    Integration,
}

/// A steady state.
#[derive(Debug, Clone)]
pub struct Rest {
    /// The states.
    pub states: Vec<f64>,
    /// Their sensitivities, states x lanes by column; empty when none were asked for.
    pub sensitivities: Vec<f64>,
    /// How it was found.
    pub method: Settled,
    /// The time at which the trajectory had settled.
    pub time: f64,
}

/// The equations with everything but states and time given.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The equations.
    pub system: &'a System,
    /// The cache.
    pub cache: &'a [f64],
    /// Relative tolerance.
    pub rtol: f64,
    /// Absolute tolerance.
    pub atol: f64,
}

impl Given<'_> {
    /// What counts as nothing beside a value.
    fn weight(&self, value: f64) -> f64 {
        self.rtol * value.abs() + self.atol
    }

    /// The largest element of `change` in units of the tolerances at `states`; infinite where one is no number.
    fn measure(&self, change: &[f64], states: &[f64]) -> f64 {
        let largest = change.iter().zip(states).fold(0.0_f64, |largest, (change, &state)| {
            let ratio = change.abs() / self.weight(state);
            if ratio.is_nan() { f64::INFINITY } else { largest.max(ratio) }
        });
        if change.iter().chain(states).any(|value| !value.is_finite()) { f64::INFINITY } else { largest }
    }
}

/// Sensitivities that ride along to the steady state.
#[derive(Clone, Copy)]
pub struct Along<'a> {
    /// Where they come from.
    pub entrance: &'a Entrance,
    /// The factor of each of its terms.
    pub factors: &'a [f64],
}

/// Decides, step by step, whether a trajectory has settled.
pub struct Judge<'a> {
    given: Given<'a>,
    along: Option<Along<'a>>,
    start: f64,
    snapshot: Option<Snapshot>,
    /// Doublings of time in a row over which nothing moved.
    still: usize,
}

struct Snapshot {
    elapsed: f64,
    states: Vec<f64>,
    sensitivities: Vec<f64>,
}

/// A trajectory that moved more than this many tolerances while its time doubled is not looked at closely.
const MOVING: f64 = 1e5;
/// Doublings of time without any movement after which a steady state stands that Newton's method cannot confirm.
const STILL: usize = 3;
/// Sensitivities that moved less than this share of their largest element while time doubled are stationary.
const STATIONARY: f64 = 1e-6;
/// By `exp` of this the smallest number next to 1 has grown to 1.
const GROWN: f64 = 37.0;
/// A time that stands for the end of all time, in units of the time that a trajectory took to settle.
const FAR: f64 = 1e3;

impl<'a> Judge<'a> {
    /// A judge of a trajectory that starts at a time.
    pub fn new(given: Given<'a>, along: Option<Along<'a>>, start: f64) -> Self {
        Self { given, along, start, snapshot: None, still: 0 }
    }

    /// Looks at the trajectory after a step; the steady state, once it is there.
    pub fn look(&mut self, time: f64, states: &[f64], sensitivities: impl FnOnce() -> Vec<f64>) -> Option<Rest> {
        let elapsed = time - self.start;
        if self.snapshot.as_ref().is_some_and(|snapshot| elapsed < 2.0 * snapshot.elapsed) {
            return None;
        }
        let sensitivities = if self.along.is_some() { sensitivities() } else { Vec::new() };
        let now = Snapshot { elapsed, states: states.to_vec(), sensitivities };
        let before = self.snapshot.replace(now)?;
        let now = self.snapshot.as_ref()?;
        let change: Vec<f64> = states.iter().zip(&before.states).map(|(now, before)| now - before).collect();
        let moved = self.given.measure(&change, states);
        self.still = if moved < 1.0 { self.still + 1 } else { 0 };
        if moved > MOVING {
            return None;
        }
        let far = far(time);
        let (states, method) = match polish(&self.given, states, time, far, elapsed) {
            Nearness::Reached(states) => (states, Settled::Newton),
            // A trajectory that does not move at all is judged by its right-hand side alone.
            Nearness::Unknown if self.still >= STILL && self.at_rest(states, far) => {
                (states.to_vec(), Settled::Integration)
            }
            Nearness::Unknown | Nearness::Away => return None,
        };
        // Next to an unstable steady state a trajectory is on its way elsewhere, unless it stays after whatever could
        // have grown has had the time to do so.
        let growth = instability(&self.given, &states, far) * elapsed;
        if growth > 0.0 && growth < GROWN {
            return None;
        }
        let sensitivities = match self.along {
            None => Vec::new(),
            Some(along) => {
                let polished = sensitivities::settle(&self.given, along, &states, far, elapsed, &now.sensitivities);
                match polished {
                    Some(polished) => polished,
                    None if stationary(&before.sensitivities, &now.sensitivities) => now.sensitivities.clone(),
                    None => return None,
                }
            }
        };
        Some(Rest { states, sensitivities, method, time })
    }

    /// Whether the right-hand side, which is a change per unit of time, is within the tolerances.
    fn at_rest(&self, states: &[f64], time: f64) -> bool {
        let Given { system, cache, .. } = self.given;
        let mut slope = vec![0.0; states.len()];
        system.code.call(system.functions.rhs, states, cache, time, &mut slope);
        self.given.measure(&slope, states) < 1.0
    }
}

/// The time at which a settled system is looked at: late enough for whatever decays by itself to be gone.
pub fn far(settled: f64) -> f64 {
    (FAR * settled).max(1e9)
}

fn stationary(before: &[f64], now: &[f64]) -> bool {
    let largest = now.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    largest.is_finite() && before.iter().zip(now).all(|(before, now)| (now - before).abs() <= STATIONARY * largest)
}
