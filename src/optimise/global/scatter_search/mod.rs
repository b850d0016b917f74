//! Scatter search, after the enhanced scatter search eSS (Egea, Martí & Banga, Computers & Operations Research 2010).
//!
//! As there: a diverse first sample, a small reference set of good and random points, combinations of every pair in
//! hyper-rectangles placed by the pair's ranks, the "go-beyond" strategy, and fresh points for members that are stuck.
//! Simpler than there: the first sample is a latin hypercube, points close to each other are not filtered out, and the best
//! member is never taken for stuck. Like eSS it has no criterion of convergence: the budget ends it.
//!
//! With `local` it has eSS's local searches, from members that [`locals`] selects; without, it asks for values alone, and
//! a descent from its best point does the rest.

mod locals;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

pub use self::locals::Local;
use self::locals::Locals;
use super::Settings;
use super::generations::{Search, first_generation, lowest, ranked};
use crate::optimise::ask::Stop;
use crate::optimise::local::LocalSettings;
use crate::random::Streams;
use crate::schema::{Choice, Field, Type, Value};

/// Settings of scatter search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterSearch {
    /// Members of the reference set; by default the least even number `b` with `b^2 - b >= 10 n` for `n` free
    /// parameters.
    pub reference: Option<usize>,
    /// Points of the first sample for each free parameter.
    pub diverse: usize,
    /// Generations without a better point after which a member is replaced by a random one.
    pub patience: usize,
    /// The local method by which selected members descend.
    #[serde(skip_serializing_if = "Local::is_none")]
    pub local: Local,
}

impl Default for ScatterSearch {
    fn default() -> Self {
        Self { reference: None, diverse: 10, patience: 20, local: Local::None }
    }
}

impl Settings for ScatterSearch {
    fn choice() -> Choice {
        let defaults = Self::default();
        let count = |name, default: usize, doc| {
            Field::new(name, Type::Integer { least: 1, most: 1_000_000 }, Value::Integer(default as i64), doc)
        };
        Choice::new(
            "scatter_search",
            "scatter search after eSS (Egea, Martí & Banga 2010)",
            vec![
                Field::optional(
                    "reference",
                    Type::Integer { least: 4, most: 10_000 },
                    "members of the reference set; by default the least even b with b^2 - b >= 10 n for n parameters",
                ),
                count("diverse", defaults.diverse, "points of the first sample for each parameter"),
                count("patience", defaults.patience, "generations after which a member that is stuck is replaced"),
                locals::field(),
            ],
        )
    }

    fn search(&self, dimensions: usize, streams: &Streams) -> Box<dyn Search + Send> {
        let streams = streams.part("scatter search");
        let usual = (4..).step_by(2).find(|b| b * b - b >= 10 * dimensions).unwrap_or(4);
        let size = self.reference.unwrap_or(usual).max(4);
        let first = first_generation(self.diverse.saturating_mul(dimensions).max(size), dimensions, &streams);
        Box::new(Scatter {
            settings: *self,
            streams,
            size,
            generation: 0,
            phase: Phase::First,
            members: Vec::new(),
            asked: first,
            locals: Locals::new(self.local),
        })
    }
}

struct Scatter {
    settings: ScatterSearch,
    streams: Streams,
    size: usize,
    /// Generations learnt from.
    generation: u64,
    phase: Phase,
    /// The reference set, lowest fval first while it is combined.
    members: Vec<Member>,
    asked: Vec<Vec<f64>>,
    locals: Locals,
}

/// What was asked for.
enum Phase {
    First,
    /// `size - 1` children of each member, in the members' order.
    Combinations,
    /// One point beyond each child that is better than its parent.
    Beyond(Vec<Beyond>),
    /// New points for these members.
    Fresh(Vec<usize>),
}

struct Member {
    x: Vec<f64>,
    fval: f64,
    /// Generations without a better point.
    stuck: usize,
}

/// A member whose child is followed in its direction.
struct Beyond {
    member: usize,
    parent: Vec<f64>,
    /// Length of the rectangle, in steps from the parent to the child.
    reach: f64,
    better: usize,
}

impl Scatter {
    fn combinations(&self, generator: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
        let size = self.members.len();
        let pairs =
            (0..size).flat_map(|own| (0..size).filter(move |&other| other != own).map(move |other| (own, other)));
        pairs
            .map(|(own, other)| {
                let bias = (own.abs_diff(other) as f64 - 1.0) / (size as f64 - 2.0);
                let bias = if own < other { bias } else { -bias };
                let between = self.members[own].x.iter().zip(&self.members[other].x);
                between
                    .map(|(&x, &towards)| {
                        let half = (towards - x) / 2.0;
                        let (start, end) = (x - half * (1.0 + bias), x + half * (1.0 - bias));
                        (start + (end - start) * generator.random::<f64>()).clamp(0.0, 1.0)
                    })
                    .collect()
            })
            .collect()
    }

