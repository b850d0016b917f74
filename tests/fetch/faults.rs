//! What servers and lines do wrong. Each fault is named, and nothing of it stays.

use std::time::{Duration, Instant};

use kexp::fetch::{Cause, Client, FetchError, Limits, biomodel};

use crate::server::{Answer, Server};
use crate::support::{FILE, ID, collection, data, limits, place, sbml};

/// The error of a download that is answered like this, with the number of downloads that were tried.
fn fault(download: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> (FetchError, usize) {
    let server = collection(FILE, sbml().len(), download);
    let place = place(&server);
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    place.assert_clean();
    let said = error.to_string();
    assert!(said.contains(&server.url()), "it says where: {said}");
    let diagnostic = error.diagnostic();
    assert!(diagnostic.help.is_some_and(|help| said.ends_with(&help)), "and what to do: {said}");
    (error, server.count_of("/model/download"))
}

#[test]
fn a_truncated_answer() {
    let (error, tried) = fault(|_, _| Answer::Truncated(sbml()));
    let half = sbml().len() as u64 / 2;
    assert!(
        matches!(error.cause, Cause::Truncated { received, expected: Some(_), .. } if received == half),
        "{error:?}"
    );
    assert_eq!(tried, 2);
}

#[test]
fn a_connection_that_breaks_between_chunks() {
    let (error, tried) = fault(|_, _| Answer::BrokenChunks(sbml()));
    assert!(matches!(error.cause, Cause::Truncated { expected: None, .. }), "{error:?}");
    assert_eq!(tried, 2);
}

#[test]
fn a_file_that_is_shorter_than_listed_but_ends_well() {
    let (error, _) = fault(|_, _| Answer::xml(&crate::support::small_sbml("x")));
    assert!(matches!(error.cause, Cause::Size { .. }), "{error:?}");
}

#[test]
fn a_file_that_was_cut_before_it_was_served() {
    let (error, _) = fault(|_, _| Answer::xml(&sbml()[..300]));
    assert!(matches!(error.cause, Cause::Truncated { .. }), "{error:?}");
}

#[test]
fn a_web_page_with_status_200() {
    let (error, tried) = fault(|_, _| Answer::page(200));
    assert!(
        matches!(&error.cause, Cause::Page { title: Some(title), .. } if title == "Something went wrong"),
        "{error:?}"
    );
    assert_eq!(tried, 1);
}

#[test]
fn xml_that_is_no_sbml() {
    let (error, _) = fault(|_, _| Answer::xml(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"));
    assert!(error.to_string().contains("the root element is `svg`"), "{error}");
}

#[test]
fn not_found() {
    let (error, tried) = fault(|_, _| Answer::page(404));
    assert!(matches!(error.cause, Cause::Status { status: 404, .. }), "{error:?}");
    assert_eq!(tried, 1, "what is not there does not come by asking again");
}

#[test]
fn a_permanent_error_of_the_server() {
    let (error, tried) = fault(|_, _| Answer::page(500));
    assert!(matches!(error.cause, Cause::Status { status: 500, .. }), "{error:?}");
    assert!(error.to_string().contains("(tried 2 times)"), "{error}");
    assert_eq!(tried, 2);
}

#[test]
fn an_error_of_the_server_that_passes() {
    let server = collection(FILE, sbml().len(), |_, before| match before {
        0 => Answer::page(503),
        _ => Answer::xml(&sbml()),
    });
    let place = place(&server);
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), sbml());
}

#[test]
fn no_answer() {
    let start = Instant::now();
    let (error, tried) = fault(|_, _| Answer::Silent);
    assert!(matches!(error.cause, Cause::Timeout { .. }), "{error:?}");
    assert_eq!(tried, 2);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn an_answer_that_drips() {
    let start = Instant::now();
    let (error, _) = fault(|_, _| Answer::Drip);
    assert!(matches!(error.cause, Cause::Timeout { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_circle_of_redirects() {
    let (error, tried) = fault(|path, _| match path {
        path if path.starts_with("/elsewhere") => {
            Answer::Redirect(format!("/model/download/BIOMD0000000001?filename={FILE}"))
        }
        _ => Answer::Redirect("/elsewhere".to_owned()),
    });
    assert!(matches!(error.cause, Cause::Redirects { most: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("circle"), "{error}");
    assert!(tried <= 3);
}

#[test]
fn a_redirect_to_the_file() {
    let server = collection(FILE, sbml().len(), |path, _| match path {
        "/elsewhere" => Answer::xml(&sbml()),
        _ => Answer::Redirect("/elsewhere".to_owned()),
    });
    let place = place(&server);
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), sbml());
}

#[test]
fn two_gigabytes_announced() {
    let start = Instant::now();
    let (error, tried) = fault(|_, _| Answer::Claims(2_000_000_000));
    assert!(matches!(error.cause, Cause::TooLarge { claimed: Some(2_000_000_000), .. }), "{error:?}");
    assert!(error.to_string().contains("2.0 GB"), "{error}");
    assert_eq!(tried, 1);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn chunks_without_end() {
    let (error, tried) = fault(|_, _| Answer::Endless);
    assert!(matches!(error.cause, Cause::TooLarge { claimed: None, .. }), "{error:?}");
    assert_eq!(tried, 1);
}

#[test]
fn nobody_listens() {
    let server = Server::start(|_, _| Answer::page(200));
    let mut place = place(&server);
    // The port of a listener that is gone again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    place.options.biomodels_url = format!("http://127.0.0.1:{port}");
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Connection { .. }), "{error:?}");
    place.options.biomodels_url = "no address".to_owned();
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Url { .. }), "{error:?}");
    place.assert_clean();
}

#[test]
fn answers_that_are_no_json() {
    for (answer, words) in [("hello", "it starts differently"), ("{\"name\":", "EOF"), ("", "empty")] {
        let server = Server::start(move |_, _| Answer::json(answer));
        let place = place(&server);
        let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        place.assert_clean();
    }
    let server = Server::start(|_, _| Answer::json("{\"errorMessage\":\"No such model\\u0007\"}"));
    let place = place(&server);
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(error.to_string().contains("\"No such model\""), "{error}");
}

#[test]
fn waits_double_and_end_at_the_limit() {
    let server = Server::start(|_, _| Answer::page(500));
    let limits = Limits { attempts: 5, backoff: Duration::from_millis(10), ..limits() };
    let start = Instant::now();
    let error = Client::new(limits).get(&server.url(), kexp::fetch::Expected::Json).unwrap_err();
    assert_eq!((error.attempts, server.count()), (5, 5));
    assert!(start.elapsed() >= Duration::from_millis(150), "10 + 20 + 40 + 80 ms: {:?}", start.elapsed());
}

#[test]
fn a_server_that_does_not_speak_tls() {
    let server = Server::start(|_, _| Answer::json("{}"));
    let url = server.url().replace("http:", "https:");
    let error = Client::new(limits()).get(&url, kexp::fetch::Expected::Json).unwrap_err();
    assert!(matches!(error.cause, Cause::Connection { .. }), "{error:?}");
}

/// Seven of the real files are the web page that a download once got instead.
#[test]
fn real_files_are_told_from_real_web_pages() {
    let folder = data().join("biomodels");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there; set KEXP_DATA", folder.display());
        return;
    };
    let files: Vec<_> =
        entries.flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).into_iter().flatten()).collect();
    let files: Vec<Vec<u8>> = files.into_iter().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let count = files.len();
    let pages =
        files.iter().filter(|file| file.trim_ascii_start().to_ascii_lowercase().starts_with(b"<!doctype html")).count();
    let server = Server::start(move |path, _| {
        let at: usize = path[1..].parse().unwrap();
        Answer::xml(&files[at])
    });
    let client = Client::new(limits());
    let mut refused = 0;
    for at in 0..count {
        match client.get(&format!("{}/{at}", server.url()), kexp::fetch::Expected::Sbml) {
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(error.cause, Cause::Page { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!((count > 300, refused), (true, pages));
}
