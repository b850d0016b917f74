//! From a network, treatments and observed quantities to compiled equations.

use super::super::SolveError;
use super::super::compiled::{CodeBuilder, FunctionIndex};
use super::super::dag::{Binary, Dag, Id, Node, Tape, Variable, differentiate, rebuild};
use super::symbols::{Names, Start, constants, node};
use super::{Derived, Entrance, Entry, EventCode, Switch, System, Term};
use crate::model::expression::Expression;
use crate::model::network::Network;
use std::collections::{BTreeMap, BTreeSet};

/// What equations are made of.
pub struct Blueprint<'a> {
    /// The network.
    pub network: &'a Network,
    /// Ids of the estimated parameters, in the order of the vector.
    pub estimated: Vec<String>,
    /// Values of further parameters, which replace those of the network.
    pub fixed: BTreeMap<String, f64>,
    /// The overrides of each treatment.
    pub treatments: Vec<&'a [(String, Expression)]>,
    /// For each treatment, that whose steady state comes before it; treatments beyond the list have none.
    pub before: Vec<Option<usize>>,
    /// Observed quantities.
    pub outputs: Vec<Measured<'a>>,
}

/// An observed quantity with its placeholders filled.
pub struct Measured<'a> {
    /// The observable's id.
    pub id: &'a str,
    /// Its formula.
    pub formula: &'a Expression,
    /// Its noise scale.
    pub scale: &'a Expression,
    /// Values of placeholders.
    pub placeholders: Vec<(String, &'a Expression)>,
}

struct Nodes {
    rhs: Vec<Id>,
    switches: Vec<(Id, bool)>,
    events: Vec<EventNodes>,
    outputs: Vec<[Id; 2]>,
}

struct EventNodes {
    time: Option<Id>,
    trigger: Id,
    targets: Vec<usize>,
    values: Vec<Id>,
}

/// Functions whose tapes read hoisted terms: they are compiled once all of them are known.
#[derive(Default)]
struct Pending {
    tapes: Vec<Vec<Id>>,
}

impl Pending {
    fn add(&mut self, outputs: Vec<Id>) -> usize {
        self.tapes.push(outputs);
        self.tapes.len() - 1
    }
}

struct DerivedNodes {
    value: usize,
    derivative: usize,
    by_state: Vec<Entry>,
    by_parameter: Vec<Entry>,
}

