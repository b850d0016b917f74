//! Finds the markers of a draft. Markers in code fences and code spans are text.

use super::ValueFormat;
use crate::diagnostic::{Diagnostic, FileId, Span, suggest};

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerKind {
    /// A value within a sentence.
    Value,
    /// A figure with its caption and table.
    Figure,
    /// A table.
    Table,
}

impl MarkerKind {
    /// The word in the marker.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MarkerKind::Value => "value",
            MarkerKind::Figure => "figure",
            MarkerKind::Table => "table",
        }
    }
}

/// A marker with its closer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// What it holds.
    pub kind: MarkerKind,
    /// The path of a value, the name of a figure or table.
    pub argument: String,
    /// How a value is written.
    pub format: ValueFormat,
    /// The opening comment.
    pub opener: Span,
    /// What stands between opener and closer.
    pub content: Span,
}

/// All well-formed markers in the order of the text, and what is wrong with the others.
#[must_use]
pub fn parse(text: &str, file: FileId) -> (Vec<Marker>, Vec<Diagnostic>) {
    let mut parser = Parser { file, markers: Vec::new(), wrong: Vec::new(), open: None };
    let mut at = 0;
    let mut line_start = true;
    while at < text.len() {
        let rest = &text[at..];
        // What stands in a block is kexp's: code there hides no closer.
        if parser.open.is_none() {
            if line_start && let Some(length) = fence(rest) {
                at += length;
                continue;
            }
            if rest.starts_with('`') {
                at += code_span(rest);
                line_start = false;
                continue;
            }
            if rest.starts_with('\\') {
                let escaped = rest.chars().nth(1).filter(|letter| *letter != '\n').map_or(0, char::len_utf8);
                at += 1 + escaped;
                line_start = false;
                continue;
            }
        }
        if rest.starts_with("<!--") {
            at += parser.comment(rest, at);
            line_start = false;
            continue;
        }
        let step = rest.chars().next().map_or(1, char::len_utf8);
        line_start = rest.starts_with('\n');
        at += step;
    }
    if let Some(open) = parser.open.take() {
        parser.unclosed(&open);
    }
    (parser.markers, parser.wrong)
}

/// An opener that waits for its closer; `None` as kind where the opener itself is wrong, so that its closer is no
/// second error.
struct Open {
    word: String,
    kind: Option<(MarkerKind, String, ValueFormat)>,
    span: Span,
}

struct Parser {
    file: FileId,
    markers: Vec<Marker>,
    wrong: Vec<Diagnostic>,
    open: Option<Open>,
}

impl Parser {
    /// Takes one comment and returns its length.
    fn comment(&mut self, rest: &str, at: usize) -> usize {
        let Some(length) = rest.find("-->").map(|end| end + 3) else {
            if rest[4..].trim_start().trim_start_matches('/').starts_with("kexp:") {
                let line = rest.find('\n').unwrap_or(rest.len());
                let span = self.span(at, at + line);
                self.wrong.push(
                    Diagnostic::error("broken-marker", "the marker has no `-->`")
                        .at(span, "starts here")
                        .help("write `<!-- kexp:value PATH -->`"),
                );
            }
            return 4;
        };
        let span = self.span(at, at + length);
        let inner = rest[4..length.max(7) - 3].trim();
        if let Some(word) = inner.strip_prefix("/kexp:") {
            self.close(word.trim(), span);
        } else if let Some(marker) = inner.strip_prefix("kexp:") {
            // A marker on several lines holds another: its own `-->` is missing.
            if inner.contains("<!--") {
                self.wrong.push(
                    Diagnostic::error("broken-marker", "the marker has no `-->` before the next comment")
                        .at(self.span(at, at + 4 + rest[4..].find("<!--").unwrap_or(0)), "starts here"),
                );
                return 4;
            }
            self.opener(marker, span);
        }
        length
    }

    fn opener(&mut self, marker: &str, span: Span) {
        if let Some(open) = self.open.take() {
            self.wrong.push(
                Diagnostic::error("nested-marker", format!("a marker within the block of `kexp:{}`", open.word))
                    .at(span, "opens here")
                    .at(open.span, "within this one, which is still open")
                    .help(format!("close the first one with `<!-- /kexp:{} -->`", open.word)),
            );
        }
        let (word, argument) = marker.split_once(char::is_whitespace).unwrap_or((marker, ""));
        let argument = argument.trim();
        let kind = match word {
            "value" => self.value(argument, span),
            "figure" => self.named(MarkerKind::Figure, argument, span),
            "table" => self.named(MarkerKind::Table, argument, span),
            _ => {
                let near = suggest(word, ["value", "figure", "table"].into_iter())
                    .map(|near| format!("did you mean `kexp:{near}`?"));
                let help = near.unwrap_or_else(|| "there are `kexp:value`, `kexp:figure` and `kexp:table`".to_owned());
                self.wrong.push(
                    Diagnostic::error("unknown-marker", format!("unknown marker `kexp:{word}`"))
                        .at(span, "")
                        .help(help),
                );
                None
            }
        };
        self.open = Some(Open { word: word.to_owned(), kind, span });
    }

