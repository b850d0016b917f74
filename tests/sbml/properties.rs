//! Whatever is done to a document, it is read or refused, never more.

use kexp::diagnostic::{Severity, render};
use proptest::prelude::*;

use super::{files, read};

/// What is put into a document at a random place.
const PIECES: &[&str] = &[
    "<",
    ">",
    "/>",
    "\"",
    "&amp;",
    "&lol;",
    "<![CDATA[",
    "<!--",
    "]]>",
    "\u{0}",
    "ä",
    "-",
    "1e400",
    "NaN",
    " id=\"S\"",
    "<apply>",
    "</apply>",
    "<ci>S</ci>",
    "<cn type=\"e-notation\">1<sep/>9</cn>",
    "<model>",
    "<lambda/>",
    "<piecewise/>",
    "<comp:sBaseRef/>",
    "xmlns=\"\"",
    "<stoichiometryMath/>",
    "<csymbol/>",
    "<math xmlns=\"http://www.w3.org/1998/Math/MathML\"/>",
];

#[derive(Debug, Clone)]
enum Change {
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, prop::sample::Index),
    Repeat(prop::sample::Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        1 => index().prop_map(Change::Cut),
        4 => (index(), 1..60_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        4 => (index(), index()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        2 => (index(), 1..400_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
    ]
}

fn apply(text: &str, change: &Change) -> String {
    let place = |at: &prop::sample::Index| text.floor_char_boundary(at.index(text.len() + 1));
    let after = |at: usize, length: usize| text.floor_char_boundary((at + length).min(text.len())).max(at);
    match change {
        Change::Cut(at) => text[..place(at)].to_owned(),
        Change::Remove(at, length) => {
            let start = place(at);
            format!("{}{}", &text[..start], &text[after(start, *length)..])
        }
        Change::Insert(at, piece) => {
            let start = place(at);
            format!("{}{}{}", &text[..start], piece.get(PIECES), &text[start..])
        }
        Change::Repeat(at, length) => {
            let start = place(at);
            let end = after(start, *length);
            format!("{}{}{}", &text[..end], &text[start..end], &text[end..])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_document_is_read_or_refused(at in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..4)) {
        let files = files();
        let (name, text) = at.get(&files);
        let text = changes.iter().fold(text.clone(), |text, change| apply(&text, change));
        let (sources, document) = read(name, &text);
        let errors = document.diagnostics.iter().any(|finding| finding.severity == Severity::Error);
        prop_assert_eq!(document.network.is_none(), errors);
        render(&sources, &document.diagnostics, false);
    }
}