/// Compiles equations.
///
/// # Errors
/// See [`SolveError`].
pub fn assemble(blueprint: &Blueprint) -> Result<System, SolveError> {
    let mut dag = Dag::default();
    let network = blueprint.network;
    let parameters = blueprint.estimated.len();
    let states = states(network)?;
    let problem = problem_names(&mut dag, blueprint);
    let overrides = overrides(&mut dag, blueprint, &problem, &states)?;
    let (constant_names, settings) = settings(&mut dag, blueprint, &problem, &overrides);
    let first_switch = parameters + settings.len();
    let names = model_names(&mut dag, network, &states, &problem, &constant_names)?;
    let nodes = model_nodes(&mut dag, blueprint, &states, names, &constant_names, first_switch)?;
    let no_gradient = no_gradient(&dag, &nodes);
    let free = first_switch + nodes.switches.len();

    let mut pending = Pending::default();
    let rhs = pending.add(nodes.rhs.clone());
    let (jacobian_pattern, jacobian_nodes) = jacobian(&mut dag, &nodes.rhs, states.len());
    let jacobian = pending.add(jacobian_nodes);
    let mut by_parameter_entries = Vec::new();
    let mut by_parameter_nodes = Vec::new();
    derive(&mut dag, &nodes.rhs, first_switch, &mut by_parameter_entries, &mut by_parameter_nodes);
    let by_parameter_count = by_parameter_nodes.len();
    let by_parameter = pending.add(by_parameter_nodes);
    let outputs: Vec<DerivedNodes> =
        nodes.outputs.iter().map(|output| derived(&mut dag, &mut pending, output, first_switch)).collect();
    let mut events = Vec::new();
    for event in &nodes.events {
        let action = derived(&mut dag, &mut pending, &event.values, first_switch);
        events.push((pending.add(vec![event.trigger]), action));
    }

    let (hoisted, order) = hoist(&dag, &pending.tapes, free);
    let mut code = CodeBuilder::new()?;
    let mut indices = Vec::with_capacity(pending.tapes.len());
    for outputs in &pending.tapes {
        indices.push(code.function(&Tape::new(&dag, outputs, &hoisted))?);
    }
    let plain = BTreeMap::new();
    let single = |dag: &Dag, code: &mut CodeBuilder, outputs: &[Id]| code.function(&Tape::new(dag, outputs, &plain));
    let prepare = single(&dag, &mut code, &order)?;
    let finish = |derived: DerivedNodes| Derived {
        value: indices[derived.value],
        derivative: indices[derived.derivative],
        by_state: derived.by_state,
        by_parameter: derived.by_parameter,
    };
    let mut switches = Vec::new();
    for &(threshold, before) in &nodes.switches {
        switches.push(Switch { threshold: single(&dag, &mut code, &[threshold])?, before });
    }
    let mut event_codes = Vec::new();
    for (event, (trigger, action)) in nodes.events.iter().zip(events) {
        let time = event.time.map(|time| single(&dag, &mut code, &[time])).transpose()?;
        event_codes.push(EventCode {
            time,
            trigger: indices[trigger],
            action: finish(action),
            targets: event.targets.clone(),
        });
    }
    let outputs: Vec<Derived> = outputs.into_iter().map(finish).collect();

    // The parameters and settings that shape the trajectory.
    let mut shaping: BTreeSet<usize> = by_parameter_entries.iter().map(|entry| entry.column).collect();
    shaping.extend(event_codes.iter().flat_map(|event| event.action.by_parameter.iter().map(|entry| entry.column)));
    let mut treatments = Vec::new();
    for (index, overridden) in overrides.iter().enumerate() {
        let mut values: Vec<Id> = settings.iter().map(|nodes| nodes[index]).collect();
        let mut start = Start {
            network,
            constants: &treatment_constants(network, &problem, overridden),
            overrides: overridden,
            known: Names::new(),
            active: Vec::new(),
        };
        for state in &states {
            values.push(start.value(&mut dag, state)?);
        }
        let entrance =
            entrance(&mut dag, &mut code, &values, parameters, settings.len(), &shaping, &by_parameter_entries)?;
        treatments.push(entrance);
    }
    for (index, before) in blueprint.before.iter().enumerate() {
        let Some(before) = *before else { continue };
        let handed = treatments[before].lanes.clone();
        let Some(treatment) = treatments.get_mut(index) else { continue };
        treatment.before = Some(before);
        treatment.kept = states.iter().map(|state| !overrides[index].contains_key(state)).collect();
        treatment.lanes = treatment.lanes.iter().copied().chain(handed).collect::<BTreeSet<_>>().into_iter().collect();
        let entries = &treatment.function.by_parameter;
        (treatment.pattern, treatment.terms) = terms(&treatment.lanes, entries, parameters, &by_parameter_entries);
    }

    Ok(System {
        code: code.finish()?,
        states,
        parameters,
        settings: settings.len(),
        switches,
        cache: free + order.len(),
        hoisted: free,
        prepare,
        rhs: indices[rhs],
        jacobian: indices[jacobian],
        jacobian_pattern,
        by_parameter: indices[by_parameter],
        by_parameter_count,
        treatments,
        events: event_codes,
        no_gradient,
        outputs,
    })
}

