//! No text is too long, too deep or too strange: a diagnostic comes, soon, and the stack holds.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kexp::diagnostic::{FileId, Sources, render};
use kexp::syntax;

/// Reads and shows a text in a thread with the smallest stack that a test or worker thread has; the codes found.
fn codes(text: String, most: Duration) -> Vec<&'static str> {
    let body = move || {
        let begun = Instant::now();
        let mut sources = Sources::default();
        let file = sources.add("big.kexp", &text);
        let (tree, diagnostics) = syntax::parse(&text, file);
        assert_eq!(tree, tree.clone());
        assert_eq!(syntax::strip_spans(tree.clone()), syntax::strip_spans(tree));
        let shown = render(&sources, &diagnostics, true);
        assert!(shown.len() < 100_000, "{} bytes shown", shown.len());
        if diagnostics.is_empty() {
            syntax::print(&text, file).unwrap();
        }
        let taken = begun.elapsed();
        assert!(
            taken < most,
            "{taken:?} for {} bytes that begin with {:?}",
            text.len(),
            &text[..text.floor_char_boundary(30)]
        );
        diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(body).unwrap().join().unwrap()
}

const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_file_of_ten_megabytes_is_refused() {
    let line = "  parameter k = 1\n";
    let text = format!("model m {{\n{}}}\n", line.repeat((10 << 20) / line.len()));
    assert_eq!(codes(text, SOON), ["file-too-large"]);
}

#[test]
fn ten_thousand_levels_are_refused() {
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("f(a = ", ")"), ("-(", ")"), ("g {\n", "}\n")] {
        let text = format!("model m {{\n  let a = {}1{}\n}}\n", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(codes(text, SOON), ["too-deep"], "{open}");
        let text = format!("model m {{\n  let a = {}", open.repeat(10_000));
        assert_eq!(codes(text, SOON), ["too-deep"], "{open}, never closed");
    }
}

#[test]
fn long_chains_are_refused() {
    for link in ["-", "not ", "1 ^ ", "1 + ", "1 and ", "a over ", "1 < ", "- not -"] {
        let text = format!("model m {{\n  let a = {}1\n}}\n", link.repeat(100_000));
        assert_eq!(codes(text, SOON), ["too-long"], "{link}");
    }
    let nested = (0..60).fold("1".to_owned(), |inner, _| format!("({inner}{})", " + 1".repeat(40)));
    assert_eq!(codes(format!("model m {{\n  let a = {nested}\n}}\n"), SOON), ["too-long"]);
}

#[test]
fn what_is_within_the_limits_is_read() {
    let sums: String = (0..900).fold(String::from("1"), |mut sum, at| {
        write!(sum, " + k{at}*A{at}").unwrap();
        sum
    });
    let sums = &sums[..sums.match_indices(" + ").nth(450).unwrap().0];
    let powers = "2 ^ ".repeat(900);
    let signs = "-".repeat(900);
    let text = format!("model m {{\n  let a = {sums}\n  let b = {powers}2\n  let c = {signs}2\n}}\n");
    assert_eq!(codes(text, SOON), [] as [&str; 0]);
    // Negative numbers in a list lie side by side: no chain.
    let list = vec!["-1"; 20_000].join(", ");
    assert_eq!(codes(format!("dataset d {{\n  a = [{list}]\n}}\n"), SOON), [] as [&str; 0]);
}

#[test]
fn nested_sums_take_linear_time() {
    let nested = (0..60).fold("1".to_owned(), |inner, _| format!("(a + {inner} + f(b, c = d))"));
    assert_eq!(codes(format!("model m {{\n  let a = {nested}\n}}\n"), SOON), [] as [&str; 0]);
    let broken = (0..30).fold("1 +".to_owned(), |inner, _| format!("(a + f({inner}))"));
    assert_eq!(codes(format!("model m {{\n  let a = {broken}\n}}\n"), SOON), ["syntax"]);
}

#[test]
fn a_lot_of_anything_takes_linear_time() {
    const SIZE: usize = 200_000;
    const MOST: Duration = Duration::from_secs(5);
    let units = [
        "\"",
        "}",
        ",",
        "=",
        "a ",
        "1 ",
        ".",
        "\u{201c}",
        "'",
        "\0",
        "a = 1\n",
        "model ",
        "model m {}\n",
        "a = (\n",
        "//\n",
        "*",
        "estimate a,",
        "m {\n}\n",
        ") ",
        "1,5 ",
    ];
    for unit in units {
        let text = unit.repeat(SIZE / unit.len());
        assert!(!codes(text.clone(), MOST).is_empty() || unit == "model m {}\n" || unit == "//\n", "{unit:?}");
        let count = SIZE / unit.len();
        codes(format!("model m {{\n{}\n}}\n", unit.repeat(count)), MOST);
        codes(format!("model m {{\n  let a = f({}\n}}\n", unit.repeat(count)), MOST);
    }
    let blank = format!("model m {{\n  a = (1{}, 2)\n}}\n", "\n".repeat(4 << 20).split_at(4_000_000).0);
    codes(blank, MOST);
}

#[test]
fn three_hundred_lines_take_milliseconds() {
    let mut text = String::from("model m {\n");
    for at in 0..150 {
        writeln!(text, "  parameter k_{at} = {at}.5e-3   // a comment").unwrap();
        writeln!(text, "  reaction r_{at}: 2 A_{at} + B <-> C_{at}; cyt * k_{at} * A_{at}^2 * B - exp(-k_{at} * time)")
            .unwrap();
    }
    text.push_str("}\n");
    let fastest = (0..5).map(|_| {
        let begun = Instant::now();
        let (file, diagnostics) = syntax::parse(&text, FileId(0));
        assert!(diagnostics.is_empty() && file.declarations.len() == 1);
        begun.elapsed()
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest < Duration::from_millis(25), "{fastest:?}");
}
