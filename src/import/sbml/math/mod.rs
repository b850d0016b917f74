//! Formulas: `MathML` and Level 1's text to [`Expression`](crate::model::expression::Expression).

pub(super) mod formula;
mod infix;
pub(super) mod mathml;
pub(super) mod number;
mod operators;

use std::collections::BTreeMap;

pub(super) use formula::Formula;

use super::findings::Findings;
use super::functions::Functions;
use super::symbols::{Kind, Symbols};
use crate::diagnostic::{Diagnostic, Span, suggest};

/// What the symbols of a formula mean.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'a> {
    /// A function's body: its arguments only.
    Arguments(&'a BTreeMap<String, usize>),
    /// A formula of the model, with the new names of local parameters.
    Model(&'a Symbols, &'a BTreeMap<String, String>),
}

/// What is needed to read a formula.
pub(super) struct Reader<'a> {
    pub names: Names<'a>,
    pub functions: &'a Functions,
    /// Where the formula stands, for messages: "the kinetic law of reaction `J0`".
    pub place: &'a str,
    pub findings: &'a mut Findings,
    /// Nodes that were copied into the formula so far.
    pub copied: usize,
}

impl Reader<'_> {
    /// A finding about a place in the formula, and something to go on with.
    fn wrong(&mut self, code: &'static str, message: &str, span: Span, label: &str) -> Formula {
        self.findings.push(Diagnostic::error(code, format!("{message} in {}", self.place)).at(span, label));
        Formula::number(f64::NAN)
    }

    fn symbol(&mut self, id: &str, span: Span) -> Formula {
        let (symbols, locals) = match self.names {
            Names::Arguments(arguments) if arguments.contains_key(id) => {
                return Formula::symbol(id);
            }
            Names::Arguments(arguments) => {
                let names = arguments.keys().map(String::as_str);
                let help = self.findings.may_suggest().then(|| suggest(id, names)).flatten();
                let help = help.map_or_else(
                    || "a function sees its own arguments only: hand the value over as one".to_owned(),
                    |argument| format!("did you mean `{argument}`?"),
                );
                let message = format!("`{id}` in {} is none of its arguments", self.place);
                self.findings.push(Diagnostic::error("unknown-symbol", message).at(span, "not an argument").help(help));
                return Formula::number(f64::NAN);
            }
            Names::Model(symbols, locals) => (symbols, locals),
        };
        if let Some(renamed) = locals.get(id) {
            return Formula::symbol(renamed);
        }
        match symbols.kind(id) {
            Some(kind) if kind.is_quantity() => Formula::symbol(id),
            Some(kind) => {
                let message = format!("`{id}` is {} and has no value", kind.word());
                self.wrong("unknown-symbol", &message, span, "not a quantity")
            }
            None => {
                let help = symbols.suggestion(id, Kind::is_quantity, self.findings);
                let message = format!("`{id}` in {} is not defined", self.place);
                let finding = Diagnostic::error("unknown-symbol", message).at(span, "nothing has this id");
                self.findings.push(finding.maybe_help(help));
                Formula::number(f64::NAN)
            }
        }
    }

    /// A function definition written out.
    fn call(&mut self, id: &str, arguments: Vec<Formula>, span: Span) -> Formula {
        let Some(function) = self.functions.get(id) else {
            let known = self.functions.is_known(id);
            if known {
                // Its own definition is reported.
                return Formula::number(f64::NAN);
            }
            let help = self.findings.may_suggest().then(|| suggest(id, self.functions.names())).flatten();
            let help = help.map(|id| format!("did you mean `{id}`?"));
            let message = format!("`{id}` in {} is not a function", self.place);
            let finding =
                Diagnostic::error("unknown-function", message).at(span, "nothing of this name takes arguments");
            self.findings.push(finding.maybe_help(help));
            return Formula::number(f64::NAN);
        };
        if arguments.len() != function.arguments.len() {
            let (expected, got) = (function.arguments.len(), arguments.len());
            let message = format!("the function `{id}` takes {expected} arguments, not {got},");
            return self.wrong("wrong-arguments", &message, span, "called here");
        }
        if !self.copies(function.written_out(&arguments), span) {
            return Formula::number(f64::NAN);
        }
        function.call(&arguments)
    }

    /// Counts copied nodes; false, with a finding, when a formula grows too large.
    fn copies(&mut self, nodes: usize, span: Span) -> bool {
        let before = self.copied;
        self.copied = before.saturating_add(nodes);
        if self.copied > formula::LARGEST && before <= formula::LARGEST {
            let message = format!("more than {} nodes, function definitions written out,", formula::LARGEST);
            self.wrong("too-large", &message, span, "grows too large here");
        }
        self.copied <= formula::LARGEST && self.functions.copies(nodes)
    }

    fn operator(&mut self, name: &str, arguments: Vec<Formula>, span: Span) -> Formula {
        let nodes: usize = arguments.iter().map(|argument| argument.size).sum();
        if !self.copies(nodes.saturating_mul(operators::copies(name, arguments.len())), span) {
            return Formula::number(f64::NAN);
        }
        let deepest = arguments.iter().map(|argument| argument.depth).max().unwrap_or_default();
        if deepest > formula::DEEPEST {
            let message = format!("formulas nested deeper than {}", formula::DEEPEST);
            return self.wrong("too-deep", &message, span, "this is one too many");
        }
        match operators::apply(name, arguments) {
            Ok(formula) => formula,
            Err(operators::Refusal::Unknown) => {
                let message = format!("`{name}` is not one of SBML's operators,");
                self.wrong("unknown-function", &message, span, "not known")
            }
            Err(operators::Refusal::Arguments(expected)) => {
                let message = format!("`{name}` takes {expected}");
                self.wrong("wrong-arguments", &message, span, "applied here")
            }
        }
    }
}
