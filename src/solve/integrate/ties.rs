//! Events that happen at one time, in an order that may change with parameters.
//!
//! Where the times of two events coincide and move apart with a parameter, the one goes first on one side and the other
//! on the other side. There is a derivative only if both orders leave the same states with the same sensitivities. That
//! is more than that the new values commute: an event that makes the other one's threshold come nearer faster, or two that
//! change factors of one rate, leave sensitivities that depend on the order.

use super::Failure;
use super::events::{Execution, Queue};
use super::jump::Jump;

/// Derivatives of two times, or priorities, that differ by no larger share are the same.
const SAME: f64 = 1e-9;
/// States and sensitivities behind two events that differ by no larger share are the same: the orders round differently.
const ALIKE: f64 = 1e-8;

/// States, and sensitivities by column.
type Left = (Vec<f64>, Vec<f64>);

impl Queue {
    /// Makes sure that there is a derivative, if it is asked for, where the `chosen` one of the waiting executions goes
    /// next and others are due.
    pub fn untied(&self, jump: &Jump, chosen: usize) -> Result<(), Failure> {
        if jump.course.chain.is_none() || self.waiting.len() < 2 {
            return Ok(());
        }
        let first = &self.waiting[chosen];
        let others =
            self.waiting.iter().enumerate().filter(|&(place, other)| place != chosen && other.due <= jump.time);
        for (_, second) in others {
            let apart = differ(&first.timing, &second.timing);
            if !apart && !reordered(jump, first, second) {
                continue;
            }
            // Which order follows from the true sensitivities, a recording does not know.
            if jump.records || !self.commute(jump, first, second, apart)? {
                return Err(Failure::TiedEvents);
            }
        }
        Ok(())
    }

    /// Whether two executions leave the same in either order, also if their times are `apart` by ever so little.
    fn commute(&self, jump: &Jump, first: &Execution, second: &Execution, apart: bool) -> Result<bool, Failure> {
        let Some(here) = self.both(jump, first, second, false)? else { return Ok(false) };
        let Some(swapped) = self.both(jump, second, first, apart)? else { return Ok(false) };
        let timings = [&first.timing, &second.timing];
        if !alike(jump, &here, &swapped, timings) {
            return Ok(false);
        }
        // At one time, both may have taken their new values from the states before the two.
        let ordered = if apart { self.both(jump, first, second, true)? } else { Some(swapped) };
        Ok(ordered.is_some_and(|ordered| alike(jump, &here, &ordered, timings)))
    }

    /// What two executions leave, one after the other; nothing where the first one keeps the second one from happening.
    /// If they are `apart`, the second one is triggered in the states that the first one leaves.
    fn both(&self, jump: &Jump, first: &Execution, second: &Execution, apart: bool) -> Result<Option<Left>, Failure> {
        let course = jump.course;
        let (mut state, mut sensitivities) = (jump.state.clone(), jump.sensitivities.clone());
        let mut after = Jump {
            course,
            cache: jump.cache,
            entrance: jump.entrance,
            time: jump.time,
            state: &mut state,
            sensitivities: &mut sensitivities,
            timing: None,
            records: jump.records,
        };
        let values = first.values.clone().unwrap_or_else(|| after.values(first.event, &first.timing));
        after.execute(first.event, values, &first.timing)?;
        let event = &course.system.events[second.event];
        let triggered = apart && event.delay.is_none();
        if (triggered || event.cancels) && !self.conditions(course, after.cache, after.state, after.time)[second.event]
        {
            return Ok(None);
        }
        let timing = match second.gap {
            Some(gap) if triggered => after.closing_still(jump, gap, &first.timing)?,
            _ => Some(second.timing.clone()),
        };
        let Some(timing) = timing else { return Ok(None) };
        let kept = second.values.clone().filter(|_| !triggered);
        let values = kept.unwrap_or_else(|| after.values(second.event, &timing));
        after.execute(second.event, values, &timing)?;
        Ok(Some((state, sensitivities)))
    }
}

/// Whether one of two executions whose times move alike may go before the other or behind it: their priorities are equal
/// and move apart.
fn reordered(jump: &Jump, first: &Execution, second: &Execution) -> bool {
    let priority = jump.priority(first.event);
    if priority.is_none() || priority != jump.priority(second.event) {
        return false;
    }
    let slopes = |execution: &Execution| {
        let priority = jump.course.system.events[execution.event].priority.as_ref();
        priority.map(|priority| jump.derive(priority, jump.state, jump.sensitivities, 1)).unwrap_or_default()
    };
    differ(&slopes(first), &slopes(second))
}

/// Whether derivatives by the same lanes differ.
fn differ(a: &[f64], b: &[f64]) -> bool {
    let largest = a.iter().chain(b).fold(0.0_f64, |largest, value| largest.max(value.abs()));
    a.iter().zip(b).any(|(a, b)| (a - b).abs() > SAME * largest)
}

/// Whether two orders leave the same. `timings` are those of the two events: what they add to sensitivities and take
/// away again rounds.
fn alike(jump: &Jump, (a, a_lanes): &Left, (b, b_lanes): &Left, timings: [&Vec<f64>; 2]) -> bool {
    let course = jump.course;
    let mut slopes = vec![vec![0.0; a.len()]; 2];
    for (slopes, states) in slopes.iter_mut().zip([&*jump.state, a]) {
        course.system.code.call(course.system.functions.rhs, states, jump.cache, jump.time, slopes);
    }
    let timing = timings.into_iter().flatten().fold(0.0_f64, |largest, timing| largest.max(timing.abs()));
    (0..a.len()).all(|state| {
        let drift = timing * (slopes[0][state].abs() + slopes[1][state].abs());
        let lanes = || a_lanes.iter().skip(state).step_by(a.len()).zip(b_lanes.iter().skip(state).step_by(a.len()));
        let size = lanes().fold(drift, |size, (a, b)| size.max(a.abs()).max(b.abs()));
        (a[state] - b[state]).abs() <= ALIKE * a[state].abs().max(b[state].abs())
            && lanes().all(|(a, b)| (a - b).abs() <= ALIKE * size)
    })
}
