//! The draft: what is found in it, what is replaced, what is complained about.

use std::fmt::Write as _;

use kexp::diagnostic::{Diagnostic, Sources};
use kexp::report::draft::{check, parse, render, starter};
use kexp::report::results::{ResultFigure, Results, Value};
use kexp::table::Table;
use proptest::prelude::*;

/// Results of a small run.
pub fn results() -> Results {
    let proposals = Table::new()
        .text("generator", ["tuned", "tuned", "flow", "flow"].map(str::to_owned).to_vec())
        .number("condition", vec![0.0, 0.25, 0.0, 0.25])
        .number("feasible", vec![0.97, 0.91, 0.99, 0.90])
        .integer("solved", vec![97, 91, 99, 90]);
    let hits = Table::new().text("origin", vec!["proposals".into()]).number("share", vec![0.0264]);
    let mut results = Results::default();
    results.tables.insert("proposals".into(), (&proposals).into());
    results.tables.insert("hits".into(), (&hits).into());
    results.values.insert("descents.rows".into(), Value::Integer(2113));
    results.values.insert("target".into(), Value::Number(138.221_99));
    results.values.insert("origin".into(), Value::Text("Boehm et al., 2014".into()));
    for (name, caption) in [("fvals", "Objective values of 100 replicates [each]."), ("distances", "Is it memorising?")]
    {
        results.figures.push(ResultFigure {
            name: name.into(),
            caption: caption.into(),
            path: format!("figures/{name}.svg"),
            table: Some("proposals".into()),
            data: Some(format!("tables/{name}.csv")),
        });
    }
    results.shown_tables.push("hits".into());
    results
}

const GOOD: &str = "\
# A paper

At condition 0, a share of <!-- kexp:value proposals.feasible[generator = tuned, condition = 0] as percent --><!-- /kexp:value --> solves.
The target is <!-- kexp:value target as number(6) -->0<!-- /kexp:value -->, from <!-- kexp:value origin -->?<!-- /kexp:value -->.

<!-- kexp:figure fvals -->
<!-- /kexp:figure -->

<!-- kexp:figure distances --><!-- /kexp:figure -->

<!-- kexp:table hits -->
by hand
<!-- /kexp:table -->

```markdown
<!-- kexp:figure not_a_marker -->
```
In code `<!-- kexp:value nor.this -->`, an ordinary <!-- comment -->, and \\`<!-- kexp:value descents.rows as integer --><!-- /kexp:value -->\\`.
";

/// Places, codes, messages and helps, a line each.
fn shown(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut sources = Sources::default();
    let file = sources.add("draft.md", text);
    let mut lines = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.labels.first().map_or_else(String::new, |label| {
            let (line, column) = sources.position(file, label.span.start);
            let text = if label.text.is_empty() { String::new() } else { format!(" ({})", label.text) };
            format!("{line}:{column}{text}")
        });
        let _ = writeln!(lines, "{:?} {place} {}: {}", diagnostic.severity, diagnostic.code, diagnostic.message);
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(lines, "    help: {help}");
        }
    }
    lines
}

fn file() -> kexp::diagnostic::FileId {
    kexp::diagnostic::FileId(0)
}

#[test]
fn a_good_draft_is_filled_and_then_agrees() {
    let rendered = render(GOOD, file(), &results()).expect("rendered");
    insta::assert_snapshot!("rendered", rendered);
    assert_eq!(render(&rendered, file(), &results()).expect("again"), rendered);
    assert_eq!(check(&rendered, file(), &results()), []);
    let windows = GOOD.replace('\n', "\r\n");
    let rendered = render(&windows, file(), &results()).expect("rendered");
    assert!(!rendered.replace("\r\n", "").contains('\n'), "one kind of line end");
    assert_eq!(check(&rendered, file(), &results()), []);
}

#[test]
fn a_draft_that_disagrees_is_reported_with_place_and_expectation() {
    let rendered = render(GOOD, file(), &results()).expect("rendered");
    let edited = rendered
        .replace("97 %", "98 %")
        .replace("| flow | 0 | 0.99 | 99 |", "| flow | 0 | 1 | 99 |")
        .replace("<!-- kexp:figure distances -->", "<!-- kexp:figure distance -->");
    let lonely = format!("{edited}\n<!-- kexp:value target -->138.2<!-- /kexp:value --> starts a line.\n");
    insta::assert_snapshot!("disagreeing", shown(&lonely, &check(&lonely, file(), &results())));
    assert!(render(&lonely, file(), &results()).is_err());
}

