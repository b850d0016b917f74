//! What holds for every text: printing loses nothing and is done after one time, and no text brings the program down.

use kexp::diagnostic::{FileId, Sources, render};
use kexp::syntax;
use proptest::prelude::*;

/// The comments of a text in order, strings left alone.
fn comments(text: &str) -> Vec<String> {
    let mut comments = Vec::new();
    for line in text.lines() {
        let (mut quoted, mut escaped) = (false, false);
        for (at, character) in line.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = quoted,
                '"' => quoted = !quoted,
                '/' if !quoted && line[at..].starts_with("//") => {
                    comments.push(line[at..].trim_end().to_owned());
                    break;
                }
                _ => {}
            }
        }
    }
    comments
}

/// Printing keeps the tree and the comments, and printing again changes nothing; what was printed.
pub fn check_printed(name: &str, text: &str) -> String {
    let id = FileId(0);
    let (file, diagnostics) = syntax::parse(text, id);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}\n{text}");
    let printed = syntax::print(text, id).unwrap();
    let (again, diagnostics) = syntax::parse(&printed, id);
    assert!(diagnostics.is_empty(), "{name}, printed: {diagnostics:#?}\n{printed}");
    assert_eq!(syntax::strip_spans(file), syntax::strip_spans(again), "{name} says something else:\n{text}\n{printed}");
    assert_eq!(comments(text), comments(&printed), "{name} loses comments:\n{text}\n{printed}");
    assert_eq!(syntax::print(&printed, id).unwrap(), printed, "{name} changes when printed again:\n{text}\n{printed}");
    assert!(!printed.contains("\n\n\n") && !printed.contains(" \n"), "{name} has blanks too many:\n{printed}");
    printed
}

/// Writes a random valid file from a list of choices; where they end, the first alternative is taken.
struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
    text: String,
    /// Inside ( ) or [ ]: a line may end anywhere.
    brackets: usize,
    comments: usize,
}

