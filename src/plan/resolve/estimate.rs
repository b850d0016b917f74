//! `estimate names in bounds` and `prior name ~ distribution`.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::model::problem::{Estimate, Prior, Scale};
use crate::plan::schema::plain;
use crate::syntax::ast::{Expr, ExprKind, Name};

use super::experiment::Origin;
use super::kinetics::constant_with;
use super::overrides::glob;
use super::scope::Scope;
use super::typing::{Typing, ordered};
use super::words;

/// A parameter that could be estimated.
pub(super) struct Candidate<'a> {
    pub id: &'a str,
    pub nominal: f64,
    /// Where it is declared.
    pub place: Option<Span>,
    /// A constant of the rate laws.
    pub kinetic: bool,
}

/// A parameter that is estimated, and where that is said.
pub(super) struct Estimated {
    pub id: String,
    pub nominal: f64,
    pub estimate: Estimate,
    pub span: Span,
}

/// All estimated parameters in the order of the text, wildcards in the order of the candidates.
pub(super) fn estimates(
    lines: &[(&[Name], &Expr)],
    candidates: &[Candidate<'_>],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Estimated> {
    // A name that is written out anywhere takes its bounds from there, not from a wildcard.
    let mut explicit: BTreeMap<&str, Span> = BTreeMap::new();
    for name in lines.iter().flat_map(|(names, _)| names.iter()) {
        if name.text.contains('*') || name.text == "kinetic" {
            continue;
        }
        if let Some(first) = explicit.insert(&name.text, name.span) {
            findings.push(
                Diagnostic::error("duplicate-name", format!("`{}` is estimated twice", name.text))
                    .at(name.span, "said again")
                    .at(first, "first said here"),
            );
        }
    }
    let mut found: Vec<Estimated> = Vec::new();
    let mut nowhere: Vec<Diagnostic> = Vec::new();
    for (names, bounds) in lines {
        let mut scratch = Vec::new();
        let mut chosen: Vec<(&Candidate<'_>, Span, bool)> = Vec::new();
        for name in *names {
            let before = chosen.len();
            let wild = name.text.contains('*') || name.text == "kinetic";
            let fits = |one: &&Candidate<'_>| match name.text.as_str() {
                "kinetic" => one.kinetic,
                pattern => glob(pattern, one.id),
            };
            let matching: Vec<_> = candidates.iter().filter(fits).collect();
            for one in &matching {
                let taken = wild && explicit.contains_key(one.id);
                let known =
                    found.iter().any(|known| known.id == one.id) || chosen.iter().any(|(known, ..)| known.id == one.id);
                if !taken && !known {
                    chosen.push((*one, name.span, wild));
                }
            }
            if matching.is_empty() {
                scratch.push(unmatched(name, candidates));
            } else if chosen.len() == before && wild {
                scratch.push(
                    Diagnostic::warning("nothing-new", format!("`{}` adds nothing", name.text))
                        .at(name.span, "every parameter that it fits has its own bounds"),
                );
            }
        }
        findings.append(&mut scratch);
        let limits = Limits::new(bounds, findings);
        let Some(limits) = limits else { continue };
        let mut skipped: Vec<&str> = Vec::new();
        for (one, span, wild) in chosen {
            // Of a whole group, those that bounds relative to the nominal value do not suit stay fixed.
            if wild && !limits.constant && limits.of(one, &mut Vec::new()).is_none() {
                skipped.push(one.id);
                continue;
            }
            let Some((lower, upper)) = limits.of(one, findings) else {
                // Constant bounds are wrong for all in the same way.
                if limits.constant {
                    break;
                }
                continue;
            };
            if one.nominal < lower || one.nominal > upper {
                let message = format!(
                    "the nominal value of `{}` lies outside its bounds: {} is not in {} .. {}",
                    one.id,
                    plain(one.nominal),
                    plain(lower),
                    plain(upper)
                );
                let mut finding =
                    Diagnostic::warning("nominal-outside", message).at(span, "estimated between these bounds");
                if let Some(place) = one.place {
                    finding = finding.at(place, "its nominal value");
                }
                findings.push(finding);
            }
            let estimate = Estimate { lower, upper, scale: limits.scale, prior: None };
            found.push(Estimated { id: one.id.to_owned(), nominal: one.nominal, estimate, span });
        }
        nowhere.extend((!skipped.is_empty()).then(|| left_out(&skipped, bounds, &limits)));
    }
    if found.is_empty() {
        for finding in &mut nowhere {
            finding.severity = Severity::Error;
        }
    }
    findings.append(&mut nowhere);
    found
}

/// Parameters of a group whose nominal values give no bounds.
fn left_out(skipped: &[&str], bounds: &Expr, limits: &Limits<'_>) -> Diagnostic {
    const MOST_NAMED: usize = 6;
    let named: Vec<_> = skipped.iter().take(MOST_NAMED).map(|id| format!("`{id}`")).collect();
    let more = skipped.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (verb, why) = match (skipped.len(), limits.scale) {
        (1, Scale::Linear) => ("is", "its nominal value gives no lower bound below an upper bound"),
        (_, Scale::Linear) => ("are", "their nominal values give no lower bound below an upper bound"),
        (1, _) => ("is", "its nominal value is not above 0"),
        _ => ("are", "their nominal values are not above 0"),
    };
    Diagnostic::warning("no-bounds", format!("{}{more} {verb} not estimated: {why}", named.join(", ")))
        .at(bounds.span, "bounds relative to the nominal value")
        .help("name such a parameter in an `estimate` line of its own, with numbers as bounds")
}

fn unmatched(name: &Name, candidates: &[Candidate<'_>]) -> Diagnostic {
    let names: Vec<_> = candidates.iter().map(|one| one.id).collect();
    let message = match name.text.as_str() {
        "kinetic" => "no constant parameter stands in a rate law".to_owned(),
        text if text.contains('*') => format!("no parameter fits `{text}`"),
        text => format!("there is no parameter `{text}` to estimate"),
    };
    let finding = Diagnostic::error("estimate-nothing", message).at(name.span, "matches nothing");
    words::with_help(finding, name.text.trim_matches('*'), "parameters", &names)
}

struct Limits<'a> {
    start: &'a Expr,
    end: &'a Expr,
    scale: Scale,
    word: &'static str,
    /// The bounds do not use `nominal`.
    constant: bool,
}

impl<'a> Limits<'a> {
    fn new(bounds: &'a Expr, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let scope = Scope::default();
        let mut origins = BTreeMap::new();
        let mut typing = Typing { scope: &scope, findings, origins: &mut origins, origin: Origin::File };
        let ExprKind::Range { start, end, step, scale } = &bounds.kind else {
            typing.interval(bounds);
            return None;
        };
        if step.is_some() {
            typing.interval(bounds);
            return None;
        }
        let word = typing.scale(scale.as_ref())?;
        let scale = match word {
            "log" => Scale::Log,
            "log10" => Scale::Log10,
            _ => Scale::Linear,
        };
        Some(Self { start, end, scale, word, constant: !nominal(start) && !nominal(end) })
    }

    fn of(&self, one: &Candidate<'_>, findings: &mut Vec<Diagnostic>) -> Option<(f64, f64)> {
        let known = |name: &str| (name == "nominal").then_some(one.nominal);
        let before = findings.len();
        let lower = constant_with(self.start, &known, findings);
        let upper = constant_with(self.end, &known, findings);
        let sound = match (lower, upper) {
            (Some(lower), Some(upper)) => {
                ordered(lower, upper, self.word, self.start.span, self.end.span, findings).then_some((lower, upper))
            }
            _ => None,
        };
        if !self.constant {
            for finding in &mut findings[before..] {
                finding.message = format!("for `{}`, {}", one.id, finding.message);
                if let (Some(place), None) = (one.place, finding.labels.get(1)) {
                    *finding = finding.clone().at(place, format!("its nominal value is {}", plain(one.nominal)));
                }
            }
        }
        sound
    }
}

/// Does an expression use the nominal value?
fn nominal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => name == "nominal",
        ExprKind::Unary { operand, .. } => nominal(operand),
        ExprKind::Binary { left, right, .. } => nominal(left) || nominal(right),
        ExprKind::Call { arguments, .. } => arguments.iter().any(|argument| nominal(&argument.value)),
        _ => false,
    }
}

