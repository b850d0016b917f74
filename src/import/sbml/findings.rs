//! The findings of one document: bounded in number, so that a broken file of any size gives a short answer.

use crate::diagnostic::{Diagnostic, Severity};

/// More errors than this are counted only.
const MOST_ERRORS: usize = 200;

/// More warnings than this are counted only.
const MOST_WARNINGS: usize = 50;

/// Collects diagnostics.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        let (count, most) = match finding.severity {
            Severity::Error => (&mut self.errors, MOST_ERRORS),
            Severity::Warning => (&mut self.warnings, MOST_WARNINGS),
        };
        *count += 1;
        if *count <= most {
            self.list.push(finding);
        }
    }

    /// Is there an error among them?
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Are there so few errors that it pays to look for what was meant? Each look goes through all ids.
    pub fn may_suggest(&self) -> bool {
        self.errors < 20
    }

    /// So many were errors.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// All of them, with counts of those that were left out.
    pub fn into_list(mut self) -> Vec<Diagnostic> {
        if self.errors > MOST_ERRORS {
            let message = format!("{} more errors are left out", self.errors - MOST_ERRORS);
            self.list.push(Diagnostic::error("too-many-findings", message));
        }
        if self.warnings > MOST_WARNINGS {
            let message = format!("{} more warnings are left out", self.warnings - MOST_WARNINGS);
            self.list.push(Diagnostic::warning("too-many-findings", message));
        }
        self.list
    }
}
