//! Starts and ends of a node as other programs take them: on the linear scale, one column a parameter.

use std::collections::BTreeMap;

use super::super::error::{RunError, StageError};
use super::super::store::{Artifact, Presence, Store};
use super::descend;
use super::objective::SolverObjective;
use super::rows::{names, vectors};
use crate::model::problem::{Problem, Scale};
use crate::plan::node::{Node, Plan, Stage};
use crate::random::Streams;
use crate::solve::ProblemSolver;
use crate::table::Table;

/// What other programs can begin from.
#[derive(Debug, Clone, PartialEq)]
pub struct Handover {
    /// The problem that the vectors belong to.
    pub problem: Problem,
    /// The node of the problem.
    pub of: usize,
    /// Where descents start, one row each: `start`, then what is known of it, then one column a parameter.
    pub starts: Table,
    /// Where those descents ended, in the same order and with the same columns; nothing of vectors that nobody descended
    /// from. The `fval` of a row is that of its vector: a descent that failed, or that the budget cut, has its start there.
    pub ends: Option<Table>,
    /// The values of the lowest converged end by parameter, with its fval.
    pub best: Option<(f64, BTreeMap<String, f64>)>,
}

/// Why nothing can be handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// A node of another kind.
    #[error("`{node}` has neither starts nor ends (it is: {title}); nodes `trial`, `descend` and `generate` have")]
    OtherKind {
        /// The node.
        node: String,
        /// What its stage does.
        title: &'static str,
    },
    /// The node, or one that it needs here, is not in the store.
    #[error("`{0}` has not been computed yet")]
    Missing(String),
    /// An artifact is damaged.
    #[error("the artifact of `{node}` is damaged ({reason}); `kexp run` computes it again")]
    Damaged {
        /// The node.
        node: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An artifact cannot be read.
    #[error("{0}")]
    Run(#[from] RunError),
}

impl Handover {
    /// The starts and ends of the node with this index. A trial gives its own descents, with `cost`: what it had spent once
    /// the start's fval was paid, or at the end. Descents have `values` and `gradients`, the work of each. Generated
    /// vectors have their `condition`, and their `fval` where those were computed.
    ///
    /// # Errors
    /// When the node is of another kind, or an artifact is missing, damaged or cannot be read.
    pub fn of(plan: &Plan, at: usize, store: &Store) -> Result<Self, HandoverError> {
        let node = &plan.nodes[at];
        let (of, second) = match (&node.stage, node.inputs.as_slice()) {
            (Stage::Trial(_), [problem, ..]) => (*problem, None),
            (Stage::Descend(_), [problem, second @ ..]) => (*problem, second.first()),
            (Stage::Generate(_), [dataset, ..]) => (plan.nodes[*dataset].inputs[0], None),
            (other, _) => {
                return Err(HandoverError::OtherKind { node: node.name.clone(), title: other.title() });
            }
        };
        for &needed in [at, of].iter().chain(second) {
            let Node { name, key, .. } = &plan.nodes[needed];
            match store.verify(key) {
                Presence::Whole => {}
                Presence::Missing => return Err(HandoverError::Missing(name.clone())),
                Presence::Damaged(reason) => {
                    return Err(HandoverError::Damaged { node: name.clone(), reason });
                }
            }
        }
        let read = || -> Result<Self, StageError> {
            let problem: Problem = store.artifact(&plan.nodes[of].key).value("problem")?;
            let artifact = store.artifact(&node.key);
            let (names, starts, ends) = match &node.stage {
                Stage::Descend(settings) => {
                    let objective = SolverObjective::new(ProblemSolver::new(&problem).map_err(StageError::refused)?)?;
                    let streams = Streams::new(plan.seed, &node.key.to_string());
                    let input = || store.artifact(&plan.nodes[node.inputs[1]].key);
                    let starts = descend::starts(settings, &objective, &streams, input)?;
                    descents(&artifact, objective.solver.names(), starts)?
                }
                Stage::Generate(_) => generated(plan, at, store)?,
                _ => trial(&artifact)?,
            };
            Ok(Self::handed(problem, of, &names, starts, ends))
        };
        Ok(read().map_err(|error| error.of(&node.name))?)
    }

    fn handed(problem: Problem, of: usize, names: &[String], starts: Rows, ends: Option<Rows>) -> Self {
        let scales: Vec<Scale> = names
            .iter()
            .map(|name| {
                let parameter = problem.parameters.iter().find(|parameter| parameter.id == *name);
                let estimate = parameter.and_then(|parameter| parameter.estimate.as_ref());
                estimate.map_or(Scale::Linear, |estimate| estimate.scale)
            })
            .collect();
        let best = ends.as_ref().and_then(|ends| {
            let (at, fval) = ends.best()?;
            let values = ends.vectors[at].iter().zip(&scales).map(|(x, scale)| scale.linear(*x));
            Some((fval, names.iter().cloned().zip(values).collect()))
        });
        let [starts, ends] = [Some(starts), ends].map(|rows| rows.map(|rows| rows.linear(names, &scales)));
        Self { problem, of, starts: starts.unwrap_or_default(), ends, best }
    }
}

/// Vectors on the estimation scale, and the columns before them.
struct Rows {
    head: Table,
    vectors: Vec<Vec<f64>>,
}

impl Rows {
    /// The lowest converged row.
    fn best(&self) -> Option<(usize, f64)> {
        let (fvals, converged) = (self.head.numbers("fval").ok()?, self.head.integers("converged").ok()?);
        let rows = fvals.iter().copied().enumerate().filter(|&(row, fval)| converged[row] == 1 && fval.is_finite());
        rows.min_by(|one, other| one.1.total_cmp(&other.1))
    }

    fn linear(self, names: &[String], scales: &[Scale]) -> Table {
        names.iter().zip(scales).enumerate().fold(self.head, |table, (index, (name, scale))| {
            table.number(name, self.vectors.iter().map(|x| scale.linear(x[index])).collect())
        })
    }
}

/// The ids of the parameters, the starts and the ends.
type Read = (Vec<String>, Rows, Option<Rows>);

fn trial(artifact: &Artifact) -> Result<Read, StageError> {
    let (starts, all, fvals) = (artifact.table("starts")?, artifact.table("ends")?, artifact.table("fvals")?);
    let phases = all.texts("phase")?;
    let own: Vec<usize> = (0..all.rows()).filter(|&row| phases[row] == "own").collect();
    let ends = all.select(&own);
    let (first, last, stops) = (ends.numbers("fval_start")?, ends.numbers("fval_end")?, ends.texts("stop")?);
    // Of a descent that the budget cut the table has the lowest fval on its way, but the vector of its start.
    let at_end = (0..own.len()).map(|row| if stops[row] == "budget" { first[row] } else { last[row] }).collect();
    let (spent, belongs) = (fvals.numbers("cost")?, fvals.integers("start")?);
    let began: BTreeMap<i64, f64> = belongs.iter().copied().zip(spent.iter().copied()).rev().collect();
    let (numbers, reached) = (ends.integers("start")?, ends.numbers("cost")?);
    let cost = numbers.iter().zip(reached).map(|(start, end)| began.get(start).copied().unwrap_or(*end)).collect();
    let head = |fvals: Vec<f64>, cost: Vec<f64>| -> Result<Table, StageError> {
        let head = Table::new().integer("start", numbers.to_vec()).number("fval", fvals);
        Ok(head.integer("converged", ends.integers("converged")?.to_vec()).number("cost", cost))
    };
    let names = names(&starts);
    let from = Rows { head: head(first.to_vec(), cost)?, vectors: vectors(&starts, &names)? };
    let to = Rows { head: head(at_end, reached.to_vec())?, vectors: vectors(&ends, &names)? };
    Ok((names, from, Some(to)))
}

fn descents(artifact: &Artifact, names: &[String], starts: Vec<Vec<f64>>) -> Result<Read, StageError> {
    let ends = artifact.table("ends")?;
    let head = |fval: &str| -> Result<Table, StageError> {
        let head = Table::new().integer("start", ends.integers("start")?.to_vec());
        let head = head.number("fval", ends.numbers(fval)?.to_vec());
        ["converged", "values", "gradients"]
            .into_iter()
            .try_fold(head, |head, name| Ok(head.integer(name, ends.integers(name)?.to_vec())))
    };
    let from = Rows { head: head("fval_start")?, vectors: starts };
    let to = Rows { head: head("fval_end")?, vectors: vectors(&ends, names)? };
    Ok((names.to_vec(), from, Some(to)))
}

fn generated(plan: &Plan, at: usize, store: &Store) -> Result<Read, StageError> {
    let is_solved = |node: &&Node| matches!(node.stage, Stage::Solve) && node.inputs.get(2) == Some(&at);
    let solved = plan.nodes.iter().find(is_solved).filter(|node| store.verify(&node.key) == Presence::Whole);
    let table = store.artifact(&plan.nodes[at].key).table("vectors")?;
    let head = Table::new().integer("start", (0..table.rows() as i64).collect());
    let head = match solved {
        Some(node) => head.number("fval", store.artifact(&node.key).table("solved")?.numbers("fval")?.to_vec()),
        None => head,
    };
    let head = head.number("condition", table.numbers("condition")?.to_vec());
    let names = names(&table);
    let vectors = vectors(&table, &names)?;
    Ok((names, Rows { head, vectors }, None))
}
