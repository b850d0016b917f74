//! `kexp ensemble`: vectors in, counts and a table out, the same on any number of threads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use kexp::solve::ensemble::in_blocks;
use kexp::table::Table;

const MODEL: &str = "tests/plan/valid/decay.xml";
const PROBLEM: &str = "tests/plan/valid/treatments.kexp:fit";

fn kexp(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kexp")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

fn counts(arguments: &[&str]) -> serde_json::Value {
    let output = kexp(&[&["ensemble"][..], arguments, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = kexp(&[&["ensemble"][..], arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A file of this text in a folder that lives as long as the first part.
fn file(text: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors.csv");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_model_takes_parameters_sizes_and_initial_values_with_the_meaning_of_set() {
    let vectors = [[0.1, 2.0, 3.0], [0.2, 1.0, 0.5], [0.05, 4.0, 10.0]];
    let mut text = "k_decay,cell,S\r\n".to_owned();
    for [k, cell, s] in vectors {
        write!(text, "{k}, {cell},\"{s}\"\r\n\r\n").unwrap();
    }
    let (folder, path) = file(text.as_bytes());
    let out = folder.path().join("out.parquet");
    let out = out.to_str().unwrap();
    let arguments = [MODEL, "--vectors", &path, "--end", "8", "--points", "5", "--output", out];
    let found = counts(&arguments);
    assert_eq!((&found["vectors"], &found["failed"]), (&3.into(), &0.into()));
    assert!(found["solves_per_s"].as_f64().unwrap() > 0.0 && found["ready_ms"].as_f64().unwrap() > 0.0);
    let table = Table::read_parquet(Path::new(out)).unwrap();
    assert_eq!(table.names().collect::<Vec<_>>(), ["vector", "failure", "attempt", "steps", "time", "S", "T", "total"]);
    assert_eq!(table.integers("vector").unwrap(), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    for (index, [k, cell, s]) in vectors.into_iter().enumerate() {
        let set = [format!("k_decay={k}"), format!("cell={cell}"), format!("S={s}")];
        let alone = kexp(&[
            "simulate", MODEL, "--end", "8", "--points", "5", "--set", &set[0], "--set", &set[1], "--set", &set[2],
        ]);
        let alone = String::from_utf8(alone.stdout).unwrap();
        for (point, line) in alone.lines().skip(1).enumerate() {
            let expected: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            for (name, expected) in ["time", "S", "T", "total"].into_iter().zip(expected) {
                let found = table.numbers(name).unwrap()[5 * index + point];
                assert!((found - expected).abs() <= 1e-6 * expected.abs() + 1e-9, "{name}: {found} {expected}");
            }
        }
    }
}

#[test]
fn a_failed_vector_is_a_row_and_a_cause() {
    let (folder, path) = file(b"k_decay,cell\n0.1,1\n-1,1\nnan,1\n0.1,0\n0.2,1\n");
    let out = folder.path().join("out.parquet");
    let out = out.to_str().unwrap();
    let select = ["--select", "S,2*T"];
    let arguments = [MODEL, "--vectors", &path, "--end", "1000", "--points", "2", "--output", out];
    let found = counts(&[&arguments[..], &select].concat());
    assert_eq!(found["failed"], 3, "{found}");
    assert_eq!(
        (&found["failed_by_cause"]["invalid_input"], &found["failed_by_cause"]["blow_up"]),
        (&2.into(), &1.into())
    );
    let table = Table::read_parquet(Path::new(out)).unwrap();
    assert_eq!(table.integers("vector").unwrap(), [0, 0, 1, 2, 3, 4, 4]);
    let causes = ["", "", "blow_up", "invalid_input", "invalid_input", "", ""];
    assert_eq!(table.texts("failure").unwrap(), causes);
    assert_eq!(table.integers("attempt").unwrap(), [1, 1, 0, 0, 0, 1, 1]);
    for (row, cause) in causes.iter().enumerate() {
        for name in ["time", "S", "2*T"] {
            assert_eq!(table.numbers(name).unwrap()[row].is_nan(), !cause.is_empty());
        }
    }
    let text = kexp(&["ensemble", MODEL, "--vectors", &path, "--end", "1000"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with("5 vectors on ") && text.contains("  blow_up  1 (20.00 %)"), "{text}");
}

#[test]
fn results_are_in_the_order_of_the_vectors_on_any_number_of_threads() {
    let mut text = "k_decay,k_make\n".to_owned();
    for index in 0..20_000 {
        let _ = writeln!(text, "{},{}", 0.01 + 1e-4 * f64::from(index % 97), 1e-3 * f64::from(index % 31));
    }
    let (folder, path) = file(text.as_bytes());
    let tables: Vec<Vec<u8>> = ["1", "2", "3"]
        .into_iter()
        .map(|threads| {
            let out = folder.path().join(format!("{threads}.parquet"));
            let arguments = ["--vectors", &path, "--end", "5", "--points", "2", "--rtol", "1e-4", "--atol", "1e-6"];
            let rest = ["--threads", threads, "--output", out.to_str().unwrap()];
            let found = counts(&[&[MODEL][..], &arguments, &rest].concat());
            assert_eq!((&found["vectors"], &found["failed"]), (&20_000.into(), &0.into()));
            std::fs::read(out).unwrap()
        })
        .collect();
    assert!(tables[0] == tables[1] && tables[1] == tables[2]);
    let table = Table::read_parquet(&folder.path().join("1.parquet")).unwrap();
    let expected: Vec<i64> = (0..40_000).map(|row| row / 2).collect();
    assert_eq!(table.integers("vector").unwrap(), expected);
}

#[test]
fn a_problem_takes_either_scale_and_draws_within_its_bounds() {
    let found = counts(&[PROBLEM, "--vectors", "40", "--threads", "2"]);
    assert_eq!(found["vectors"], 40);
    let nominal = kexp(&["objective", PROBLEM, "--json", "--gradient"]);
    let nominal: serde_json::Value = serde_json::from_slice(&nominal.stdout).unwrap();
    let names: Vec<&String> = nominal["gradient"].as_object().unwrap().keys().collect();
    let name = names[0];
    let set = format!("{name}=0.3");
    let one = kexp(&["objective", PROBLEM, "--json", "--set", &set]);
    let one: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    for header in [name.clone(), format!("parameter.{name}")] {
        let (folder, path) = file(format!("{header}\n0.3\n-0.5228787452803376\n").as_bytes());
        let out = folder.path().join("out.parquet");
        counts(&[PROBLEM, "--vectors", &path, "--output", out.to_str().unwrap()]);
        let table = Table::read_parquet(&out).unwrap();
        let row = usize::from(header.starts_with("parameter."));
        let found = table.numbers("fval").unwrap()[row];
        let expected = one["fval"].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-6 * expected.abs(), "{header}: {found} {expected}");
    }
    let (_folder, path) = file(format!("{name},parameter.{name}\n1,1\n").as_bytes());
    assert!(refused(&[PROBLEM, "--vectors", &path]).contains("are one parameter"));
}

#[test]
fn wrong_vectors_are_said_with_their_place() {
    let long = [b"k_decay\n".to_vec(), vec![b'1'; 17 << 20]].concat();
    for (text, words) in [
        (
            &b"k_decay,k_mak\n1,2\n"[..],
            &["no parameter, compartment or species `k_mak`", "k_make", "vectors.csv:1:9"][..],
        ),
        (b"k_decay,total\n1,2\n", &["a rule gives the value of `total`", "vectors.csv:1:9"]),
        (b"k_decay,S,k_decay\n1,2,3\n", &["two columns `k_decay`", "vectors.csv:1:11"]),
        (b"k_decay,\n1,2\n", &["column 2 has no name"]),
        (b"k_decay,S\n1,2\n3,x4\n", &["column 2: `x4` is no number", "vectors.csv:3:3"]),
        (b"k_decay,S\n1,2\n3, \n", &["column 2 has no value", "vectors.csv:3:4"]),
        (b"k_decay,S\n1,2\n\n3\n", &["1 values where the header has 2 names", "vectors.csv:4:1"]),
        (b"k_decay,S\n1,2,3\n", &["3 values where the header has 2 names", "vectors.csv:2:5"]),
        (b"k_decay\n\xff\n", &["line 2 is not UTF-8", "vectors.csv:2:1"]),
        (&long, &["line 2 is longer than 16 MiB", "vectors.csv:2:1"]),
        (b"", &["is empty"]),
        (b"\n\n", &["is empty"]),
        (b"k_decay\n", &["no vectors"]),
    ] {
        let (_folder, path) = file(text);
        let said = refused(&[MODEL, "--vectors", &path, "--end", "1"]);
        for words in words {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
    for (arguments, words) in [
        (&[MODEL, "--vectors", "none.csv", "--end", "1"][..], "none.csv"),
        (&[MODEL, "--vectors", "10", "--end", "1"], "no bounds to draw vectors from"),
        (&[MODEL, "--vectors", "10"], "say with `--end T`"),
        (&[PROBLEM, "--vectors", "none.csv"], "none.csv"),
        (&[PROBLEM, "--rtol", "2"], "`--rtol` must lie"),
    ] {
        assert!(refused(arguments).contains(words), "{words}");
    }
    let (folder, path) = file(b"k_decay\n1\n");
    let out = folder.path().join("none").join("out.parquet");
    let said = refused(&[MODEL, "--vectors", &path, "--end", "1", "--output", out.to_str().unwrap()]);
    assert!(said.contains("out.parquet"), "{said}");
    for select in ["S,S", "S,steps"] {
        refused(&[MODEL, "--vectors", &path, "--end", "1", "--select", select]);
    }
}

/// Counts how many of it there are, and the most that there were at a time.
struct Counted<'a>([&'a AtomicUsize; 2]);

impl<'a> Counted<'a> {
    fn new([now, most]: [&'a AtomicUsize; 2]) -> Self {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self([now, most])
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn memory_holds_three_blocks_however_many_vectors_there_are() {
    const BLOCK: usize = 16;
    for blocks in [4, 400] {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let counts = [&now, &most];
        let (mut read, mut written) = (0, 0);
        let next = || {
            read += 1;
            let size = if read > blocks { 0 } else { BLOCK };
            Ok::<_, ()>((0..size).map(|_| Counted::new(counts)).collect::<Vec<_>>())
        };
        let write = |results: Vec<Counted>| {
            written += results.len();
            Ok(())
        };
        in_blocks(next, || (), |(): &mut (), _: &Counted| Counted::new(counts), write).unwrap();
        assert_eq!((written, now.load(Ordering::SeqCst)), (blocks * BLOCK, 0));
        assert!((BLOCK..=3 * BLOCK).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }
}