#[test]
fn broken_markers_are_all_reported_at_once() {
    let text = "\
A <!-- kexp:value target -->1 <!-- kexp:value descents.rows -->2<!-- /kexp:value --> nested.
A <!-- kexp:value target -->1<!-- /kexp:figure --> misnamed.
A closer <!-- /kexp:value --> alone.
An unknown <!-- kexp:valeu target -->1<!-- /kexp:valeu --> kind.
No value <!-- kexp:value -->1<!-- /kexp:value --> named.
Two names <!-- kexp:figure a b -->1<!-- /kexp:figure -->.
A format <!-- kexp:value target as promille -->1<!-- /kexp:value -->.
Missing <!-- kexp:value targt -->1<!-- /kexp:value -->, <!-- kexp:value proposals.feasable -->1<!-- /kexp:value -->.
Many <!-- kexp:value proposals.feasible[condition = 0] -->1<!-- /kexp:value -->, none <!-- kexp:value proposals.feasible[condition = 3] -->1<!-- /kexp:value -->.
Words <!-- kexp:value origin as percent -->1<!-- /kexp:value -->.
Cut <!-- kexp:value target
<!-- kexp:figure fvals -->
";
    let found = match render(text, file(), &results()) {
        Ok(rendered) => panic!("rendered {rendered}"),
        Err(found) => found,
    };
    insta::assert_snapshot!("broken", shown(text, &found));
}

#[test]
fn the_starter_shows_all_that_is_declared() {
    let results = results();
    let figures: Vec<String> = results.figures.iter().map(|figure| figure.name.clone()).collect();
    let text = starter("Do <models> & \"noise\" agree?", &figures, &results.shown_tables).expect("a draft");
    let rendered = render(&text, file(), &results).expect("rendered");
    assert_eq!(check(&rendered, file(), &results), [], "{rendered}");
    assert!(text.starts_with("# Do <models> & \"noise\" agree?\n"));
    insta::assert_snapshot!("starter", text);
}

#[test]
fn results_are_read_back_equal() {
    let mut results = results();
    results.values.insert("none".into(), Value::Number(f64::INFINITY));
    let text = results.to_ron().expect("written");
    assert_eq!(Results::from_ron(&text).expect("read"), results);
    assert!(Results::from_ron("(values: 3)").is_err());
    for (path, value) in [
        ("target", Value::Number(138.221_99)),
        ("hits.share", Value::Number(0.0264)),
        ("proposals.solved[generator=flow,condition=0.25]", Value::Integer(90)),
        ("proposals.solved[generator = \"flow\", condition = 0.0]", Value::Integer(99)),
    ] {
        assert_eq!(results.lookup(path), Ok(value));
    }
    for wrong in
        ["", "[", "a[", ".", "proposals.", "proposals.solved[x]", "proposals.solved[]", "proposals.solved[x = 1]"]
    {
        assert!(results.lookup(wrong).is_err(), "{wrong}");
    }
}

/// Pieces of drafts, good and bad.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé `~\\\\<>!\\[\\]\n-]{0,12}",
        Just("<!-- kexp:value target -->".to_owned()),
        Just("<!-- /kexp:value -->".to_owned()),
        Just("<!-- kexp:figure fvals -->".to_owned()),
        Just("<!-- /kexp:figure -->".to_owned()),
        Just("<!-- kexp:value target -->x<!-- /kexp:value -->".to_owned()),
        Just("\n\n<!-- kexp:table hits -->\nx\n<!-- /kexp:table -->\n\n".to_owned()),
        Just("\n```\n".to_owned()),
        Just("\r\n".to_owned()),
    ]
}

/// The text outside of the blocks.
fn prose(text: &str) -> Vec<String> {
    let (markers, _) = parse(text, file());
    let mut parts = Vec::new();
    let mut done = 0;
    for marker in markers {
        parts.push(text[done..marker.content.start].to_owned());
        done = marker.content.end;
    }
    parts.push(text[done..].to_owned());
    parts
}

proptest! {
    #[test]
    fn prose_survives_and_rendering_twice_is_rendering_once(pieces in proptest::collection::vec(piece(), 0..14)) {
        let text = pieces.concat();
        let _ = check(&text, file(), &results());
        if let Ok(rendered) = render(&text, file(), &results()) {
            prop_assert_eq!(prose(&text), prose(&rendered));
            prop_assert_eq!(render(&rendered, file(), &results()).expect("again"), rendered);
        }
    }
}
