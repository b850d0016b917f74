//! Diagnostics as text, with the lines that they speak of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, FileId, Label, Severity, Sources};

/// So many diagnostics are shown; the rest is counted.
const MOST_SHOWN: usize = 50;

/// Labels further apart than this are shown in snippets of their own.
const MOST_LINES: usize = 100;

/// Longer lines are cut around what they are shown for.
const MOST_COLUMNS: usize = 160;

/// What is shown before the place in a line that is cut.
const COLUMNS_BEFORE: usize = 60;

/// Shows diagnostics sorted by file and position, each with its lines, places and help, at most 50 of them.
///
/// `color` asks for ANSI colours. The text ends with a newline; without diagnostics it is empty.
#[must_use]
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut lines = LineStarts::default();
    let mut text = String::new();
    for diagnostic in sorted.iter().take(MOST_SHOWN) {
        text.push_str(&one(&renderer, sources, &mut lines, diagnostic));
        text.push_str("\n\n");
    }
    if sorted.len() > MOST_SHOWN {
        let _ = writeln!(text, "... and {} more", sorted.len() - MOST_SHOWN);
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The offsets at which the lines of each file begin, found once a file.
#[derive(Default)]
struct LineStarts(BTreeMap<FileId, Vec<usize>>);

impl LineStarts {
    fn of(&mut self, sources: &Sources, file: FileId) -> &[usize] {
        self.0.entry(file).or_insert_with(|| {
            let breaks = sources.text(file).match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }
}

fn one(renderer: &Renderer, sources: &Sources, lines: &mut LineStarts, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    let mut columns = Vec::new();
    for (index, part) in parts(sources, lines, &diagnostic.labels).into_iter().enumerate() {
        columns.extend(part.column());
        group = group.element(part.snippet(index == 0));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    let mut text = renderer.render(&[group]);
    for (shown, right) in columns {
        text = text.replacen(&shown, &right, 1);
    }
    text
}

/// Neighbouring lines of one file with their labels.
struct Part<'a> {
    name: &'a str,
    /// Counted from 1.
    first_line: usize,
    /// Line and column of the first label, where a line was cut.
    position: Option<(usize, usize)>,
    source: String,
    marks: Vec<Mark<'a>>,
}

struct Mark<'a> {
    primary: bool,
    range: std::ops::Range<usize>,
    text: &'a str,
}

impl<'a> Part<'a> {
    fn snippet(self, primary: bool) -> Snippet<'a, Annotation<'a>> {
        let marks = self.marks.into_iter().map(|mark| -> Annotation<'a> {
            let kind = if mark.primary && primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(mark.range);
            if mark.text.is_empty() { annotation } else { annotation.label(mark.text) }
        });
        Snippet::source(self.source).line_start(self.first_line).path(self.name).annotations(marks)
    }

    /// The place as the renderer finds it in a line that was cut, and as it is.
    fn column(&self) -> Option<(String, String)> {
        let (line, column) = self.position?;
        let start = self.marks.first()?.range.start;
        let line_start = self.source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let shown = self.source[line_start..start].chars().count() + 1;
        Some((format!("{}:{line}:{shown}\n", self.name), format!("{}:{line}:{column}\n", self.name)))
    }
}

/// The labels of a diagnostic by file, in the order of the first of each.
fn parts<'a>(sources: &'a Sources, lines: &mut LineStarts, labels: &'a [Label]) -> Vec<Part<'a>> {
    let mut files: Vec<FileId> = Vec::new();
    for label in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let mut parts = Vec::new();
    for file in files {
        let starts = lines.of(sources, file);
        let line_of = |label: &Label| starts.partition_point(|start| *start <= label.span.start).saturating_sub(1);
        let of_file: Vec<(usize, &Label)> =
            labels.iter().filter(|label| label.span.file == file).map(|label| (line_of(label), label)).collect();
        let first = of_file.iter().map(|(line, _)| *line).min().unwrap_or_default();
        let last = of_file.iter().map(|(line, _)| *line).max().unwrap_or_default();
        if last - first <= MOST_LINES {
            parts.push(part(sources, file, starts, &of_file));
        } else {
            parts.extend(of_file.iter().map(|label| part(sources, file, starts, std::slice::from_ref(label))));
        }
    }
    parts
}

/// The lines from the first label's to the last label's, long ones cut.
fn part<'a>(sources: &'a Sources, file: FileId, starts: &[usize], labels: &[(usize, &'a Label)]) -> Part<'a> {
    let text = sources.text(file);
    let first = labels.iter().map(|(line, _)| *line).min().unwrap_or_default();
    let last = labels.iter().map(|(line, _)| *line).max().unwrap_or_default();
    let mut source = String::new();
    let mut marks: Vec<(usize, Mark)> = Vec::new();
    let mut position = None;
    for line in first..=last {
        let start = starts.get(line).copied().unwrap_or(text.len());
        let end = starts.get(line + 1).copied().unwrap_or(text.len());
        let content = text[start..end].trim_end_matches(['\n', '\r']);
        let here = labels.iter().enumerate().filter(|(_, (of, _))| *of == line);
        let focus = here.clone().map(|(_, (_, label))| label.span.start).min().unwrap_or(start);
        let cut = Cut::new(content, start, focus);
        for (index, (_, label)) in here {
            let range = cut.place(label.span.start, source.len())..cut.place(label.span.end, source.len());
            if index == 0 && cut.is_cut() {
                position = Some(sources.position(file, label.span.start));
            }
            marks.push((index, Mark { primary: index == 0, range, text: &label.text }));
        }
        source.push_str(&cut.text);
        source.push('\n');
    }
    marks.sort_by_key(|(index, _)| *index);
    let marks = marks.into_iter().map(|(_, mark)| mark).collect();
    Part { name: sources.name(file), first_line: first + 1, position, source, marks }
}

/// A line, or the part of a long one around a place.
struct Cut {
    text: String,
    /// Offset in the file of the first byte that is kept.
    start: usize,
    /// Bytes put before it.
    dots: usize,
    /// Bytes kept.
    length: usize,
    whole: usize,
}

impl Cut {
    fn new(line: &str, start: usize, focus: usize) -> Self {
        if line.len() <= MOST_COLUMNS {
            return Self { text: line.to_owned(), start, dots: 0, length: line.len(), whole: line.len() };
        }
        let focus = focus.saturating_sub(start).min(line.len());
        let from = line.floor_char_boundary(focus.saturating_sub(COLUMNS_BEFORE));
        let to = line.ceil_char_boundary((from + MOST_COLUMNS).min(line.len()));
        let (before, after) = (if from > 0 { "..." } else { "" }, if to < line.len() { "..." } else { "" });
        let text = format!("{before}{}{after}", &line[from..to]);
        Self { text, start: start + from, dots: before.len(), length: to - from, whole: line.len() }
    }

    fn is_cut(&self) -> bool {
        self.length < self.whole
    }

    /// Where an offset of the file lies when this line begins at `at`; what was cut lies at its ends.
    fn place(&self, offset: usize, at: usize) -> usize {
        let inside = offset.saturating_sub(self.start).min(self.length);
        at + self.dots + self.text[self.dots..].floor_char_boundary(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn show(text: &str, places: &[(usize, usize)]) -> String {
        let mut sources = Sources::default();
        let file = sources.add("a.kexp", text);
        let diagnostics: Vec<Diagnostic> = places
            .iter()
            .map(|(start, end)| {
                let span = Span { file, start: *start, end: *end };
                Diagnostic::error("code", "message").at(span, "label").help("help")
            })
            .collect();
        render(&sources, &diagnostics, false)
    }

    #[test]
    fn a_place_may_lie_at_the_end_or_in_an_empty_file() {
        for (text, start, end) in [("", 0, 0), ("", 3, 9), ("a\n", 2, 2), ("a", 1, 1), ("a\n\n", 1, 3), ("ä", 1, 2)] {
            let shown = show(text, &[(start, end)]);
            assert!(shown.contains("error[code]: message") && shown.contains("label"), "{text:?}: {shown}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{} = wrong {}\n", "ä".repeat(200_000), "y ".repeat(200_000));
        let at = text.find("wrong").unwrap();
        let shown = show(&text, &[(at, at + 5)]);
        assert!(shown.len() < 2000, "{}", shown.len());
        assert!(shown.contains("wrong") && shown.contains("a.kexp:1:200004"), "{shown}");
    }

    #[test]
    fn many_diagnostics_are_counted() {
        let shown = show("abc\n", &[(0, 1); 57]);
        assert_eq!(shown.matches("error[code]").count(), 50);
        assert!(shown.ends_with("... and 7 more\n"), "{shown}");
    }

    #[test]
    fn diagnostics_come_in_the_order_of_the_text() {
        let shown = show("abc\ndef\n", &[(5, 6), (1, 2)]);
        assert!(shown.find("a.kexp:1:2").unwrap() < shown.find("a.kexp:2:2").unwrap(), "{shown}");
    }
}