/// Adds priors to the estimated parameters.
pub(super) fn priors(lines: &[(&Name, &Expr)], estimated: &mut [Estimated], findings: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, distribution) in lines {
        let prior = prior(distribution, findings);
        if let Some(first) = first.insert(&name.text, name.span) {
            findings.push(
                Diagnostic::error("duplicate-name", format!("`{}` has two priors", name.text))
                    .at(name.span, "said again")
                    .at(first, "first said here"),
            );
            continue;
        }
        let ids: Vec<_> = estimated.iter().map(|one| one.id.clone()).collect();
        match estimated.iter_mut().find(|one| one.id == name.text) {
            Some(one) => one.estimate.prior = prior,
            None => findings.push(
                Diagnostic::error("unknown-symbol", format!("`{}` is not estimated, and so has no prior", name.text))
                    .at(name.span, "expected an estimated parameter")
                    .maybe_help(words::near(&name.text, ids.iter().map(String::as_str))),
            ),
        }
    }
}

fn prior(expr: &Expr, findings: &mut Vec<Diagnostic>) -> Option<Prior> {
    const KNOWN: [&str; 3] = ["normal", "laplace", "uniform"];
    let expected = "expected normal(mean, sd), laplace(location, scale) or uniform(lower, upper)";
    let ExprKind::Call { name, arguments } = &expr.kind else {
        findings.push(Diagnostic::error("wrong-type", "a prior is a distribution").at(expr.span, expected));
        return None;
    };
    if !KNOWN.contains(&name.text.as_str()) {
        let finding = Diagnostic::error("unknown-choice", format!("there is no prior `{}`", name.text));
        findings.push(finding.at(name.span, expected).maybe_help(words::near(&name.text, KNOWN)));
        return None;
    }
    let [first, second] = arguments.as_slice() else {
        findings.push(
            Diagnostic::error(
                "argument-count",
                format!("`{}` takes 2 arguments; here are {}", name.text, arguments.len()),
            )
            .at(name.span, expected),
        );
        return None;
    };
    let a = constant_with(&first.value, &|_| None, findings);
    let b = constant_with(&second.value, &|_| None, findings);
    let (a, b) = (a?, b?);
    let (sound, label) = match name.text.as_str() {
        "uniform" => (a < b, "expected the lower end before the upper end"),
        _ => (b > 0.0, "expected more than 0"),
    };
    if !(sound && a.is_finite() && b.is_finite()) {
        findings.push(
            Diagnostic::error("out-of-bounds", format!("this is no `{}` distribution", name.text))
                .at(second.value.span, label),
        );
        return None;
    }
    Some(match name.text.as_str() {
        "normal" => Prior::Normal { mean: a, sd: b },
        "laplace" => Prior::Laplace { location: a, scale: b },
        _ => Prior::Uniform { lower: a, upper: b },
    })
}
