//! What the ids of a network mean as nodes: in the model, and at the start of a treatment.
//!
//! Nodes are made on demand, each from those that it uses, in whatever order the network gives them. The order is found
//! with a stack of its own, not by recursion, so that chains of rules may be as long as they like.

use super::super::SolveError;
use super::super::dag::{BuildError, Dag, Id, Scope, build, rebuild, total};
use super::constraints::{self, Solved};
use super::roles::{Roles, Stoichiometry};
use crate::model::expression::{Expression, Function};
use std::collections::{BTreeMap, BTreeSet};

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

    fn rate(&mut self, dag: &mut Dag, mode: Mode, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if roles.state.contains_key(id) {
            if !roles.held_as_amount(id) {
                return self.one((mode, Kind::Flow, id));
            }
            if let Some(expression) = roles.rates.get(id) {
                return self.expression(dag, expression, mode, &Names::new(), &|| format!("the rate rule of `{id}`"));
            }
            let compartment = roles.species[id].compartment.as_str();
            let [value, flow, size, growth] = self.four([
                (mode, Kind::Value, id),
                (mode, Kind::Flow, id),
                (mode, Kind::Value, compartment),
                (mode, Kind::Rate, compartment),
            ])?;
            let dilution = dag.multiply(value, growth);
            let change = dag.subtract(flow, dilution);
            return Ok(dag.divide(change, size));
        }
        let node = self.one((mode, Kind::Value, id))?;
        self.total(dag, mode, node)
    }

    /// The total derivative of a node in time.
    fn total(&mut self, dag: &mut Dag, mode: Mode, node: Id) -> Result<Id, Wait<'a>> {
        let places = dag.leaves(&[node]).0;
        let keys = places.iter().map(|&place| Ok((mode, Kind::Flow, self.held_in(mode, place)?)));
        let keys = keys.collect::<Result<Vec<Key>, SolveError>>()?;
        let flows = self.all(&keys)?;
        let flow = |state: usize| flows[places.binary_search(&state).unwrap_or_default()];
        Ok(total(dag, &[node], &flow)[0])
    }

    /// The id of the variable that is held in a state.
    fn held_in(&self, mode: Mode, place: usize) -> Result<&'a str, SolveError> {
        let beyond = self.roles.states.len();
        let implicit = self.solved.as_ref().map(|solved| &solved.implicit);
        match (self.roles.states.get(place), mode) {
            (Some(&id), _) => Ok(id),
            (None, Mode::Draft) => Err(SolveError::NotYet(
                "a constraint that uses the rate of change of a variable that constraints determine".to_owned(),
            )),
            (None, _) => implicit
                .and_then(|implicit| implicit.get(place - beyond).copied())
                .ok_or_else(|| SolveError::Missing(format!("state {place}"))),
        }
    }

    fn flow(&mut self, dag: &mut Dag, mode: Mode, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        let held_as_amount = roles.held_as_amount(id);
        if let Some(expression) = roles.rates.get(id) {
            let place = || format!("the rate rule of `{id}`");
            let rate = self.expression(dag, expression, mode, &Names::new(), &place)?;
            if !held_as_amount {
                return Ok(rate);
            }
            let compartment = roles.species[id].compartment.as_str();
            let keys = [(mode, Kind::Value, id), (mode, Kind::Value, compartment), (mode, Kind::Rate, compartment)];
            let [value, size, growth] = self.three(keys)?;
            let (change, dilution) = (dag.multiply(rate, size), dag.multiply(value, growth));
            return Ok(dag.add(change, dilution));
        }
        if roles.determined_at.contains_key(id) {
            return self.implicit_flow(dag, id);
        }
        let mut sum = dag.number(0.0);
        let Some(changes) = roles.changes.get(id) else { return Ok(sum) };
        let reactions = &roles.network.reactions;
        let keys: Vec<Key> =
            changes.iter().map(|&(reaction, _)| (mode, Kind::Value, reactions[reaction].id.as_str())).collect();
        let rates = self.all(&keys)?;
        for (&(reaction, count), rate) in changes.iter().zip(rates) {
            let count = match count {
                Stoichiometry::Number(count) => dag.number(count),
                Stoichiometry::Computed(expression) => {
                    let place = || format!("the stoichiometry of `{id}` in reaction `{}`", reactions[reaction].id);
                    self.expression(dag, expression, mode, &Names::new(), &place)?
                }
            };
            let change = dag.multiply(count, rate);
            sum = dag.add(sum, change);
        }
        let species = roles.species[id];
        if species.amount || held_as_amount {
            return Ok(sum);
        }
        let size = self.one((mode, Kind::Value, &species.compartment))?;
        Ok(dag.divide(sum, size))
    }

    fn implicit_flow(&mut self, dag: &mut Dag, id: &'a str) -> Result<Id, Wait<'a>> {
        let Some(solved) = self.solved.clone() else {
            return Err(Wait::Needs(vec![(Mode::Model, Kind::Constraints, "")]));
        };
        let first = self.roles.states.len();
        let places: Vec<usize> = dag.leaves(&solved.residuals).0.into_iter().filter(|&place| place < first).collect();
        let keys: Vec<Key> = places.iter().map(|&place| (Mode::Model, Kind::Flow, self.roles.states[place])).collect();
        let flows = self.all(&keys)?;
        let flow = |place: usize| places.binary_search(&place).ok().map(|at| flows[at]);
        let rates = constraints::flows(dag, &solved, first, &flow)?;
        for (&other, &node) in solved.implicit.iter().zip(&rates) {
            self.known.insert((Mode::Model, Kind::Flow, other), node);
        }
        self.one((Mode::Model, Kind::Flow, id))
    }

    fn solve_constraints(&mut self, dag: &mut Dag) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        let mut residuals = Vec::with_capacity(roles.network.algebraic.len());
        let mut missing = Vec::new();
        for (index, constraint) in roles.network.algebraic.iter().enumerate() {
            let place = || format!("constraint {}", index + 1);
            match self.expression(dag, &constraint.expression, Mode::Draft, &Names::new(), &place) {
                Ok(node) => residuals.push(node),
                Err(Wait::Needs(keys)) => missing.extend(keys),
                Err(failed) => return Err(failed),
            }
        }
        if !missing.is_empty() {
            return Err(Wait::Needs(missing));
        }
        self.solved = Some(constraints::solve(dag, roles, residuals)?);
        Ok(dag.number(0.0))
    }

    fn start(&mut self, dag: &mut Dag, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if let Some(&node) = self.overrides.get(id) {
            return Ok(node);
        }
        let place = || format!("the start of `{id}`");
        if let Some(expression) = roles.assigned.get(id).or_else(|| roles.reactions.get(id)) {
            return self.expression(dag, expression, Mode::Start, &Names::new(), &place);
        }
        if roles.determined_at.contains_key(id) {
            let Some(solved) = &self.solved else {
                return Err(Wait::Needs(vec![(Mode::Model, Kind::Constraints, "")]));
            };
            if !solved.implicit.contains(&id) {
                let node = solved.values[id];
                return self.at_start(dag, node);
            }
        }
        if let Some(species) = roles.species.get(id) {
            let initial = self.expression(dag, &species.initial, Mode::Start, &Names::new(), &place)?;
            if species.amount || !species.initial_amount {
                return Ok(initial);
            }
            let size = self.one((Mode::Start, Kind::Value, &species.compartment))?;
            return Ok(dag.divide(initial, size));
        }
        if let Some(&node) = self.problem.get(id) {
            return Ok(node);
        }
        match roles.declared.get(id) {
            Some((_, Some(expression))) => self.expression(dag, expression, Mode::Start, &Names::new(), &place),
            Some(&(value, None)) => Ok(dag.number(value)),
            None => Err(SolveError::UnknownSymbol { symbol: id.to_owned(), place: "a start value".to_owned() }.into()),
        }
    }

    fn held_at_start(&mut self, dag: &mut Dag, id: &'a str) -> Result<Id, Wait<'a>> {
        let roles = self.roles;
        if !roles.held_as_amount(id) {
            return self.one((Mode::Start, Kind::Value, id));
        }
        let species = roles.species[id];
        if species.initial_amount && !self.overrides.contains_key(id) {
            let place = || format!("the start of `{id}`");
            return self.expression(dag, &species.initial, Mode::Start, &Names::new(), &place);
        }
        let keys = [(Mode::Start, Kind::Value, id), (Mode::Start, Kind::Value, species.compartment.as_str())];
        let nodes = self.all(&keys)?;
        Ok(dag.multiply(nodes[0], nodes[1]))
    }

    /// A node of the model with the states' start values in their places.
    fn at_start(&mut self, dag: &mut Dag, node: Id) -> Result<Id, Wait<'a>> {
        let places = dag.leaves(&[node]).0;
        let keys = places.iter().map(|&place| Ok((Mode::Start, Kind::Held, self.held_in(Mode::Model, place)?)));
        let keys = keys.collect::<Result<Vec<Key>, SolveError>>()?;
        let values = self.all(&keys)?;
        let mut replacements: BTreeMap<Id, Id> =
            places.iter().zip(values).map(|(&place, value)| (dag.state(place), value)).collect();
        replacements.insert(dag.time(), dag.number(0.0));
        Ok(rebuild(dag, &[node], &replacements)[0])
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
        let mut known = Known { known: &self.known, further, mode };
        build(dag, expression, &mut known).map_err(|error| explain(error, &place()).into())
    }
}

/// A scope in which all that is used is known.
struct Known<'k, 'a> {
    known: &'k BTreeMap<Key<'a>, Id>,
    further: &'k Names,
    mode: Mode,
}

impl Scope for Known<'_, '_> {
    fn resolve(&mut self, _: &mut Dag, symbol: &str) -> Option<Id> {
        self.further.get(symbol).or_else(|| self.known.get(&(self.mode, Kind::Value, symbol))).copied()
    }

    fn rate(&mut self, _: &mut Dag, symbol: &str) -> Option<Id> {
        self.known.get(&(self.mode, Kind::Rate, symbol)).copied()
    }

    fn time(&mut self, dag: &mut Dag) -> Id {
        if self.mode == Mode::Start { dag.number(0.0) } else { dag.time() }
    }
}

/// Says where an expression went wrong.
pub fn explain(error: BuildError, place: &str) -> SolveError {
    match error {
        BuildError::Unknown(symbol) => SolveError::UnknownSymbol { symbol, place: place.to_owned() },
        BuildError::Arguments(function, count) => SolveError::Arguments { function, count, place: place.to_owned() },
    }
}
