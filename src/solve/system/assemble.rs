//! From a network, treatments and observed quantities to compiled equations.

use super::super::SolveError;
use super::super::compiled::CodeBuilder;
use super::super::dag::{Dag, Id, Tape, Variable, differentiate, total};
use super::super::linear::Analysis;
use super::blueprint::{Blueprint, Measured};
use super::derive::{Compiled, Pending, derive, jacobian};
use super::discontinuities::{self, Found, gap};
use super::entrance::entrance;
use super::happenings::{self, EventNodes};
use super::names::{Kind, Mode, Names, Resolver};
use super::roles::Roles;
use super::timed::Timed;
use super::treatments::{self, Treatments};
use super::{Clocks, Crossings, Derived, EventCode, Functions, Moment, Projection, Switch, System, Watches};
use std::collections::{BTreeMap, BTreeSet};

/// The nodes of the model.
struct Nodes<'a> {
    states: Vec<&'a str>,
    /// What is zero for the states that constraints determine: the last ones.
    residuals: Vec<Id>,
    rhs: Vec<Id>,
    events: Vec<EventNodes>,
    outputs: Vec<[Id; 2]>,
    selection: Vec<Id>,
}

/// Compiles equations.
///
/// # Errors
/// See [`SolveError`].
pub fn assemble(blueprint: &Blueprint) -> Result<System, SolveError> {
    let mut dag = Dag::default();
    let roles = Roles::new(blueprint.network)?;
    let parameters = blueprint.estimated.len();
    let treatments = Treatments::new(&mut dag, blueprint, &roles)?;
    let mut starts = treatments.starts(&roles);
    let (given, settings) = treatments::settings(&mut dag, blueprint, &roles, &treatments, &mut starts)?;
    let first_held = parameters + settings.len();
    let nodes = model_nodes(&mut dag, blueprint, &roles, &treatments, &given)?;
    let conditions: Vec<Id> = nodes.events.iter().map(|event| event.trigger).collect();
    let (rhs, found) = discontinuities::take(&mut dag, &nodes.rhs, &conditions, first_held);
    let no_gradient = no_gradient(&nodes);
    let free = first_held + found.places();

    let mut pending = Pending::default();
    let rhs_place = pending.add(rhs.clone());
    let (jacobian_pattern, mut jacobian_nodes) = jacobian(&mut dag, &rhs);
    jacobian_nodes.extend(&rhs);
    let jacobian_place = pending.add(jacobian_nodes);
    let mut by_parameter_entries = Vec::new();
    let mut by_parameter_nodes = Vec::new();
    derive(&mut dag, &rhs, first_held, &mut by_parameter_entries, &mut by_parameter_nodes);
    let by_parameter_count = by_parameter_nodes.len();
    let by_parameter_place = pending.add(by_parameter_nodes);
    let outputs: Vec<_> = nodes.outputs.iter().map(|output| pending.derived(&mut dag, output, first_held)).collect();
    let mut events = Vec::new();
    for event in &nodes.events {
        let action = pending.derived(&mut dag, &event.values, first_held);
        let store = event.store.as_ref().map(|store| pending.derived(&mut dag, store, first_held));
        let along = total(&mut dag, &event.values, &|state| rhs[state]);
        let speed = pending.add(along);
        let delay = event.delay.map(|delay| {
            let draft = pending.derived(&mut dag, &[delay], first_held);
            let along = total(&mut dag, &[delay], &|state| rhs[state]);
            (draft, pending.add(along))
        });
        let priority = event.priority.map(|priority| pending.derived(&mut dag, &[priority], first_held));
        events.push((action, speed, store, delay, priority));
    }
    let triggers = pending.add(conditions);
    let watches = pending.add(with_gaps(&mut dag, &found.watches));
    let clocks = pending.add(with_gaps(&mut dag, &found.clocks));
    let gaps = gaps(&mut dag, &found);
    let gaps_draft = pending.derived(&mut dag, &gaps, first_held);
    let speeds = total(&mut dag, &gaps, &|state| rhs[state]);
    let speeds = pending.add(speeds);
    let projection = projection(&mut dag, &nodes, &mut pending);

    let mut code = CodeBuilder::new()?;
    let compiled = pending.compile(&mut dag, &mut code, free)?;
    let plain = BTreeMap::new();
    let single = |dag: &Dag, code: &mut CodeBuilder, outputs: &[Id]| code.function(&Tape::new(dag, outputs, &plain));
    let prepare = single(&dag, &mut code, &compiled.order)?;
    let cache = free + compiled.order.len();
    let stepping = [rhs_place, jacobian_place, by_parameter_place];
    let functions = Functions::of(stepping.map(|place| compiled.function(place)));
    let outputs_of = stepping.map(|place| pending.outputs(place));
    let timed = Timed::new(&dag, &mut code, outputs_of, &compiled.hoisted, cache)?;
    let mut switches = Vec::new();
    for &(threshold, before) in &found.switches {
        switches.push(Switch { threshold: single(&dag, &mut code, &[threshold])?, before });
    }
    let mut moments = Vec::new();
    for moment in &found.moments {
        let threshold = single(&dag, &mut code, &[moment.threshold])?;
        moments.push(Moment { threshold, at: moment.at, after: moment.after });
    }
    let mut event_codes = Vec::new();
    for ((event, nodes), (action, speed, store, delay, priority)) in
        blueprint.network.events.iter().zip(&nodes.events).zip(events)
    {
        event_codes.push(EventCode {
            action: compiled.derived(action),
            store: store.map(|store| compiled.derived(store)),
            targets: nodes.targets.clone(),
            speed: compiled.function(speed),
            gaps: discontinuities::gaps_of(&mut dag, nodes.trigger, &found),
            delay_speed: delay.as_ref().map(|(_, speed)| compiled.function(*speed)),
            delay: delay.map(|(delay, _)| compiled.derived(delay)),
            priority: priority.map(|priority| compiled.derived(priority)),
            fires_at_start: event.fires_at_start,
            cancels: event.cancels,
            timed: dag.leaves(&[nodes.trigger]).0.is_empty(),
            late_values: event.late_values,
        });
    }
    let moments_from = found.switches.len();
    let clocks_from = moments_from + found.moments.len();
    let crossings = Crossings {
        gaps: compiled.derived(gaps_draft),
        speeds: compiled.function(speeds),
        firsts: [moments_from, clocks_from, clocks_from + found.clocks.len()],
        count: gaps.len(),
    };
    let outputs = outputs.into_iter().map(|output| compiled.derived(output)).collect();

    // The parameters and settings that shape the trajectory.
    let mut shaping: BTreeSet<usize> = by_parameter_entries.iter().map(|entry| entry.column).collect();
    shaping.extend(event_codes.iter().flat_map(|event| event.action.by_parameter.iter().map(|entry| entry.column)));
    shaping.extend(event_codes.iter().filter_map(|event| event.delay.as_ref()).flat_map(columns));
    shaping.extend(event_codes.iter().filter_map(|event| event.priority.as_ref()).flat_map(columns));
    shaping.extend(columns(&crossings.gaps));
    let mut entrances = Vec::new();
    for (index, start) in starts.iter_mut().enumerate() {
        let mut values: Vec<Id> = settings.iter().map(|nodes| nodes[index]).collect();
        for &state in &nodes.states {
            values.push(start.resolve(&mut dag, (Mode::Start, Kind::Held, state))?);
        }
        let counts = (parameters, settings.len());
        entrances.push(entrance(&mut dag, &mut code, &values, counts, &shaping, &by_parameter_entries)?);
    }
    for (index, before) in blueprint.before.iter().enumerate() {
        if let Some(before) = *before {
            let kept = nodes.states.iter().map(|&state| !treatments.overrides[index].contains_key(state)).collect();
            let handed = entrances[before].lanes.clone();
            entrances[index].follow(before, kept, &handed, parameters, &by_parameter_entries);
        }
    }

    let zero = dag.number(0.0);
    Ok(System {
        selection: Tape::new(&dag, &nodes.selection, &compiled.hoisted),
        still: rhs.iter().all(|&node| node == zero),
        states: nodes.states.iter().map(|&state| state.to_owned()).collect(),
        parameters,
        settings: settings.len(),
        clocks: Clocks {
            count: found.clocks.len(),
            held: found.clocks_held,
            first: first_held + found.switches.len(),
            values: compiled.function(clocks),
        },
        watches: Watches {
            count: found.watches.len(),
            held: found.watches_held,
            first: first_held + found.switches.len() + found.clocks_held,
            values: compiled.function(watches),
        },
        switches,
        moments,
        crossings,
        cache,
        timed,
        hoisted: free,
        prepare,
        functions,
        analysis: Analysis::new(nodes.states.len(), &jacobian_pattern).compiled(),
        jacobian_pattern,
        by_parameter_count,
        treatments: entrances,
        events: event_codes,
        triggers: compiled.function(triggers),
        projection: projection.map(|projection| projection.compiled(&compiled)),
        no_gradient,
        outputs,
        code: code.finish()?,
    })
}

