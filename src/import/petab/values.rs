//! Values from a parameter table, to replace those of a problem.

use std::path::Path;

use super::files;
use super::findings::Findings;
use super::table::Table;
use crate::diagnostic::{Diagnostic, Sources, Span};

/// Reads the columns `parameterId` and `nominalValue` of the parameter table at `path`: each id with its value on the
/// linear scale and the place of the value. Lines without a value are left out.
///
/// # Errors
/// All findings, when one of them is an error.
pub fn read_values(path: &Path, sources: &mut Sources) -> Result<Vec<(String, f64, Span)>, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let mut values = Vec::new();
    match files::table_text(path) {
        Ok(text) => {
            let file = sources.add(path.display().to_string(), text);
            if let Some(table) = Table::read(file, sources, &["parameterId", "nominalValue"], &[], &mut findings) {
                for row in table.rows() {
                    let (Some(id), Some(value)) = (row.get("parameterId"), row.filled("nominalValue")) else {
                        continue;
                    };
                    let name = id.id("the parameter's id", &mut findings).map(str::to_owned);
                    let number = value.number("the nominal value", &mut findings);
                    values.extend(name.zip(number).map(|(name, number)| (name, number, value.span())));
                }
            }
        }
        Err(message) => findings.push(Diagnostic::error("unreadable-file", message)),
    }
    match findings.has_errors() {
        true => Err(findings.finish(sources)),
        false => Ok(values),
    }
}
