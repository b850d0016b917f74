//! The STAT5 dimerisation and transport problem (Boehm et al., J Proteome Res 2014).

use super::parse::expression;
use super::rule;
use kexp::model::network::{Compartment, Network, Parameter, Reaction, Species};
use kexp::model::problem::{
    Estimate, Measurement, Noise, NoiseDistribution, ObjectiveKind, Observable, Problem, ProblemParameter, Scale,
    SolverSettings, Treatment,
};

/// The published optimum.
pub const ESTIMATED: [(&str, f64); 9] = [
    ("Epo_degradation_BaF3", 0.026982514033029),
    ("k_exp_hetero", 1.00067973851508e-5),
    ("k_exp_homo", 0.006170228086381),
    ("k_imp_hetero", 0.0163679184468),
    ("k_imp_homo", 97749.3794024716),
    ("k_phos", 15766.5070195731),
    ("sd_pSTAT5A_rel", 3.85261197844677),
    ("sd_pSTAT5B_rel", 6.59147818673419),
    ("sd_rSTAT5A_rel", 3.15271275648527),
];

const OBSERVABLES: [(&str, &str); 3] = [
    ("pSTAT5A_rel", "(100 * pApB + 200 * pApA * specC17) / (pApB + STAT5A * specC17 + 2 * pApA * specC17)"),
    (
        "pSTAT5B_rel",
        "-(100 * pApB - 200 * pBpB * (specC17 - 1)) / ((STAT5B * (specC17 - 1) - pApB) + 2 * pBpB * (specC17 - 1))",
    ),
    (
        "rSTAT5A_rel",
        "(100 * pApB + 100 * STAT5A * specC17 + 200 * pApA * specC17) \
         / (2 * pApB + STAT5A * specC17 + 2 * pApA * specC17 - STAT5B * (specC17 - 1) - 2 * pBpB * (specC17 - 1))",
    ),
];

pub fn network() -> Network {
    let species =
        |id: &str, compartment: &str, initial: &str| Species::concentration(id, compartment, expression(initial));
    let reaction = |id: usize, reactants: &[(&str, f64)], products: &[(&str, f64)], rate: &str| {
        let side = |side: &[(&str, f64)]| side.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect();
        Reaction {
            id: format!("v{id}"),
            reactants: side(reactants),
            products: side(products),
            computed: Vec::new(),
            reversible: false,
            rate: expression(rate),
        }
    };
    let mut parameters: Vec<Parameter> =
        ESTIMATED[..6].iter().map(|(id, value)| Parameter::constant(id, *value)).collect();
    parameters.push(Parameter::constant("ratio", 0.693));
    parameters.push(Parameter::constant("specC17", 0.107));
    Network {
        id: "stat5".to_owned(),
        compartments: vec![Compartment::constant("cyt", 1.4), Compartment::constant("nuc", 0.45)],
        parameters,
        species: vec![
            species("STAT5A", "cyt", "207.6 * ratio"),
            species("STAT5B", "cyt", "207.6 - 207.6 * ratio"),
            species("pApB", "cyt", "0"),
            species("pApA", "cyt", "0"),
            species("pBpB", "cyt", "0"),
            species("nucpApA", "nuc", "0"),
            species("nucpApB", "nuc", "0"),
            species("nucpBpB", "nuc", "0"),
        ],
        assignments: vec![rule("BaF3_Epo", "1.25e-7 * exp(-1 * Epo_degradation_BaF3 * time)")],
        reactions: vec![
            reaction(1, &[("STAT5A", 2.0)], &[("pApA", 1.0)], "cyt * BaF3_Epo * STAT5A^2 * k_phos"),
            reaction(
                2,
                &[("STAT5A", 1.0), ("STAT5B", 1.0)],
                &[("pApB", 1.0)],
                "cyt * BaF3_Epo * STAT5A * STAT5B * k_phos",
            ),
            reaction(3, &[("STAT5B", 2.0)], &[("pBpB", 1.0)], "cyt * BaF3_Epo * STAT5B^2 * k_phos"),
            reaction(4, &[("pApA", 1.0)], &[("nucpApA", 1.0)], "cyt * k_imp_homo * pApA"),
            reaction(5, &[("pApB", 1.0)], &[("nucpApB", 1.0)], "cyt * k_imp_hetero * pApB"),
            reaction(6, &[("pBpB", 1.0)], &[("nucpBpB", 1.0)], "cyt * k_imp_homo * pBpB"),
            reaction(7, &[("nucpApA", 1.0)], &[("STAT5A", 2.0)], "nuc * k_exp_homo * nucpApA"),
            reaction(8, &[("nucpApB", 1.0)], &[("STAT5A", 1.0), ("STAT5B", 1.0)], "nuc * k_exp_hetero * nucpApB"),
            reaction(9, &[("nucpBpB", 1.0)], &[("STAT5B", 2.0)], "nuc * k_exp_homo * nucpBpB"),
        ],
        ..Network::default()
    }
}

pub fn problem() -> Problem {
    let parameters = ESTIMATED
        .iter()
        .map(|(id, nominal)| ProblemParameter {
            id: (*id).to_owned(),
            nominal: *nominal,
            estimate: Some(Estimate { lower: 1e-5, upper: 1e5, scale: Scale::Log10, prior: None }),
        })
        .collect();
    let observables = OBSERVABLES
        .iter()
        .map(|(id, formula)| Observable {
            id: (*id).to_owned(),
            formula: expression(formula),
            noise: Noise {
                distribution: NoiseDistribution::Normal,
                transformation: Scale::Linear,
                scale: expression(&format!("sd_{id}")),
            },
        })
        .collect();
    Problem {
        id: "stat5_fit".to_owned(),
        network: network(),
        parameters,
        observables,
        treatments: vec![Treatment { id: "default".to_owned(), overrides: Vec::new(), before: None }],
        measurements: measurements(),
        objective: ObjectiveKind::Nllh,
        solver: SolverSettings { rtol: 1e-8, atol: 1e-8, most_steps: 10_000 },
        synthetic: None,
    }
}

fn measurements() -> Vec<Measurement> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/data/stat5.csv");
    let mut reader = csv::Reader::from_path(path).expect("the measured values");
    reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            let observable = OBSERVABLES.iter().position(|(id, _)| *id == &record[0]).expect("an observable");
            Measurement {
                observable,
                treatment: 0,
                time: record[1].parse().expect("a time"),
                value: record[2].parse().expect("a value"),
                observable_overrides: Vec::new(),
                noise_override: None,
            }
        })
        .collect()
}
