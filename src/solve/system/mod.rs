//! A network with its treatments as compiled equations.
//!
//! The equations are functions of states, time and a *cache*: the estimated parameters on the linear scale, then the
//! constants that treatments change (*settings*), then what is held still while the solver runs (see
//! [`discontinuities`]), then the hoisted terms, which depend on the former only and are computed once for each
//! parameter vector, treatment and position of what is held.
//!
//! A state holds its variable as the id means it, but a species whose id means a concentration and whose compartment
//! changes is held as an amount, which is what stays when the size changes.

mod assemble;
mod blueprint;
mod constraints;
mod derive;
mod discontinuities;
mod entrance;
mod happenings;
mod matching;
mod names;
mod roles;
mod timed;
mod treatments;

use super::compiled::{Code, FunctionIndex};
use super::dag::Tape;
use super::linear::Analysis;

pub use assemble::assemble;
pub use blueprint::{Blueprint, Measured};
pub use timed::Timed;

/// What an output or a treatment's values depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The output's index.
    pub row: usize,
    /// The index of the state or parameter.
    pub column: usize,
}

/// A function with its derivatives, given entry by entry where they are not always zero.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The values.
    pub value: FunctionIndex,
    /// The derivatives: first those in `by_state`, then those in `by_parameter`.
    pub derivative: FunctionIndex,
    /// Outputs and states.
    pub by_state: Vec<Entry>,
    /// Outputs and places of the cache.
    pub by_parameter: Vec<Entry>,
}

/// The compiled part of a treatment: from estimated parameters to settings and initial states.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Settings, then initial states, then their derivatives; a function of the estimated parameters.
    pub function: Derived,
    /// The treatment whose steady state comes before, where there is one.
    pub before: Option<usize>,
    /// For each state, whether it keeps the value of that steady state.
    pub kept: Vec<bool>,
    /// The estimated parameters that the trajectory depends on, ascending: one sensitivity lane each.
    pub lanes: Vec<usize>,
    /// The places of the right-hand side's parameter derivatives in a states x lanes matrix, by column.
    pub pattern: Vec<(usize, usize)>,
    /// How the compiled parameter derivatives add up to that matrix.
    pub terms: Vec<Term>,
}

/// `matrix[place] += derivative[entry] * factor`.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    /// Index into the compiled parameter derivatives of the right-hand side.
    pub entry: usize,
    /// Index into [`Entrance::pattern`].
    pub place: usize,
    /// The estimated parameter.
    pub parameter: usize,
    /// Index into the entrance's derivatives for a setting; nothing for the parameter itself.
    pub setting: Option<usize>,
}

/// When things jump, for the derivatives of those times: one gap for each comparison or step of switches, of moments, of
/// clocks, then of watches. A gap closes at the time of the jump.
#[derive(Debug, Clone)]
pub struct Crossings {
    /// The gaps.
    pub gaps: Derived,
    /// How fast each gap changes along a trajectory.
    pub speeds: FunctionIndex,
    /// The first gap of moments, of clocks and of watches.
    pub firsts: [usize; 3],
    /// How many there are.
    pub count: usize,
}

/// What happens when a condition turns true.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "SBML's own, each independent of the others")]
pub struct EventCode {
    /// The new values of `targets`, as the variables' ids mean them.
    pub action: Derived,
    /// How fast those values change along a trajectory.
    pub speed: FunctionIndex,
    /// The gaps of the condition, as indices of [`Crossings`].
    pub gaps: Vec<usize>,
    /// What the states become, where that is not those values: a function of the states and, behind them, the values.
    pub store: Option<Derived>,
    /// The states that take new values.
    pub targets: Vec<usize>,
    /// From trigger to execution.
    pub delay: Option<Derived>,
    /// How fast the delay changes along a trajectory.
    pub delay_speed: Option<FunctionIndex>,
    /// Of several, the one with the highest is executed first.
    pub priority: Option<Derived>,
    /// A condition that holds at the start counts as one that turns true then.
    pub fires_at_start: bool,
    /// A condition that turns false before the execution calls it off.
    pub cancels: bool,
    /// Only time decides about the condition.
    pub timed: bool,
    /// Values are computed at the execution, else when the condition turns true.
    pub late_values: bool,
}

