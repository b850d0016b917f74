//! The span of time that shows what a network does, where nobody says how long to look at it.
//!
//! In this order: where the network settles, the time until it has settled; where it oscillates, some of its periods;
//! where it drifts for ever, the time until the drift is all that is left of its motion; and where nothing of all that
//! gives a time, that of a mode of its Jacobian. The span depends on nothing but the network and the tolerances, and is
//! rounded up to two digits, so that it does not depend on the last bits of a processor either.

mod motion;
mod swing;

use super::simulate::SimulateError;
use super::steady::{Alone, Moment};
use super::{Failure, SolveError};
use crate::model::network::Network;
use crate::model::problem::SolverSettings;
use serde::{Deserialize, Serialize};

/// A span of time from 0 on, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// The span.
    pub span: f64,
    /// Where it comes from.
    pub reason: Reason,
}

/// Where a span comes from. Times and rates are in the network's unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// From this time on all states stay within one hundredth of their ranges of the steady state.
    Settles {
        /// The time.
        time: f64,
    },
    /// The network oscillates without end: ten periods.
    Oscillates {
        /// The mean period of the slowest state that oscillates.
        period: f64,
    },
    /// Some states drift without end: from this time on all rates of change stay within one hundredth of their ranges of
    /// where they go.
    Drifts {
        /// The time.
        time: f64,
    },
    /// The network is at rest from the start or grows from the start: the time in which this mode of its Jacobian decays
    /// or grows a hundredfold.
    Mode {
        /// Real part of the eigenvalue.
        rate: f64,
    },
    /// Nothing gives a time, as where nothing moves: one unit of time.
    Still,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settles { time } => write!(f, "all states have settled to 1 % of their ranges at {time:.3}"),
            Self::Oscillates { period } => write!(f, "it oscillates with a period of {period:.3}"),
            Self::Drifts { time } => write!(f, "what does not drift without end has settled at {time:.3}"),
            Self::Mode { rate } if *rate > 0.0 => write!(f, "it grows at a rate of {rate:.3}"),
            Self::Mode { rate } => write!(f, "it is at rest; its slowest mode decays at a rate of {:.3}", -rate),
            Self::Still => write!(f, "nothing in it gives a time"),
        }
    }
}

/// The automatic span of time of a network, with some parameters, compartment sizes or initial values replaced.
///
/// # Errors
/// When ids are unknown, or the solver fails however short the span.
pub fn horizon(
    network: &Network,
    overrides: &[(String, f64)],
    settings: SolverSettings,
) -> Result<Horizon, SimulateError> {
    let good = |tolerance: f64| tolerance.is_finite() && tolerance > 0.0;
    if !good(settings.rtol) || !good(settings.atol) {
        return Err(SolveError::Value("tolerances have to be positive numbers".to_owned()).into());
    }
    let alone = Alone::new(network, overrides, settings)?;
    let reason = match alone.settle() {
        Ok((rest, ..)) => {
            let moments = alone.follow(&motion::grid(rest.time)).map_err(SimulateError::Failed)?;
            let states: Vec<Vec<f64>> = moments.iter().map(|moment| moment.states.clone()).collect();
            let times: Vec<f64> = moments.iter().map(|moment| moment.time).collect();
            motion::settling(&times, &states, &rest.states, settings).map(|time| Reason::Settles { time })
        }
        Err(SimulateError::Failed(Failure::NoSteadyState | Failure::BlowUp)) => motion::endless(&alone)?,
        Err(other) => return Err(other),
    };
    let reason = match reason {
        Some(reason) => reason,
        None => {
            let start = alone.follow(&[0.0]).map_err(SimulateError::Failed)?;
            start.first().map_or(Reason::Still, |start| motion::mode(&alone, start))
        }
    };
    let span = match reason {
        Reason::Settles { time } | Reason::Drifts { time } => time,
        Reason::Oscillates { period } => swing::PERIODS * period,
        Reason::Mode { rate } => 100.0_f64.ln() / rate.abs(),
        Reason::Still => 1.0,
    };
    Ok(Horizon { span: rounded_up(span), reason })
}

/// The smallest number of two digits that is not below a positive one.
fn rounded_up(value: f64) -> f64 {
    let exponent = value.log10().floor() - 1.0;
    // What is two digits up to rounding stays what it is.
    let digits = (value / 10f64.powf(exponent) * (1.0 - 1e-9)).ceil();
    // Written and read back: the nearest number to the two digits, whatever the power of ten.
    format!("{digits}e{exponent}").parse().unwrap_or(value)
}
