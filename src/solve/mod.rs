//! Simulation, objective, gradient and ensembles of kinetic models.
//!
//! In reading order: [`dag`] holds expressions, simplified, and derives them symbolically; [`compiled`] turns them into
//! machine code; [`system`] assembles a network and its treatments from both; [`linear`] solves linear systems of its
//! Jacobian, [`bdf`] integrates stiff equations with them, and [`equations`] presents a system to it; [`integrate`] drives
//! the integrator from one discontinuity to the next and labels what fails; [`objective`] makes an objective function with
//! gradient and Fisher information of it; [`ensemble`] evaluates many vectors at once; [`simulate`] gives trajectories of a
//! network alone, [`steady`] the state to which it settles, and [`horizon`] the span of time that shows what it does.
//!
//! A system is compiled once and shared by all threads; parameters go in by value with each solve.
//!
//! `make bench` says where the time goes, `make peers` how long others take.

pub mod bdf;
pub mod compiled;
pub mod dag;
pub mod ensemble;
mod equations;
pub mod horizon;
mod integrate;
pub mod linear;
pub mod objective;
pub mod simulate;
pub mod steady;
mod system;

pub use horizon::{Horizon, horizon};
pub use integrate::{Failure, Sensitivities, Settled};
pub use objective::{Attempt, Evaluation, Gradient, ProblemSolver};
pub use simulate::{Simulator, Trajectory, default_selection, simulate, simulate_selection};
pub use steady::{SteadyState, steady_state};

use crate::model::expression::Function;

/// Why a problem cannot be made into equations.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SolveError {
    /// An expression uses an id that nothing has.
    #[error("`{symbol}` in {place} is neither a species, a parameter, a compartment nor an assigned variable")]
    UnknownSymbol {
        /// The id.
        symbol: String,
        /// Where it is used.
        place: String,
    },
    /// A function has a number of arguments that it does not take.
    #[error("{function:?} in {place} does not take {count} arguments")]
    Arguments {
        /// The function.
        function: Function,
        /// How many arguments it got.
        count: usize,
        /// Where it is used.
        place: String,
    },
    /// Initial values that are defined by each other.
    #[error("the initial value of `{0}` depends on itself")]
    CircularInitialValue(String),
    /// A rule or a rate that uses its own value.
    #[error("the value of `{0}` depends on itself")]
    CircularRule(String),
    /// More constraints than variables for them to determine.
    #[error("constraint {constraint} has no variable left to determine: the system is overdetermined")]
    Overdetermined {
        /// Its number, from 1.
        constraint: usize,
    },
    /// Constraints that hold whatever the value of a variable is.
    #[error("the constraints do not determine `{0}`: the system is underdetermined")]
    Underdetermined(String),
    /// A reaction, rule or event changes something that cannot change.
    #[error("`{variable}` is changed by {place}, but is not something that {place} can change")]
    NotAVariable {
        /// The id.
        variable: String,
        /// Where it is changed.
        place: String,
    },
    /// Two rules for one variable.
    #[error("`{0}` has more than one rule")]
    TwoRules(String),
    /// A treatment, observable or state that an index or id names does not exist.
    #[error("{0} does not exist")]
    Missing(String),
    /// A number that makes no sense where it stands.
    #[error("{0}")]
    Value(String),
    /// Something that the language allows and this version does not solve.
    #[error("not yet: {0}")]
    NotYet(String),
    /// The equations could not be compiled.
    #[error(transparent)]
    Code(#[from] compiled::CodeError),
}