/// Species that no assignment rules, then parameters with a rate rule, then those that events change.
fn states(network: &Network) -> Result<Vec<String>, SolveError> {
    let mut ruled = BTreeSet::new();
    for rule in network.assignments.iter().chain(&network.rates) {
        if !ruled.insert(rule.variable.as_str()) {
            return Err(SolveError::TwoRules(rule.variable.clone()));
        }
    }
    let assigned: BTreeSet<&str> = network.assignments.iter().map(|rule| rule.variable.as_str()).collect();
    let mut states: Vec<String> =
        network.species.iter().filter(|s| !assigned.contains(s.id.as_str())).map(|s| s.id.clone()).collect();
    let rates = network.rates.iter().map(|rule| (rule.variable.as_str(), "a rate rule".to_owned()));
    let changed = network.events.iter().flat_map(|event| {
        event.assignments.iter().map(|rule| (rule.variable.as_str(), format!("event `{}`", event.id)))
    });
    for (variable, place) in rates.chain(changed) {
        if states.iter().any(|state| state == variable) {
            continue;
        }
        if network.compartments.iter().any(|compartment| compartment.id == variable) {
            return Err(SolveError::NotYet(format!("compartment `{variable}` changes its size through {place}")));
        }
        if assigned.contains(variable) || !network.parameters.iter().any(|parameter| parameter.id == variable) {
            return Err(SolveError::NotAVariable { variable: variable.to_owned(), place });
        }
        states.push(variable.to_owned());
    }
    Ok(states)
}

/// The meaning of an id outside the model: an estimated parameter, a fixed one, or a constant of the network.
fn problem_names(dag: &mut Dag, blueprint: &Blueprint) -> Names {
    let mut names = Names::new();
    for (id, value) in constants(blueprint.network) {
        names.insert(id.to_owned(), dag.number(value));
    }
    for (id, &value) in &blueprint.fixed {
        names.insert(id.clone(), dag.number(value));
    }
    for (index, id) in blueprint.estimated.iter().enumerate() {
        names.insert(id.clone(), dag.parameter(index));
    }
    names
}

fn overrides(
    dag: &mut Dag,
    blueprint: &Blueprint,
    problem: &Names,
    states: &[String],
) -> Result<Vec<Names>, SolveError> {
    let known: BTreeSet<&str> =
        constants(blueprint.network).map(|(id, _)| id).chain(states.iter().map(String::as_str)).collect();
    let mut all = Vec::new();
    for treatment in &blueprint.treatments {
        let mut names = Names::new();
        for (id, expression) in *treatment {
            if !known.contains(id.as_str()) && !problem.contains_key(id) {
                return Err(SolveError::UnknownSymbol { symbol: id.clone(), place: "a treatment".to_owned() });
            }
            let value = node(dag, expression, problem, &format!("a treatment's value of `{id}`"))?;
            names.insert(id.clone(), value);
        }
        all.push(names);
    }
    Ok(all)
}

fn treatment_constants(network: &Network, problem: &Names, overridden: &Names) -> Names {
    constants(network)
        .map(|(id, _)| (id.to_owned(), overridden.get(id).copied().unwrap_or_else(|| problem[id])))
        .collect()
}

/// Each constant's node in the model: where treatments differ it is a setting.
fn settings(dag: &mut Dag, blueprint: &Blueprint, problem: &Names, overrides: &[Names]) -> (Names, Vec<Vec<Id>>) {
    let mut names = Names::new();
    let mut settings: Vec<Vec<Id>> = Vec::new();
    let mut ids: BTreeSet<&str> = constants(blueprint.network).map(|(id, _)| id).collect();
    ids.extend(problem.keys().map(String::as_str));
    for id in ids {
        let values: Vec<Id> =
            overrides.iter().map(|names| names.get(id).copied().unwrap_or_else(|| problem[id])).collect();
        let first = values.first().copied().unwrap_or_else(|| problem[id]);
        let node = if values.iter().all(|&value| value == first) {
            first
        } else if let Some(place) = settings.iter().position(|other| *other == values) {
            dag.parameter(blueprint.estimated.len() + place)
        } else {
            settings.push(values);
            dag.parameter(blueprint.estimated.len() + settings.len() - 1)
        };
        names.insert(id.to_owned(), node);
    }
    (names, settings)
}