    fn follow(&mut self, followed: Vec<Beyond>, generator: &mut ChaCha8Rng) {
        self.asked = followed
            .iter()
            .map(|beyond| {
                let child = &self.members[beyond.member].x;
                let step = |(&child, &parent): (&f64, &f64)| {
                    (child + (child - parent) * beyond.reach * generator.random::<f64>()).clamp(0.0, 1.0)
                };
                child.iter().zip(&beyond.parent).map(step).collect()
            })
            .collect();
        self.phase = Phase::Beyond(followed);
    }

    /// After a whole generation: a descent where one is due, else what comes next.
    fn turn(&mut self, generator: &mut ChaCha8Rng) {
        self.members.sort_by(|a, b| a.fval.total_cmp(&b.fval));
        if !self.locals.is_due(&self.members) {
            self.go_on(generator);
        }
    }

    /// Fresh points for stuck members, else the next combinations.
    fn go_on(&mut self, generator: &mut ChaCha8Rng) {
        let patience = self.settings.patience.max(1);
        let stuck: Vec<usize> =
            (1..self.members.len()).filter(|&index| self.members[index].stuck >= patience).collect();
        let dimensions = self.members[0].x.len();
        if stuck.is_empty() {
            self.asked = self.combinations(generator);
            self.phase = Phase::Combinations;
        } else {
            self.asked = stuck.iter().map(|_| (0..dimensions).map(|_| generator.random()).collect()).collect();
            self.phase = Phase::Fresh(stuck);
        }
    }
}

impl Search for Scatter {
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop> {
        Ok(self.asked.clone())
    }

    fn learn(&mut self, fvals: &[f64]) {
        self.generation += 1;
        let mut generator = self.streams.stream(self.generation);
        let mut asked = std::mem::take(&mut self.asked);
        let mut followed = Vec::new();
        match std::mem::replace(&mut self.phase, Phase::First) {
            Phase::First => {
                // Half of the set are the best points, the other half any others.
                let mut order = ranked(fvals);
                order[self.size / 2..].shuffle(&mut generator);
                let member = |&index: &usize| Member { x: asked[index].clone(), fval: fvals[index], stuck: 0 };
                self.members = order[..self.size].iter().map(member).collect();
            }
            Phase::Combinations => {
                let children = self.members.len() - 1;
                for (index, member) in self.members.iter_mut().enumerate() {
                    let best = index * children + lowest(&fvals[index * children..(index + 1) * children]);
                    if fvals[best] < member.fval {
                        let parent = std::mem::replace(&mut member.x, std::mem::take(&mut asked[best]));
                        (member.fval, member.stuck) = (fvals[best], 0);
                        followed.push(Beyond { member: index, parent, reach: 1.0, better: 0 });
                    } else {
                        member.stuck += 1;
                    }
                }
            }
            Phase::Beyond(before) => {
                for ((mut beyond, child), &fval) in before.into_iter().zip(asked).zip(fvals) {
                    let member = &mut self.members[beyond.member];
                    if fval < member.fval {
                        beyond.parent = std::mem::replace(&mut member.x, child);
                        member.fval = fval;
                        beyond.better += 1;
                        // Twice in a row: a wider rectangle.
                        if beyond.better == 2 {
                            (beyond.reach, beyond.better) = (beyond.reach * 2.0, 0);
                        }
                        followed.push(beyond);
                    }
                }
            }
            Phase::Fresh(replaced) => {
                for ((index, x), &fval) in replaced.into_iter().zip(asked).zip(fvals) {
                    self.members[index] = Member { x, fval, stuck: 0 };
                }
            }
        }
        if followed.is_empty() { self.turn(&mut generator) } else { self.follow(followed, &mut generator) }
    }

    fn descent(&mut self) -> Option<(Vec<f64>, LocalSettings)> {
        self.locals.descent(&self.members)
    }

    fn descended(&mut self, end: Option<(Vec<f64>, f64)>) {
        self.locals.learn(&mut self.members, end);
        self.members.sort_by(|a, b| a.fval.total_cmp(&b.fval));
        self.go_on(&mut self.streams.part("after a descent").stream(self.generation));
    }
}

#[cfg(test)]
mod tests;