impl Writer<'_> {
    fn choose(&mut self, alternatives: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or(0)) % alternatives
    }

    /// A blank where a line may end if `open`.
    fn blank(&mut self, open: bool) {
        let open = open || self.brackets > 0;
        match self.choose(8) {
            0..=3 => self.text.push(' '),
            4 => self.text.push('\t'),
            5 if open => self.text.push_str("\n  "),
            6 if open => self.comment(),
            7 if open => {
                self.comment();
                self.text.push('\n');
                self.comment();
            }
            _ => self.text.push_str("  "),
        }
    }

    fn comment(&mut self) {
        self.comments += 1;
        self.text.push_str(&format!(" // number {}, \"a = {{ [\n", self.comments));
    }

    fn maybe_blank(&mut self, open: bool) {
        if self.choose(3) > 0 {
            self.blank(open);
        }
    }

    fn word(&mut self, word: &str) {
        self.text.push_str(word);
    }

    fn one_of(&mut self, words: &[&str]) {
        let at = self.choose(words.len());
        self.word(words[at]);
    }

    fn name(&mut self) {
        self.one_of(&["a", "k_phos", "in_cell", "model_x", "noisy", "B2", "_x", "overall", "note", "log10"]);
    }

    fn symbol(&mut self, symbol: &str, open: bool) {
        self.maybe_blank(false);
        self.word(symbol);
        self.maybe_blank(open);
    }

    fn expression(&mut self, depth: usize) {
        self.chain(depth);
        if self.choose(6) == 5 {
            self.blank(false);
            self.word("..");
            self.blank(true);
            self.chain(depth);
            if self.choose(2) == 1 {
                self.blank(false);
                self.word("by");
                self.blank(true);
                self.chain(depth);
            }
            if self.choose(2) == 1 {
                self.blank(false);
                self.one_of(&["log10", "log", "lin"]);
            }
        }
    }

    fn chain(&mut self, depth: usize) {
        self.operand(depth);
        while self.choose(3) == 2 {
            match self.choose(12) {
                0 => self.symbol("+", true),
                1 => self.symbol("-", true),
                2 => self.symbol("/", true),
                3 => self.symbol("^", true),
                4 => self.spaced("and"),
                5 => self.spaced("or"),
                6 => self.spaced("over"),
                7 => self.spaced("*"),
                _ => self.symbol("*", true),
            }
            self.operand(depth);
        }
    }

    fn spaced(&mut self, word: &str) {
        self.text.push(' ');
        self.word(word);
        self.blank(true);
    }

    fn operand(&mut self, depth: usize) {
        match self.choose(if depth == 0 { 5 } else { 10 }) {
            0 => self.name(),
            1 => self.one_of(&["1", "0.5", "1e-3", "2.50E+10", "007"]),
            2 => self.one_of(&["\"text\"", "\"// no comment\"", "\"a \\\"b\\\" \\\\\"", "\"ä…\""]),
            3 => self.one_of(&["sd_* ", "a.b", "validation.loss", "x.* "]),
            4 => {
                self.word("-");
                self.maybe_blank(true);
                self.operand(depth);
            }
            5 => {
                self.word("not");
                self.blank(true);
                self.operand(depth - 1);
            }
            6 => self.bracket("(", ")", |writer| writer.expression(depth - 1)),
            7 => self.bracket("[", "]", |writer| writer.elements(depth - 1, false)),
            _ => {
                self.name();
                self.bracket("(", ")", |writer| writer.elements(depth - 1, true));
            }
        }
    }

    fn bracket(&mut self, open: &str, close: &str, inner: impl FnOnce(&mut Self)) {
        self.word(open);
        self.brackets += 1;
        self.maybe_blank(true);
        inner(self);
        self.maybe_blank(true);
        self.brackets -= 1;
        self.word(close);
    }

    fn elements(&mut self, depth: usize, named: bool) {
        let mut names = false;
        for at in 0..self.choose(4) {
            if at > 0 {
                self.symbol(",", true);
            }
            names |= named && self.choose(2) == 1;
            if names {
                self.name();
                self.symbol("=", true);
            }
            self.expression(depth);
        }
    }

    fn file(&mut self) {
        for _ in 0..=self.choose(6) {
            self.gap();
            self.declaration();
            self.line_end();
        }
        self.gap();
    }

    /// Blank lines and comments between things.
    fn gap(&mut self) {
        for _ in 0..self.choose(4) {
            match self.choose(3) {
                0 => self.text.push('\n'),
                1 => self.comment(),
                _ => self.text.push_str("   \r\n"),
            }
        }
    }

    fn line_end(&mut self) {
        match self.choose(3) {
            0 => self.text.push('\n'),
            1 => self.comment(),
            _ => self.text.push_str(" \t\r\n"),
        }
    }

    fn declaration(&mut self) {
        match self.choose(5) {
            0 => self.word("experiment \"title\""),
            1 => {
                self.word("import a");
                self.symbol(",", true);
                self.word("b from");
                self.blank(false);
                return self.word("\"x.kexp\"");
            }
            choice => {
                self.one_of(&["model", "problem", "dataset", "figure", "generator"]);
                if choice == 2 {
                    self.word(" pattern");
                }
                self.blank(false);
                self.name();
                if choice == 3 {
                    self.symbol("=", true);
                    self.expression(2);
                    return;
                }
                if choice == 4 {
                    self.word(" \"title\"");
                }
            }
        }
        self.block(2);
    }

    fn block(&mut self, depth: usize) {
        match self.choose(4) {
            0 => self.line_end(),
            _ => self.maybe_blank(false),
        }
        self.word("{");
        let count = self.choose(5);
        if self.choose(3) == 0 {
            for at in 0..count {
                if at > 0 {
                    self.text.push_str(", ");
                }
                self.inline_setting();
            }
        } else {
            self.line_end();
            for _ in 0..count {
                self.gap();
                self.entry(depth);
                if self.choose(4) == 3 {
                    self.text.push(',');
                }
                self.line_end();
            }
            self.gap();
        }
        self.word("}");
    }

    fn inline_setting(&mut self) {
        self.name();
        self.symbol("=", false);
        self.one_of(&["1", "-a*b", "f(1, x = 2)", "[a, b]", "\"{\""]);
    }

    fn entry(&mut self, depth: usize) {
        match self.choose(16) {
            0..=4 => {
                self.name();
                self.symbol("=", true);
                self.expression(3);
            }
            5 => {
                self.one_of(&["a.b", "generator.*.epochs", "*.x"]);
                self.symbol("=", true);
                self.expression(1);
            }
            6 => {
                self.one_of(&["compartment", "parameter", "let"]);
                self.blank(false);
                self.name();
                self.symbol("=", true);
                self.expression(2);
            }
            7 => {
                self.word("species S in cell");
                self.symbol("=", true);
                self.expression(1);
            }
            8 | 9 => self.reaction(),
            10 => {
                self.word("rule x");
                match self.choose(2) {
                    0 => self.symbol(":=", true),
                    _ => {
                        self.symbol("'", false);
                        self.symbol("=", true);
                    }
                }
                self.expression(2);
            }
            11 => {
                self.word("observable y");
                self.symbol("=", true);
                self.expression(2);
                match self.choose(3) {
                    0 => {}
                    1 => self.word(" noise normal(sd)"),
                    _ => self.word("\n    noise  laplace( 2 )"),
                }
            }
            12 => {
                self.word("estimate k_*");
                self.symbol(",", true);
                self.word("*_b in");
                self.blank(true);
                self.expression(1);
            }
            13 => {
                self.one_of(&["prior k ~", "vary train.lr in"]);
                self.blank(true);
                self.expression(1);
            }
            14 if depth > 0 => {
                self.word("event e at");
                self.blank(false);
                self.chain(1);
                self.block(0);
            }
            _ if depth > 0 => {
                self.one_of(&["units", "solver", "treatment high"]);
                self.block(depth - 1);
            }
            _ => self.word("a = 1"),
        }
    }

    fn reaction(&mut self) {
        self.word("reaction r");
        self.symbol(":", true);
        self.one_of(&["", "0 ", "A ", "2 A + B ", "A+3.5 B "]);
        self.one_of(&["->", "<->"]);
        self.maybe_blank(true);
        self.one_of(&["", "0", "C", "2 C + D"]);
        self.symbol(";", true);
        self.expression(2);
    }
}

