//! The paper draft. Authors write prose; kexp owns what stands between its markers, and nothing else.
//!
//! ```markdown
//! A share of <!-- kexp:value proposals.feasible[condition = 0] as percent -->97 %<!-- /kexp:value --> solves.
//!
//! <!-- kexp:figure fvals -->
//! ...
//! <!-- /kexp:figure -->
//! ```

mod format;
mod markers;

pub use format::ValueFormat;
pub use markers::{Marker, MarkerKind, parse};

use super::results::Value;
use super::templates::{fill, list};
use crate::diagnostic::{Diagnostic, FileId, Span, suggest};

/// What the blocks of a draft are filled with.
pub trait Blocks {
    /// The value at a path, such as `proposals.feasible[condition = 0]`.
    ///
    /// # Errors
    /// In words, why there is none, with a suggestion where one is near.
    fn value(&self, path: &str) -> Result<Value, String>;
    /// A declared figure.
    fn figure(&self, name: &str) -> Option<FigureBlock>;
    /// A table as Markdown.
    fn table(&self, name: &str) -> Option<String>;
    /// The names of all declared figures, which the draft must show.
    fn figures(&self) -> Vec<String>;
    /// The names of all declared tables, which the draft must show.
    fn tables(&self) -> Vec<String>;
}

/// What a figure's block shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureBlock {
    /// The picture, relative to the draft.
    pub path: String,
    /// The caption.
    pub caption: String,
    /// The table under the picture as Markdown; may be empty.
    pub table_markdown: String,
}

