//! What the ids of a network mean as nodes: in the model, and at the start of a treatment.
//!
//! Nodes are made on demand, each from those that it uses, in whatever order the network gives them. The order is found
//! with a stack of its own, not by recursion, so that chains of rules may be as long as they like.

mod flows;
mod scope;
mod start;

use super::super::SolveError;
use super::super::dag::{Dag, Id, build};
use super::constraints::Solved;
use super::roles::Roles;
use crate::model::expression::{Expression, Function};
use scope::Known;
use std::collections::{BTreeMap, BTreeSet};

pub use scope::explain;

/// Nodes by id.
pub type Names = BTreeMap<String, Id>;

/// Where a node is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// In the constraints, where the variables that they determine are states still.
    Draft,
    /// In the model, as a function of states, time, parameters and settings.
    Model,
    /// At time 0, as a function of the estimated parameters.
    Start,
}

/// What of an id is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Its value as the id means it.
    Value,
    /// The derivative of that in time.
    Rate,
    /// The derivative in time of what is held for it as a state.
    Flow,
    /// What is held for it as a state.
    Held,
    /// The solution of the constraints.
    Constraints,
}

/// What is to be found.
pub type Key<'a> = (Mode, Kind, &'a str);

enum Wait<'a> {
    Needs(Vec<Key<'a>>),
    Failed(SolveError),
}

impl From<SolveError> for Wait<'_> {
    fn from(error: SolveError) -> Self {
        Self::Failed(error)
    }
}

/// Finds nodes.
pub struct Resolver<'a, 'r> {
    roles: &'r Roles<'a>,
    /// The model's nodes of constants and of ids outside the network; empty where constants have their start values.
    given: &'r Names,
    /// Start values that a treatment sets.
    overrides: &'r Names,
    /// Estimated and fixed parameters.
    problem: &'r Names,
    known: BTreeMap<Key<'a>, Id>,
    solved: Option<Solved<'a>>,
}

impl<'a, 'r> Resolver<'a, 'r> {
    /// A resolver that knows nothing yet.
    pub fn new(roles: &'r Roles<'a>, given: &'r Names, overrides: &'r Names, problem: &'r Names) -> Self {
        Self { roles, given, overrides, problem, known: BTreeMap::new(), solved: None }
    }

    /// The node of a key.
    ///
    /// # Errors
    /// When an id is unknown or depends on itself, or the constraints have no solution.
    pub fn resolve(&mut self, dag: &mut Dag, key: Key<'a>) -> Result<Id, SolveError> {
        let mut stack = vec![key];
        let mut open = BTreeSet::new();
        while let Some(&top) = stack.last() {
            if self.known.contains_key(&top) {
                stack.pop();
                continue;
            }
            open.insert(top);
            match self.attempt(dag, top) {
                Ok(node) => {
                    self.known.insert(top, node);
                    open.remove(&top);
                    stack.pop();
                }
                Err(Wait::Failed(error)) => return Err(error),
                Err(Wait::Needs(keys)) => {
                    if let Some((mode, _, id)) = keys.iter().find(|key| open.contains(*key)) {
                        let id = if id.is_empty() { top.2 } else { id };
                        return Err(match mode {
                            Mode::Start => SolveError::CircularInitialValue(id.to_owned()),
                            Mode::Draft | Mode::Model => SolveError::CircularRule(id.to_owned()),
                        });
                    }
                    stack.extend(keys);
                }
            }
        }
        Ok(self.known[&key])
    }

    /// The node of an expression in the model, where some symbols have further meanings.
    ///
    /// # Errors
    /// As for [`Self::resolve`].
    pub fn formula(
        &mut self,
        dag: &mut Dag,
        expression: &'a Expression,
        further: &Names,
        place: &str,
    ) -> Result<Id, SolveError> {
        loop {
            match self.expression(dag, expression, Mode::Model, further, &|| place.to_owned()) {
                Ok(node) => return Ok(node),
                Err(Wait::Failed(error)) => return Err(error),
                Err(Wait::Needs(keys)) => {
                    for key in keys {
                        self.resolve(dag, key)?;
                    }
                }
            }
        }
    }