fn model_nodes<'a>(
    dag: &mut Dag,
    blueprint: &'a Blueprint<'a>,
    roles: &Roles<'a>,
    treatments: &Treatments,
    given: &Names,
) -> Result<Nodes<'a>, SolveError> {
    let network = blueprint.network;
    let none = Names::new();
    let mut resolver = Resolver::new(roles, given, &none, &treatments.problem);
    let solved = resolver.constraints(dag)?;
    let mut states = roles.states.clone();
    states.extend(&solved.implicit);
    let first = roles.states.len();
    let implicit = solved.implicit.iter().enumerate().map(|(place, &id)| (id, first + place)).collect();
    // What is not used is checked all the same.
    for id in roles.assigned.keys().chain(roles.reactions.keys()) {
        resolver.resolve(dag, (Mode::Model, Kind::Value, id))?;
    }
    let mut rhs = Vec::with_capacity(states.len());
    for &state in &states {
        rhs.push(resolver.resolve(dag, (Mode::Model, Kind::Flow, state))?);
    }
    let mut events = Vec::new();
    for event in &network.events {
        events.push(happenings::event(dag, roles, &mut resolver, event, &implicit, states.len())?);
    }
    let mut outputs = Vec::new();
    for output in &blueprint.outputs {
        outputs.push(output_nodes(dag, &mut resolver, output)?);
    }
    let mut selection = Vec::new();
    for (name, expression) in blueprint.selection {
        selection.push(resolver.formula(dag, expression, &none, &format!("the selected quantity `{name}`"))?);
    }
    Ok(Nodes { states, residuals: solved.residuals, rhs, events, outputs, selection })
}

