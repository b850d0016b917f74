//! The executor: which nodes are missing, and computing them side by side.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::context::{Context, Stop};
use super::cores::{Cores, STACK};
use super::error::RunError;
use super::progress::{Progress, Show};
use super::stages;
use super::store::{Presence, Store};
use crate::plan::node::{Plan, Stage};

/// The file in a node's work folder that says how many seconds interrupted runs spent on it.
const SPENT: &str = "seconds";

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

/// The nodes whose artifacts a node reads: its inputs, and those whose work a comparison or a trial charges.
fn reads(plan: &Plan, at: usize) -> Vec<usize> {
    let mut reads = plan.nodes[at].inputs.clone();
    if let Stage::Compare(compare) = &plan.nodes[at].stage {
        let charged = compare.origins.iter().flat_map(|origin| &origin.charged);
        reads.extend(charged.filter_map(|key| plan.nodes.iter().position(|node| node.key == *key)));
    }
    if let Stage::Trial(trial) = &plan.nodes[at].stage {
        reads.extend(trial.charged.iter().filter_map(|key| plan.nodes.iter().position(|node| node.key == *key)));
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
    let cores = Cores::new(options.jobs)
        .map_err(|error| RunError::Stage { node: "kexp".to_owned(), reason: format!("no threads: {error}") })?;
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
        cores,
        queue: Mutex::new(Queue::new(plan, &missing)),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, missing.len().max(1)) {
            let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || run.work());
            if let Err(error) = thread {
                run.stop.request();
                run.queue()
                    .fail(0, RunError::Stage { node: "kexp".to_owned(), reason: format!("no threads: {error}") });
                run.changed.notify_all();
            }
        }
    });
    run.progress.end();
    let queue = run.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.warnings = queue.warnings;
    summary.warnings.sort();
    match queue.error {
        Some((_, error)) => Err(error),
        None if queue.left > 0 => Err(RunError::Interrupted),
        None => Ok(summary),
    }
}

struct Run<'a> {
    plan: &'a Plan,
    store: &'a Store,
    stop: &'a Stop,
    progress: Progress,
    cores: Cores,
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// The missing nodes and where they are.
struct Queue {
    /// Nodes whose inputs are there, in the order of the plan; those that another process is at come last.
    ready: VecDeque<usize>,
    /// The other nodes, and how many of the nodes that they read are still missing.
    waiting: BTreeMap<usize, usize>,
    /// Nodes that are not finished.
    left: usize,
    error: Option<(usize, RunError)>,
    warnings: Vec<String>,
}

impl Queue {
    fn new(plan: &Plan, missing: &[usize]) -> Self {
        let open = |at: usize| reads(plan, at).iter().filter(|input| missing.contains(input)).count();
        let (ready, waiting): (Vec<_>, Vec<_>) =
            missing.iter().map(|&at| (at, open(at))).partition(|(_, open)| *open == 0);
        Self {
            ready: ready.into_iter().map(|(at, _)| at).collect(),
            waiting: waiting.into_iter().collect(),
            left: missing.len(),
            error: None,
            warnings: Vec::new(),
        }
    }

    /// Keeps the error of the node that comes first in the plan, whichever failed first; an interruption, which another
    /// node's error may have caused, hides no error.
    fn fail(&mut self, at: usize, error: RunError) {
        let place = if matches!(error, RunError::Interrupted) { usize::MAX } else { at };
        if self.error.as_ref().is_none_or(|(known, _)| place < *known) {
            self.error = Some((place, error));
        }
    }

    fn finished(&mut self, plan: &Plan, at: usize) {
        self.left -= 1;
        let reading: Vec<usize> =
            self.waiting.keys().copied().filter(|&next| reads(plan, next).contains(&at)).collect();
        for next in reading {
            if let Some(open) = self.waiting.get_mut(&next) {
                *open -= 1;
                if *open == 0 {
                    self.waiting.remove(&next);
                    self.ready.push_back(next);
                }
            }
        }
    }
}

impl Run<'_> {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread of the run: takes ready nodes until none is left or a stop is requested.
    fn work(&self) {
        while let Some(at) = self.next() {
            let outcome =
                catch_unwind(AssertUnwindSafe(|| self.cores.hold(|| self.compute(at)))).unwrap_or_else(|_| {
                    // The others would wait for this node for ever.
                    let reason = "a defect of kexp ended it; please report it with this file".to_owned();
                    Err(RunError::Stage { node: self.plan.nodes[at].name.clone(), reason })
                });
            let mut queue = self.queue();
            match outcome {
                Err(error) => {
                    self.stop.request();
                    queue.fail(at, error);
                }
                Ok(None) => {
                    // Another process computes it. This thread does other nodes meanwhile, and never waits while it
                    // holds one: that process may wait for it.
                    queue.ready.push_back(at);
                    drop(queue);
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Ok(Some(warnings)) => {
                    queue.warnings.extend(warnings);
                    queue.finished(self.plan, at);
                }
            }
            drop(queue);
            self.changed.notify_all();
        }
        self.changed.notify_all();
    }

    fn next(&self) -> Option<usize> {
        let mut queue = self.queue();
        loop {
            if self.stop.requested() || queue.left == 0 {
                return None;
            }
            if let Some(at) = queue.ready.pop_front() {
                return Some(at);
            }
            // A stop may be requested by a signal, which notifies nobody.
            let (waited, _) =
                self.changed.wait_timeout(queue, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner);
            queue = waited;
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
            cores: &self.cores,
        };
        let (stage, _) = node.stage.word();
        // What earlier, interrupted runs took counts too.
        let before: f64 =
            fs::read_to_string(lock.folder.join(SPENT)).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        let ended = stages::run(&context);
        let seconds = before + started.elapsed().as_secs_f64();
        if ended.is_err() {
            // Only a number that people read is lost where this fails.
            let _ = fs::write(lock.folder.join(SPENT), seconds.to_string());
        }
        let warnings = ended.map_err(|error| error.of(&node.name))?;
        self.store.publish(&node.key, stage, draft)?;
        self.store.finish(lock);
        self.store.note_seconds(&node.key, seconds);
        self.progress.finished(&bar, &node.name, seconds);
        Ok(Some(warnings.into_iter().map(|warning| format!("{}: {warning}", node.name)).collect()))
    }
}
