//! Selection by features: every model is fetched and counted once, and the choice is pinned.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kexp::fetch::{Between, Cause, Counter, Features, FetchError, Selection, Selections, biomodels};

use crate::server::{Answer, Server};
use crate::support::{Place, file_list, place};

/// A model with so many species.
fn model(species: usize) -> Vec<u8> {
    format!("<sbml><model>{}</model></sbml>", "<species/>".repeat(species)).into_bytes()
}

/// 250 entries; entry N has N species and is from the year 1800 + N. Entry 7 is a web page. Entries above `most` are new
/// and not there yet.
fn collection(most: &Arc<AtomicUsize>) -> Server {
    let most = Arc::clone(most);
    Server::start(move |path, _| {
        let number = path.find("BIOMD").and_then(|at| path[at + 5..at + 15].parse::<usize>().ok()).unwrap_or(0);
        if path.starts_with("/search?query=%2A%3A%2A%20AND%20modelformat%3A%22SBML%22%20AND%20curationstatus") {
            let offset = path.split("offset=").nth(1).and_then(|rest| rest.split('&').next());
            let offset: usize = offset.unwrap().parse().unwrap();
            let most = most.load(Ordering::SeqCst);
            let models: Vec<String> = (offset + 1..=most.min(offset + 100))
                .map(|number| format!("{{\"id\":\"BIOMD{number:010}\",\"format\":\"SBML\"}}"))
                .collect();
            return Answer::json(&format!("{{\"matches\":{most},\"models\":[{}]}}", models.join(",")));
        }
        match path {
            path if path.starts_with("/BIOMD") => {
                Answer::json(&format!("{{\"name\":\"m{number}\",\"publication\":{{\"year\":{}}}}}", 1800 + number))
            }
            path if path.starts_with("/model/files") => Answer::json(&file_list("m.xml", model(number).len())),
            _ if number == 7 => Answer::page(200),
            path if path.starts_with("/model/download") => Answer::xml(&model(number)),
            _ => Answer::page(404),
        }
    })
}

fn select(selection: &Selection, place: &Place, counted: &mut usize) -> Result<Selections, FetchError> {
    let mut count = |bytes: &[u8]| {
        *counted += 1;
        let species = std::str::from_utf8(bytes).unwrap().matches("<species/>").count() as u64;
        if species == 9 {
            Err("nine is not supported".to_owned())
        } else {
            Ok(Features { species, ..Features::default() })
        }
    };
    let mut last = (0, 0);
    let mut counter = Counter { version: "1", count: &mut count };
    let found = biomodels(selection, &place.lock, &place.options, &mut counter, &mut |progress| {
        assert_eq!(progress.done, last.0 + 1);
        last = (progress.done, progress.of);
    });
    if found.is_ok() {
        assert_eq!(last.0, last.1);
    }
    found
}

fn between(least: u64, most: u64) -> Between {
    Between { least, most }
}

#[test]
fn models_are_counted_once_and_the_choice_is_pinned() {
    let most = Arc::new(AtomicUsize::new(250));
    let server = collection(&most);
    let mut place = place(&server);
    let small = Selection { curated: true, species: between(0, 10), ..Selection::default() };
    assert_eq!(small.words(), "curated, species <= 10");
    let mut counted = 0;
    let found = select(&small, &place, &mut counted).unwrap();
    let ids: Vec<&str> = found.models.iter().map(|model| &model.id[13..]).collect();
    assert_eq!(ids, ["01", "02", "03", "04", "05", "06", "08", "10"]);
    assert_eq!(
        (found.models[3].title.as_str(), found.models[3].year, found.models[3].features.species),
        ("m4", Some(1804), 4)
    );
    let refused: Vec<(&str, bool)> =
        found.refused.iter().map(|(id, reason)| (&id[13..], reason.contains("web page"))).collect();
    assert_eq!(refused, [("07", true), ("09", false)]);
    assert_eq!(counted, 249);
    assert_eq!(server.count_of("/search"), 3);
    assert_eq!(place.lock.sources().unwrap().len(), 8, "only what was selected is pinned");

    // Another selection: the models are in the cache, and counted.
    let asked = server.count_of("/model/download");
    let late = Selection { year: between(2000, u64::MAX), ..small };
    let late = Selection { species: between(205, 207), ..late };
    assert_eq!(late.words(), "curated, species = 205 .. 207, year >= 2000");
    assert_eq!(select(&late, &place, &mut counted).unwrap().models.len(), 3);
    assert_eq!(counted, 249);
    assert_eq!(server.count_of("/model/download"), asked + 1, "only the web page is asked for again");

    // The collection has grown; the pinned selection has not, and needs no network.
    most.store(251, Ordering::SeqCst);
    let asked = server.count();
    place.options.offline = true;
    assert_eq!(select(&small, &place, &mut counted).unwrap().models, found.models);
    assert_eq!((server.count(), counted), (asked, 249));
}

#[test]
fn a_selection_that_cannot_be_whole_is_an_error() {
    let most = Arc::new(AtomicUsize::new(5));
    let server = collection(&most);
    let mut place = place(&server);
    place.options.offline = true;
    let all = Selection { curated: true, ..Selection::default() };
    let mut counted = 0;
    let error = select(&all, &place, &mut counted).unwrap_err();
    assert!(matches!(error.cause, Cause::Offline { .. }), "{error}");
    place.assert_clean();

    let failing = Server::start(|path, _| match path {
        path if path.starts_with("/search") => Answer::json(
            "{\"matches\":\"2\",\"models\":[{\"id\":\"BIOMD0000000001\"},{\"id\":\"../evil\"},{\"id\":4}]}",
        ),
        _ => Answer::page(500),
    });
    place.options.offline = false;
    place.options.biomodels_url = failing.url();
    let error = select(&all, &place, &mut counted).unwrap_err();
    assert!(matches!(error.cause, Cause::Status { status: 500, .. }), "{error}");
    assert_eq!(failing.count_of("evil"), 0);
    assert!(place.lock.sources().unwrap().is_empty());
}

#[test]
fn a_search_that_ignores_its_pages_ends() {
    let server = Server::start(|path, _| match path {
        path if path.starts_with("/search") => Answer::json("{\"models\":[{\"id\":\"BIOMD0000000007\"}]}"),
        _ => Answer::page(404),
    });
    let place = place(&server);
    let found = select(&Selection::default(), &place, &mut 0).unwrap();
    assert_eq!((found.models.len(), found.refused.len()), (0, 1));
    assert_eq!(server.count_of("/search"), 2);
}