    /// The solution of the constraints.
    ///
    /// # Errors
    /// As for [`Self::resolve`].
    pub fn constraints(&mut self, dag: &mut Dag) -> Result<Solved<'a>, SolveError> {
        self.resolve(dag, (Mode::Model, Kind::Constraints, ""))?;
        Ok(self.solved.clone().unwrap_or_default())
    }

    fn all(&self, keys: &[Key<'a>]) -> Result<Vec<Id>, Wait<'a>> {
        let missing: Vec<Key> = keys.iter().filter(|key| !self.known.contains_key(*key)).copied().collect();
        if missing.is_empty() {
            Ok(keys.iter().map(|key| self.known[key]).collect())
        } else {
            Err(Wait::Needs(missing))
        }
    }

    fn one(&self, key: Key<'a>) -> Result<Id, Wait<'a>> {
        self.known.get(&key).copied().ok_or_else(|| Wait::Needs(vec![key]))
    }

    fn attempt(&mut self, dag: &mut Dag, key: Key<'a>) -> Result<Id, Wait<'a>> {
        match key {
            (Mode::Start, Kind::Value, id) => self.start(dag, id),
            (Mode::Start, Kind::Held, id) => self.held_at_start(dag, id),
            (Mode::Start, _, id) => {
                let node = self.one((Mode::Model, Kind::Rate, id))?;
                self.at_start(dag, node)
            }
            (mode, Kind::Rate, id) => self.rate(dag, mode, id),
            (mode, Kind::Flow, id) => self.flow(dag, mode, id),
            (_, Kind::Constraints, _) => self.solve_constraints(dag),
            (mode, Kind::Value | Kind::Held, id) => self.value(dag, mode, id),
        }
    }

    fn value(&mut self, dag: &mut Dag, mode: Mode, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if let Some(&node) = self.given.get(id) {
            return Ok(node);
        }
        if let Some(&place) = roles.determined_at.get(id) {
            if mode == Mode::Draft {
                return Ok(dag.state(roles.states.len() + place));
            }
            let Some(solved) = &self.solved else {
                return Err(Wait::Needs(vec![(Mode::Model, Kind::Constraints, "")]));
            };
            return Ok(solved.values[id]);
        }
        if let Some(&place) = roles.state.get(id) {
            let state = dag.state(place);
            if !roles.held_as_amount(id) {
                return Ok(state);
            }
            let size = self.one((mode, Kind::Value, &roles.species[id].compartment))?;
            return Ok(dag.divide(state, size));
        }
        if let Some(expression) = roles.assigned.get(id) {
            return self.expression(dag, expression, mode, &Names::new(), &|| format!("the rule of `{id}`"));
        }
        if let Some(expression) = roles.reactions.get(id) {
            return self.expression(dag, expression, mode, &Names::new(), &|| format!("the rate of reaction `{id}`"));
        }
        if roles.knows(id) {
            return self.one((Mode::Start, Kind::Value, id));
        }
        let unknown = || SolveError::UnknownSymbol { symbol: id.to_owned(), place: "the model".to_owned() };
        Ok(self.problem.get(id).copied().ok_or_else(unknown)?)
    }

    fn three(&self, keys: [Key<'a>; 3]) -> Result<[Id; 3], Wait<'a>> {
        let nodes = self.all(&keys)?;
        Ok([nodes[0], nodes[1], nodes[2]])
    }

    fn four(&self, keys: [Key<'a>; 4]) -> Result<[Id; 4], Wait<'a>> {
        let nodes = self.all(&keys)?;
        Ok([nodes[0], nodes[1], nodes[2], nodes[3]])
    }

    fn exists(&self, id: &str) -> bool {
        self.roles.knows(id) || self.problem.contains_key(id) || self.given.contains_key(id)
    }

    /// Builds an expression once all that it uses is known.
    fn expression(
        &self,
        dag: &mut Dag,
        expression: &'a Expression,
        mode: Mode,
        further: &Names,
        place: &dyn Fn() -> String,
    ) -> Result<Id, Wait<'a>> {
        let mut missing = Vec::new();
        let mut open = vec![expression];
        while let Some(expression) = open.pop() {
            let (kind, id) = match expression {
                Expression::Number(_) | Expression::Time => continue,
                Expression::Symbol(id) => (Kind::Value, id.as_str()),
                Expression::Apply(Function::RateOf, arguments) => match arguments.as_slice() {
                    [Expression::Symbol(id)] => (Kind::Rate, id.as_str()),
                    _ => continue,
                },
                Expression::Apply(_, arguments) => {
                    open.extend(arguments);
                    continue;
                }
            };
            if further.contains_key(id) {
                continue;
            }
            if !self.exists(id) {
                return Err(SolveError::UnknownSymbol { symbol: id.to_owned(), place: place() }.into());
            }
            let key = (mode, kind, id);
            if !self.known.contains_key(&key) {
                missing.push(key);
            }
        }
        if !missing.is_empty() {
            return Err(Wait::Needs(missing));
        }
        let mut known = Known { nodes: &self.known, further, mode };
        build(dag, expression, &mut known).map_err(|error| explain(error, &place()).into())
    }
}
