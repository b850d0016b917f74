//! When functions jump: the times at which comparisons of a trajectory change, found on its interpolant.

use super::Failure;
use crate::solve::compiled::FunctionIndex;
use crate::solve::system::System;

/// Gives the states at a time within the last step.
pub type Interpolant<'i> = dyn FnMut(f64, &mut Vec<f64>) -> Result<(), Failure> + 'i;

/// Follows functions that jump along a trajectory.
pub struct Watcher<'a> {
    system: &'a System,
    cache: &'a [f64],
    /// Values of the functions, then how near each is to a jump.
    function: FunctionIndex,
    count: usize,
    /// The last time looked at, and what was found.
    time: f64,
    last: Vec<f64>,
    /// The time looked at before, and how near all were.
    earlier: Option<(f64, Vec<f64>)>,
    states: Vec<f64>,
}

impl<'a> Watcher<'a> {
    /// A watcher of `count` functions from a time and its states on.
    pub fn new(
        system: &'a System,
        cache: &'a [f64],
        (function, count): (FunctionIndex, usize),
        time: f64,
        states: &[f64],
    ) -> Self {
        let mut last = vec![0.0; 2 * count];
        system.code.call(function, states, cache, time, &mut last);
        Self { system, cache, function, count, time, last, earlier: None, states: states.to_vec() }
    }

    /// The values of the functions at the last time looked at.
    pub fn values(&self) -> &[f64] {
        &self.last[..self.count]
    }

    /// The last time looked at, and the states there.
    pub fn here(&self) -> (f64, &[f64]) {
        (self.time, &self.states)
    }

    /// Looks from the last time on until `to`, at some points in between, and stops at the first time at which a
    /// function has jumped; `None` when none has. States are known from `known` on.
    ///
    /// A function that jumps and jumps back between two points is seen where it comes nearest to the jump: the
    /// difference behind it has an extremum there.
    pub fn look(&mut self, to: f64, points: usize, known: f64, at: &mut Interpolant) -> Result<Option<f64>, Failure> {
        let from = self.time;
        for point in 1..=points {
            let time = if point == points { to } else { from + (to - from) * point as f64 / points as f64 };
            if time <= self.time {
                continue;
            }
            let values = self.at(time, at)?;
            if self.jumped(&values) {
                return self.locate(self.time, time, at).map(Some);
            }
            if let Some(crossed) = self.between(time, &values, known, at)? {
                return Ok(Some(crossed));
            }
            let gaps = self.last.split_off(self.count);
            self.earlier = Some((self.time, gaps));
            self.last = values;
            self.time = time;
        }
        Ok(None)
    }

    fn at(&mut self, time: f64, at: &mut Interpolant) -> Result<Vec<f64>, Failure> {
        at(time, &mut self.states)?;
        let mut values = vec![0.0; 2 * self.count];
        self.system.code.call(self.function, &self.states, self.cache, time, &mut values);
        Ok(values)
    }

    fn jumped(&self, values: &[f64]) -> bool {
        let pairs = self.last[..self.count].iter().zip(values);
        pairs.into_iter().any(|(before, after)| before != after && !(before.is_nan() && after.is_nan()))
    }

    /// A jump there and back around an extremum that the last three points show.
    fn between(&mut self, time: f64, values: &[f64], known: f64, at: &mut Interpolant) -> Result<Option<f64>, Failure> {
        let Some((first, gaps)) = self.earlier.take() else { return Ok(None) };
        for (index, &g0) in gaps.iter().enumerate() {
            let (mut left, mut middle) = ((first, g0), (self.time, self.last[self.count + index]));
            let mut right = (time, values[self.count + index]);
            // Twice by parabolas: the second one is near enough for what a solver's step can hide.
            for _ in 0..2 {
                if (middle.1 - left.1) * (right.1 - middle.1) >= 0.0 {
                    break;
                }
                let Some(vertex) = vertex(left, middle, right) else { break };
                if vertex <= known || vertex <= left.0 || vertex >= right.0 || vertex == middle.0 {
                    break;
                }
                let there = self.at(vertex, at)?;
                if self.jumped(&there) {
                    return self.locate(first.max(known), vertex, at).map(Some);
                }
                let new = (vertex, there[self.count + index]);
                if vertex < middle.0 {
                    (right, middle) = (middle, new);
                } else {
                    (left, middle) = (middle, new);
                }
            }
        }
        self.earlier = Some((first, gaps));
        Ok(None)
    }

    /// The first time at which a function has jumped, to the last bit: none has at `low`, one has at `high`.
    fn locate(&mut self, mut low: f64, mut high: f64, at: &mut Interpolant) -> Result<f64, Failure> {
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            let values = self.at(middle, at)?;
            if self.jumped(&values) {
                high = middle;
            } else {
                low = middle;
            }
        }
        self.last = self.at(high, at)?;
        self.time = high;
        self.earlier = None;
        Ok(high)
    }
}

/// Where the parabola through three points has its extremum.
fn vertex((x0, y0): (f64, f64), (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Option<f64> {
    let (left, right) = ((x1 - x0) * (y1 - y2), (x1 - x2) * (y1 - y0));
    let bottom = 2.0 * (left - right);
    let vertex = x1 - ((x1 - x0) * left - (x1 - x2) * right) / bottom;
    vertex.is_finite().then_some(vertex)
}
