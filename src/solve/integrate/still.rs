//! Segments that need no solver: no state moves, or there is next to no time to move in.

use super::segment::{End, Segment};
use super::watch::Watcher;
use super::{Failure, Sink};

/// Points at which functions that jump are looked at.
const LOOKS: usize = 1000;

impl Segment<'_, '_> {
    /// A segment in which no state moves: nothing but events changes them, or there is no time to move in.
    pub(super) fn stand(
        &mut self,
        state: &[f64],
        sensitivities: &[f64],
        near: bool,
        sink: &mut Sink,
    ) -> Result<End, Failure> {
        let course = self.course;
        if *self.steps >= course.settings.most_steps {
            return Err(Failure::StepLimit);
        }
        *self.steps += 1;
        let last = course.times.last().copied().unwrap_or(self.start);
        let mut end = self.stop.unwrap_or(last);
        let watches = &course.system.watches;
        let mut jumped = false;
        if watches.count > 0 && !near {
            let what = (watches.values, watches.count);
            let mut watcher = Watcher::new(course.system, self.cache, what, self.start, state);
            if let Some(time) = self.jump(&mut watcher, self.start, end, LOOKS, &mut |_, _| Ok(()))? {
                (end, jumped) = (time, true);
            }
        }
        let ends = jumped || self.stop.is_some();
        while *self.next < course.times.len() {
            let asked = course.times[*self.next];
            if asked > end || (ends && asked >= end) {
                break;
            }
            self.early();
            self.sample(sink, asked, state, sensitivities)?;
        }
        if *self.next == course.times.len() && (self.stop.is_none() || !course.settles()) {
            return Ok(End::Finished);
        }
        Ok(End::Stopped { time: end, state: state.to_vec(), sensitivities: sensitivities.to_vec() })
    }
}
