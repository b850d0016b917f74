//! Problems of the public benchmark collection: published likelihoods at the nominal parameters, and gradients.

use kexp::model::problem::SolverSettings;
use kexp::solve::ProblemSolver;

use super::{data, import};

/// Negative log-likelihoods (without priors) at the nominal parameters, as the tests of AMICI and `PEtab.jl` state them.
const PUBLISHED: [(&str, f64); 13] = [
    ("Bachmann_MSB2011", -418.406),
    ("Boehm_JProteomeRes2014", 138.2220),
    ("Borghans_BiophysChem1997", -83.324),
    ("Brannmark_JBC2010", 141.8891),
    ("Bruno_JExpBot2016", -46.6882),
    ("Crauste_CellSystems2017", 190.9652),
    ("Elowitz_Nature2000", -63.203),
    ("Fiedler_BMCSystBiol2016", -58.5839),
    ("Fujita_SciSignal2010", -53.084),
    ("Lucarelli_CellSystems2018", 1681.606),
    ("Sneyd_PNAS2002", -319.792),
    ("Weber_BMC2015", 296.202),
    ("Zheng_PNAS2012", -278.334),
];

/// Problems that evaluate, and those of the published values that are met. They can only rise.
const EVALUATING: usize = 16;
const MEETING: usize = 13;

#[test]
fn nominal_likelihoods_are_the_published_ones() {
    let Some(folder) = data("petab") else { return };
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| folder.join(name).join(format!("{name}.yaml")).is_file())
        .collect();
    names.sort();
    let (mut evaluating, mut meeting, mut lines) = (0, 0, Vec::new());
    for name in &names {
        let published = PUBLISHED.iter().find(|(other, _)| other == name).map(|(_, nllh)| *nllh);
        match nominal(&folder.join(name).join(format!("{name}.yaml"))) {
            Ok(nllh) => {
                evaluating += 1;
                let met = published.is_some_and(|expected| (nllh - expected).abs() <= 1e-3);
                meeting += usize::from(met);
                lines.push(format!("{name}: {nllh:.5}, published {published:?}{}", if met { "" } else { " (off)" }));
            }
            Err(reason) => lines.push(format!("{name}: {reason}")),
        }
    }
    println!("{}", lines.join("\n"));
    assert!(evaluating >= EVALUATING && meeting >= MEETING, "{evaluating}, {meeting}:\n{}", lines.join("\n"));
}

fn nominal(path: &std::path::Path) -> Result<f64, String> {
    let (imported, shown) = import(path);
    let problem = imported.problem.ok_or(shown)?;
    let solver = ProblemSolver::new(&problem).map_err(|error| error.to_string())?;
    let evaluation = solver.evaluate(solver.nominal());
    if evaluation.nllh.is_finite() { Ok(evaluation.nllh) } else { Err(evaluation.cause().to_owned()) }
}

/// Every problem at `points` vectors around the nominal one, each coordinate moved by up to a third of a decade.
fn gradients(names: &[&str], points: usize) {
    let Some(folder) = data("petab") else { return };
    let mut wrong = Vec::new();
    for name in names {
        let (imported, shown) = import(&folder.join(name).join(format!("{name}.yaml")));
        let problem = imported.problem.unwrap_or_else(|| panic!("{name}: {shown}"));
        let solver = ProblemSolver::new(&problem).unwrap();
        let tight = SolverSettings { rtol: 1e-11, atol: 1e-14, ..problem.solver };
        let (solver, plain) = (solver.with_solver(SolverSettings { rtol: 1e-9, ..tight }), solver.with_solver(tight));
        let (mut state, mut done, mut tried) = (11_u64, 0, 0);
        while done < points && tried < 20 * points {
            tried += 1;
            let x: Vec<f64> = plain
                .nominal()
                .iter()
                .zip(plain.lower().iter().zip(plain.upper()))
                .map(|(&value, (&lower, &upper))| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let move_by = ((state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5) * 2.0 / 3.0;
                    (value + move_by).clamp(lower, upper)
                })
                .collect();
            let answer = solver.gradient(&x).unwrap();
            if !answer.evaluation.fval.is_finite() {
                continue;
            }
            done += 1;
            let largest = answer.gradient.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
            for (index, &part) in answer.gradient.iter().enumerate() {
                let difference = |step: f64| {
                    let at = |sign: f64| {
                        let mut moved = x.clone();
                        moved[index] += sign * step;
                        plain.evaluate(&moved).fval
                    };
                    (at(1.0) - at(-1.0)) / (2.0 * step)
                };
                let (coarse, fine) = (difference(2e-4), difference(1e-4));
                let extrapolated = (4.0 * fine - coarse) / 3.0;
                // Parts that are far below the largest one drown in the noise of the differences.
                let scale = part.abs().max(1e-4 * largest).max(1e-6);
                let own = (coarse - fine).abs();
                if !((part - extrapolated).abs() <= 1e-4 * scale + own) {
                    wrong.push(format!("{name} {}: {part} against {extrapolated}", solver.names()[index]));
                }
            }
        }
        println!("{name}: {done} points of {tried}");
        assert_eq!(done, points, "{name} could not be solved at enough points");
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn gradients_are_those_of_differences() {
    gradients(&["Boehm_JProteomeRes2014", "Crauste_CellSystems2017", "Perelson_Science1996"], 1);
}

#[test]
#[ignore = "takes minutes; the check of all problems at five points each"]
fn gradients_of_all_problems_are_those_of_differences() {
    let others = ["Perelson_Science1996", "Rahman_MBS2016", "Raia_CancerResearch2011"];
    let names: Vec<&str> = PUBLISHED.iter().map(|(name, _)| *name).chain(others).collect();
    gradients(&names, 5);
}
