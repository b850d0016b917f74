//! The way of a model: downloaded once, kept, pinned, and read again without the network.

use kexp::fetch::{Cause, Lock, biomodel};

use crate::server::{Answer, Server};
use crate::support::{FILE, ID, collection, file_list, files_below, information, place, small_sbml, whole};

#[test]
fn a_model_is_downloaded_once_and_pinned() {
    let (server, model) = whole();
    let place = place(&server);
    let fetched = biomodel(ID, &place.lock, &place.options).unwrap();
    assert!(fetched.downloaded);
    assert_eq!(fetched.bytes(), &model[..]);
    assert_eq!(fetched.name(), "Edelstein1996 - EPSP ACh event");
    assert_eq!((fetched.source.version.as_str(), fetched.source.year), ("2", Some(1996)));
    assert_eq!(std::fs::read(fetched.path()).unwrap(), **model);
    assert_eq!(fetched.checksum(), blake3::hash(&model).to_hex().as_str());
    assert_eq!(server.count(), 3);

    let lock = place.lock_text();
    assert!(lock.starts_with("// What kexp downloaded"), "{lock}");
    assert!(lock.contains(fetched.checksum()) && lock.contains(FILE) && lock.contains(ID), "{lock}");

    let again = biomodel(ID, &place.lock, &place.options).unwrap();
    assert!(!again.downloaded && again.notices.is_empty());
    assert_eq!(again.bytes(), fetched.bytes());
    assert_eq!(server.count(), 3, "the second time needs no network");
    assert_eq!(place.lock_text(), lock, "and leaves the lock file as it is");
}

#[test]
fn offline_uses_the_cache_and_nothing_else() {
    let (server, model) = whole();
    let mut place = place(&server);
    place.options.offline = true;
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Offline { .. }), "{error}");
    assert!(error.to_string().contains("run once without --offline"), "{error}");
    assert_eq!(server.count(), 0);
    place.assert_clean();

    place.options.offline = false;
    biomodel(ID, &place.lock, &place.options).unwrap();
    place.options.offline = true;
    let asked = server.count();
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), &model[..]);
    // Another experiment on this machine shares the cache and gets its own entry.
    let other = Lock::at(place.folder.path().join("other.lock"));
    assert_eq!(biomodel(ID, &other, &place.options).unwrap().bytes(), &model[..]);
    assert!(other.find("biomodels", ID).unwrap().is_some());
    assert_eq!(server.count(), asked);
    place.without_cache();
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Offline { .. }), "{error}");
}

#[test]
fn names_that_are_no_identifiers_never_reach_the_server() {
    let (server, _) = whole();
    let place = place(&server);
    for id in
        ["", "BIOMD1", "BIOMD00000000011", "../BIOMD0000000001", "biomd0000000001", "BIOMD000000000/", "MODEL12345678٩"]
    {
        let error = biomodel(id, &place.lock, &place.options).unwrap_err();
        assert!(matches!(error.cause, Cause::Id { .. }), "{id}: {error}");
    }
    assert_eq!(server.count(), 0);
    place.assert_clean();
}

#[test]
fn an_entry_without_sbml_is_refused_with_what_it_has() {
    let server = Server::start(|path, _| match path {
        "/BIOMD0000000001?format=json" => Answer::json("{\"name\":\"a\",\"format\":{\"name\":\"Python code\"}}"),
        "/model/files/BIOMD0000000001?format=json" => Answer::json(&file_list("model.py", 7)),
        _ => Answer::page(404),
    });
    let place = place(&server);
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::NoModel { .. }), "{error}");
    assert!(error.to_string().contains("Python code") && error.to_string().contains("model.py"), "{error}");
    place.assert_clean();
}

#[test]
fn files_with_spaces_and_signs_in_their_names_are_found() {
    let name = "Leon 2020 (eqs+3).xml";
    let model = small_sbml("spaces");
    let held = model.clone();
    let server = collection(name, model.len(), move |path, _| match path {
        "/model/download/BIOMD0000000001?filename=Leon%202020%20%28eqs%2B3%29.xml" => Answer::xml(&held),
        _ => Answer::page(404),
    });
    let place = place(&server);
    let fetched = biomodel(ID, &place.lock, &place.options).unwrap();
    assert!(fetched.path().ends_with(name));
    assert_eq!(fetched.bytes(), model);
}

#[test]
fn a_listed_name_that_leads_elsewhere_is_refused() {
    for name in ["../../evil.xml", "/etc/evil.xml", "a\\\\b.xml", ".hidden.xml", "C:evil.xml"] {
        let model = small_sbml("evil");
        let list = file_list(name, model.len());
        let server = Server::start(move |path, _| match path {
            "/BIOMD0000000001?format=json" => Answer::json(&information(1)),
            "/model/files/BIOMD0000000001?format=json" => Answer::json(&list),
            _ => Answer::xml(&model),
        });
        let place = place(&server);
        let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
        assert!(matches!(error.cause, Cause::Name { .. }), "{name}: {error}");
        place.assert_clean();
    }
}

#[test]
fn many_at_once_do_each_other_no_harm() {
    let (server, model) = whole();
    let place = place(&server);
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| biomodel(ID, &place.lock, &place.options).unwrap().contents)).collect();
        for worker in workers {
            assert_eq!(worker.join().unwrap().get(FILE).unwrap(), &**model);
        }
    });
    let files = files_below(place.folder.path());
    assert_eq!(files.len(), 3, "the model, what is said of it, and the lock file: {files:?}");
    assert_eq!(place.lock.sources().unwrap().len(), 1);
}

#[test]
fn entries_that_are_pinned_at_the_same_time_are_all_kept() {
    let server = Server::start(|path, _| {
        let id = path.find("BIOMD").map(|at| path[at..at + 15].to_owned()).unwrap_or_default();
        match path {
            path if path.starts_with("/BIOMD") => Answer::json(&information(1)),
            path if path.starts_with("/model/files") => Answer::json(&file_list("m.xml", small_sbml(&id).len())),
            _ => Answer::xml(&small_sbml(&id)),
        }
    });
    let place = place(&server);
    let ids: Vec<String> = (1..=12).map(|number| format!("BIOMD{number:010}")).collect();
    std::thread::scope(|scope| {
        for id in ids.iter().rev() {
            scope.spawn(|| biomodel(id, &place.lock, &place.options).unwrap());
        }
    });
    let pinned: Vec<String> = place.lock.sources().unwrap().into_iter().map(|source| source.id).collect();
    assert_eq!(pinned, ids, "all of them, in order");
}
