//! The `PEtab` test suite, version 1: likelihood, chi2 and simulations of each case within its own tolerances.

use std::path::Path;

use kexp::solve::ProblemSolver;
use serde::Deserialize;

use super::{column, data, import};

/// Cases that pass. It can only rise.
const PASSING: usize = 20;

#[derive(Deserialize)]
struct Solution {
    llh: f64,
    chi2: f64,
    tol_llh: f64,
    tol_chi2: f64,
    tol_simulations: f64,
    simulation_files: Vec<String>,
}

#[test]
fn the_cases_of_the_suite_pass() {
    let Some(folder) = data("petab-suite/v1.0.0/sbml") else { return };
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(!cases.is_empty());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.file_name()?.display(), check(case).err()?)))
        .collect();
    let passing = cases.len() - wrong.len();
    println!("{passing} of {} cases pass\n{}", cases.len(), wrong.join("\n"));
    assert!(passing >= PASSING, "{passing} of {} cases pass:\n{}", cases.len(), wrong.join("\n"));
}

fn check(case: &Path) -> Result<(), String> {
    let name = case.file_name().unwrap().to_str().unwrap();
    let solution = std::fs::read_to_string(case.join(format!("_{name}_solution.yaml"))).unwrap();
    let solution: Solution = serde_saphyr::from_str(&solution).unwrap();
    let (imported, shown) = import(&case.join(format!("_{name}.yaml")));
    let problem = imported.problem.ok_or(shown)?;
    let solver = ProblemSolver::new(&problem).map_err(|error| error.to_string())?;
    let evaluation = solver.evaluate(solver.nominal());
    let near = |what: &str, found: f64, expected: f64, tolerance: f64| {
        let off = (found - expected).abs();
        if off <= tolerance { Ok(()) } else { Err(format!("{what} {found} instead of {expected}")) }
    };
    near("llh", -evaluation.nllh, solution.llh, solution.tol_llh)?;
    near("chi2", evaluation.chi2, solution.chi2, solution.tol_chi2)?;
    let simulated = solver.observables(solver.nominal()).ok_or("no simulation")?;
    let expected: Vec<f64> = solution
        .simulation_files
        .iter()
        .flat_map(|file| column(&std::fs::read_to_string(case.join(file)).unwrap(), "simulation"))
        .map(|text| text.parse().unwrap())
        .collect();
    if simulated.len() != expected.len() {
        return Err(format!("{} simulations instead of {}", simulated.len(), expected.len()));
    }
    for (index, (found, expected)) in simulated.iter().zip(&expected).enumerate() {
        near(&format!("simulation {}", index + 1), *found, *expected, solution.tol_simulations)?;
    }
    Ok(())
}