fn model_names(
    dag: &mut Dag,
    network: &Network,
    states: &[String],
    problem: &Names,
    constant_names: &Names,
) -> Result<Names, SolveError> {
    let mut names = problem.clone();
    names.extend(constant_names.iter().map(|(id, &node)| (id.clone(), node)));
    for (index, state) in states.iter().enumerate() {
        names.insert(state.clone(), dag.state(index));
    }
    for rule in &network.assignments {
        let value = node(dag, &rule.expression, &names, &format!("the rule of `{}`", rule.variable))?;
        names.insert(rule.variable.clone(), value);
    }
    Ok(names)
}

fn model_nodes(
    dag: &mut Dag,
    blueprint: &Blueprint,
    states: &[String],
    mut names: Names,
    constant_names: &Names,
    first_switch: usize,
) -> Result<Nodes, SolveError> {
    let network = blueprint.network;
    let index: BTreeMap<&str, usize> = states.iter().enumerate().map(|(i, state)| (state.as_str(), i)).collect();
    let species: BTreeMap<&str, &str> =
        network.species.iter().map(|s| (s.id.as_str(), s.compartment.as_str())).collect();
    let zero = dag.number(0.0);
    let mut amounts = vec![zero; states.len()];
    for reaction in &network.reactions {
        let place = format!("the rate of reaction `{}`", reaction.id);
        let rate = node(dag, &reaction.rate, &names, &place)?;
        let sides = [(&reaction.reactants, -1.0), (&reaction.products, 1.0)];
        for ((id, count), sign) in sides.iter().flat_map(|(side, sign)| side.iter().map(move |entry| (entry, *sign))) {
            if !species.contains_key(id.as_str()) {
                let place = format!("reaction `{}`", reaction.id);
                return Err(SolveError::NotAVariable { variable: id.clone(), place });
            }
            if let Some(&state) = index.get(id.as_str()) {
                let count = dag.number(sign * count);
                let change = dag.multiply(count, rate);
                amounts[state] = dag.add(amounts[state], change);
            }
        }
        names.entry(reaction.id.clone()).or_insert(rate);
    }
    let mut rhs = Vec::with_capacity(states.len());
    for (state, id) in states.iter().enumerate() {
        rhs.push(match species.get(id.as_str()) {
            Some(compartment) => {
                let size = *constant_names
                    .get(*compartment)
                    .ok_or_else(|| SolveError::Missing(format!("compartment `{compartment}` of `{id}`")))?;
                dag.divide(amounts[state], size)
            }
            None => zero,
        });
    }
    for rule in &network.rates {
        let value = node(dag, &rule.expression, &names, &format!("the rate rule of `{}`", rule.variable))?;
        rhs[index[rule.variable.as_str()]] = value;
    }
    let (rhs, switches) = switches(dag, &rhs, first_switch);
    let mut events = Vec::new();
    for event in &network.events {
        let place = format!("event `{}`", event.id);
        let trigger = node(dag, &event.trigger, &names, &place)?;
        let mut targets = Vec::new();
        let mut values = Vec::new();
        for rule in &event.assignments {
            targets.push(index[rule.variable.as_str()]);
            values.push(node(dag, &rule.expression, &names, &place)?);
        }
        events.push(EventNodes { time: event_time(dag, trigger), trigger, targets, values });
    }
    let mut outputs = Vec::new();
    for output in &blueprint.outputs {
        outputs.push(output_nodes(dag, output, &names)?);
    }
    Ok(Nodes { rhs, switches, events, outputs })
}

fn output_nodes(dag: &mut Dag, output: &Measured, names: &Names) -> Result<[Id; 2], SolveError> {
    let place = format!("observable `{}`", output.id);
    let mut names = names.clone();
    let filled = output
        .placeholders
        .iter()
        .map(|(id, value)| Ok((id.clone(), node(dag, value, &names, &place)?)))
        .collect::<Result<Vec<_>, SolveError>>()?;
    names.extend(filled);
    let value = node(dag, output.formula, &names, &place)?;
    names.insert(output.id.to_owned(), value);
    let scale = node(dag, output.scale, &names, &format!("the noise of observable `{}`", output.id))?;
    Ok([value, scale])
}

