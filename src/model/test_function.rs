//! The standard test functions of global optimisation as estimation problems: no state, one measurement of 0 for each
//! residual, and the sum of their squares as objective.

use serde::{Deserialize, Serialize};

use super::expression::{Expression, Function};
use super::network::{Network, Parameter};
use super::problem::{
    Estimate, Measurement, Noise, NoiseDistribution, ObjectiveKind, Observable, Problem, ProblemParameter, Scale,
    SolverSettings, Treatment,
};

/// A function with its minimum of 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestFunction {
    /// A curved valley with its minimum where all coordinates are 1, within -5 and 10 (Rosenbrock 1960).
    Rosenbrock,
    /// About 11 minima along each coordinate, the lowest at 0, within -5.12 and 5.12 (Rastrigin 1974).
    Rastrigin,
    /// A nearly flat outer region around a funnel with its minimum at 0, within -32.768 and 32.768 (Ackley 1987).
    Ackley,
}

impl TestFunction {
    /// The function of so many coordinates `x1`, `x2`, ... (at least one) as a problem whose nominal values are the minimum.
    #[must_use]
    pub fn problem(self, dimensions: usize) -> Problem {
        let (least, most, best) = match self {
            TestFunction::Rosenbrock => (-5.0, 10.0, 1.0),
            TestFunction::Rastrigin => (-5.12, 5.12, 0.0),
            TestFunction::Ackley => (-32.768, 32.768, 0.0),
        };
        let id = |coordinate: usize| format!("x{}", coordinate + 1);
        let estimate = Estimate { lower: least, upper: most, scale: Scale::Linear, prior: None };
        let observables: Vec<Observable> = self
            .residuals(dimensions)
            .into_iter()
            .enumerate()
            .map(|(index, formula)| Observable {
                id: format!("residual{}", index + 1),
                formula,
                noise: Noise {
                    distribution: NoiseDistribution::Normal,
                    transformation: Scale::Linear,
                    scale: number(1.0),
                },
            })
            .collect();
        let zero = |observable| Measurement {
            observable,
            treatment: 0,
            time: 0.0,
            value: 0.0,
            observable_overrides: Vec::new(),
            noise_override: None,
        };
        Problem {
            id: String::new(),
            network: Network {
                parameters: (0..dimensions)
                    .map(|coordinate| Parameter { id: id(coordinate), value: best, ..Parameter::default() })
                    .collect(),
                ..Network::default()
            },
            parameters: (0..dimensions)
                .map(|coordinate| ProblemParameter {
                    id: id(coordinate),
                    nominal: best,
                    estimate: Some(estimate.clone()),
                })
                .collect(),
            measurements: (0..observables.len()).map(zero).collect(),
            observables,
            treatments: vec![Treatment { id: "default".to_owned(), overrides: Vec::new(), before: None }],
            objective: ObjectiveKind::Sse,
            solver: SolverSettings { rtol: 1e-8, atol: 1e-8, most_steps: 10_000 },
            synthetic: None,
        }
    }

    /// What the function is the sum of squares of.
    fn residuals(self, dimensions: usize) -> Vec<Expression> {
        let x = |coordinate: usize| Expression::Symbol(format!("x{}", coordinate + 1));
        let turn = |coordinate: usize, turns: f64| times(number(turns * std::f64::consts::TAU), x(coordinate));
        match self {
            // (1 - x1)^2 alone where there is one coordinate.
            TestFunction::Rosenbrock if dimensions == 1 => vec![minus(number(1.0), x(0))],
            TestFunction::Rosenbrock => (1..dimensions)
                .flat_map(|next| {
                    let square = Expression::Apply(Function::Power, vec![x(next - 1), number(2.0)]);
                    [times(number(10.0), minus(x(next), square)), minus(number(1.0), x(next - 1))]
                })
                .collect(),
            // x^2 + 10 (1 - cos(2 pi x)) = x^2 + 20 sin(pi x)^2
            TestFunction::Rastrigin => (0..dimensions)
                .flat_map(|coordinate| {
                    let wave = Expression::Apply(Function::Sin, vec![turn(coordinate, 0.5)]);
                    [x(coordinate), times(number(20.0_f64.sqrt()), wave)]
                })
                .collect(),
            TestFunction::Ackley => {
                let mean = |each: &dyn Fn(usize) -> Expression| {
                    let sum = Expression::Apply(Function::Add, (0..dimensions).map(each).collect());
                    times(number(1.0 / dimensions as f64), sum)
                };
                let squares = mean(&|coordinate| times(x(coordinate), x(coordinate)));
                let waves = mean(&|coordinate| Expression::Apply(Function::Cos, vec![turn(coordinate, 1.0)]));
                let root = Expression::Apply(Function::Sqrt, vec![squares]);
                let funnel = Expression::Apply(Function::Exp, vec![times(number(-0.2), root)]);
                let ripples = Expression::Apply(Function::Exp, vec![waves]);
                let value = minus(minus(number(20.0 + std::f64::consts::E), times(number(20.0), funnel)), ripples);
                // Rounding must not take it below zero, of which there is no root.
                let value = Expression::Apply(Function::Max, vec![value, number(0.0)]);
                vec![Expression::Apply(Function::Sqrt, vec![value])]
            }
        }
    }
}

fn number(value: f64) -> Expression {
    Expression::Number(value)
}

fn times(one: Expression, other: Expression) -> Expression {
    Expression::Apply(Function::Multiply, vec![one, other])
}

fn minus(one: Expression, other: Expression) -> Expression {
    Expression::Apply(Function::Subtract, vec![one, other])
}
