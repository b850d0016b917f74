//! The solver against published and analytic values.

mod support;

use kexp::solve::ProblemSolver;
use support::{settings, stat5};

#[test]
fn stat5_has_its_published_likelihood() {
    let solver = ProblemSolver::new(&stat5::problem()).expect("a problem");
    let evaluation = solver.evaluate(&solver.nominal().to_vec());
    assert!((evaluation.nllh - 138.2220).abs() < 1e-3, "{evaluation:?}");
    let tight = solver.with_solver(settings(1e-10)).evaluate(solver.nominal());
    assert!((tight.nllh - 138.2220).abs() < 1e-3, "{tight:?}");
    println!("{evaluation:?} {tight:?}");
    let gradient = solver.gradient(solver.nominal()).expect("a gradient");
    println!("{gradient:?}");
}