/// The threshold of a comparison of time with something that time and states do not move, and whether the comparison
/// holds below it.
fn threshold(dag: &Dag, id: Id) -> Option<(Id, bool)> {
    let Node::Binary(Binary::Less | Binary::LessOrEqual, a, b) = dag.node(id) else { return None };
    match (dag.node(a), dag.node(b)) {
        (Node::Time, _) if !dag.varies(b) => Some((b, true)),
        (_, Node::Time) if !dag.varies(a) => Some((a, false)),
        _ => None,
    }
}

fn event_time(dag: &Dag, trigger: Id) -> Option<Id> {
    threshold(dag, trigger).filter(|(_, before)| !before).map(|(threshold, _)| threshold)
}

/// Takes comparisons with time out of the right-hand side. The driver stops at their thresholds and holds them still
/// in between, so that the solver sees smooth equations only.
fn switches(dag: &mut Dag, rhs: &[Id], first: usize) -> (Vec<Id>, Vec<(Id, bool)>) {
    let mut found = Vec::new();
    let mut replacements = BTreeMap::new();
    for (id, _) in dag.reachable(rhs).iter().enumerate().filter(|(_, needed)| **needed) {
        #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
        let id = id as Id;
        if let Some((threshold, before)) = threshold(dag, id) {
            let place = found.iter().position(|&other| other == (threshold, before)).unwrap_or_else(|| {
                found.push((threshold, before));
                found.len() - 1
            });
            replacements.insert(id, first + place);
        }
    }
    let replacements = replacements.into_iter().map(|(id, place)| (id, dag.parameter(place))).collect();
    (rebuild(dag, rhs, &replacements), found)
}

fn no_gradient(dag: &Dag, nodes: &Nodes) -> Option<String> {
    let moves = |id: Id| !dag.leaves(&[id]).1.is_empty();
    if nodes.switches.iter().any(|&(threshold, _)| moves(threshold)) {
        return Some("gradients where a parameter sets the time of a switch".to_owned());
    }
    let bad = nodes.events.iter().any(|event| event.time.is_none_or(moves));
    bad.then(|| "gradients with events whose time depends on states or parameters".to_owned())
}

/// The Jacobian's pattern by column, with the whole diagonal, and its nodes.
fn jacobian(dag: &mut Dag, rhs: &[Id], states: usize) -> (Vec<(usize, usize)>, Vec<Id>) {
    let zero = dag.number(0.0);
    let variables: Vec<Variable> = (0..states).map(Variable::State).collect();
    let mut values: BTreeMap<(usize, usize), Id> = (0..states).map(|state| ((state, state), zero)).collect();
    values.extend(differentiate(dag, rhs, &variables).iter().map(|p| ((p.variable, p.output), p.node)));
    values.into_iter().map(|((column, row), node)| ((row, column), node)).unzip()
}

/// The derivatives of `outputs` by the cache places below `limit`, as far as they are not always zero.
fn derive(dag: &mut Dag, outputs: &[Id], limit: usize, entries: &mut Vec<Entry>, nodes: &mut Vec<Id>) {
    let columns: Vec<usize> = dag.leaves(outputs).1.into_iter().filter(|&column| column < limit).collect();
    let variables: Vec<Variable> = columns.iter().map(|&column| Variable::Parameter(column)).collect();
    for partial in differentiate(dag, outputs, &variables) {
        entries.push(Entry { row: partial.output, column: columns[partial.variable] });
        nodes.push(partial.node);
    }
}

fn derived(dag: &mut Dag, pending: &mut Pending, outputs: &[Id], limit: usize) -> DerivedNodes {
    let columns = dag.leaves(outputs).0;
    let variables: Vec<Variable> = columns.iter().map(|&column| Variable::State(column)).collect();
    let mut by_state = Vec::new();
    let mut nodes = Vec::new();
    for partial in differentiate(dag, outputs, &variables) {
        by_state.push(Entry { row: partial.output, column: columns[partial.variable] });
        nodes.push(partial.node);
    }
    let mut by_parameter = Vec::new();
    derive(dag, outputs, limit, &mut by_parameter, &mut nodes);
    DerivedNodes { value: pending.add(outputs.to_vec()), derivative: pending.add(nodes), by_state, by_parameter }
}

