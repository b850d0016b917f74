//! A network with its treatments as compiled equations.
//!
//! The equations are functions of states, time and a *cache*: the estimated parameters on the linear scale, then the
//! constants that treatments change (*settings*), then one 0 or 1 for each comparison of time with a constant
//! (*switches*), then the hoisted terms, which depend on the former only and are computed once for each parameter
//! vector, treatment and switch position.

mod assemble;
mod symbols;

use super::compiled::{Code, FunctionIndex};

pub use assemble::{Blueprint, Measured, assemble};

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

/// Something that happens at a time or when a condition turns true.
#[derive(Debug, Clone)]
pub struct EventCode {
    /// The time, as a function of the cache, where only time decides.
    pub time: Option<FunctionIndex>,
    /// The condition.
    pub trigger: FunctionIndex,
    /// The new values of `targets`.
    pub action: Derived,
    /// The states that take new values.
    pub targets: Vec<usize>,
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
    /// Length of the cache.
    pub cache: usize,
    /// Where the hoisted terms start.
    pub hoisted: usize,
    /// Computes the hoisted terms.
    pub prepare: FunctionIndex,
    /// The right-hand side.
    pub rhs: FunctionIndex,
    /// The values of the Jacobian at `jacobian_pattern`.
    pub jacobian: FunctionIndex,
    /// Rows and columns, by column, with the whole diagonal.
    pub jacobian_pattern: Vec<(usize, usize)>,
    /// The derivatives of the right-hand side by cache places.
    pub by_parameter: FunctionIndex,
    /// How many there are.
    pub by_parameter_count: usize,
    /// One entrance a treatment.
    pub treatments: Vec<Entrance>,
    /// Events.
    pub events: Vec<EventCode>,
    /// Why gradients of this system are not supported, if they are not.
    pub no_gradient: Option<String>,
    /// Observed quantities: value and noise scale.
    pub outputs: Vec<Derived>,
}

/// A comparison of time with a threshold.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// The threshold as a function of the cache.
    pub threshold: FunctionIndex,
    /// Whether it is on while time is below the threshold.
    pub before: bool,
}
