//! Why a solve failed, as data.

use serde::{Deserialize, Serialize};

/// The cause of a failed evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The solver could not find a step small enough to meet its tolerances.
    StepTooSmall,
    /// The solver took as many steps as it may.
    StepLimit,
    /// The equations gave a value that is no number, such as 0/0 or the logarithm of a negative number.
    NotANumber,
    /// A state grew beyond all bounds.
    BlowUp,
    /// The system settles to no steady state where one is asked for: it oscillates, drifts, or had not come to rest when
    /// the steps were used up.
    NoSteadyState,
    /// A trajectory touches a threshold without crossing it, so that the time of what happens there has no derivative.
    /// Only gradients fail so.
    NoDerivative,
    /// Two events happen at one time, and the least change of parameters makes the one or the other go first, with
    /// different results, so that there is no derivative. Only gradients fail so.
    TiedEvents,
    /// An observable compared on a logarithmic scale was not positive.
    NonPositiveObservable,
    /// A noise scale was not positive.
    NonPositiveNoise,
    /// The vector has the wrong length or holds a value that is no finite number.
    InvalidInput,
    /// Anything else.
    Other,
}

impl Failure {
    /// All causes, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::StepTooSmall,
        Self::StepLimit,
        Self::NotANumber,
        Self::BlowUp,
        Self::NoSteadyState,
        Self::NoDerivative,
        Self::TiedEvents,
        Self::NonPositiveObservable,
        Self::NonPositiveNoise,
        Self::InvalidInput,
        Self::Other,
    ];

    /// The cause in one stable word, for tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::StepTooSmall => "step_too_small",
            Self::StepLimit => "step_limit",
            Self::NotANumber => "not_a_number",
            Self::BlowUp => "blow_up",
            Self::NoSteadyState => "no_steady_state",
            Self::NoDerivative => "no_derivative",
            Self::TiedEvents => "tied_events",
            Self::NonPositiveObservable => "non_positive_observable",
            Self::NonPositiveNoise => "non_positive_noise",
            Self::InvalidInput => "invalid_input",
            Self::Other => "other",
        }
    }

    /// Whether another setting of the solver may help.
    #[must_use]
    pub fn is_of_the_solver(self) -> bool {
        matches!(self, Self::StepTooSmall | Self::StepLimit | Self::NotANumber | Self::Other)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
