//! Up the ladder of solver settings.

use super::{Course, Failure, LADDER, Rung, Sample};

/// The first attempt that succeeds, and with which rung of the ladder; also the steps of all attempts. Each starts over.
pub fn climb<T>(mut attempt: impl FnMut(&Rung) -> (Result<T, Failure>, usize)) -> (Result<(usize, T), Failure>, usize) {
    let mut steps = 0;
    let mut first = None;
    for (index, rung) in LADDER.iter().enumerate() {
        let (result, taken) = attempt(rung);
        steps += taken;
        match result {
            Ok(found) => return (Ok((index, found)), steps),
            Err(failure) => {
                // A rung that was left early says nothing of why the solve fails.
                if rung.patient || failure != Failure::StepLimit {
                    first = first.or(Some(failure));
                }
                if !failure.is_of_the_solver() {
                    break;
                }
            }
        }
    }
    (Err(first.unwrap_or(Failure::StepLimit)), steps)
}

impl Course<'_> {
    /// Computes the trajectory with the first rung of the ladder that succeeds, starting over with a fresh state of the
    /// consumer on each.
    pub fn climb<T>(
        &self,
        consume: &mut dyn FnMut(&mut T, &Sample) -> Result<(), Failure>,
        fresh: impl Fn() -> T,
    ) -> (Result<(usize, T), Failure>, usize) {
        climb(|rung| {
            let mut state = fresh();
            let (result, taken) = self.run(rung, &mut |sample| consume(&mut state, sample));
            (result.map(|()| state), taken)
        })
    }
}
