//! Where the gradient of an estimation problem comes from: a fixed rule over plain data, so that the same problem gives the
//! same bits on every machine, and a plan can say it before anything is compiled.

use super::problem::Problem;

/// Where a gradient comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Forward sensitivities: one lane a parameter beside the states.
    Forward,
    /// The adjoint method: one walk backwards through the steps, whatever the number of parameters.
    Adjoint,
}

impl Method {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Adjoint => "adjoint",
        }
    }
}

/// From so many parameters on a walk backwards costs less than the lanes. A lane costs about one solution of a linear
/// system and the history's arithmetic in each step, the walk about as much as one lane and the recording; factorisations
/// are the same for both, so that neither the number of states nor of treatments moves the limit much. `make bench` times
/// both on problems of 6 to 152 parameters.
const FEWEST: usize = 2;

impl Problem {
    /// The method of a treatment's gradient, and why. The Fisher information, which optimisers with a Gauss-Newton Hessian
    /// ask for, takes forward sensitivities in any case.
    #[must_use]
    pub fn gradient_method(&self, treatment: usize) -> (Method, &'static str) {
        let own = self.measurements.iter().filter(|measurement| measurement.treatment == treatment);
        if own.clone().any(|measurement| measurement.time == f64::INFINITY) {
            return (Method::Forward, "a steady state is measured, whose derivative is that of an implicit function");
        }
        if self.network.events.iter().any(|event| event.delay.is_some()) {
            return (Method::Forward, "an event waits between trigger and execution");
        }
        if self.parameters.iter().filter(|parameter| parameter.estimate.is_some()).count() < FEWEST {
            return (Method::Forward, "few parameters ride along at less than a walk backwards costs");
        }
        (Method::Adjoint, "one walk backwards costs less than a lane for each parameter")
    }
}
