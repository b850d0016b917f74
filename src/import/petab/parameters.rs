//! The parameter table: what is estimated, within which bounds, on which scale, and what is known beforehand.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::table::{Cell, Row, Table};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span};
use crate::model::problem::{Estimate, Prior, ProblemParameter, Scale};

const REQUIRED: [&str; 3] = ["parameterId", "parameterScale", "estimate"];

/// Columns that mean something here. Those of the initialisation prior say where a search may start; starts are drawn
/// from the box between the bounds.
const KNOWN: [&str; 8] = [
    "parameterName",
    "lowerBound",
    "upperBound",
    "nominalValue",
    "objectivePriorType",
    "objectivePriorParameters",
    "initializationPriorType",
    "initializationPriorParameters",
];

const SCALES: [(&str, Scale); 3] = [("lin", Scale::Linear), ("log", Scale::Log), ("log10", Scale::Log10)];

/// The parameters of a problem, in the order of the table, and where each is declared.
#[derive(Debug, Default)]
pub struct Parameters {
    /// The parameters.
    pub all: Vec<ProblemParameter>,
    /// The place of each by its id, those with findings included, so that what refers to them is no further finding.
    pub index: BTreeMap<String, Span>,
}

/// Reads the parameter tables.
pub fn read(files: &[FileId], sources: &Sources, findings: &mut Findings) -> Parameters {
    let mut parameters = Parameters::default();
    for &file in files {
        let Some(table) = Table::read(file, sources, &REQUIRED, &KNOWN, findings) else { continue };
        for row in table.rows() {
            let Some(cell) = row.get("parameterId") else { continue };
            let Some(id) = cell.id("the parameter's id", findings) else { continue };
            if let Some(first) = parameters.index.get(id) {
                let finding = Diagnostic::error("duplicate-id", format!("parameter `{id}` stands there twice"));
                findings.push(finding.at(cell.span(), "again").at(*first, "first here"));
                continue;
            }
            parameters.index.insert(id.to_owned(), cell.span());
            parameters.all.extend(parameter(id, cell.span(), &row, findings));
        }
    }
    parameters
}

fn parameter(id: &str, span: Span, row: &Row<'_>, findings: &mut Findings) -> Option<ProblemParameter> {
    let scale = row.get("parameterScale").and_then(|cell| cell.choice("parameterScale", &SCALES, findings));
    let flags = [("1", true), ("0", false), ("1.0", true), ("0.0", false), ("true", true), ("false", false)];
    let estimated = row.get("estimate").and_then(|cell| cell.choice("estimate", &flags, findings));
    let nominal = match row.filled("nominalValue") {
        Some(cell) => Some((cell.number("the nominal value", findings)?, cell)),
        None => None,
    };
    let scale = scale?;
    if !estimated? {
        let Some((nominal, _)) = nominal else {
            let message = format!("`{id}` is not estimated and has no nominalValue");
            findings.error("missing-value", message, span, "this parameter");
            return None;
        };
        return Some(ProblemParameter { id: id.to_owned(), nominal, estimate: None });
    }
    let bounds = bounds(row, id, span, scale, findings);
    let prior = prior(row, span, findings);
    let (lower, upper) = bounds?;
    if let Some((value, cell)) = nominal
        && scale != Scale::Linear
        && value <= 0.0
    {
        let message = format!("`{id}` is estimated on a logarithmic scale and must be above zero");
        findings.error("out-of-bounds", message, cell.span(), "expected more than 0");
        return None;
    }
    let nominal = match nominal {
        Some((value, _)) => value,
        None => {
            let message = format!("`{id}` has no nominalValue: the middle between its bounds is taken");
            findings.push(Diagnostic::warning("missing-value", message).at(span, "this parameter"));
            middle(lower, upper, scale)
        }
    };
    let estimate = Estimate { lower, upper, scale, prior: prior? };
    Some(ProblemParameter { id: id.to_owned(), nominal, estimate: Some(estimate) })
}

/// Lower and upper bound on the linear scale.
fn bounds(row: &Row<'_>, id: &str, span: Span, scale: Scale, findings: &mut Findings) -> Option<(f64, f64)> {
    let mut bound = |column: &str, what: &str| match row.filled(column) {
        Some(cell) => Some((bound(&cell, what, findings)?, cell.span())),
        None => {
            findings.error("missing-value", format!("`{id}` is estimated and has no {column}"), span, "this parameter");
            None
        }
    };
    let lower = bound("lowerBound", "the lower bound");
    let upper = bound("upperBound", "the upper bound");
    let ((lower, lower_span), (upper, upper_span)) = (lower?, upper?);
    if lower > upper {
        let message = format!("the bounds of `{id}` are the wrong way round");
        findings.push(Diagnostic::error("out-of-bounds", message).at(upper_span, "less than the lower bound"));
        return None;
    }
    if scale != Scale::Linear && (lower < 0.0 || upper <= 0.0) {
        let message = format!("the bounds of `{id}` have no logarithm");
        let span = if lower < 0.0 { lower_span } else { upper_span };
        findings.error("out-of-bounds", message, span, "expected more than 0");
        return None;
    }
    Some((lower, upper))
}

