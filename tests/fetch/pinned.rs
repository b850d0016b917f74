//! The lock file and the cache hold what they promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use kexp::fetch::{Cause, Lock, biomodel};

use crate::server::{Answer, Server};
use crate::support::{FILE, ID, collection, file_list, files_below, information, place, small_sbml, whole};

#[test]
fn other_content_than_pinned_is_refused_with_both_checksums() {
    let changed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&changed);
    let (old, new) = (small_sbml("old"), small_sbml("new"));
    let (was, is) = (old.clone(), new.clone());
    let server = collection(FILE, old.len(), move |_, _| match flag.load(Ordering::SeqCst) {
        false => Answer::xml(&was),
        true => Answer::xml(&is),
    });
    let place = place(&server);
    biomodel(ID, &place.lock, &place.options).unwrap();
    let lock = place.lock_text();
    changed.store(true, Ordering::SeqCst);
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), old, "the cache has what is pinned");

    place.without_cache();
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error.cause, Cause::Checksum { .. }), "{said}");
    for content in [&old, &new] {
        assert!(said.contains(blake3::hash(content).to_hex().as_str()), "{said}");
    }
    assert!(said.contains("remove the entry of BIOMD0000000001"), "{said}");
    assert!(files_below(place.options.cache.folder()).is_empty(), "nothing of it is kept");
    assert_eq!(place.lock_text(), lock);

    std::fs::remove_file(place.lock.path().unwrap()).unwrap();
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), new, "as the message says");
}

#[test]
fn a_pinned_revision_is_asked_for_when_there_is_a_newer_one() {
    let changed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&changed);
    let old = small_sbml("old");
    let was = old.clone();
    let server = collection(FILE, old.len(), move |path, _| match flag.load(Ordering::SeqCst) {
        true if path.starts_with("/model/download/BIOMD0000000001?") => Answer::xml(&small_sbml("new")),
        true if !path.starts_with("/model/download/BIOMD0000000001.2?") => Answer::page(404),
        _ => Answer::xml(&was),
    });
    let place = place(&server);
    biomodel(ID, &place.lock, &place.options).unwrap();
    changed.store(true, Ordering::SeqCst);
    place.without_cache();
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), old);
}

#[test]
fn a_lock_file_that_was_edited_is_not_followed() {
    let (server, _) = whole();
    let place = place(&server);
    biomodel(ID, &place.lock, &place.options).unwrap();
    let lock = place.lock_text();
    let edits: [(&str, &str, &str); 6] = [
        (FILE, "../../evil.xml", "plain file name"),
        ("\"biomodels\"", "\"elsewhere\"", "not a collection"),
        (ID, "BIOMD1", "ten digits"),
        ("version: \"2\"", "version: \"2/../..\"", "version"),
        ("format: 1", "format: 7", "format 7"),
        ("sources: [", "sources: ]", "kexp.lock"),
    ];
    for (from, to, words) in edits {
        std::fs::write(place.lock.path().unwrap(), lock.replace(from, to)).unwrap();
        let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
        assert!(matches!(error.cause, Cause::Lock { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn damaged_downloads_are_noticed_and_replaced() {
    let (server, model) = whole();
    let mut place = place(&server);
    let first = biomodel(ID, &place.lock, &place.options).unwrap();
    let damages: [(&str, fn(&std::path::Path)); 5] = [
        ("one byte", |path| {
            let mut bytes = std::fs::read(path).unwrap();
            bytes[100] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }),
        ("cut", |path| std::fs::write(path, "<sbml").unwrap()),
        ("gone", |path| std::fs::remove_file(path).unwrap()),
        ("notes gone", |path| std::fs::remove_file(path.with_file_name("entry.ron")).unwrap()),
        ("notes damaged", |path| std::fs::write(path.with_file_name("entry.ron"), "(((((").unwrap()),
    ];
    for (what, damage) in damages {
        for with_lock in [true, false] {
            damage(&first.path());
            if !with_lock {
                std::fs::remove_file(place.lock.path().unwrap()).unwrap();
            }
            let fetched = biomodel(ID, &place.lock, &place.options).unwrap();
            assert!(fetched.downloaded, "{what}");
            assert!(fetched.notices.iter().any(|notice| notice.contains("damaged")), "{what}: {:?}", fetched.notices);
            assert_eq!(fetched.bytes(), &model[..]);
            assert_eq!(files_below(place.options.cache.folder()).len(), 2, "{what}");
        }
    }
    damages[0].1(&first.path());
    place.options.offline = true;
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Offline { damaged: Some(_), .. }), "{error}");
    assert!(files_below(place.options.cache.folder()).is_empty());
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let (server, _) = whole();
    let mut place = place(&server);
    let file = place.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    place.options.cache = kexp::fetch::Cache::new(file.join("cache"));
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::File { .. }), "{error}");
    assert!(error.to_string().contains("KEXP_CACHE"), "{error}");
}

#[test]
fn what_is_pinned_for_the_first_time_is_the_newest_although_the_cache_has_an_older_one() {
    let revisions = Arc::new(AtomicU32::new(2));
    let now = Arc::clone(&revisions);
    let content = |revision: u32| small_sbml(&format!("revision_{revision}"));
    let server = Server::start(move |path, _| {
        let revision = now.load(Ordering::SeqCst);
        match path {
            _ if revision == 0 => Answer::page(500),
            "/BIOMD0000000001?format=json" => Answer::json(&information(revision)),
            "/model/files/BIOMD0000000001?format=json" => Answer::json(&file_list(FILE, content(revision).len())),
            _ => Answer::xml(&content(revision)),
        }
    });
    let place = place(&server);
    let fetch = || biomodel(ID, &place.lock, &place.options).unwrap();
    assert_eq!(fetch().bytes(), content(2));
    revisions.store(3, Ordering::SeqCst);
    let asked = server.count();
    assert_eq!(fetch().bytes(), content(2), "it is pinned");
    assert_eq!(server.count(), asked);

    // As the lock file's comment says.
    std::fs::remove_file(place.lock.path().unwrap()).unwrap();
    let newer = fetch();
    assert_eq!((newer.bytes(), newer.source.version.as_str()), (&content(3)[..], "3"));
    assert!(place.lock_text().contains("version: \"3\""));

    // A command without an experiment takes what is there, and so does everybody when nobody answers.
    let asked = server.count();
    assert_eq!(biomodel(ID, &Lock::none(), &place.options).unwrap().bytes(), content(3));
    assert_eq!(server.count(), asked);
    std::fs::remove_file(place.lock.path().unwrap()).unwrap();
    revisions.store(0, Ordering::SeqCst);
    let kept = fetch();
    assert_eq!(kept.bytes(), content(3));
    assert!(kept.notices[0].contains("whether there is a newer version is not known"), "{:?}", kept.notices);
}
