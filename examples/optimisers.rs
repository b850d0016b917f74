//! How many evaluations kexp's global methods need on test functions, for `benches/peers/optimisers.py`: prints
//! `method,function,seed,evaluations`, where the last is `inf` when the target was not reached within the budget.
//!
//! `cargo run --release --example optimisers -- DIMENSIONS SEEDS BUDGET TARGET [METHOD...]`

use kexp::optimise::functions::{Function, TestFunction};
use kexp::optimise::global::{Method, methods};
use kexp::optimise::{Limits, Objective, run};
use kexp::random::Streams;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let mut number = || {
        words
            .next()
            .ok_or("DIMENSIONS SEEDS BUDGET TARGET [METHOD...]")?
            .parse::<f64>()
            .map_err(Box::<dyn std::error::Error>::from)
    };
    let (dimensions, seeds, budget, target) = (number()? as usize, number()? as u64, number()?, number()?);
    let wanted: Vec<String> = words.collect();
    for choice in methods().iter().filter(|choice| wanted.is_empty() || wanted.iter().any(|name| name == choice.name)) {
        let method: Method = serde_json::from_value(serde_json::json!({ choice.name: {} }))?;
        for function in [Function::Rosenbrock, Function::Rastrigin] {
            for seed in 0..seeds {
                let evaluations = evaluations(&method, function, dimensions, seed, budget, target);
                println!("{},{function:?},{seed},{evaluations}", choice.name);
            }
        }
    }
    Ok(())
}

/// Evaluations until the end of the generation that reached the target.
fn evaluations(method: &Method, function: Function, dimensions: usize, seed: u64, budget: f64, target: f64) -> f64 {
    let problem = TestFunction::new(function, dimensions);
    let mut optimiser = method.build(problem.bounds(), &Streams::new(seed, "peers"));
    let mut reached = f64::INFINITY;
    run(optimiser.as_mut(), &problem, Limits { budget: Some(budget), gradient_cost: 1.0 }, &mut |iterate| {
        if iterate.fval <= target {
            reached = reached.min(iterate.work.values as f64);
        }
    });
    reached
}
