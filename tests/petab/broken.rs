//! Broken problems: what is said about them is kept beside them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use kexp::diagnostic::Severity;

use super::import;

#[test]
fn broken_problems_give_their_findings() {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir("tests/import/petab").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() >= 18, "only {} problems", paths.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../import/petab");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in paths {
        let (imported, shown) = import(&path);
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(!imported.diagnostics.is_empty(), "{name} has no findings");
        assert_eq!(imported.problem.is_some(), name.starts_with("warning"), "{name}:\n{shown}");
        settings.bind(|| insta::assert_snapshot!(name, shown));
    }
}

/// The sound problem in a folder of its own, with other texts in some of its files.
fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["model.xml", "parameters.tsv", "conditions.tsv", "observables.tsv", "measurements.tsv"] {
        let changed = files.iter().find(|(other, _)| *other == name).map(|(_, text)| (*text).to_owned());
        let text =
            changed.unwrap_or_else(|| std::fs::read_to_string(format!("tests/import/petab/base/{name}")).unwrap());
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let document = "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n- sbml_files: [model.xml]\n  \
                    condition_files: [conditions.tsv]\n  observable_files: [observables.tsv]\n  \
                    measurement_files: [measurements.tsv]\n";
    std::fs::write(folder.path().join("problem.yaml"), document).unwrap();
    folder
}

fn errors(folder: &Path) -> usize {
    let (imported, _) = import(&folder.join("problem.yaml"));
    assert!(imported.problem.is_none());
    imported.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count()
}

#[test]
fn the_sound_problem_has_no_findings() {
    let (imported, shown) = import(&with(&[]).path().join("problem.yaml"));
    assert!(imported.problem.is_some() && shown.is_empty(), "{shown}");
}

#[test]
fn deep_formulas_are_refused() {
    for deep in
        ["(".repeat(100_000) + "A" + &")".repeat(100_000), "-".repeat(100_000) + "A", "A^".repeat(100_000) + "A"]
    {
        let table = format!("observableId\tobservableFormula\tnoiseFormula\nobs_a\t{deep}\t1\nobs_b\tB\t1\n");
        assert!(errors(with(&[("observables.tsv", &table)]).path()) > 0);
    }
}

#[test]
fn a_table_beyond_the_limit_is_refused_without_reading_it_whole() {
    let folder = with(&[]);
    let path = folder.path().join("measurements.tsv");
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1 << 36).unwrap();
    let started = Instant::now();
    assert_eq!(errors(folder.path()), 1);
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn of_very_many_bad_cells_only_some_are_shown() {
    let mut table = String::from("observableId\tsimulationConditionId\ttime\tmeasurement\n");
    table.push_str(&"obs_b\tc7\tx\ty\n".repeat(50_000));
    let folder = with(&[("measurements.tsv", &table)]);
    let started = Instant::now();
    let found = errors(folder.path());
    assert!((20..=22).contains(&found), "{found} findings");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn no_text_makes_the_importer_panic() {
    let names =
        ["parameters.tsv", "conditions.tsv", "observables.tsv", "measurements.tsv", "model.xml", "problem.yaml"];
    let mut state = 7_u64;
    let mut draw = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit.max(1)
    };
    for round in 0..400 {
        let folder = with(&[]);
        let path = folder.path().join(names[round % names.len()]);
        let mut bytes = std::fs::read(&path).unwrap();
        for _ in 0..=draw(4) {
            let at = draw(bytes.len());
            match draw(4) {
                0 => bytes.truncate(at),
                1 => bytes[at] = b"\t\n\"(;,{&*0e\xff"[draw(12)],
                2 => bytes.insert(at, b"\t\n\"(;,-[:!1\xc3"[draw(12)]),
                _ => drop(bytes.remove(at)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        std::fs::write(&path, bytes).unwrap();
        let _ = import(&folder.path().join("problem.yaml"));
    }
}
