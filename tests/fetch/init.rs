//! `kexp init`: experiments on models and problems from elsewhere, which can be planned as they are.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::server::{Answer, Server};

const DECAY: &str = "tests/plan/valid/decay.xml";

/// Runs kexp with a cache of its own and no server but the given one.
fn kexp(place: &Path, server: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kexp"))
        .args(arguments)
        .env("KEXP_CACHE", place.join("cache"))
        .env("KEXP_BIOMODELS_URL", server)
        .env("KEXP_PETAB_URL", server)
        .env("KEXP_FETCH_TIMEOUT", "1")
        .env_remove("KEXP_OFFLINE")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// The experiment is there, formatted, without errors, and shown in its draft.
fn assert_ready(place: &Path, server: &str, folder: &Path) {
    let file = folder.join("mine.kexp");
    let file = file.to_str().unwrap();
    for arguments in [&["check", file][..], &["fmt", "--check", file], &["plan", file, "--profile", "quick"]] {
        let output = kexp(place, server, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    }
    let draft = fs::read_to_string(folder.join("draft.md")).unwrap();
    for marker in ["<!-- kexp:figure training -->", "<!-- kexp:figure fvals -->", "<!-- kexp:table conditions -->"] {
        assert!(draft.contains(marker), "{draft}");
    }
    let left: Vec<_> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".kexp")), "left behind: {left:?}");
}

#[test]
fn a_model_in_sbml() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/mine");
    let name = folder.to_str().unwrap();
    let output = kexp(place.path(), "", &["init", name, "--sbml", DECAY]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("mine.kexp --profile quick"), "{}", said(&output));
    assert_eq!(fs::read(folder.join("models/decay.xml")).unwrap(), fs::read(DECAY).unwrap());
    assert_ready(place.path(), "", &folder);

    let before = fs::read(folder.join("mine.kexp")).unwrap();
    let again = kexp(place.path(), "", &["init", name, "--sbml", DECAY]);
    assert!(!again.status.success() && said(&again).contains("is there already"), "{}", said(&again));
    assert_eq!(fs::read(folder.join("mine.kexp")).unwrap(), before);
}

#[test]
fn a_model_of_biomodels_is_pinned() {
    let model = fs::read(DECAY).unwrap();
    let server = Server::start(move |path, _| match path {
        "/BIOMD0000000099?format=json" => {
            Answer::json("{\"name\":\"A \\\"decay\\\" \\\\ model\",\"format\":{\"name\":\"SBML\"}}")
        }
        "/model/files/BIOMD0000000099?format=json" => Answer::json("{\"main\":[{\"name\":\"decay.xml\"}]}"),
        "/model/download/BIOMD0000000099?filename=decay.xml" => Answer::xml(&model),
        _ => Answer::page(404),
    });
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mine");
    let name = folder.to_str().unwrap();
    let output = kexp(place.path(), &server.url(), &["init", name, "--biomodel", "BIOMD0000000099"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = fs::read_to_string(folder.join("mine.kexp")).unwrap();
    assert!(text.contains("model pathway = biomodel(\"BIOMD0000000099\")"), "{text}");
    assert!(fs::read_to_string(folder.join("kexp.lock")).unwrap().contains("BIOMD0000000099"));
    let asked = server.count();
    assert_ready(place.path(), &server.url(), &folder);
    assert_eq!(server.count(), asked, "the cache is enough");

    for (id, words) in [("BIOMD0000000098", "not found"), ("BIOMD98", "ten digits")] {
        let other = place.path().join("other");
        let output = kexp(place.path(), &server.url(), &["init", other.to_str().unwrap(), "--biomodel", id]);
        assert!(!output.status.success() && said(&output).contains(words), "{}", said(&output));
        assert!(!other.exists());
    }
    let other = place.path().join("other");
    let arguments = ["init", other.to_str().unwrap(), "--biomodel", "BIOMD0000000097", "--offline"];
    let output = kexp(place.path(), &server.url(), &arguments);
    assert!(said(&output).contains("this run is offline"), "{}", said(&output));
}

const PETAB: [(&str, &str); 5] = [
    (
        "decay.yaml",
        "format_version: 1\nparameter_file: p.tsv\nproblems:\n- condition_files: [c.tsv]\n  measurement_files: [m.tsv]\n  \
         observable_files: [o.tsv]\n  sbml_files: [decay.xml]\n",
    ),
    (
        "p.tsv",
        "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\nk_decay\tlog10\t1e-3\t1e3\t0.5\t1\n",
    ),
    ("c.tsv", "conditionId\nc0\n"),
    ("o.tsv", "observableId\tobservableFormula\tnoiseFormula\nobs\tS\t0.1\n"),
    ("m.tsv", "observableId\tsimulationConditionId\tmeasurement\ttime\nobs\tc0\t0.6\t1\nobs\tc0\t0.4\t2\n"),
];

#[test]
fn a_problem_in_petab_with_all_its_files() {
    let place = tempfile::tempdir().unwrap();
    let problem = place.path().join("problem");
    fs::create_dir(&problem).unwrap();
    fs::copy(DECAY, problem.join("decay.xml")).unwrap();
    for (name, text) in PETAB {
        fs::write(problem.join(name), text).unwrap();
    }
    let folder = place.path().join("mine");
    let yaml = problem.join("decay.yaml");
    let output = kexp(place.path(), "", &["init", folder.to_str().unwrap(), "--petab", yaml.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    for (name, text) in PETAB {
        assert_eq!(fs::read_to_string(folder.join("data/decay").join(name)).unwrap(), text);
    }
    assert_ready(place.path(), "", &folder);

    fs::write(&yaml, PETAB[0].1.replace("c.tsv", "../problem/c.tsv")).unwrap();
    let other = place.path().join("other");
    let output = kexp(place.path(), "", &["init", other.to_str().unwrap(), "--petab", yaml.to_str().unwrap()]);
    assert!(said(&output).contains("gather its files in one folder"), "{}", said(&output));
    assert!(!other.exists());
}

#[test]
fn what_cannot_be_read_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let broken = place.path().join("broken.xml");
    fs::write(&broken, &fs::read(DECAY).unwrap()[..400]).unwrap();
    let name = place.path().join("mine");
    let name = name.to_str().unwrap();
    let cases: [&[&str]; 5] = [
        &["init", name, "--sbml", broken.to_str().unwrap()],
        &["init", name, "--sbml", "missing.xml"],
        &["init", name, "--petab", "missing.yaml"],
        &["init", name],
        &["init", name, "--sbml", DECAY, "--biomodel", "BIOMD0000000001"],
    ];
    for arguments in cases {
        let output = kexp(place.path(), "", arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!said(&output).contains("panicked"), "{}", said(&output));
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["broken.xml"], "{arguments:?}: {}", said(&output));
    }
}