/// The draft with all blocks filled anew. What stands outside the markers survives byte for byte, and rendering twice
/// changes nothing more.
///
/// # Errors
/// All broken markers, and all values, figures and tables that do not exist.
pub fn render(text: &str, file: FileId, blocks: &dyn Blocks) -> Result<String, Vec<Diagnostic>> {
    let (markers, mut wrong) = parse(text, file);
    let mut rendered = String::with_capacity(text.len());
    let mut done = 0;
    for marker in &markers {
        match content(marker, text, blocks) {
            Ok(content) => {
                rendered.push_str(&text[done..marker.content.start]);
                rendered.push_str(&content);
                done = marker.content.end;
            }
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    rendered.push_str(&text[done..]);
    if wrong.is_empty() { Ok(rendered) } else { Err(sorted(wrong)) }
}

/// Everything that keeps the draft from being what the results say: broken markers, blocks that are stale or edited by
/// hand, figures and tables that are declared but not shown, or shown but not declared. Empty when all is well.
#[must_use]
pub fn check(text: &str, file: FileId, blocks: &dyn Blocks) -> Vec<Diagnostic> {
    let (markers, mut found) = parse(text, file);
    for marker in &markers {
        match content(marker, text, blocks) {
            Ok(expected) => found.extend(compare(marker, &text[marker.content.start..marker.content.end], &expected)),
            Err(diagnostic) => found.push(diagnostic),
        }
        let before = &text[text[..marker.opener.start].rfind('\n').map_or(0, |at| at + 1)..marker.opener.start];
        if marker.kind == MarkerKind::Value && before.trim().is_empty() {
            let message = "a value marker starts a line: Markdown takes the whole line for HTML";
            found.push(
                Diagnostic::warning("marker-starts-line", message)
                    .at(marker.opener, "")
                    .help("put a word before it, or join the line with the one above"),
            );
        }
    }
    let shown =
        |kind: MarkerKind, name: &String| markers.iter().any(|marker| marker.kind == kind && marker.argument == *name);
    let declared = blocks.figures().into_iter().map(|name| (MarkerKind::Figure, name));
    for (kind, name) in declared.chain(blocks.tables().into_iter().map(|name| (MarkerKind::Table, name))) {
        if !shown(kind, &name) {
            let word = kind.word();
            let end = Span { file, start: text.len(), end: text.len() };
            found.push(
                Diagnostic::error(
                    "not-shown",
                    format!("the {word} `{name}` is declared, but the draft does not show it"),
                )
                .at(end, "")
                .help(format!("add `<!-- kexp:{word} {name} -->` and `<!-- /kexp:{word} -->` on lines of their own")),
            );
        }
    }
    sorted(found)
}

/// A draft to start from: the skeleton of a paper with a place for each declared figure and table. Its blocks are
/// empty: [`render`] fills them.
///
/// # Errors
/// When the template is wrong, which a test excludes.
pub fn starter(title: &str, figures: &[String], tables: &[String]) -> Result<String, minijinja::Error> {
    let context = minijinja::context! { title, figures => list(figures), tables => list(tables) };
    fill("draft.md", include_str!("../../../templates/draft.md"), context)
}

/// What must stand between a marker and its closer.
fn content(marker: &Marker, text: &str, blocks: &dyn Blocks) -> Result<String, Diagnostic> {
    let (word, name) = (marker.kind.word(), &marker.argument);
    let lines = |body: String| {
        let body = format!("\n{}\n", body.trim_end().replace("<!--", "&lt;!--"));
        if text.contains("\r\n") { body.replace('\n', "\r\n") } else { body }
    };
    let missing = |known: Vec<String>| {
        let near = suggest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        Diagnostic::error(
            if marker.kind == MarkerKind::Figure { "unknown-figure" } else { "unknown-table" },
            format!("the draft shows the {word} `{name}`, but no such {word} is declared"),
        )
        .at(marker.opener, "shown here")
        .maybe_help(near)
    };
    match marker.kind {
        MarkerKind::Value => {
            let value = blocks.value(name).map_err(|why| {
                Diagnostic::error("unknown-value", format!("`{name}` has no value: {why}")).at(marker.opener, "")
            })?;
            let shown = marker
                .format
                .apply(&value)
                .map_err(|why| Diagnostic::error("value-format", format!("`{name}`: {why}")).at(marker.opener, ""))?;
            Ok(shown.replace(['\n', '\r'], " ").replace("<!--", "&lt;!--"))
        }
        MarkerKind::Figure => {
            let figure = blocks.figure(name).ok_or_else(|| missing(blocks.figures()))?;
            let caption = figure.caption.replace(['\n', '\r'], " ").replace('[', "\\[").replace(']', "\\]");
            let picture = format!("![{caption}]({}){{ width=80% }}", figure.path);
            Ok(lines(if figure.table_markdown.trim().is_empty() {
                picture
            } else {
                format!("{picture}\n\n{}", figure.table_markdown)
            }))
        }
        MarkerKind::Table => Ok(lines(blocks.table(name).ok_or_else(|| missing(blocks.tables()))?)),
    }
}

/// A finding where a block does not say what it must.
fn compare(marker: &Marker, found: &str, expected: &str) -> Option<Diagnostic> {
    if found == expected {
        return None;
    }
    let name = &marker.argument;
    let help = "`kexp render` writes the block anew; write only outside of the markers";
    if marker.kind == MarkerKind::Value {
        let message = format!("the draft says `{found}` where the results say `{expected}`");
        let label = format!("expected `{expected}`, found `{found}`");
        return Some(Diagnostic::error("stale-value", message).at(marker.content, label).help(help));
    }
    let word = marker.kind.word();
    let (mut start, mut end, mut label) = (marker.content.start, marker.content.end, "the block is empty".to_owned());
    if !found.trim().is_empty() {
        // The first line that differs says more than the whole block.
        let mut offset = marker.content.start;
        let mut wanted = expected.split('\n');
        for line in found.split('\n') {
            let want = wanted.next();
            if want != Some(line) {
                (start, end) = (offset, offset + line.trim_end().len());
                let want = want.map_or("the end of the block".to_owned(), |want| format!("`{}`", want.trim_end()));
                label = format!("expected {want}");
                break;
            }
            offset += line.len() + 1;
        }
    }
    let span = Span { file: marker.opener.file, start, end: end.max(start) };
    let message = format!("the block of the {word} `{name}` is not what the results say");
    Some(Diagnostic::error("stale-block", message).at(span, label).help(help))
}

fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| (label.span.start, label.span.end)));
    diagnostics
}
