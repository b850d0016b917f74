//! Orders in which each comes after those that it needs. Without recursion: a chain may be as long as a model is.

/// What has no order.
#[derive(Debug)]
pub(super) struct Loops {
    /// Circles, each as the places in it, from one to the next that it needs.
    pub loops: Vec<Vec<usize>>,
    /// An order of all, right for those outside of the circles.
    pub order: Vec<usize>,
}

/// More circles are not reported.
const MOST_LOOPS: usize = 20;

/// Sorts `count` things so that each comes after those that `needs` names; otherwise in their own order.
///
/// # Errors
/// When some need each other.
pub(super) fn sort(count: usize, needs: impl Fn(usize) -> Vec<usize>) -> Result<Vec<usize>, Loops> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; count];
    let (mut order, mut loops) = (Vec::with_capacity(count), Vec::new());
    // Each open one with what it needs and how many of those are done.
    let mut path: Vec<(usize, Vec<usize>, usize)> = Vec::new();
    for start in 0..count {
        if states[start] != State::New {
            continue;
        }
        states[start] = State::Open;
        path.push((start, needs(start), 0));
        while let Some((at, needed, next)) = path.last_mut() {
            let Some(&need) = needed.get(*next) else {
                states[*at] = State::Done;
                order.push(*at);
                path.pop();
                continue;
            };
            *next += 1;
            match states[need] {
                State::Done => {}
                State::New => {
                    states[need] = State::Open;
                    path.push((need, needs(need), 0));
                }
                State::Open => {
                    if loops.len() < MOST_LOOPS {
                        let from = path.iter().position(|(other, _, _)| *other == need).unwrap_or_default();
                        loops.push(path[from..].iter().map(|(member, _, _)| *member).collect());
                    }
                }
            }
        }
    }
    if loops.is_empty() { Ok(order) } else { Err(Loops { loops, order }) }
}

/// A circle in words, such as "`a` -> `b` -> `a`", long ones cut.
pub(super) fn path<'a>(members: &[usize], name: impl Fn(usize) -> &'a str) -> String {
    const SHOWN: usize = 6;
    let mut words: Vec<String> = members.iter().take(SHOWN).map(|at| format!("`{}`", name(*at))).collect();
    if members.len() > SHOWN {
        words.push(format!("{} more", members.len() - SHOWN));
    }
    words.extend(members.first().map(|at| format!("`{}`", name(*at))));
    words.join(" -> ")
}
