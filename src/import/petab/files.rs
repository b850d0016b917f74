//! The files of a problem: the YAML document that names them, and their texts.

use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::findings::Findings;
use crate::diagnostic::{Diagnostic, FileId, Sources, Span, suggest};
use crate::import::sbml;

/// The largest YAML document that is read, in bytes.
const LARGEST_DOCUMENT: u64 = 1 << 20;

/// The largest table or model that is read, in bytes: all measurements of the public collection together have two.
const LARGEST_FILE: u64 = 64 << 20;

/// The files of a problem, by kind, each with the place that names it.
#[derive(Debug, Default)]
pub struct Files {
    /// The document.
    pub document: Option<FileId>,
    /// The SBML model.
    pub model: Option<FileId>,
    /// Parameter tables.
    pub parameters: Vec<FileId>,
    /// Condition tables.
    pub conditions: Vec<FileId>,
    /// Observable tables.
    pub observables: Vec<FileId>,
    /// Measurement tables.
    pub measurements: Vec<FileId>,
}

/// A problem's document as `PEtab` 1 defines it; what is missing is said afterwards.
#[derive(Debug, Deserialize)]
struct Document {
    format_version: Option<Spanned<Version>>,
    parameter_file: Option<Spanned<Names>>,
    problems: Option<Spanned<Vec<Spanned<Entry>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Version {
    Number(f64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[allow(clippy::struct_field_names, reason = "these are the document's words")]
struct Entry {
    sbml_files: Option<Vec<Spanned<String>>>,
    condition_files: Option<Vec<Spanned<String>>>,
    observable_files: Option<Vec<Spanned<String>>>,
    measurement_files: Option<Vec<Spanned<String>>>,
}

/// Reads the document at `path` and all files that it names.
pub fn open(path: &Path, sources: &mut Sources, findings: &mut Findings) -> Files {
    let mut files = Files::default();
    let text = match text_of(path, LARGEST_DOCUMENT) {
        Ok(text) => text,
        Err(message) => {
            findings.push(Diagnostic::error("unreadable-file", message).maybe_help(near_file(path)));
            return files;
        }
    };
    let file = sources.add(path.display().to_string(), text);
    files.document = Some(file);
    let whole = Span { file, start: 0, end: 0 };
    let document: Document = match serde_saphyr::from_str(sources.text(file)) {
        Ok(document) => document,
        Err(error) => {
            findings.push(malformed(&error, file, sources.text(file)));
            return files;
        }
    };
    if !is_version_1(document.format_version.as_ref(), whole, sources, findings) {
        return files;
    }
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut named = Vec::new();
    match document.parameter_file {
        Some(names) => {
            let span = span_of(&names, file, sources.text(file));
            match names.value {
                Names::One(name) => named.push((Kind::Parameters, name, span)),
                Names::Many(names) => named.extend(names.into_iter().map(|name| (Kind::Parameters, name, span))),
            }
        }
        None => findings.error("missing-file", "`parameter_file` is missing", whole, "in this document"),
    }
    if let Some(entry) = only_problem(document.problems, file, sources, findings) {
        let text = sources.text(file);
        for (kind, key, names) in [
            (Kind::Model, "sbml_files", entry.sbml_files),
            (Kind::Conditions, "condition_files", entry.condition_files),
            (Kind::Observables, "observable_files", entry.observable_files),
            (Kind::Measurements, "measurement_files", entry.measurement_files),
        ] {
            let names = names.unwrap_or_default();
            if names.is_empty() {
                findings.error("missing-file", format!("`{key}` names no file"), whole, "in this document");
            }
            if kind == Kind::Model
                && let Some(second) = names.get(1)
            {
                let span = span_of(second, file, text);
                findings.error("two-models", "a problem has one SBML model", span, "a second one");
            }
            named.extend(
                names
                    .into_iter()
                    .map(|name| (kind, span_of(&name, file, text), name.value))
                    .map(|(kind, span, name)| (kind, name, span)),
            );
        }
    }
    for (kind, name, span) in named {
        files.load(kind, &folder.join(name), span, sources, findings);
    }
    files
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Parameters,
    Conditions,
    Observables,
    Measurements,
}

impl Files {
    fn load(&mut self, kind: Kind, path: &Path, span: Span, sources: &mut Sources, findings: &mut Findings) {
        let text = match text_of(path, LARGEST_FILE) {
            Ok(text) => text,
            Err(message) => {
                let finding = Diagnostic::error("unreadable-file", message).at(span, "named here");
                findings.push(finding.maybe_help(near_file(path)));
                return;
            }
        };
        let file = sources.add(path.display().to_string(), text);
        match kind {
            Kind::Model => {
                self.model.get_or_insert(file);
            }
            Kind::Parameters => self.parameters.push(file),
            Kind::Conditions => self.conditions.push(file),
            Kind::Observables => self.observables.push(file),
            Kind::Measurements => self.measurements.push(file),
        }
    }
}

fn is_version_1(version: Option<&Spanned<Version>>, whole: Span, sources: &Sources, findings: &mut Findings) -> bool {
    let Some(version) = version else {
        let finding = Diagnostic::error("missing-version", "`format_version` is missing").at(whole, "in this document");
        findings.push(finding.help("a PEtab problem of version 1 says `format_version: 1`"));
        return false;
    };
    let (is_one, shown) = match &version.value {
        Version::Number(number) => (*number == 1.0, number.to_string()),
        Version::Text(text) => (text == "1" || text.starts_with("1."), super::table::shortened(text)),
    };
    if !is_one {
        let span = span_of(version, whole.file, sources.text(whole.file));
        let message = format!("PEtab of version {shown} is not read");
        findings.push(Diagnostic::error("wrong-version", message).at(span, "expected 1"));
    }
    is_one
}

fn only_problem(
    problems: Option<Spanned<Vec<Spanned<Entry>>>>,
    file: FileId,
    sources: &Sources,
    findings: &mut Findings,
) -> Option<Entry> {
    let text = sources.text(file);
    let mut problems = problems.map(|problems| problems.value).unwrap_or_default();
    if let Some(second) = problems.get(1) {
        let finding = Diagnostic::error("many-problems", "a document with more than one problem is not read")
            .at(span_of(second, file, text), "the second one")
            .help("give each problem a document of its own");
        findings.push(finding);
        return None;
    }
    if problems.is_empty() {
        let whole = Span { file, start: 0, end: 0 };
        findings.error("missing-file", "`problems` has no entry", whole, "in this document");
        return None;
    }
    Some(problems.swap_remove(0).value)
}

/// The place of a part of the document.
fn span_of<T>(part: &Spanned<T>, file: FileId, text: &str) -> Span {
    location_span(&part.referenced, file, text)
}

fn location_span(location: &serde_saphyr::Location, file: FileId, text: &str) -> Span {
    let at = |offset: u64| {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        text.floor_char_boundary(offset)
    };
    let span = location.span();
    let (start, length) = match (span.byte_offset(), span.byte_len()) {
        (Some(start), Some(length)) => (start, length),
        _ => (span.offset(), span.len()),
    };
    let (start, end) = (at(start), at(start.saturating_add(length)));
    // The place of a list or mapping is its whole text; its first line says enough.
    let end = text[start..end].find(['\r', '\n']).map_or(end, |line| start + line);
    Span { file, start, end }
}

fn malformed(error: &serde_saphyr::Error, file: FileId, text: &str) -> Diagnostic {
    let span =
        error.location().map_or(Span { file, start: 0, end: 0 }, |location| location_span(&location, file, text));
    let said = error.without_snippet().to_string();
    let said = said.lines().next().unwrap_or_default();
    // The place is said beside it.
    let said = said.rfind(" at line ").map_or(said, |end| &said[..end]);
    Diagnostic::error("bad-yaml", format!("this is no PEtab document: {}", super::table::shortened(said)))
        .at(span, "in the YAML here")
}

/// The text of a file of at most `most` bytes, or why there is none.
fn text_of(path: &Path, most: u64) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {shown}"),
        _ => format!("cannot read {shown}: {error}"),
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(format!("{shown} is no file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(format!("{shown} has more than {} MiB, the most that is read", most >> 20));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{shown}:{line}: this is not UTF-8 text")
    })
}

/// The text of the table at `path`, or why there is none.
pub fn table_text(path: &Path) -> Result<String, String> {
    text_of(path, LARGEST_FILE)
}

/// A document that the document `from` names, relative to it.
pub fn external(from: FileId, name: &str, sources: &mut Sources) -> Result<sbml::External, String> {
    let path = Path::new(sources.name(from)).parent().unwrap_or(Path::new("")).join(name);
    let text = text_of(&path, LARGEST_FILE)?;
    Ok(sbml::External { file: sources.add(path.display().to_string(), text.clone()), text })
}

/// Another file of the folder with a similar name.
fn near_file(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name()?.to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    suggest(&name, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}
