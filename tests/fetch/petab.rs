//! Problems of the `PEtab` collection: all files of one commit in one folder.

use kexp::fetch::{Cause, FetchError, petab_collection};

use crate::server::{Answer, Server};
use crate::support::{Place, files_below, place, small_sbml};

const NAME: &str = "Small_Journal2020";

const YAML: &str = "\
format_version: 1
parameter_file: parameters.tsv
problems:
- condition_files: [conditions.tsv]
  measurement_files: [measurements.tsv, more.tsv]
  observable_files:
  - observables.tsv
  sbml_files: [model.xml]
";

fn file(name: &str) -> Option<Vec<u8>> {
    match name {
        "Small_Journal2020.yaml" => Some(YAML.as_bytes().to_vec()),
        "model.xml" => Some(small_sbml("model")),
        name if name.ends_with(".tsv") => Some(format!("parameterId\tof\n{name}\t1\n").into_bytes()),
        _ => None,
    }
}

/// Serves the collection below a folder.
fn collection(below: &'static str) -> Server {
    Server::start(move |path, _| {
        let name = path.strip_prefix(below).and_then(|path| path.strip_prefix("/Small_Journal2020/"));
        name.and_then(file).map_or_else(|| Answer::page(404), |body| Answer::xml(&body))
    })
}

fn pinned_place(server: &Server) -> Place {
    let mut place = place(server);
    "c0ffee".clone_into(&mut place.options.petab_commit);
    place
}

#[test]
fn a_problem_comes_with_all_its_files_at_one_commit() {
    let server = collection("/c0ffee/Benchmark-Models");
    let mut place = pinned_place(&server);
    let fetched = petab_collection(NAME, &place.lock, &place.options).unwrap();
    assert!(fetched.path().ends_with("Small_Journal2020.yaml"));
    assert_eq!(fetched.text().unwrap(), YAML);
    assert_eq!(server.count(), 7);
    for name in ["conditions.tsv", "measurements.tsv", "more.tsv", "observables.tsv", "parameters.tsv", "model.xml"] {
        assert_eq!(std::fs::read(fetched.folder.join(name)).unwrap(), file(name).unwrap());
        assert_eq!(fetched.contents.get(name), file(name).as_ref());
    }
    assert!(place.lock_text().contains("version: \"c0ffee\""));

    // Another commit is set: what is pinned stays, what is new takes it.
    place.options.petab_commit = "decaf".to_owned();
    assert!(!petab_collection(NAME, &place.lock, &place.options).unwrap().downloaded);
    place.without_cache();
    assert_eq!(petab_collection(NAME, &place.lock, &place.options).unwrap().source.version, "c0ffee");
    std::fs::remove_file(place.lock.path().unwrap()).unwrap();
    let error = petab_collection(NAME, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Status { status: 404, .. }), "{error}");
    place.options.offline = true;
    place.options.petab_commit = "c0ffee".to_owned();
    assert!(!petab_collection(NAME, &place.lock, &place.options).unwrap().downloaded);
}

#[test]
fn a_damaged_table_is_fetched_again_and_the_lock_holds() {
    let server = collection("/c0ffee/Benchmark-Models");
    let place = pinned_place(&server);
    let first = petab_collection(NAME, &place.lock, &place.options).unwrap();
    std::fs::write(first.folder.join("more.tsv"), "x").unwrap();
    let again = petab_collection(NAME, &place.lock, &place.options).unwrap();
    assert!(again.downloaded && again.notices.len() == 1, "{:?}", again.notices);
    assert_eq!(again.contents, first.contents);
    assert_eq!(again.source, first.source);
}

#[test]
fn a_mirror_may_leave_out_the_commit() {
    for below in ["/Benchmark-Models", ""] {
        let server = collection(below);
        let place = pinned_place(&server);
        assert_eq!(petab_collection(NAME, &place.lock, &place.options).unwrap().contents.len(), 7, "{below}");
    }
}

/// The error for a problem with another YAML file.
fn refused(yaml: &'static str) -> FetchError {
    let server = Server::start(move |path, _| match path.ends_with(".yaml") {
        true => Answer::Whole { status: 200, kind: "text/plain", body: yaml.as_bytes().to_vec() },
        false => Answer::Whole { status: 200, kind: "text/plain", body: b"a\tb\n".to_vec() },
    });
    let place = place(&server);
    let error = petab_collection(NAME, &place.lock, &place.options).unwrap_err();
    place.assert_clean();
    error
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let escapes = [
        "parameter_file: ../../parameters.tsv",
        "parameter_file: /etc/passwd",
        "problems: [{sbml_files: ['..\\\\model.xml']}]",
        "problems: [{measurement_files: [.hidden]}]",
        "model_files: {a: {location: ../model.xml, language: sbml}}",
        "parameter_file: http://elsewhere/a.tsv",
        "parameter_file: entry.ron",
    ];
    for yaml in escapes {
        let error = refused(yaml);
        assert!(matches!(error.cause, Cause::Name { .. }), "{yaml}: {error}");
    }
    for yaml in ["[", "a: 1", "parameter_file: {", "just text"] {
        let error = refused(yaml);
        assert!(matches!(error.cause, Cause::Content { .. }), "{yaml}: {error}");
    }
    let error = refused("problems: [{sbml_files: [model.xml]}]");
    assert!(matches!(error.cause, Cause::Content { .. }), "a table where a model should be: {error}");
}

#[test]
fn names_and_commits_that_are_none_never_reach_the_server() {
    let server = collection("");
    let mut place = place(&server);
    for name in ["", "../x", "a/b", "a b", "Crauste.yaml", "%2e%2e"] {
        let error = petab_collection(name, &place.lock, &place.options).unwrap_err();
        assert!(matches!(error.cause, Cause::Id { .. }), "{name}: {error}");
    }
    for commit in ["", "..", "a/b", "a b", "main?x"] {
        place.options.petab_commit = commit.to_owned();
        let error = petab_collection(NAME, &place.lock, &place.options).unwrap_err();
        assert!(matches!(error.cause, Cause::Id { .. }), "{commit}: {error}");
    }
    assert_eq!(server.count(), 0);
    place.assert_clean();
}

#[test]
fn one_missing_file_leaves_nothing() {
    let server = Server::start(|path, _| match path.rsplit('/').next() {
        Some("more.tsv") | None => Answer::page(404),
        Some(name) => file(name).map_or_else(|| Answer::page(404), |body| Answer::xml(&body)),
    });
    let place = pinned_place(&server);
    let error = petab_collection(NAME, &place.lock, &place.options).unwrap_err();
    assert!(error.to_string().contains("more.tsv"), "{error}");
    place.assert_clean();
    assert!(files_below(place.options.cache.folder()).is_empty());
}
