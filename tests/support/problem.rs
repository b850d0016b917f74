//! Small estimation problems for tests.

use super::parse::expression;
use kexp::model::network::Network;
use kexp::model::problem::*;
use kexp::solve::ProblemSolver;

/// A problem over a network, with Gaussian noise of standard deviation 1 and estimated parameters on the logarithmic
/// scale.
pub struct Fit(pub Problem);

impl Fit {
    pub fn new(network: Network, estimated: &[(&str, f64)]) -> Self {
        let parameter = |&(id, nominal): &(&str, f64)| ProblemParameter {
            id: id.to_owned(),
            nominal,
            estimate: Some(Estimate { lower: 1e-6, upper: 1e6, scale: Scale::Log, prior: None }),
        };
        Self(Problem {
            synthetic: None,
            id: "fit".to_owned(),
            network,
            parameters: estimated.iter().map(parameter).collect(),
            observables: Vec::new(),
            treatments: Vec::new(),
            measurements: Vec::new(),
            objective: ObjectiveKind::Nllh,
            solver: SolverSettings { rtol: 1e-10, atol: 1e-12, most_steps: 20_000 },
        })
    }

    /// A treatment, and the one whose steady state comes before it (empty for none).
    pub fn treatment(mut self, id: &str, before: &str, overrides: &[(&str, &str)]) -> Self {
        self.0.treatments.push(Treatment {
            id: id.to_owned(),
            overrides: overrides.iter().map(|(id, value)| ((*id).to_owned(), expression(value))).collect(),
            before: (!before.is_empty()).then(|| Preequilibration { treatment: before.to_owned() }),
        });
        self
    }

    /// Measurements of a formula in the last treatment.
    pub fn measured(mut self, formula: &str, values: &[(f64, f64)]) -> Self {
        let scale = expression("1");
        let noise = Noise { distribution: NoiseDistribution::Normal, transformation: Scale::Linear, scale };
        let id = format!("y{}", self.0.observables.len());
        self.0.observables.push(Observable { id, formula: expression(formula), noise });
        for &(time, value) in values {
            self.0.measurements.push(Measurement {
                observable: self.0.observables.len() - 1,
                treatment: self.0.treatments.len() - 1,
                time,
                value,
                observable_overrides: Vec::new(),
                noise_override: None,
            });
        }
        self
    }

    pub fn solver(&self) -> ProblemSolver {
        ProblemSolver::new(&self.0).expect("a problem")
    }
}

/// The gradient by differences of fourth order; `step` is on the estimation scale.
pub fn differences(solver: &ProblemSolver, x: &[f64], step: f64) -> Vec<f64> {
    let value = |index: usize, shift: f64| {
        let mut x = x.to_vec();
        x[index] += shift * step;
        solver.evaluate(&x).fval
    };
    (0..x.len())
        .map(|i| (8.0 * (value(i, 1.0) - value(i, -1.0)) - (value(i, 2.0) - value(i, -2.0))) / (12.0 * step))
        .collect()
}

/// The gradient agrees with differences, up to `tolerance` in units of the largest component.
pub fn assert_gradient(solver: &ProblemSolver, x: &[f64], tolerance: f64) {
    assert_backwards(solver, x);
    let gradient = solver.gradient(x).expect("a gradient");
    assert_eq!(gradient.evaluation.outcome.err(), None);
    assert_eq!(gradient.evaluation.fval, solver.evaluate(x).fval);
    let differences = differences(solver, x, 1e-3);
    let largest = differences.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    assert!(largest > 0.0, "nothing depends on anything");
    for (index, (analytic, numeric)) in gradient.gradient.iter().zip(&differences).enumerate() {
        let error = (analytic - numeric).abs() / largest;
        assert!(error < tolerance, "{index}: {analytic} against {numeric}, {error:e} of {largest}, at {x:?}");
    }
}

/// The gradient backwards is that forwards, as both are that of the steps that were taken.
pub fn assert_backwards(solver: &ProblemSolver, x: &[f64]) {
    let forward = solver.gradient(x).expect("a gradient");
    let (evaluation, backward) = solver.slope(x).expect("a slope");
    assert_eq!(evaluation, forward.evaluation, "backwards and forwards, at {x:?}");
    let largest = forward.gradient.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (index, (forward, backward)) in forward.gradient.iter().zip(&backward).enumerate() {
        let error = (forward - backward).abs() / largest;
        assert!(error < 1e-8 || largest == 0.0, "{index}: {forward} forwards, {backward} backwards, at {x:?}");
    }
}
