//! The executor: which nodes are missing, and computing them side by side.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::context::{Context, Stop};
use super::error::RunError;
use super::progress::{Progress, Show};
use super::stages;
use super::store::{Presence, Store};
use crate::plan::node::{Plan, Stage};

/// How a plan is carried out.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Threads; at least one.
    pub jobs: usize,
    /// What is shown meanwhile.
    pub show: Show,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Nodes that were computed.
    pub computed: usize,
    /// Nodes whose artifacts were there.
    pub found: usize,
    /// Artifacts that were damaged and have been computed again, with what was wrong.
    pub damaged: Vec<String>,
    /// What stages had to say.
    pub warnings: Vec<String>,
}

/// The nodes whose artifacts a node reads: its inputs, and those whose work a comparison charges.
fn reads(plan: &Plan, at: usize) -> Vec<usize> {
    let mut reads = plan.nodes[at].inputs.clone();
    if let Stage::Compare(compare) = &plan.nodes[at].stage {
        let charged = compare.origins.iter().flat_map(|origin| &origin.charged);
        reads.extend(charged.filter_map(|key| plan.nodes.iter().position(|node| node.key == *key)));
    }
    reads.sort_unstable();
    reads.dedup();
    reads
}

/// The state of each node against a store: present and whole, missing, or damaged. Only nodes that the wanted ones
/// need are looked at; the inputs of a present node are not needed.
#[must_use]
pub fn survey(plan: &Plan, store: &Store, wanted: &[usize]) -> BTreeMap<usize, Presence> {
    let mut states = BTreeMap::new();
    let mut layer: Vec<usize> = wanted.to_vec();
    while !layer.is_empty() {
        let found: Vec<(usize, Presence)> =
            layer.par_iter().map(|&at| (at, store.verify(&plan.nodes[at].key))).collect();
        let mut next = Vec::new();
        for (at, presence) in found {
            if presence != Presence::Whole {
                next.extend(reads(plan, at));
            }
            states.insert(at, presence);
        }
        next.sort_unstable();
        next.dedup();
        next.retain(|at| !states.contains_key(at));
        layer = next;
    }
    states
}

/// Computes what the wanted nodes need and the store lacks. Independent nodes run side by side; the results do not
/// depend on how many threads there are.
///
/// # Errors
/// The first error of any node, after the nodes at work have stopped; what was finished before is in the store.
pub fn execute(
    plan: &Plan,
    store: &Store,
    wanted: &[usize],
    options: Options,
    stop: &Stop,
) -> Result<Summary, RunError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.max(1))
        .stack_size(16 << 20)
        .build()
        .map_err(|error| RunError::Stage { node: "kexp".to_owned(), reason: format!("no threads: {error}") })?;
    pool.install(|| {
        let states = survey(plan, store, wanted);
        let mut summary = Summary::default();
        let missing: Vec<usize> =
            states.iter().filter(|(_, presence)| **presence != Presence::Whole).map(|(&at, _)| at).collect();
        summary.found = states.len() - missing.len();
        summary.computed = missing.len();
        let progress = Progress::new(options.show, missing.len());
        for (&at, presence) in &states {
            if let Presence::Damaged(reason) = presence {
                let line = format!("{}: {reason}", plan.nodes[at].name);
                progress.say(&format!("kexp: damaged in the store, computed again: {line}"));
                summary.damaged.push(line);
            }
        }
        let run = Run {
            plan,
            store,
            stop,
            progress,
            waiting: missing
                .iter()
                .map(|&at| {
                    let open = reads(plan, at).iter().filter(|input| missing.contains(input)).count();
                    (at, AtomicUsize::new(open))
                })
                .collect(),
            outcome: Mutex::new((None, Vec::new())),
        };
        let ready: Vec<usize> =
            run.waiting.iter().filter(|(_, open)| open.load(Ordering::Relaxed) == 0).map(|(&at, _)| at).collect();
        rayon::scope_fifo(|scope| {
            for at in ready {
                let run = &run;
                scope.spawn_fifo(move |scope| run.node(at, scope));
            }
        });
        run.progress.end();
        let (error, warnings) = run.outcome.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        summary.warnings = warnings;
        summary.warnings.sort();
        match error {
            Some(error) => Err(error),
            None => Ok(summary),
        }
    })
}

struct Run<'a> {
    plan: &'a Plan,
    store: &'a Store,
    stop: &'a Stop,
    progress: Progress,
    /// Missing nodes, and how many of their inputs are still missing.
    waiting: BTreeMap<usize, AtomicUsize>,
    outcome: Mutex<(Option<RunError>, Vec<String>)>,
}

impl Run<'_> {
    fn node<'scope>(&'scope self, at: usize, scope: &rayon::ScopeFifo<'scope>) {
        if self.stop.requested() {
            self.fail(RunError::Interrupted);
            return;
        }
        match self.compute(at) {
            Err(error) => {
                self.stop.request();
                self.fail(error);
            }
            Ok(None) => {
                // Another process computes it. This thread does other nodes meanwhile, and never waits while it holds
                // one: that process may wait for it.
                std::thread::sleep(Duration::from_millis(20));
                scope.spawn_fifo(move |scope| self.node(at, scope));
            }
            Ok(Some(warnings)) => {
                if !warnings.is_empty() {
                    let mut outcome = self.outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    outcome.1.extend(warnings);
                }
                for (&next, open) in &self.waiting {
                    if reads(self.plan, next).contains(&at) && open.fetch_sub(1, Ordering::AcqRel) == 1 {
                        scope.spawn_fifo(move |scope| self.node(next, scope));
                    }
                }
            }
        }
    }

    fn fail(&self, error: RunError) {
        let mut outcome = self.outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // An interruption that another node's error caused does not hide that error.
        if outcome.0.is_none() || matches!(outcome.0, Some(RunError::Interrupted)) {
            outcome.0 = Some(error);
        }
    }

    /// Computes a node and returns its warnings, or nothing when another process is at it.
    fn compute(&self, at: usize) -> Result<Option<Vec<String>>, RunError> {
        let node = &self.plan.nodes[at];
        let Some(lock) = self.store.lock(&node.key)? else { return Ok(None) };
        match self.store.verify(&node.key) {
            Presence::Missing => {}
            // Removed only now that no other process can be putting a whole one in its place.
            Presence::Damaged(_) => self.store.remove(&node.key)?,
            Presence::Whole => {
                // Another process was faster.
                self.store.finish(lock);
                return Ok(Some(Vec::new()));
            }
        }
        let bar = self.progress.node(&node.name);
        let started = Instant::now();
        let draft = self.store.draft()?;
        let context = Context {
            plan: self.plan,
            node,
            store: self.store,
            draft: &draft,
            work: lock.folder.clone(),
            progress: &bar,
            stop: self.stop,
        };
        let (stage, _) = node.stage.word();
        let warnings = stages::run(&context).map_err(|error| error.of(&node.name))?;
        self.store.publish(&node.key, stage, draft)?;
        self.store.finish(lock);
        let seconds = started.elapsed().as_secs_f64();
        self.store.note_seconds(&node.key, seconds);
        self.progress.finished(&bar, &node.name, seconds);
        Ok(Some(warnings.into_iter().map(|warning| format!("{}: {warning}", node.name)).collect()))
    }
}