/// Functions of time alone that jump.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// How many.
    pub count: usize,
    /// How many the right-hand side has; those come first.
    pub held: usize,
    /// The place of the cache where they are held.
    pub first: usize,
    /// Their values, then how near they are to a jump.
    pub values: FunctionIndex,
}

/// Functions of states that jump.
#[derive(Debug, Clone, Copy)]
pub struct Watches {
    /// How many.
    pub count: usize,
    /// How many the right-hand side has; those come first.
    pub held: usize,
    /// The place of the cache where they are held; behind the values, one place each says that it is free.
    pub first: usize,
    /// Their values, then how near they are to a jump.
    pub values: FunctionIndex,
}

/// A time at which a condition may change.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time, as a function of the cache.
    pub threshold: FunctionIndex,
    /// It changes at that time.
    pub at: bool,
    /// It changes right after that time.
    pub after: bool,
}

/// States that constraints determine: the last ones.
#[derive(Debug, Clone)]
pub struct Projection {
    /// The first of them.
    pub first: usize,
    /// What is zero, one value each.
    pub residuals: FunctionIndex,
    /// The derivatives of that by them, at `pattern`.
    pub slopes: FunctionIndex,
    /// Rows and columns.
    pub pattern: Vec<(usize, usize)>,
}

/// Compiled equations.
#[derive(Debug)]
pub struct System {
    /// The machine code.
    pub code: Code,
    /// Ids of the states.
    pub states: Vec<String>,
    /// Number of estimated parameters.
    pub parameters: usize,
    /// Number of settings.
    pub settings: usize,
    /// For each switch, the threshold and whether it is on before (or after) it.
    pub switches: Vec<Switch>,
    /// Functions of time that jump.
    pub clocks: Clocks,
    /// Functions of states that jump.
    pub watches: Watches,
    /// When conditions of events may change.
    pub moments: Vec<Moment>,
    /// When things jump.
    pub crossings: Crossings,
    /// Length of the cache.
    pub cache: usize,
    /// Where the hoisted terms start.
    pub hoisted: usize,
    /// Computes the hoisted terms.
    pub prepare: FunctionIndex,
    /// The functions of a step.
    pub functions: Functions,
    /// The same for many evaluations at one time, where that saves something.
    pub timed: Option<Timed>,
    /// Rows and columns, by column, with the whole diagonal.
    pub jacobian_pattern: Vec<(usize, usize)>,
    /// The linear algebra of that pattern.
    pub analysis: Analysis,
    /// How many derivatives by cache places there are.
    pub by_parameter_count: usize,
    /// One entrance a treatment.
    pub treatments: Vec<Entrance>,
    /// Events.
    pub events: Vec<EventCode>,
    /// Their conditions.
    pub triggers: FunctionIndex,
    /// States that constraints determine.
    pub projection: Option<Projection>,
    /// Nothing but events moves the states.
    pub still: bool,
    /// Why gradients of this system are not supported, if they are not.
    pub no_gradient: Option<String>,
    /// Observed quantities: value and noise scale.
    pub outputs: Vec<Derived>,
    /// Quantities of which values alone are asked for.
    pub selection: Tape,
}

impl System {
    /// Space for what the function `jacobian` gives.
    pub fn jacobian_space(&self) -> Vec<f64> {
        vec![0.0; self.jacobian_pattern.len() + self.states.len()]
    }
}

/// What an integrator calls.
#[derive(Debug, Clone, Copy)]
pub struct Functions {
    /// The right-hand side.
    pub rhs: FunctionIndex,
    /// The values of the Jacobian at `jacobian_pattern`, then the right-hand side, with which it shares most terms.
    pub jacobian: FunctionIndex,
    /// The derivatives of the right-hand side by cache places.
    pub by_parameter: FunctionIndex,
}

impl Functions {
    fn of([rhs, jacobian, by_parameter]: [FunctionIndex; 3]) -> Self {
        Self { rhs, jacobian, by_parameter }
    }
}

/// A comparison of time with a threshold.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// The threshold as a function of the cache.
    pub threshold: FunctionIndex,
    /// Whether it is on while time is below the threshold.
    pub before: bool,
}
