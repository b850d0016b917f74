//! `kexp objective` and `kexp fit` on problems of tables.

use std::path::Path;
use std::process::{Command, Output};

use super::column;

const BASE: &str = "tests/petab/base.yaml";

fn kexp(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kexp")).args(arguments).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_objective_prints_its_parts_and_writes_simulations() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("simulations.tsv");
    let value = json(&kexp(&["objective", BASE, "--gradient", "--json", "--simulations", out.to_str().unwrap()]));
    assert_eq!(value["measurements"], 3);
    assert_eq!(value["prior"], 0.0);
    assert!(value["time_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(value["gradient"].as_object().unwrap().keys().collect::<Vec<_>>(), ["k1", "k2", "sd_a"]);
    let written = std::fs::read_to_string(&out).unwrap();
    assert_eq!(
        written.lines().next().unwrap(),
        "observableId\tsimulationConditionId\ttime\tsimulation\tobservableParameters\tnoiseParameters"
    );
    assert_eq!(column(&written, "observableId"), ["obs_a", "obs_a", "obs_b"]);
    let first: f64 = column(&written, "simulation")[0].parse().unwrap();
    assert!((first - 2.0).abs() < 1e-9);
}

#[test]
fn values_come_from_a_table_or_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("values.tsv");
    std::fs::write(&table, "parameterId\tnominalValue\nk1\t0.5\nscale_a\t1.5\na0\t2\n").unwrap();
    let table = table.to_str().unwrap();
    let by_table = json(&kexp(&["objective", BASE, "--json", "--parameters", table]));
    let by_one =
        json(&kexp(&["objective", BASE, "--json", "--set", "k1=0.5", "--set", "scale_a=1.5", "--set", "a0=2"]));
    assert_eq!(by_table["nllh"], by_one["nllh"]);
    assert_ne!(by_table["nllh"], json(&kexp(&["objective", BASE, "--json"]))["nllh"]);

    std::fs::write(table, "parameterId\tnominalValue\nk1\t-1\nkk\t1\n").unwrap();
    let failed = kexp(&["objective", BASE, "--parameters", table]);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1));
    assert!(said.contains("must be above zero") && said.contains("no parameter `kk`"), "{said}");
}

#[test]
fn broken_problems_are_told_with_their_places() {
    let failed = kexp(&["objective", "tests/import/petab/bad_measurements.yaml"]);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1));
    assert!(said.contains("measurements.tsv:4:18"), "{said}");
}

#[test]
fn a_fit_finds_the_minimum_and_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (out, plot) = (folder.path().join("estimate.tsv"), folder.path().join("waterfall.svg"));
    let arguments = ["fit", BASE, "--starts", "6", "--seed", "3", "--set", "sd_a=0.4"];
    let files = ["--parameters-out", out.to_str().unwrap(), "--plot", plot.to_str().unwrap()];
    let text = kexp(&[&arguments[..], &files[..]].concat());
    assert!(text.status.success(), "{}", String::from_utf8_lossy(&text.stderr));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("6 starts:") && text.contains("distinct ends"), "{text}");
    assert!(std::fs::read_to_string(plot).unwrap().starts_with("<svg"));

    let estimate = std::fs::read_to_string(&out).unwrap();
    let original = std::fs::read_to_string("tests/import/petab/base/parameters.tsv").unwrap();
    for name in ["parameterId", "parameterScale", "lowerBound", "upperBound", "estimate"] {
        assert_eq!(column(&estimate, name), column(&original, name));
    }
    assert_eq!(column(&estimate, "nominalValue")[3], column(&original, "nominalValue")[3]);
    let fit = json(&kexp(&[&arguments[..], &["--json"]].concat()));
    let again = json(&kexp(&["objective", BASE, "--json", "--parameters", out.to_str().unwrap()]));
    let (end, again) = (fit["fval"].as_f64().unwrap(), again["fval"].as_f64().unwrap());
    assert!((end - again).abs() < 1e-9, "{end} and {again}");
    let one = json(&kexp(&[&arguments[..], &["--json", "--jobs", "1"]].concat()));
    assert_eq!(one, fit, "results do not depend on the number of threads");
}

#[test]
fn a_fit_starts_where_a_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("starts.csv");
    let fit = |text: &str| {
        std::fs::write(&path, text).unwrap();
        kexp(&["fit", BASE, "--from", path.to_str().unwrap(), "--json"])
    };
    let fit_of = |text: &str| json(&fit(text));
    let linear = fit_of("k1,k2,sd_a\n0.1,10,1\n100,1,0.5\n");
    let scaled = fit_of("parameter.k2,parameter.k1,sd_a\n1,-1,1\n0,2,0.5\n");
    assert_eq!(linear, scaled);
    assert_eq!(linear["starts"], 2);
    let first = json(&kexp(&["objective", BASE, "--json", "--set", "k1=0.1", "--set", "k2=10", "--set", "sd_a=1"]));
    let starts = linear["ends"].as_array().unwrap();
    let of_first = starts.iter().find(|end| end["start"] == 1).unwrap();
    assert!((of_first["fval_start"].as_f64().unwrap() - first["fval"].as_f64().unwrap()).abs() < 1e-9);

    for (text, said) in [
        ("k1,k2\n1e9,1\n", "outside of its bounds"),
        ("k1,k9\n1,1\n", "no estimated parameter `k9`"),
        ("k1,parameter.k1\n1,1\n", "are one parameter"),
        ("k1,k2\n-1,1\n", "outside of its bounds"),
        ("k1,k2\n", "no vectors"),
    ] {
        let failed = fit(text);
        let stderr = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert!(!failed.status.success() && stderr.contains(said), "{text}: {stderr}");
    }
}

#[test]
fn problems_of_experiments_write_tables_too() {
    if !Path::new("experiments/paper.kexp").is_file() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("simulations.tsv");
    let value = json(&kexp(&[
        "objective",
        "experiments/paper.kexp:stat5_fit",
        "--json",
        "--simulations",
        out.to_str().unwrap(),
    ]));
    let written = std::fs::read_to_string(&out).unwrap();
    assert_eq!(column(&written, "simulation").len() as u64, value["measurements"].as_u64().unwrap());
}
