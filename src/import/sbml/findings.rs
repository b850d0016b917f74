//! The findings of one document: bounded in number, so that a broken file of any size gives a short answer.

use crate::diagnostic::{Diagnostic, Severity};

/// More findings than this are counted only.
const MOST: usize = 200;

/// Collects diagnostics.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
    errors: usize,
    left_out: usize,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.errors += usize::from(finding.severity == Severity::Error);
        if self.list.len() < MOST {
            self.list.push(finding);
        } else {
            self.left_out += 1;
        }
    }

    /// Is there an error among them?
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// So many were errors.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// All of them, with a count of those that were left out.
    pub fn into_list(mut self) -> Vec<Diagnostic> {
        if self.left_out > 0 {
            let message = format!("{} more findings are left out", self.left_out);
            let errors_kept = self.list.iter().filter(|finding| finding.severity == Severity::Error).count();
            let note = match self.errors > errors_kept {
                true => Diagnostic::error("too-many-findings", message),
                false => Diagnostic::warning("too-many-findings", message),
            };
            self.list.push(note);
        }
        self.list
    }
}
