//! `kexp render --check` passes after a run, and on nothing else; what authors write survives.

use std::fs;

use crate::support::{Place, SMALL, Said, assert_near_snapshot};

fn check(place: &Place) -> Said {
    let out = place.out();
    crate::support::kexp(&["render", SMALL, "--check", "--out", out.to_str().unwrap()])
}

fn edit(place: &Place, file: &str, change: impl Fn(&str) -> String) {
    let path = place.out().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text, "nothing was changed in {file}");
    fs::write(path, changed).unwrap();
}

/// Something that a hand does to what a run wrote.
type Change = fn(&Place);

#[test]
fn the_check_needs_only_what_is_committed() {
    let place = Place::after_a_run();
    fs::remove_dir_all(place.store()).unwrap();
    check(&place).ok();
}

#[test]
fn the_check_finds_every_change() {
    let mut told = String::new();
    let changes: [(&str, Change); 8] = [
        ("a value edited in the draft", |place| {
            edit(place, "draft.md", |text| {
                let at = text.find("| tuned").expect("a row of a table");
                let digit = at + text[at..].find(|letter: char| letter.is_ascii_digit()).expect("a number");
                format!("{}9{}", &text[..digit], &text[digit..])
            });
        }),
        ("a figure file edited", |place| edit(place, "figures/ends.svg", |text| text.replace("</svg>", "<g/></svg>"))),
        ("a table file edited", |place| edit(place, "tables/ends.csv", |text| text.replacen('1', "2", 1))),
        ("a figure file removed", |place| fs::remove_file(place.out().join("figures/map.png")).unwrap()),
        ("the block of a figure removed", |place| {
            edit(place, "draft.md", |text| {
                let start = text.find("<!-- kexp:figure map -->").expect("the figure's block");
                let closer = "<!-- /kexp:figure -->";
                let end = start + text[start..].find(closer).expect("its end") + closer.len();
                format!("{}{}", &text[..start], &text[end..])
            });
        }),
        ("a figure that is not declared", |place| {
            edit(place, "draft.md", |text| format!("{text}\n<!-- kexp:figure other -->\n<!-- /kexp:figure -->\n"));
        }),
        ("a value edited in the results", |place| {
            edit(place, "results.ron", |text| text.replacen("Integer(8)", "Integer(9)", 1));
        }),
        ("no results", |place| fs::remove_file(place.out().join("results.ron")).unwrap()),
    ];
    for (what, change) in changes {
        let place = Place::after_a_run();
        change(&place);
        let said = check(&place);
        told.push_str(&format!("{what}: exit code {:?}\n{}\n", said.code, place.hide(&said.err)));
        if what == "a value edited in the results" {
            // The draft does not show that value, and `results.ron` is the record itself.
            continue;
        }
        assert_eq!(said.code, Some(1), "{what} was not found: {said:#?}");
        // A run mends all of it but the author's own text.
        if !what.contains("removed") && !what.contains("declared") || what.contains("file") {
            place.run(&[]).ok();
            check(&place).ok();
        }
    }
    assert_near_snapshot("render_check", &told);
}

#[test]
fn what_authors_write_survives() {
    let place = Place::after_a_run();
    let mine = "# My title\n\nBest of <!-- kexp:value dataset.rows_a.stat5_fit.rows --><!-- /kexp:value --> rows. `<!-- kexp:value x -->` is code.\n";
    edit(&place, "draft.md", |text| format!("{mine}{text}"));
    place.run(&[]).ok();
    let text = fs::read_to_string(place.out().join("draft.md")).unwrap();
    let (before, after) = mine.split_once("<!-- /kexp:value -->").unwrap();
    assert!(text.starts_with(before) && text.contains(after), "{text}");
    check(&place).ok();
}