/// The largest terms of parameters only that varying terms use, and their places in the cache from `first` on.
fn hoist(dag: &Dag, tapes: &[Vec<Id>], first: usize) -> (BTreeMap<Id, usize>, Vec<Id>) {
    let worth = |id: Id| !dag.varies(id) && !matches!(dag.node(id), Node::Number(_) | Node::Parameter(_));
    let mut found = BTreeSet::new();
    for outputs in tapes {
        found.extend(outputs.iter().copied().filter(|&id| worth(id)));
        for (id, _) in dag.reachable(outputs).iter().enumerate().filter(|(_, needed)| **needed) {
            #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
            let id = id as Id;
            if dag.varies(id) {
                found.extend(dag.children(id).into_iter().flatten().filter(|&child| worth(child)));
            }
        }
    }
    let order: Vec<Id> = found.into_iter().collect();
    let places = order.iter().enumerate().map(|(place, &id)| (id, first + place)).collect();
    (places, order)
}

fn entrance(
    dag: &mut Dag,
    code: &mut CodeBuilder,
    values: &[Id],
    parameters: usize,
    settings: usize,
    shaping: &BTreeSet<usize>,
    by_parameter: &[Entry],
) -> Result<Entrance, SolveError> {
    let plain = BTreeMap::new();
    let mut entries = Vec::new();
    let mut nodes = Vec::new();
    derive(dag, values, parameters, &mut entries, &mut nodes);
    let value: FunctionIndex = code.function(&Tape::new(dag, values, &plain))?;
    let derivative = code.function(&Tape::new(dag, &nodes, &plain))?;
    let mut lanes: BTreeSet<usize> = shaping.iter().copied().filter(|&place| place < parameters).collect();
    for entry in &entries {
        if entry.row >= settings || shaping.contains(&(parameters + entry.row)) {
            lanes.insert(entry.column);
        }
    }
    let lanes: Vec<usize> = lanes.into_iter().collect();
    let (pattern, terms) = terms(&lanes, &entries, parameters, by_parameter);
    let function = Derived { value, derivative, by_state: Vec::new(), by_parameter: entries };
    Ok(Entrance { function, before: None, kept: Vec::new(), lanes, pattern, terms })
}

/// Every product of a compiled derivative with a derivative of the entrance that lands in a lane, and the places where
/// they land.
fn terms(
    lanes: &[usize],
    entries: &[Entry],
    parameters: usize,
    by_parameter: &[Entry],
) -> (Vec<(usize, usize)>, Vec<Term>) {
    let lane = |parameter: usize| lanes.binary_search(&parameter).ok();
    let mut inner_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, inner) in entries.iter().enumerate() {
        inner_of.entry(inner.row + parameters).or_default().push(place);
    }
    let mut raw = Vec::new();
    for (index, entry) in by_parameter.iter().enumerate() {
        if entry.column < parameters {
            if let Some(lane) = lane(entry.column) {
                raw.push((lane, entry.row, index, entry.column, None));
            }
            continue;
        }
        for &place in inner_of.get(&entry.column).into_iter().flatten() {
            if let Some(lane) = lane(entries[place].column) {
                raw.push((lane, entry.row, index, entries[place].column, Some(place)));
            }
        }
    }
    raw.sort_unstable();
    let mut pattern: Vec<(usize, usize)> = Vec::new();
    let mut terms = Vec::new();
    for (lane, row, entry, parameter, setting) in raw {
        if pattern.last() != Some(&(row, lane)) {
            pattern.push((row, lane));
        }
        terms.push(Term { entry, place: pattern.len() - 1, parameter, setting });
    }
    (pattern, terms)
}