fn output_nodes<'a>(
    dag: &mut Dag,
    resolver: &mut Resolver<'a, '_>,
    output: &'a Measured<'a>,
) -> Result<[Id; 2], SolveError> {
    let place = format!("observable `{}`", output.id);
    let mut further = Names::new();
    let mut filled = Names::new();
    for (id, value) in &output.placeholders {
        filled.insert(id.clone(), resolver.formula(dag, value, &further, &place)?);
    }
    further.extend(filled);
    let value = resolver.formula(dag, output.formula, &further, &place)?;
    further.insert(output.id.to_owned(), value);
    let scale = resolver.formula(dag, output.scale, &further, &format!("the noise of observable `{}`", output.id))?;
    Ok([value, scale])
}

/// Jumps, then how near they are.
fn with_gaps(dag: &mut Dag, steps: &[Id]) -> Vec<Id> {
    let gaps: Vec<Id> = steps.iter().map(|&step| gap(dag, step)).collect();
    steps.iter().copied().chain(gaps).collect()
}

struct ProjectionDraft {
    first: usize,
    residuals: usize,
    slopes: usize,
    pattern: Vec<(usize, usize)>,
}

impl ProjectionDraft {
    fn compiled(self, compiled: &Compiled) -> Projection {
        Projection {
            first: self.first,
            residuals: compiled.function(self.residuals),
            slopes: compiled.function(self.slopes),
            pattern: self.pattern,
        }
    }
}

fn projection(dag: &mut Dag, nodes: &Nodes, pending: &mut Pending) -> Option<ProjectionDraft> {
    let count = nodes.residuals.len();
    if count == 0 {
        return None;
    }
    let first = nodes.states.len() - count;
    let variables: Vec<Variable> = (first..nodes.states.len()).map(Variable::State).collect();
    let partials = differentiate(dag, &nodes.residuals, &variables);
    let pattern = partials.iter().map(|partial| (partial.output, partial.variable)).collect();
    let slopes = pending.add(partials.iter().map(|partial| partial.node).collect());
    Some(ProjectionDraft { first, residuals: pending.add(nodes.residuals.clone()), slopes, pattern })
}

/// The gaps of all discontinuities, in the order of [`Crossings`].
fn gaps(dag: &mut Dag, found: &Found) -> Vec<Id> {
    let thresholds = found.switches.iter().map(|&(threshold, _)| threshold);
    let thresholds: Vec<Id> = thresholds.chain(found.moments.iter().map(|moment| moment.threshold)).collect();
    let time = dag.time();
    let mut gaps: Vec<Id> = thresholds.into_iter().map(|threshold| dag.subtract(time, threshold)).collect();
    gaps.extend(found.clocks.iter().chain(&found.watches).map(|&step| gap(dag, step)));
    gaps
}

/// The places of the cache that a function depends on.
fn columns(derived: &Derived) -> impl Iterator<Item = usize> {
    derived.by_parameter.iter().map(|entry| entry.column)
}

fn no_gradient(nodes: &Nodes) -> Option<String> {
    (!nodes.residuals.is_empty()).then(|| "gradients where constraints are not linear in their variables".to_owned())
}
