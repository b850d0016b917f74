//! The findings of an import, of which only so many are kept for each file.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, FileId, Severity, Sources, Span, suggest};

/// Findings that are shown one by one for each file.
const MOST_SHOWN: usize = 20;

/// Collects findings. Of very many in one file only the first ones are kept, and the others counted.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Diagnostic>,
    counts: BTreeMap<Option<FileId>, usize>,
    errors: usize,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.errors += usize::from(finding.severity == Severity::Error);
        let count = self.counts.entry(finding.labels.first().map(|label| label.span.file)).or_default();
        *count += 1;
        // An error among many warnings must not be lost.
        if *count <= MOST_SHOWN || (finding.severity == Severity::Error && self.errors <= MOST_SHOWN) {
            self.found.push(finding);
        }
    }

    /// Adds an error with its place.
    pub fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span, label: &str) {
        self.push(Diagnostic::error(code, message).at(span, label));
    }

    /// Is any of them an error?
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All of them, with a line for each file of which more were found than are shown.
    pub fn finish(self, sources: &Sources) -> Vec<Diagnostic> {
        let mut found = self.found;
        for (file, count) in self.counts {
            let shown = found.iter().filter(|one| one.labels.first().map(|label| label.span.file) == file).count();
            let Some(file) = file.filter(|_| count > shown) else { continue };
            let message = format!("{} more findings in {}", count - shown, sources.name(file));
            let whole = Span { file, start: 0, end: 0 };
            let finding = match self.errors > 0 {
                true => Diagnostic::error("more-findings", message),
                false => Diagnostic::warning("more-findings", message),
            };
            found.push(finding.at(whole, "this file"));
        }
        found
    }
}

/// "did you mean ...?", or the whole list where none is near and the list is short enough to read.
pub fn near_or_listed<'a>(name: &str, what: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = suggest(name, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates.take(25).map(|name| format!("`{name}`")).collect();
    (!all.is_empty() && all.len() <= 24).then(|| format!("{what}: {}", all.join(", ")))
}
