//! Files of the output, and the page.

use kexp::report::figure::{feasibility, graph};
use kexp::report::files::write;
use kexp::report::page::{Page, PageFigure, render};
use kexp::table::Table;

use crate::{data, draft};

#[test]
fn files_are_written_once_and_checked_by_their_checksums() {
    let folder = tempfile::tempdir().expect("a folder");
    let drawing = feasibility::draw(&data::feasibility()).expect("drawn");
    let files = [
        ("figures/fvals.svg", drawing.svg.as_bytes().to_vec()),
        ("figures/fvals.png", drawing.png.clone()),
        ("tables/fvals.csv", data::feasibility().to_csv().into_bytes()),
    ];
    let mut results = draft::results();
    results.figures.truncate(1);
    results.files =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), blake3::hash(bytes).to_hex().to_string())).collect();
    for changed in [true, false] {
        for (name, bytes) in &files {
            assert_eq!(write(&folder.path().join(name), bytes).expect("written"), changed, "{name}");
        }
        assert_eq!(results.check_files(folder.path()), []);
    }
    std::fs::write(folder.path().join("tables/fvals.csv"), "edited").expect("written");
    std::fs::remove_file(folder.path().join("figures/fvals.png")).expect("removed");
    let codes: Vec<&str> = results.check_files(folder.path()).iter().map(|found| found.code).collect();
    assert_eq!(codes, ["missing-file", "changed-file"]);
    let left: Vec<_> = std::fs::read_dir(folder.path().join("figures")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing is left beside");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "a file, not a folder").expect("written");
    let error = write(&blocked.join("figure.svg"), b"x").expect_err("it cannot be written").to_string();
    assert!(error.starts_with("cannot write `") && error.contains("figure.svg"), "{error}");
}

#[test]
fn the_page_holds_everything_and_fetches_nothing() {
    let figure = |name: &str| PageFigure {
        name: name.into(),
        caption: "Share that <solves> & more.".into(),
        drawing: feasibility::draw(&data::feasibility()).expect("drawn"),
        table: data::fvals(),
    };
    let page = Page {
        title: "A <title>".into(),
        summary: vec![("nodes".into(), "12, all stored".into())],
        plan: Some(graph::draw(&data::plan()).expect("drawn")),
        figures: vec![figure("feasibility"), figure("again")],
        tables: vec![("hits".into(), Table::new().text("origin", vec!["a | b".into()]).number("share", vec![0.5]))],
        values: vec![("target".into(), "138.222".into())],
        settings: vec![("dataset descents".into(), vec![("start".into(), "latin_hypercube(100)".into())])],
        provenance: vec![("seed".into(), "20221014".into())],
    };
    let html = render(&page).expect("rendered");
    if let Some(folder) = std::env::var_os("KEXP_FIGURES") {
        std::fs::write(std::path::Path::new(&folder).join("page.html"), &html).expect("written");
    }
    for part in [
        "A &lt;title&gt;",
        "Share that &lt;solves&gt; &amp; more.",
        "<td>a | b</td>",
        "500 more rows",
        "138.222",
        "latin_hypercube(100)",
        "20221014",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(html.contains("url(#figure1-clip1)") && html.contains("id=\"figure2-clip1\""));
    let without_names = html.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !without_names.contains("http") && !html.contains("<script") && !html.contains("src="),
        "nothing is fetched"
    );
    assert_eq!(html, render(&page).expect("again"));
}
