//! `kexp simulate`: what is selected stands in the table, under the names that were asked for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

const MODEL: &str = "tests/plan/valid/decay.xml";

fn simulate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kexp"))
        .arg("simulate")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn table(arguments: &[&str]) -> (String, Vec<Vec<f64>>) {
    let output = simulate(arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap().to_owned();
    let rows = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    (header, rows)
}

fn refused(arguments: &[&str]) -> String {
    let output = simulate(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_a_selection_everything_that_can_change_is_shown() {
    let (header, rows) = table(&[MODEL, "--end", "10", "--points", "6", "--set", "k_make=0"]);
    assert_eq!(header, "time,S,T,total");
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
    for row in rows {
        // S decays at a rate of 0.1; its amount in a cell of size 2 becomes T, which is an amount.
        let s = (-0.1 * row[0]).exp();
        assert!((row[1] - s).abs() < 1e-7 && (row[2] - (3.0 + 2.0 * (1.0 - s))).abs() < 1e-6, "{row:?}");
        assert!((row[3] - (row[1] + row[2] / 2.0)).abs() < 1e-12);
    }
}

#[test]
fn a_selection_is_the_header_and_may_be_anything_that_has_a_value() {
    let select = "amount(S), concentration(T),time,make,k_make,cell,2*S + T,rateOf(S),max(S, 0.5)";
    let (header, rows) = table(&[MODEL, "--start", "1", "--end", "2", "--points", "2", "--select", select]);
    assert_eq!(header, "amount(S),concentration(T),time,make,k_make,cell,2*S + T,rateOf(S),\"max(S, 0.5)\"");
    let first = &rows[0];
    // With its source as strong as its decay, S stays at 1, and T grows by its amount.
    let expected = [2.0, 1.6, 1.0, 0.2, 0.05, 2.0, 5.2, 0.0, 1.0];
    for (found, expected) in first.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-7, "{first:?}");
    }
    assert_eq!((rows.len(), rows[1][2]), (2, 2.0));
}

#[test]
fn models_of_experiments_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, svg) = (folder.path().join("out.csv"), folder.path().join("out.svg"));
    let both = ["--output", csv.to_str().unwrap(), "--plot", svg.to_str().unwrap()];
    let output =
        simulate(&[&["tests/plan/valid/imported.kexp:decay", "--end", "5", "--points", "11"][..], &both].concat());
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let text = std::fs::read_to_string(csv).unwrap();
    assert!(text.starts_with("time,S,T,total\n0,3,0.5,"), "{text}");
    let drawn = std::fs::read_to_string(svg).unwrap();
    for words in ["time (h)", "value (nM)", "Decay with a source", "total"] {
        assert!(drawn.contains(words), "{words}");
    }
    // The model of a problem, by the problem's name.
    let (header, _) = table(&["tests/plan/valid/treatments.kexp:fit", "--end", "1"]);
    assert!(header.starts_with("time,A,"), "{header}");
}

#[test]
fn what_cannot_be_simulated_is_said() {
    for (arguments, words) in [
        (&[MODEL, "--end", "1", "--select", "time,Sx"][..], "the model has no `Sx`; did you mean `S`?"),
        (&[MODEL, "--end", "1", "--select", "amount(cell)"], "there is no species `cell`"),
        (&[MODEL, "--end", "1", "--select", "S,,T"], "a column is empty"),
        (&[MODEL, "--end", "1", "--select", "2*k_mak"], "did you mean `k_make`?"),
        (&[MODEL, "--end", "1", "--set", "total=3"], "a rule gives the value of `total`"),
        (&[MODEL, "--end", "1", "--set", "cell=0"], "the size of a compartment is above 0"),
        (&[MODEL, "--end", "1", "--set", "k_decay"], "expected ID=VALUE"),
        (&[MODEL, "--start", "2", "--end", "1"], "`--end` must be above `--start`"),
        (&[MODEL, "--end", "1", "--points", "1"], "both ends included"),
        (&[MODEL, "--end", "1", "--rtol", "0"], "`--rtol` must lie between 0 and 1"),
        (&["tests/plan/valid/none.xml", "--end", "1"], "there is no file"),
        (&["tests/plan/broken/data/unclosed.xml", "--end", "1"], "unclosed.xml:37"),
        (&["tests/plan/valid/imported.kexp:deca", "--end", "1"], "did you mean `decay`?"),
        (&["tests/plan/valid/imported.kexp", "--end", "1"], "which model?"),
    ] {
        let said = refused(arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn times_of_solves_are_printed_and_the_table_goes_where_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("out.csv");
    let timed = ["--end", "10", "--time", "--repeat", "5", "--json", "--rtol", "1e-6", "--atol", "1e-9"];
    let output = simulate(&[&[MODEL][..], &timed, &["--output", csv.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for positive in ["solve_ms", "first_ms", "ready_ms", "steps"] {
        assert!(found[positive].as_f64().unwrap() > 0.0, "{found}");
    }
    assert_eq!((&found["repeat"], &found["failed"], &found["attempt"]), (&5.into(), &0.into(), &1.into()));
    assert_eq!((&found["states"], &found["points"], &found["failure"]), (&2.into(), &51.into(), &().into()));
    assert!(std::fs::read_to_string(csv).unwrap().starts_with("time,S,T,total\n0,"));
    let output = simulate(&[MODEL, "--end", "10", "--time"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("solve ") && text.contains("\nready ") && text.lines().count() == 2, "{text}");
}

#[test]
fn a_solve_that_fails_is_said_beside_its_time() {
    let model = "tests/plan/valid/decay.xml";
    // A decay that runs backwards grows by a factor of e^1000 in the span.
    let output = simulate(&[model, "--end", "10000", "--set", "k_decay=-0.1", "--time", "--repeat", "3", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["failed"], &found["failure"]), (&3.into(), &"blow_up".into()));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the simulation failed"));
    for wrong in [&["--repeat", "3"][..], &["--json"], &["--time", "--repeat", "0"]] {
        let output = simulate(&[&[model, "--end", "1"][..], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}
