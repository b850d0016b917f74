//! Events: which are triggered, which wait, and which is executed next, as SBML Level 3 (Hucka et al. 2019, section
//! 4.11) says it.

use super::jump::Jump;
use super::{Course, Ending, Failure};

/// More executions at one time than this are a loop that never ends.
const MOST_AT_ONCE: usize = 100_000;

/// An execution that is due at a time.
#[derive(Debug, Clone)]
pub struct Execution {
    /// Index of the event.
    pub event: usize,
    /// When.
    pub due: f64,
    /// The new values and their sensitivities, where they are those of the trigger's time.
    pub values: Option<(Vec<f64>, Vec<f64>)>,
    /// The derivative of its time, by lane; empty without sensitivities.
    pub timing: Vec<f64>,
    /// The gap whose closing triggered it, where that and nothing else decides about its time.
    pub gap: Option<usize>,
}

/// Triggered events in the order in which they were triggered, and the state of all conditions.
#[derive(Clone)]
pub struct Queue {
    truths: Vec<bool>,
    /// What was triggered and is not executed yet.
    pub waiting: Vec<Execution>,
    /// Counts the choices between events of equal priority.
    choices: u64,
}

impl Queue {
    /// The queue before time 0: conditions of events that fire at the start count as false, others as what they are.
    pub fn new(course: &Course, cache: &[f64], states: &[f64]) -> Self {
        let mut queue = Self { truths: vec![false; course.system.events.len()], waiting: Vec::new(), choices: 0 };
        let now = queue.conditions(course, cache, states, 0.0);
        for ((truth, event), now) in queue.truths.iter_mut().zip(&course.system.events).zip(now) {
            *truth = now && !event.fires_at_start;
        }
        queue
    }

    /// When the next execution is due.
    pub fn next(&self) -> Option<f64> {
        self.waiting.iter().map(|execution| execution.due).filter(|due| due.is_finite()).min_by(f64::total_cmp)
    }

    /// Whether the conditions at a time ask for something to be done. Where they do not, they are taken note of.
    pub fn stirs(&mut self, course: &Course, cache: &[f64], states: &[f64], time: f64) -> bool {
        if self.truths.is_empty() {
            return false;
        }
        let now = self.conditions(course, cache, states, time);
        for (event, (&before, &now)) in self.truths.iter().zip(&now).enumerate() {
            let called_off =
                || course.system.events[event].cancels && self.waiting.iter().any(|waiting| waiting.event == event);
            if now && !before || before && !now && called_off() {
                return true;
            }
        }
        self.truths = now;
        false
    }

    /// Triggers, calls off and executes events until nothing is left to be done at this time. Returns how many were
    /// executed.
    pub fn happen(&mut self, jump: &mut Jump) -> Result<usize, Failure> {
        let mut executed = 0;
        loop {
            self.trigger(jump)?;
            let Some(place) = self.choose(jump) else { return Ok(executed) };
            self.untied(jump, place)?;
            executed += 1;
            if executed > MOST_AT_ONCE {
                return Err(Failure::StepLimit);
            }
            let Execution { event, values, timing, .. } = self.waiting.remove(place);
            let values = values.unwrap_or_else(|| jump.values(event, &timing));
            jump.execute(event, values, &timing)?;
        }
    }

    /// Whether the condition of each event holds.
    pub fn conditions(&self, course: &Course, cache: &[f64], states: &[f64], time: f64) -> Vec<bool> {
        let mut values = vec![0.0; self.truths.len()];
        course.system.code.call(course.system.triggers, states, cache, time, &mut values);
        values.iter().map(|&value| value != 0.0 && !value.is_nan()).collect()
    }

    /// Adds the events whose conditions turned true, and takes those away that are called off.
    fn trigger(&mut self, jump: &Jump) -> Result<(), Failure> {
        let course = jump.course;
        let now = self.conditions(course, jump.cache, jump.state, jump.time);
        for (event, &now) in now.iter().enumerate() {
            let before = std::mem::replace(&mut self.truths[event], now);
            let code = &course.system.events[event];
            if before && !now && code.cancels {
                self.waiting.retain(|execution| execution.event != event);
            }
            // Before time starts, nothing happens by time alone.
            if before || !now || code.timed && course.ending == Ending::Preequilibration {
                continue;
            }
            let delay = code.delay.as_ref().map_or(0.0, |delay| jump.number(delay.value));
            if delay.is_nan() {
                return Err(Failure::NotANumber);
            }
            let gap = jump.closing(event);
            let mut timing = jump.triggered(gap)?;
            let values = (!code.late_values).then(|| jump.values(event, &timing));
            jump.delayed(event, &mut timing);
            // A delay below zero is a mistake of the model; the event cannot be executed before it is triggered.
            self.waiting.push(Execution {
                event,
                due: jump.time + delay.max(0.0),
                values,
                timing,
                gap: gap.filter(|_| code.delay.is_none()),
            });
        }
        Ok(())
    }

    /// The waiting execution that goes next at this time: the one of highest priority, those without priority last.
    fn choose(&mut self, jump: &Jump) -> Option<usize> {
        let mut best: Vec<usize> = Vec::new();
        let mut highest: Option<f64> = None;
        for (place, execution) in self.waiting.iter().enumerate() {
            if execution.due > jump.time {
                continue;
            }
            let priority = jump.priority(execution.event);
            match priority.partial_cmp(&highest) {
                Some(std::cmp::Ordering::Greater) => (highest, best) = (priority, vec![place]),
                Some(std::cmp::Ordering::Equal) => best.push(place),
                _ if best.is_empty() => best.push(place),
                _ => {}
            }
        }
        // Of several of the same priority none should always win: a fixed sequence that looks like chance decides.
        // Those without priority go in the order in which they were triggered.
        if best.len() < 2 || highest.is_none() {
            return best.first().copied();
        }
        self.choices += 1;
        Some(best[(mixed(self.choices) % best.len() as u64) as usize])
    }
}

/// The finaliser of `SplitMix64` (Steele et al. 2014): consecutive numbers become ones that look independent.
fn mixed(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
