//! How many evaluations kexp's global methods need on test functions, for `benches/peers/optimisers.py`: prints
//! `method,function,seed,evaluations,lowest`; the evaluations are `inf` when the target was not reached within the budget.
//! The target counts from the function's minimum. Branin's and Hartmann's function have 2 and 6 dimensions, whatever is
//! asked for.
//!
//! `cargo run --release --example optimisers -- DIMENSIONS SEEDS BUDGET TARGET [METHOD...] [FUNCTION...]`

use std::f64::consts::PI;

use kexp::optimise::functions::{Function, TestFunction};
use kexp::optimise::global::{Method, methods};
use kexp::optimise::{Bounds, GradientAnswer, Limits, Objective, run};
use kexp::random::Streams;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let mut number = || {
        words
            .next()
            .ok_or("DIMENSIONS SEEDS BUDGET TARGET [METHOD...] [FUNCTION...]")?
            .parse::<f64>()
            .map_err(Box::<dyn std::error::Error>::from)
    };
    let (dimensions, seeds, budget, target) = (number()? as usize, number()? as u64, number()?, number()?);
    let words: Vec<String> = words.collect();
    let says = |name: &str| words.iter().any(|word| word == name);
    let all = methods();
    let no_method = !all.iter().any(|choice| says(choice.name));
    for choice in all.iter().filter(|choice| no_method || says(choice.name)) {
        let method: Method = serde_json::from_value(serde_json::json!({ choice.name: {} }))?;
        let (mut functions, others) = functions(dimensions).into_iter().partition::<Vec<_>, _>(|(name, _)| says(name));
        if functions.is_empty() {
            functions = others.into_iter().filter(|(name, _)| ["Rosenbrock", "Rastrigin"].contains(name)).collect();
        }
        for (name, function) in functions {
            for seed in 0..seeds {
                let (evaluations, lowest) = evaluations(&method, function.as_ref(), seed, budget, target);
                println!("{},{name},{seed},{evaluations},{lowest}", choice.name);
            }
        }
    }
    Ok(())
}

fn functions(dimensions: usize) -> Vec<(&'static str, Box<dyn Objective>)> {
    let usual = |function| Box::new(TestFunction::new(function, dimensions)) as Box<dyn Objective>;
    vec![
        ("Sphere", usual(Function::Sphere)),
        ("Rosenbrock", usual(Function::Rosenbrock)),
        ("Rastrigin", usual(Function::Rastrigin)),
        ("Ackley", usual(Function::Ackley)),
        ("Branin", Box::new(Values::new(vec![-5.0, 0.0], vec![10.0, 15.0], branin))),
        ("Hartmann", Box::new(Values::new(vec![0.0; 6], vec![1.0; 6], hartmann))),
    ]
}

/// Evaluations until the end of the generation that reached the target, and the lowest fval.
fn evaluations(method: &Method, problem: &dyn Objective, seed: u64, budget: f64, target: f64) -> (f64, f64) {
    let mut optimiser = method.build(problem.bounds(), &Streams::new(seed, "peers"));
    let mut reached = f64::INFINITY;
    let limits = Limits { budget: Some(budget), gradient_cost: 1.0 };
    let outcome = run(optimiser.as_mut(), problem, limits, &mut |iterate| {
        if iterate.fval <= target {
            reached = reached.min(iterate.work.values as f64);
        }
    });
    (reached, outcome.best.map_or(f64::INFINITY, |(_, fval)| fval))
}

/// A function without derivatives.
struct Values {
    bounds: Bounds,
    function: fn(&[f64]) -> f64,
}

impl Values {
    fn new(lower: Vec<f64>, upper: Vec<f64>, function: fn(&[f64]) -> f64) -> Self {
        Self { bounds: Bounds { lower, upper }, function }
    }
}

impl Objective for Values {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn value(&self, x: &[f64]) -> f64 {
        (self.function)(x)
    }

    fn gradient(&self, _: &[f64]) -> Option<GradientAnswer> {
        None
    }
}

/// The function of Branin (1972) over its minimum: three equal ones.
fn branin(x: &[f64]) -> f64 {
    let valley = x[1] - 5.1 / (4.0 * PI * PI) * x[0] * x[0] + 5.0 / PI * x[0] - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x[0].cos() + 10.0 - 0.39788735772973816
}

/// The function of Hartmann (1973) in six dimensions over its minimum.
fn hartmann(x: &[f64]) -> f64 {
    const HEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const WIDTHS: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const CENTRES: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let well = |at: usize| {
        let parts = (0..6).map(|index| WIDTHS[at][index] * (x[index] - CENTRES[at][index]).powi(2));
        HEIGHTS[at] * (-parts.sum::<f64>()).exp()
    };
    3.322368011415515 - (0..4).map(well).sum::<f64>()
}
