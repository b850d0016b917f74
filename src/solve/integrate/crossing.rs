//! How the times of jumps move with parameters.
//!
//! A jump happens where a gap `g(x, t, p)` closes. Along a trajectory with slope `f` and sensitivities `s` its time moves by
//! `-(g_x s + g_p) / (g_x f + g_t)` (Rozenvasser, Automation and Remote Control 28:1066, 1967).

use super::jump::Jump;
use super::{Course, Failure};
use crate::solve::system::System;

/// A gap that changes so slowly, in units of how it depends on parameters and of the time, is touched, not crossed.
const GRAZING: f64 = 1e-12;

impl Jump<'_, '_> {
    /// The gap whose closing triggers an event now, where derivatives are asked for; none where another event triggers it,
    /// or the start.
    pub fn closing(&self, event: usize) -> Option<usize> {
        if self.course.chain.is_none() || self.timing.is_some() || self.time <= 0.0 {
            return None;
        }
        let (gaps, speeds) = self.gaps();
        let near = |&gap: &usize| if gaps[gap] == 0.0 { 0.0 } else { (gaps[gap] / speeds[gap]).abs() };
        self.course.system.events[event].gaps.iter().copied().min_by(|a, b| near(a).total_cmp(&near(b)))
    }

    /// The derivative of the time, by lane, at which an event is triggered now, given the gap that [closes](Self::closing).
    pub fn triggered(&self, gap: Option<usize>) -> Result<Vec<f64>, Failure> {
        if self.course.chain.is_none() {
            return Ok(Vec::new());
        }
        match (&self.timing, gap) {
            // What another event triggers happens at its time, and the start does not move.
            (Some(timing), _) => Ok(timing.clone()),
            (None, Some(gap)) => self.crossing(gap),
            (None, None) => Ok(vec![0.0; self.course.system.treatments[self.course.treatment].lanes.len()]),
        }
    }

    /// The derivative of the time, by lane, at which a gap closes now that was about to close before another event, whose
    /// time moves as `timing` says, was executed; nothing where it no longer closes.
    pub fn closing_still(&self, before: &Jump, gap: usize, timing: &[f64]) -> Result<Option<Vec<f64>>, Failure> {
        let ((gaps, speeds), (gaps_before, speeds_before)) = (self.gaps(), before.gaps());
        if gaps[gap] != gaps_before[gap] {
            // The event has thrown the states over the threshold.
            return Ok(Some(timing.to_vec()));
        }
        if speeds[gap] * speeds_before[gap] < 0.0 {
            return Ok(None);
        }
        self.crossing(gap).map(Some)
    }

    /// Adds the derivative of an event's delay to that of its trigger's time.
    pub fn delayed(&self, event: usize, timing: &mut [f64]) {
        let event = &self.course.system.events[event];
        let (Some(delay), Some(speed), Some(_)) = (&event.delay, event.delay_speed, self.course.chain) else { return };
        let speed = self.number(speed);
        let slopes = self.derive(delay, self.state, self.sensitivities, 1);
        for (timing, slope) in timing.iter_mut().zip(slopes) {
            *timing += slope + speed * *timing;
        }
    }

    /// The derivative of the time, by lane, at which a gap closes now.
    pub fn crossing(&self, gap: usize) -> Result<Vec<f64>, Failure> {
        let crossings = &self.course.system.crossings;
        let slopes = self.derive(&crossings.gaps, self.state, self.sensitivities, crossings.count);
        let (_, speeds) = self.gaps();
        let speed = speeds[gap];
        let slopes: Vec<f64> = slopes.chunks_exact(crossings.count).map(|slopes| slopes[gap]).collect();
        let largest = slopes.iter().fold(0.0_f64, |largest, slope| largest.max(slope.abs()));
        if largest == 0.0 {
            return Ok(slopes);
        }
        if !(speed.abs() * self.time > GRAZING * largest) {
            return Err(Failure::NoDerivative);
        }
        Ok(slopes.into_iter().map(|slope| -slope / speed).collect())
    }

    fn gaps(&self) -> (Vec<f64>, Vec<f64>) {
        let System { crossings, code, .. } = self.course.system;
        let (mut gaps, mut speeds) = (vec![0.0; crossings.count], vec![0.0; crossings.count]);
        code.call(crossings.gaps.value, self.state, self.cache, self.time, &mut gaps);
        code.call(crossings.speeds, self.state, self.cache, self.time, &mut speeds);
        (gaps, speeds)
    }

    /// Takes note of what is held differently from now on: the slopes of the states jump from those with this jump's cache
    /// to those with `new`.
    pub fn switch(&mut self, new: &[f64]) -> Result<(), Failure> {
        let changed = self.changed(new);
        if self.course.chain.is_none() || changed.is_empty() {
            return Ok(());
        }
        let timings = changed
            .iter()
            .map(|&(_, gap, watched)| match (&self.timing, watched) {
                // An event has thrown the states over the threshold.
                (Some(timing), true) => Ok(timing.clone()),
                _ => self.crossing(gap),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut cache = self.cache.to_vec();
        let mut before = slope(self.course, &cache, self.state, self.time);
        for ((place, ..), timing) in changed.into_iter().zip(timings) {
            cache[place] = new[place];
            let (given, hoisted) = cache.split_at_mut(self.course.system.hoisted);
            self.course.system.code.call(self.course.system.prepare, &[], given, 0.0, hoisted);
            let after = slope(self.course, &cache, self.state, self.time);
            for (lane, timing) in self.sensitivities.chunks_exact_mut(self.state.len().max(1)).zip(timing) {
                for ((value, before), after) in lane.iter_mut().zip(&before).zip(&after) {
                    *value += (before - after) * timing;
                }
            }
            before = after;
        }
        Ok(())
    }

    /// Places of the cache that are held differently, with their gaps, and whether states decide about them.
    fn changed(&self, new: &[f64]) -> Vec<(usize, usize, bool)> {
        let system = self.course.system;
        let [_, clocks, watches] = system.crossings.firsts;
        let first = system.parameters + system.settings;
        let switches = (0..system.switches.len()).map(|index| (first + index, index, false));
        let clocks = (0..system.clocks.held).map(|index| (system.clocks.first + index, clocks + index, false));
        let watches = (0..system.watches.held).map(|index| (system.watches.first + index, watches + index, true));
        let all = switches.chain(clocks).chain(watches);
        all.filter(|&(place, ..)| self.cache[place] != new[place]).collect()
    }
}

fn slope(course: &Course, cache: &[f64], states: &[f64], time: f64) -> Vec<f64> {
    let mut slope = vec![0.0; states.len()];
    course.system.code.call(course.system.functions.rhs, states, cache, time, &mut slope);
    slope
}