/// A bound, which may be infinite.
fn bound(cell: &Cell<'_>, what: &str, findings: &mut Findings) -> Option<f64> {
    match cell.text.parse::<f64>() {
        Ok(value) if value.is_infinite() => Some(value),
        _ => cell.number(what, findings),
    }
}

/// The middle of an interval on the scale of estimation, on the linear scale; the end that is finite where the other
/// one is not.
fn middle(lower: f64, upper: f64, scale: Scale) -> f64 {
    let middle = match scale {
        Scale::Linear => 0.5 * (lower + upper),
        Scale::Log | Scale::Log10 => lower.sqrt() * upper.sqrt(),
    };
    let usable = |value: &f64| value.is_finite() && (scale == Scale::Linear || *value > 0.0);
    [middle, lower, upper].into_iter().find(usable).unwrap_or(1.0)
}

/// The families of `PEtab`'s priors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Uniform,
    Normal,
    Laplace,
    LogNormal,
    LogLaplace,
    ScaleUniform,
    ScaleNormal,
    ScaleLaplace,
}

const FAMILIES: [(&str, Family); 8] = [
    ("uniform", Family::Uniform),
    ("normal", Family::Normal),
    ("laplace", Family::Laplace),
    ("logNormal", Family::LogNormal),
    ("logLaplace", Family::LogLaplace),
    ("parameterScaleUniform", Family::ScaleUniform),
    ("parameterScaleNormal", Family::ScaleNormal),
    ("parameterScaleLaplace", Family::ScaleLaplace),
];

/// The prior of a line; `None` after a finding. A uniform prior without numbers is that between the bounds: it is
/// constant where the parameter may be, and left out.
#[allow(clippy::option_option, reason = "the outer one says whether the line was sound")]
fn prior(row: &Row<'_>, span: Span, findings: &mut Findings) -> Option<Option<Prior>> {
    let Some(kind) = row.filled("objectivePriorType") else {
        return match row.filled("objectivePriorParameters") {
            None => Some(None),
            Some(cell) => {
                let message = "the prior has parameters, but no objectivePriorType";
                findings.error("bad-prior", message, cell.span(), "parameters of nothing");
                None
            }
        };
    };
    let family = kind.choice("objectivePriorType", &FAMILIES, findings)?;
    let Some(cell) = row.filled("objectivePriorParameters") else {
        if matches!(family, Family::Uniform | Family::ScaleUniform) {
            return Some(None);
        }
        findings.error("bad-prior", "the prior has no objectivePriorParameters", span, "this parameter");
        return None;
    };
    let numbers: Vec<Option<f64>> = cell.text.split(';').map(|part| part.trim().parse::<f64>().ok()).collect();
    let [Some(first), Some(second)] = numbers[..] else {
        let text = super::table::shortened(cell.text);
        let finding = Diagnostic::error("bad-prior", format!("`{text}` are no parameters of a prior"))
            .at(cell.span(), "expected two numbers with `;` between them");
        findings.push(finding);
        return None;
    };
    let is_interval = matches!(family, Family::Uniform | Family::ScaleUniform);
    let sound = first.is_finite() && second.is_finite() && if is_interval { first < second } else { second > 0.0 };
    if !sound {
        let expected = if is_interval { "expected lower end;upper end" } else { "expected a width above 0" };
        findings.error("bad-prior", "these numbers make no density", cell.span(), expected);
        return None;
    }
    Some(Some(match family {
        Family::Uniform => Prior::LinearUniform { lower: first, upper: second },
        Family::Normal => Prior::LinearNormal { mean: first, sd: second },
        Family::Laplace => Prior::LinearLaplace { location: first, scale: second },
        Family::LogNormal => Prior::LogNormal { mean: first, sd: second },
        Family::LogLaplace => Prior::LogLaplace { location: first, scale: second },
        Family::ScaleUniform => Prior::Uniform { lower: first, upper: second },
        Family::ScaleNormal => Prior::Normal { mean: first, sd: second },
        Family::ScaleLaplace => Prior::Laplace { location: first, scale: second },
    }))
}
