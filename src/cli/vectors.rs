//! Parameter vectors from a CSV file, line by line: files of a million lines are never in memory as a whole.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::common::{Failure, print};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span};

/// A line longer than this is no line of numbers.
const LONGEST: usize = 16 << 20;
/// More columns than this are none of parameters.
const MOST_NAMES: usize = 100_000;
/// After so many findings the rest of a file is not looked at.
const MOST_FOUND: usize = 20;

/// A file with a header of names and a vector a line.
pub(super) struct Vectors {
    path: PathBuf,
    lines: Lines,
    columns: usize,
}

/// Reads the whole file once, so that what is wrong anywhere in it is said before hours of solving; gives the names in
/// its header. `wrong` says of the
/// header's names what is wrong with them: the index of the name, the words and help.
pub(super) fn look(
    path: &Path,
    wrong: impl Fn(&[String]) -> Vec<(usize, String, Option<String>)>,
) -> Result<Vec<String>, Failure> {
    let mut lines = Lines::open(path)?;
    let mut found = Found { path, sources: Sources::default(), diagnostics: Vec::new() };
    let Some(header) = lines.next(path)? else {
        let words = format!("{} is empty: its first line has to name the parameters", path.display());
        print(&found.sources, &[Diagnostic::error("empty-table", words)]);
        return Err(Failure::Reported);
    };
    let text = match header.text() {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        Err(why) => return found.end_with(&header, why),
    };
    let cells: Vec<(usize, &str)> = cells(&text).collect();
    if cells.len() > MOST_NAMES {
        return found.end_with(&header, "has more names than any model has parameters");
    }
    let names: Vec<String> = cells.iter().map(|(_, name)| (*name).to_owned()).collect();
    let file = found.source(header.number, &text);
    let mut at = |index: usize, code, words: String, help: Option<String>| {
        let place = found.place(file, cells[index]);
        found.diagnostics.push(Diagnostic::error(code, words).at(place, "").maybe_help(help));
    };
    let mut sound = true;
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            at(index, "missing-name", format!("column {} has no name", index + 1), None);
            sound = false;
        } else if !seen.insert(name) {
            at(index, "duplicate-column", format!("there are two columns `{name}`"), None);
            sound = false;
        }
    }
    if sound {
        for (index, words, help) in wrong(&names) {
            at(index, "unknown-name", words, help);
        }
    }
    let mut count = 0;
    let mut values = Vec::new();
    while let Some(line) = lines.next(path)? {
        count += 1;
        match line.text() {
            Ok(text) => {
                let findings = numbers(text, names.len(), &mut values);
                if !findings.is_empty() {
                    let file = found.source(line.number, text);
                    for (cell, code, words) in findings {
                        let place = found.place(file, cell);
                        found.diagnostics.push(Diagnostic::error(code, words).at(place, ""));
                    }
                }
            }
            Err(why) => return found.end_with(&line, why),
        }
        if found.diagnostics.len() >= MOST_FOUND {
            break;
        }
    }
    if count == 0 && found.diagnostics.is_empty() {
        let words = format!("{} has names, but no vectors", path.display());
        found.diagnostics.push(Diagnostic::error("empty-table", words));
    }
    if found.diagnostics.is_empty() {
        return Ok(names);
    }
    print(&found.sources, &found.diagnostics);
    Err(Failure::Reported)
}

impl Vectors {
    /// Opens a file that was [looked at](look).
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let mut lines = Lines::open(path)?;
        let header = lines.next(path)?;
        let columns = header.and_then(|header| header.text().ok().map(|text| cells(text).count())).unwrap_or(0);
        Ok(Self { path: path.to_owned(), lines, columns })
    }

    /// The next vectors, at most `most`; none at the end.
    pub fn next(&mut self, most: usize) -> Result<Vec<Vec<f64>>, Failure> {
        let mut vectors = Vec::new();
        while vectors.len() < most {
            let Some(line) = self.lines.next(&self.path)? else { break };
            let mut values = Vec::with_capacity(self.columns);
            let sound = line.text().is_ok_and(|text| numbers(text, self.columns, &mut values).is_empty());
            if !sound {
                return Err(Failure::Said(format!("{} changed while it was read", self.path.display())));
            }
            vectors.push(values);
        }
        Ok(vectors)
    }
}

