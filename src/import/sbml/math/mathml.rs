//! SBML's subset of `MathML` (Level 3 Version 2, section 3.4).

use super::super::symbols::Kind;
use super::super::tree::{Node, Space};
use super::formula::Formula;
use super::{Names, Reader, number};
use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::{Expression, Function};

/// Avogadro's number as SBML Level 3 fixes it.
const AVOGADRO: f64 = 6.02214179e23;

impl Reader<'_> {
    /// Reads the content of a `math` element; nothing where it is empty.
    pub fn math(&mut self, math: &Node) -> Option<Formula> {
        let mut content = math.children.iter().filter(|child| child.space == Space::Math);
        let first = content.next()?;
        if let Some(second) = content.next() {
            self.wrong("unknown-math", "more than one formula", second.span, "the second one");
        }
        Some(self.node(first))
    }

    /// A `math` element that is none of `MathML`.
    pub fn no_mathml(&mut self, span: Span) -> Option<Formula> {
        let message = format!("<math> in {} is not in MathML's namespace", self.place);
        let finding = Diagnostic::error("unknown-namespace", message).at(span, "this element");
        self.findings.push(finding.help("expected xmlns=\"http://www.w3.org/1998/Math/MathML\""));
        None
    }

    /// Recursion is bounded by the nesting of elements.
    pub fn node(&mut self, node: &Node) -> Formula {
        let built = match &*node.name {
            "cn" => match number::value(node) {
                Ok(value) => Formula::number(value),
                Err(expected) => {
                    let message = format!("`{}` is not {expected},", node.texts.join(" "));
                    self.wrong("unknown-math", &message, node.span, "this number")
                }
            },
            "ci" => self.symbol(node.text(), node.span),
            "csymbol" => self.csymbol(node),
            "true" => Formula::number(1.0),
            "false" => Formula::number(0.0),
            "pi" => Formula::number(std::f64::consts::PI),
            "exponentiale" => Formula::number(std::f64::consts::E),
            "infinity" => Formula::number(f64::INFINITY),
            "notanumber" => Formula::number(f64::NAN),
            "apply" => self.apply(node),
            "piecewise" => self.piecewise(node),
            "semantics" => match node.children.first() {
                Some(content) => self.node(content),
                None => self.wrong("unknown-math", "<semantics> without content", node.span, "nothing in it"),
            },
            "lambda" => self.wrong("unknown-math", "<lambda> outside of a function definition", node.span, "here"),
            other => {
                let message = format!("<{other}> is not part of SBML's MathML,");
                self.wrong("unknown-math", &message, node.span, "not known here")
            }
        };
        if built.depth > super::formula::DEEPEST {
            let message = format!("formulas nested deeper than {}", super::formula::DEEPEST);
            return self.wrong("too-deep", &message, node.span, "this is one too many");
        }
        built
    }

    fn csymbol(&mut self, node: &Node) -> Formula {
        match csymbol_name(node) {
            "time" => Formula::time(),
            "avogadro" => Formula::number(AVOGADRO),
            name => {
                let message = format!("the symbol `{name}` is not known");
                self.wrong("unknown-symbol", &message, node.span, "no symbol of SBML's")
            }
        }
    }

    fn apply(&mut self, node: &Node) -> Formula {
        let Some((head, rest)) = node.children.split_first() else {
            return self.wrong("unknown-math", "<apply> without an operator", node.span, "nothing in it");
        };
        let span = node.span.to(head.span);
        match &*head.name {
            "ci" => {
                let arguments = rest.iter().map(|argument| self.node(argument)).collect();
                self.call(head.text(), arguments, span)
            }
            "csymbol" => self.apply_csymbol(head, rest, span),
            "root" | "log" => {
                let qualifier = if &*head.name == "root" { "degree" } else { "logbase" };
                let default = if &*head.name == "root" { 2.0 } else { 10.0 };
                let (mut first, mut arguments) = (Formula::number(default), Vec::new());
                for child in rest {
                    if &*child.name != qualifier {
                        arguments.push(self.node(child));
                    } else if let [value] = child.children.as_slice() {
                        first = self.node(value);
                    } else {
                        let message = format!("<{qualifier}> needs one value");
                        self.wrong("unknown-math", &message, child.span, "here");
                    }
                }
                if arguments.len() != 1 {
                    let message = format!("`{}` takes one argument", head.name);
                    return self.wrong("wrong-arguments", &message, span, "applied here");
                }
                arguments.insert(0, first);
                self.operator(&head.name, arguments, span)
            }
            name => {
                let arguments = rest.iter().map(|argument| self.node(argument)).collect();
                self.operator(name, arguments, span)
            }
        }
    }

    fn apply_csymbol(&mut self, head: &Node, rest: &[Node], span: Span) -> Formula {
        let mut arguments: Vec<Formula> = rest.iter().map(|argument| self.node(argument)).collect();
        match (csymbol_name(head), arguments.as_slice()) {
            ("rateOf", [Formula { expression: Expression::Symbol(id), .. }]) => {
                if let Names::Model(symbols, _) = self.names
                    && symbols.kind(id) == Some(Kind::Reaction)
                {
                    let message = format!("`rateOf` of the reaction `{id}`, whose value is a rate already,");
                    return self.wrong("wrong-arguments", &message, span, "not a variable");
                }
                arguments.remove(0).of(Function::RateOf)
            }
            ("rateOf", _) => self.wrong("wrong-arguments", "`rateOf` takes one symbol", span, "applied here"),
            ("delay", [_, delay]) if delay.value() == Some(0.0) => arguments.remove(0),
            ("delay", [_, _]) => {
                let message = format!("{} looks back in time, and delay equations are not simulated", self.place);
                let finding = Diagnostic::error("delay-equation", message).at(span, "`delay` with a delay");
                self.findings.push(finding.help("a chain of intermediate species can stand for a delay"));
                Formula::number(f64::NAN)
            }
            ("delay", _) => self.wrong("wrong-arguments", "`delay` takes two arguments", span, "applied here"),
            (name, _) => {
                let message = format!("the function `{name}` is not known");
                self.wrong("unknown-function", &message, head.span, "no function of SBML's")
            }
        }
    }

    fn piecewise(&mut self, node: &Node) -> Formula {
        let (mut parts, mut otherwise) = (Vec::new(), None);
        for child in &node.children {
            match (&*child.name, child.children.as_slice()) {
                ("piece", [value, condition]) => {
                    let value = self.node(value);
                    parts.push(value);
                    let condition = self.node(condition);
                    parts.push(condition);
                }
                ("otherwise", [value]) => otherwise = Some(self.node(value)),
                (name, _) => {
                    let message = format!("<{name}> is not a piece of <piecewise>,");
                    self.wrong("unknown-math", &message, child.span, "a piece has a value and a condition");
                }
            }
        }
        // Where no condition holds, the value is undefined.
        let otherwise = otherwise.unwrap_or_else(|| Formula::number(f64::NAN));
        if parts.is_empty() {
            return otherwise;
        }
        parts.push(otherwise);
        Formula::apply(Function::Piecewise, parts)
    }
}

/// The name at the end of a definition's address, such as `time` in `http://www.sbml.org/sbml/symbols/time`.
pub(in crate::import::sbml) fn csymbol_name(node: &Node) -> &str {
    let address = node.attribute("definitionURL").unwrap_or_default().trim();
    address.rsplit(['/', '#']).next().unwrap_or_default()
}
