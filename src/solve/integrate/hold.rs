//! What is held still while the solver runs: comparisons and steps of time and of states.

use super::Course;

/// A comparison that changed this often ...
const CHANGES: usize = 64;
/// ... within this share of the trajectory is not stopped at any longer, but left in the equations: the states slide
/// along its threshold.
const SHARE: f64 = 1e-3;

/// The history of what is watched in the right-hand side.
pub struct Holder {
    /// For each watch: changes since a time, and that time.
    changes: Vec<(usize, f64)>,
    /// Whether it is left in the equations.
    free: Vec<bool>,
    started: bool,
}

impl Holder {
    /// A holder that has seen nothing.
    pub fn new(course: &Course) -> Self {
        let count = course.system.watches.held;
        Self { changes: vec![(0, 0.0); count], free: vec![false; count], started: false }
    }

    /// Sets what is held for the time between two stops, and computes the hoisted terms.
    pub fn hold(&mut self, course: &Course, cache: &mut [f64], states: &[f64], from: f64, to: f64) {
        let system = course.system;
        let middle = 0.5 * (from + to);
        let first = system.parameters + system.settings;
        for (index, switch) in system.switches.iter().enumerate() {
            let mut threshold = [0.0];
            system.code.call(switch.threshold, &[], cache, 0.0, &mut threshold);
            let on = if switch.before { middle < threshold[0] } else { middle > threshold[0] };
            cache[first + index] = if on { 1.0 } else { 0.0 };
        }
        // Hoisted terms do not depend on what is held where they are read by clocks and watches.
        prepare(course, cache);
        let clocks = &system.clocks;
        if clocks.held > 0 {
            let mut values = vec![0.0; 2 * clocks.count];
            system.code.call(clocks.values, &[], cache, middle, &mut values);
            cache[clocks.first..clocks.first + clocks.held].copy_from_slice(&values[..clocks.held]);
        }
        if system.watches.held > 0 {
            self.watches(course, cache, states, from);
        }
        if clocks.held + system.watches.held > 0 {
            prepare(course, cache);
        }
    }

    fn watches(&mut self, course: &Course, cache: &mut [f64], states: &[f64], time: f64) {
        let watches = &course.system.watches;
        let mut values = vec![0.0; 2 * watches.count];
        course.system.code.call(watches.values, states, cache, time, &mut values);
        let span = course.times.last().copied().unwrap_or(0.0).max(time);
        for (index, value) in values[..watches.held].iter().enumerate() {
            let place = watches.first + index;
            if self.started && cache[place] != *value {
                let (count, since) = &mut self.changes[index];
                *count += 1;
                if *count >= CHANGES {
                    self.free[index] |= time - *since < SHARE * span;
                    (*count, *since) = (0, time);
                }
            }
            cache[place] = *value;
            cache[place + watches.held] = if self.free[index] { 1.0 } else { 0.0 };
        }
        self.started = true;
    }
}

/// Computes the hoisted terms.
fn prepare(course: &Course, cache: &mut [f64]) {
    let (given, hoisted) = cache.split_at_mut(course.system.hoisted);
    course.system.code.call(course.system.prepare, &[], given, 0.0, hoisted);
}