/// Cells of a line with their offsets. Numbers and names of parameters have no commas in them.
fn cells(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    line.split(',').map(move |cell| {
        let lead = cell.len() - cell.trim_start().len();
        let (offset, word) = (start + lead, cell.trim());
        start += cell.len() + 1;
        match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
            Some(inner) => (offset + 1, inner),
            None => (offset, word),
        }
    })
}

/// The numbers of a line, and what is wrong with it.
fn numbers<'t>(text: &'t str, columns: usize, values: &mut Vec<f64>) -> Vec<((usize, &'t str), &'static str, String)> {
    values.clear();
    let mut findings = Vec::new();
    let mut last = (0, text);
    let mut count = 0;
    for (index, cell) in cells(text).enumerate() {
        (last, count) = (cell, index + 1);
        if count > columns {
            continue;
        }
        match cell.1.parse() {
            Ok(value) => values.push(value),
            Err(_) if cell.1.is_empty() => {
                findings.push((cell, "missing-value", format!("column {count} has no value")));
            }
            Err(_) => findings.push((cell, "bad-number", format!("column {count}: `{}` is no number", short(cell.1)))),
        }
    }
    if count != columns {
        let words = format!("{count} values where the header has {columns} names");
        findings.push((last, if count < columns { "missing-value" } else { "surplus-value" }, words));
    }
    findings
}

fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Lines that have something on them.
struct Lines {
    reader: BufReader<File>,
    number: usize,
    bytes: Vec<u8>,
}

struct Line<'l> {
    /// From 1.
    number: usize,
    bytes: &'l [u8],
}

impl Line<'_> {
    fn text(&self) -> Result<&str, &'static str> {
        if self.bytes.len() > LONGEST {
            return Err("is longer than 16 MiB");
        }
        std::str::from_utf8(self.bytes).map(|text| text.trim_end_matches(['\n', '\r'])).map_err(|_| "is not UTF-8")
    }
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::Said(format!("{}: {error}", path.display())))?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, file), number: 0, bytes: Vec::new() })
    }

    fn next(&mut self, path: &Path) -> Result<Option<Line<'_>>, Failure> {
        loop {
            self.bytes.clear();
            let read = self.reader.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut self.bytes);
            read.map_err(|error| Failure::Said(format!("{}: {error}", path.display())))?;
            if self.bytes.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if !self.bytes.trim_ascii().is_empty() || self.bytes.len() > LONGEST {
                return Ok(Some(Line { number: self.number, bytes: &self.bytes }));
            }
        }
    }
}

/// Findings, with the lines that they are about.
struct Found<'p> {
    path: &'p Path,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Found<'_> {
    /// A file that has only this line, at its place.
    fn source(&mut self, number: usize, line: &str) -> FileId {
        self.sources.add(self.path.display().to_string(), format!("{}{line}", "\n".repeat(number - 1)))
    }

    fn place(&self, file: FileId, (offset, cell): (usize, &str)) -> Span {
        let text = self.sources.text(file);
        let start = text.rfind('\n').map_or(0, |at| at + 1) + offset;
        Span { file, start, end: start + cell.len() }
    }

    /// A line that cannot be read ends the file.
    fn end_with(mut self, line: &Line, why: &str) -> Result<Vec<String>, Failure> {
        let shown: String = String::from_utf8_lossy(&line.bytes[..line.bytes.len().min(200)]).trim_end().to_owned();
        let file = self.source(line.number, &shown);
        let place = self.place(file, (0, &shown));
        self.diagnostics.push(Diagnostic::error("bad-line", format!("line {} {why}", line.number)).at(place, ""));
        print(&self.sources, &self.diagnostics);
        Err(Failure::Reported)
    }
}
