//! Up the ladder of solver settings.

use super::{Course, Failure, LADDER, Sample};

/// Computes a trajectory with the first rung of the ladder that succeeds, starting over with a fresh state of the
/// consumer on each.
pub fn climb<T>(
    course: &Course,
    consume: &mut dyn FnMut(&mut T, &Sample) -> Result<(), Failure>,
    fresh: impl Fn() -> T,
) -> (Result<(usize, T), Failure>, usize) {
    let mut steps = 0;
    let mut first = None;
    for (index, rung) in LADDER.iter().enumerate() {
        let mut state = fresh();
        let (result, taken) = course.run(rung, &mut |sample| consume(&mut state, sample));
        steps += taken;
        match result {
            Ok(()) => return (Ok((index, state)), steps),
            Err(failure) => {
                first = first.or(Some(failure));
                if !failure.is_of_the_solver() {
                    break;
                }
            }
        }
    }
    (Err(first.unwrap_or(Failure::Other)), steps)
}
