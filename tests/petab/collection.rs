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
                let met = published.map(|expected| (nllh - expected).abs() <= 1e-3);
                meeting += usize::from(met == Some(true));
                let off = if met == Some(false) { ", off" } else { "" };
                lines.push(format!("{name}: {nllh:.5}, published {published:?}{off}"));
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

/// Coordinates that are checked at each point: all of most problems, and so many drawn ones of the largest two.
const COORDINATES: usize = 46;

/// The solver's relative tolerance, and the larger step of the differences. Their noise is taken as the fval times a hundred
/// tolerances over that step: a choice of the solver that a parameter flips moves the solution by some tolerances.
const PRECISION: f64 = 1e-12;
const STEP: f64 = 2e-4;

/// A problem at `points` vectors around the nominal one, each coordinate moved by up to a third of a decade: the
/// gradient against central differences, extrapolated from two steps.
fn gradients(name: &str, points: usize) {
    let Some(folder) = data("petab") else { return };
    let (imported, shown) = import(&folder.join(name).join(format!("{name}.yaml")));
    let problem = imported.problem.unwrap_or_else(|| panic!("{name}: {shown}"));
    let solver = ProblemSolver::new(&problem).unwrap();
    let solver = solver.with_solver(SolverSettings { rtol: PRECISION, ..problem.solver });
    let mut state = 11_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let (mut wrong, mut checked, mut noisy, mut done, mut tried) = (Vec::new(), 0, 0, 0, 0);
    while done < points && tried < 20 * points {
        tried += 1;
        let box_of = solver.lower().iter().zip(solver.upper());
        let x: Vec<f64> = solver
            .nominal()
            .iter()
            .zip(box_of)
            .map(|(&value, (&lower, &upper))| {
                (value + (draw() - 0.5) * 2.0 / 3.0).clamp(lower + 2.0 * STEP, upper - 2.0 * STEP)
            })
            .collect();
        let answer = solver.gradient(&x).unwrap();
        if !answer.evaluation.fval.is_finite() {
            continue;
        }
        done += 1;
        let largest = answer.gradient.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        let share = COORDINATES as f64 / x.len() as f64;
        for (index, &part) in answer.gradient.iter().enumerate() {
            if draw() > share {
                continue;
            }
            let difference = |step: f64| {
                let at = |sign: f64| {
                    let mut moved = x.clone();
                    moved[index] += sign * step;
                    solver.evaluate(&moved).fval
                };
                (at(1.0) - at(-1.0)) / (2.0 * step)
            };
            let (coarse, fine) = (difference(STEP), difference(0.5 * STEP));
            let extrapolated = (4.0 * fine - coarse) / 3.0;
            let allowed = 1e-4 * part.abs().max(1e-4 * largest);
            let noise = 100.0 * PRECISION * answer.evaluation.fval.abs() / STEP + 0.1 * (coarse - fine).abs();
            let off = (part - extrapolated).abs();
            checked += 1;
            noisy += usize::from(off > allowed && off <= allowed + noise);
            if !(off <= allowed + noise) {
                wrong.push(format!("{}: {part} against {extrapolated}", solver.names()[index]));
            }
        }
    }
    println!(
        "{name}: {checked} derivatives at {done} of {tried} points: {} differ, {noisy} are too noisy",
        wrong.len()
    );
    assert_eq!(done, points, "{name} could not be solved at enough points");
    assert!(wrong.is_empty(), "{name}: {} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn gradients_are_those_of_differences() {
    for name in ["Boehm_JProteomeRes2014", "Crauste_CellSystems2017", "Perelson_Science1996"] {
        gradients(name, 1);
    }
}

/// Two tests a problem, so that they run side by side.
macro_rules! gradients {
    ($($test:ident: $name:literal,)*) => {
        mod gradients_at_one_point {
            $(
                #[test]
                fn $test() {
                    super::gradients($name, 1);
                }
            )*
        }

        mod gradients_at_five_points {
            $(
                #[test]
                #[ignore = "one point runs always; five take minutes: cargo test --release --test petab -- --ignored"]
                fn $test() {
                    super::gradients($name, 5);
                }
            )*
        }
    };
}

gradients! {
    bachmann: "Bachmann_MSB2011",
    boehm: "Boehm_JProteomeRes2014",
    borghans: "Borghans_BiophysChem1997",
    brannmark: "Brannmark_JBC2010",
    bruno: "Bruno_JExpBot2016",
    crauste: "Crauste_CellSystems2017",
    elowitz: "Elowitz_Nature2000",
    fiedler: "Fiedler_BMCSystBiol2016",
    fujita: "Fujita_SciSignal2010",
    lucarelli: "Lucarelli_CellSystems2018",
    perelson: "Perelson_Science1996",
    rahman: "Rahman_MBS2016",
    raia: "Raia_CancerResearch2011",
    sneyd: "Sneyd_PNAS2002",
    weber: "Weber_BMC2015",
    zheng: "Zheng_PNAS2012",
}