    fn value(&mut self, argument: &str, span: Span) -> Option<(MarkerKind, String, ValueFormat)> {
        // ` as ` may stand in a filter's value: only one after the last bracket names a format.
        let after = argument.rfind(']').map_or(0, |at| at + 1);
        let (path, format) = match argument[after..].find(" as ") {
            Some(at) => (argument[..after + at].trim(), argument[after + at + 4..].trim()),
            None => (argument, "number"),
        };
        if path.is_empty() {
            self.wrong.push(
                Diagnostic::error("broken-marker", "the value marker names no value")
                    .at(span, "")
                    .help("write `<!-- kexp:value PATH -->`"),
            );
            return None;
        }
        let Some(format) = ValueFormat::parse(format) else {
            self.wrong.push(
                Diagnostic::error("value-format", format!("unknown format `{format}`"))
                    .at(span, "")
                    .help("there are `as percent`, `as percent(3)`, `as number(3)` and `as integer`"),
            );
            return None;
        };
        Some((MarkerKind::Value, path.to_owned(), format))
    }

    fn named(&mut self, kind: MarkerKind, name: &str, span: Span) -> Option<(MarkerKind, String, ValueFormat)> {
        let word = kind.word();
        if name.is_empty() || name.contains(char::is_whitespace) {
            let message = if name.is_empty() {
                format!("the {word} marker names no {word}")
            } else {
                format!("expected the name of one {word}, found `{name}`")
            };
            let help = format!("write `<!-- kexp:{word} NAME -->`");
            self.wrong.push(Diagnostic::error("broken-marker", message).at(span, "").help(help));
            return None;
        }
        Some((kind, name.to_owned(), ValueFormat::default()))
    }

    fn close(&mut self, word: &str, span: Span) {
        let Some(open) = self.open.take() else {
            self.wrong.push(
                Diagnostic::error("unopened-marker", format!("`/kexp:{word}` closes nothing"))
                    .at(span, "")
                    .help(format!("remove it, or open the block with `<!-- kexp:{word} ... -->`")),
            );
            return;
        };
        if word != open.word {
            self.wrong.push(
                Diagnostic::error("misnamed-closer", format!("`/kexp:{word}` closes a block of `kexp:{}`", open.word))
                    .at(span, format!("expected `/kexp:{}`", open.word))
                    .at(open.span, "opened here"),
            );
            return;
        }
        if let Some((kind, argument, format)) = open.kind {
            let content = self.span(open.span.end, span.start);
            self.markers.push(Marker { kind, argument, format, opener: open.span, content });
        }
    }

    fn unclosed(&mut self, open: &Open) {
        self.wrong.push(
            Diagnostic::error("unclosed-marker", format!("the block of `kexp:{}` is never closed", open.word))
                .at(open.span, "opened here")
                .help(format!("close it with `<!-- /kexp:{} -->`", open.word)),
        );
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start, end }
    }
}

/// The length of a fenced code block that starts here, to the end of its closing line or of the text.
fn fence(rest: &str) -> Option<usize> {
    let opening = fence_of(rest.split('\n').next()?)?;
    let mut length = 0;
    for (index, line) in rest.split_inclusive('\n').enumerate() {
        length += line.len();
        let closes = fence_of(line.trim_end_matches(['\n', '\r']))
            .is_some_and(|(letter, count, bare)| letter == opening.0 && count >= opening.1 && bare);
        if index > 0 && closes {
            break;
        }
    }
    Some(length)
}

/// The letter of a fence line, how often it stands there, and whether nothing follows.
fn fence_of(line: &str) -> Option<(char, usize, bool)> {
    let indented = line.len() - line.trim_start_matches(' ').len();
    let text = line.trim_start_matches(' ');
    let letter = text.chars().next().filter(|letter| matches!(letter, '`' | '~'))?;
    let count = text.chars().take_while(|other| *other == letter).count();
    let after = text[count..].trim();
    // A backtick after the fence makes it a code span on one line.
    (indented <= 3 && count >= 3 && !(letter == '`' && after.contains('`'))).then_some((
        letter,
        count,
        after.is_empty(),
    ))
}

/// The length of a code span that starts here, or of the backticks alone where nothing closes it in this paragraph.
fn code_span(rest: &str) -> usize {
    let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
    let paragraph = ["\n\n", "\n\r\n"].iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    let mut at = ticks;
    while let Some(found) = rest[at..paragraph].find('`') {
        at += found;
        let run = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
        at += run;
        if run == ticks {
            return at;
        }
        if at >= paragraph {
            break;
        }
    }
    ticks
}