fn valid_file() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u8>(), 0..400).prop_map(|choices| {
        let mut writer = Writer { choices: choices.iter(), text: String::new(), brackets: 0, comments: 0 };
        writer.file();
        writer.text
    })
}

/// Pieces of the language in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "model",
        "m",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ",",
        ";",
        ":",
        "=",
        ":=",
        "==",
        "..",
        "by",
        "log10",
        "->",
        "<->",
        "+",
        "-",
        "*",
        "/",
        "^",
        "~",
        "'",
        "\"",
        "\"a\"",
        "1",
        "0.5",
        ".5",
        "5.",
        "1e",
        "2A",
        "a.b",
        "k_*",
        "reaction",
        "rule",
        "event",
        "at",
        "estimate",
        "in",
        "noise",
        "observable",
        "import",
        "from",
        "experiment",
        "not",
        "and",
        "over",
        "// c\n",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\u{201c}",
        "\u{2212}",
        "\u{feff}",
        "ä",
        "\t",
        "**",
        "#",
        "\\",
        "/*",
        "parameter",
        "k",
        "species",
        "units",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60).prop_map(|pieces| {
        pieces.iter().enumerate().fold(String::new(), |mut text, (at, piece)| {
            if at % 3 > 0 {
                text.push(' ');
            }
            text.push_str(piece);
            text
        })
    })
}

/// Reads and shows a text; where nothing is wrong with it, printing must hold.
fn survives(text: &str) {
    let mut sources = Sources::default();
    let file = sources.add("x.kexp", text);
    let (_, diagnostics) = syntax::parse(text, file);
    for diagnostic in &diagnostics {
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let span = label.span;
            assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{diagnostic:?}\n{text}");
        }
    }
    let shown = render(&sources, &diagnostics, false);
    assert!(!shown.contains("something else"), "{shown}");
    if diagnostics.is_empty() {
        check_printed("a text without errors", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_loses_nothing(text in valid_file()) {
        check_printed("a random file", &text);
    }

    #[test]
    fn any_pieces_are_survived(text in soup()) {
        survives(&text);
    }

    #[test]
    fn a_damaged_file_is_survived(text in valid_file(), cut in any::<(prop::sample::Index, usize)>()) {
        let start = text.floor_char_boundary(cut.0.index(text.len() + 1));
        let end = text.ceil_char_boundary((start + cut.1 % 8).min(text.len()));
        survives(&format!("{}{}", &text[..start], &text[end..]));
        survives(&text[..start]);
    }

    #[test]
    fn any_characters_are_survived(text in any::<String>()) {
        survives(&text);
    }
}
