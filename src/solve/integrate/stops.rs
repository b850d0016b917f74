//! Times at which a trajectory stops, as far as they are known before it starts.

use super::watch::Watcher;
use super::{Course, Ending, Failure};

/// Functions of time alone are looked at so many times over a trajectory; what jumps there and back between two of
/// these is found by its extremum.
const LOOKS: usize = 10_000;
/// More jumps than this are no model's.
const MOST_STOPS: usize = 1_000_000;
/// On the way to a steady state they are looked at from this time on, ...
const EARLY: f64 = 1e-6;
/// ... at times that grow by this factor, ...
const GROWTH: f64 = 1.01;
/// ... until this time, ...
const LATE: f64 = 1e12;
/// ... and more jumps than this are those of a clock that never rests.
const MOST_LATE: usize = 10_000;

/// The known stops that are still ahead.
pub struct Stops {
    /// Descending.
    times: Vec<f64>,
}

impl Stops {
    /// Times inside a trajectory, or on its way to a steady state behind the last asked time, at which the equations jump or a condition may change.
    pub fn new(course: &Course, cache: &[f64], last: f64) -> Result<Self, Failure> {
        let system = course.system;
        let at = |function| {
            let mut time = [0.0];
            system.code.call(function, &[], cache, 0.0, &mut time);
            time[0]
        };
        let mut times: Vec<f64> = system.switches.iter().map(|switch| at(switch.threshold)).collect();
        for moment in &system.moments {
            let threshold: f64 = at(moment.threshold);
            if moment.at {
                times.push(threshold);
            }
            if moment.after && threshold.is_finite() {
                times.push(threshold.next_up());
            }
        }
        if system.clocks.count > 0 {
            let clocks = (system.clocks.values, system.clocks.count);
            let mut watcher = Watcher::new(system, cache, clocks, 0.0, &[]);
            for look in 1..=LOOKS {
                let to = last * look as f64 / LOOKS as f64;
                while let Some(time) = watcher.look(to, 1, 0.0, &mut |_, _| Ok(()))? {
                    times.push(time);
                    if times.len() > MOST_STOPS {
                        return Err(Failure::StepLimit);
                    }
                }
            }
        }
        let settles = course.ending != Ending::LastTime;
        if settles {
            late(course, cache, last, &mut times)?;
            times.push(last);
        }
        // A stop at the very last time still acts on what is asked for then.
        times.retain(|&time| time > 0.0 && (time <= last || settles && time.is_finite()));
        times.sort_by(|a, b| b.total_cmp(a));
        times.dedup();
        Ok(Self { times })
    }

    /// The next one.
    pub fn next(&self) -> Option<f64> {
        self.times.last().copied()
    }

    /// Leaves those behind that lie at a time or before it.
    pub fn pass(&mut self, time: f64) {
        while self.times.last().is_some_and(|&stop| stop <= time) {
            self.times.pop();
        }
    }
}

/// Jumps of functions of time alone behind the last asked time.
fn late(course: &Course, cache: &[f64], last: f64, times: &mut Vec<f64>) -> Result<(), Failure> {
    let system = course.system;
    if system.clocks.count == 0 {
        return Ok(());
    }
    let mut watcher = Watcher::new(system, cache, (system.clocks.values, system.clocks.count), last, &[]);
    let (mut to, mut found) = (last.max(EARLY), 0);
    while to < LATE {
        to *= GROWTH;
        while let Some(time) = watcher.look(to, 1, last, &mut |_, _| Ok(()))? {
            times.push(time);
            found += 1;
            if found > MOST_LATE {
                return Err(Failure::NoSteadyState);
            }
        }
    }
    Ok(())
}
