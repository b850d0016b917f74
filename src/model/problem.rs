//! A parameter estimation problem in `PEtab`'s shape: model, treatments, observables with noise, measurements, and the
//! parameters to estimate.

use super::expression::Expression;
use super::network::Network;
use serde::{Deserialize, Serialize};

/// Everything that defines an objective function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Its name in the experiment.
    pub id: String,
    /// The model.
    pub network: Network,
    /// All parameters that the objective depends on by name: estimated ones first, in the order of the vector, then
    /// fixed ones that are no parameters of the model (noise, scaling factors).
    pub parameters: Vec<ProblemParameter>,
    /// Observed quantities.
    pub observables: Vec<Observable>,
    /// Experimental conditions; there is always at least one.
    pub treatments: Vec<Treatment>,
    /// Measured values.
    pub measurements: Vec<Measurement>,
    /// What is minimised.
    pub objective: ObjectiveKind,
    /// How the equations are solved.
    pub solver: SolverSettings,
    /// Present where nothing was measured: how measurements are simulated. It stands for them until they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<Synthetic>,
}

/// A recipe for measurements: every observable is simulated at the nominal values under every treatment, and noise is
/// drawn from its own distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Synthetic {
    /// When is measured.
    pub times: SyntheticTimes,
    /// Observables, by index, whose noise scale is a share of their largest absolute value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relative: Vec<usize>,
}

/// The times of simulated measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SyntheticTimes {
    /// So many, evenly spread from 0 to the end, both included.
    Even {
        /// How many; at least 2.
        points: usize,
        /// The last time; where none is said, it is found from what the model does.
        end: Option<f64>,
    },
    /// These, ascending.
    Listed(Vec<f64>),
}

/// A parameter of the problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProblemParameter {
    /// Its id: a parameter of the model, or one that only observables and noise use.
    pub id: String,
    /// Its nominal value on the linear scale.
    pub nominal: f64,
    /// Present when the parameter is estimated.
    pub estimate: Option<Estimate>,
}

/// How a parameter is estimated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Lower bound on the linear scale.
    pub lower: f64,
    /// Upper bound on the linear scale.
    pub upper: f64,
    /// The scale on which vectors hold it.
    pub scale: Scale,
    /// What is known beforehand.
    pub prior: Option<Prior>,
}

/// The scale of an estimated parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scale {
    /// As it is.
    Linear,
    /// Natural logarithm.
    Log,
    /// Decimal logarithm.
    Log10,
}

impl Scale {
    /// A value on the linear scale, on this one.
    #[must_use]
    pub fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.ln(),
            Self::Log10 => value.log10(),
        }
    }

    /// A value on this scale, on the linear one.
    #[must_use]
    pub fn linear(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Log => x.exp(),
            Self::Log10 => 10f64.powf(x),
        }
    }
}

/// A prior density: of the parameter on the estimation scale where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Prior {
    /// Gaussian.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Laplace.
    Laplace {
        /// Location.
        location: f64,
        /// Scale.
        scale: f64,
    },
    /// Uniform between two values.
    Uniform {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// Gaussian density of the value on the linear scale, whatever the scale of estimation is.
    LinearNormal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Laplace density of the value on the linear scale.
    LinearLaplace {
        /// Location.
        location: f64,
        /// Scale.
        scale: f64,
    },
    /// Uniform density of the value on the linear scale.
    LinearUniform {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// Density of the value on the linear scale whose natural logarithm is Gaussian.
    LogNormal {
        /// Mean of the logarithm.
        mean: f64,
        /// Standard deviation of the logarithm.
        sd: f64,
    },
    /// Density of the value on the linear scale whose natural logarithm is Laplace distributed.
    LogLaplace {
        /// Location of the logarithm.
        location: f64,
        /// Scale of the logarithm.
        scale: f64,
    },
}

/// An observed quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observable {
    /// Its id.
    pub id: String,
    /// Its value over the model's symbols, the problem's parameters, and placeholders that measurements fill.
    pub formula: Expression,
    /// Its noise.
    pub noise: Noise,
}

/// The distribution of a measurement around the observable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Gaussian or Laplace.
    pub distribution: NoiseDistribution,
    /// The scale on which measurement and observable are compared.
    pub transformation: Scale,
    /// Standard deviation (Gaussian) or scale (Laplace), an expression like the observable's.
    pub scale: Expression,
}

/// The family of a noise distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoiseDistribution {
    /// Gaussian.
    Normal,
    /// Laplace.
    Laplace,
}

/// An experimental condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Treatment {
    /// Its id.
    pub id: String,
    /// Parameters, compartments or initial species that take other values, over the problem's parameters.
    pub overrides: Vec<(String, Expression)>,
    /// What happens before the measurements start.
    pub before: Option<Preequilibration>,
}

/// Before the measurements the system runs to the steady state of another treatment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preequilibration {
    /// The treatment whose steady state is the initial state.
    pub treatment: String,
}

/// One measured value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Index of the observable.
    pub observable: usize,
    /// Index of the treatment.
    pub treatment: usize,
    /// Time since the start of the treatment.
    pub time: f64,
    /// The value.
    pub value: f64,
    /// Values for the observable's placeholders `observableParameter1_ID`, ...
    pub observable_overrides: Vec<Expression>,
    /// Replaces the noise scale of the observable.
    pub noise_override: Option<Expression>,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveKind {
    /// Negative log-likelihood.
    Nllh,
    /// Sum of squared residuals.
    Sse,
    /// Sum of squared residuals over the noise's standard deviation.
    Chi2,
}

/// How the equations are solved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SolverSettings {
    /// Relative tolerance.
    pub rtol: f64,
    /// Absolute tolerance.
    pub atol: f64,
    /// Steps after which a solve counts as failed.
    pub most_steps: usize,
}
