//! Function definitions, written out where they are called.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::findings::Findings;
use super::math::{Formula, Names, Reader};
use super::order::{self, Loops};
use super::tree::{Node, Space};
use crate::diagnostic::{Diagnostic, Span};
use crate::model::expression::Expression;

/// A function of its arguments, functions in its body written out.
#[derive(Debug)]
pub(super) struct Definition {
    /// Its arguments with their places.
    pub arguments: BTreeMap<String, usize>,
    body: Formula,
    /// How often each argument stands in the body.
    uses: Vec<usize>,
}

impl Definition {
    fn new(arguments: BTreeMap<String, usize>, body: Formula) -> Self {
        let mut uses = vec![0; arguments.len()];
        count(&body.expression, &arguments, &mut uses);
        Self { arguments, body, uses }
    }

    /// How many nodes a call has.
    pub fn written_out(&self, arguments: &[Formula]) -> usize {
        let of_arguments = arguments.iter().zip(&self.uses).map(|(argument, uses)| argument.size.saturating_mul(*uses));
        of_arguments.fold(self.body.size, usize::saturating_add)
    }

    /// The body with the arguments in their places.
    pub fn call(&self, arguments: &[Formula]) -> Formula {
        let deepest = arguments.iter().map(|argument| argument.depth).max().unwrap_or_default();
        Formula {
            expression: self.substitute(&self.body.expression, arguments),
            size: self.written_out(arguments),
            // The arguments stand where leaves of the body stood.
            depth: self.body.depth + deepest.saturating_sub(1),
        }
    }

    /// All symbols of a body are arguments, so that nothing can be captured.
    fn substitute(&self, expression: &Expression, arguments: &[Formula]) -> Expression {
        match expression {
            Expression::Symbol(id) => {
                let place = self.arguments.get(id);
                place
                    .and_then(|at| arguments.get(*at))
                    .map_or_else(|| expression.clone(), |value| value.expression.clone())
            }
            Expression::Apply(function, inner) => {
                Expression::Apply(*function, inner.iter().map(|part| self.substitute(part, arguments)).collect())
            }
            Expression::Number(_) | Expression::Time => expression.clone(),
        }
    }
}

fn count(expression: &Expression, arguments: &BTreeMap<String, usize>, uses: &mut [usize]) {
    match expression {
        Expression::Symbol(id) => {
            if let Some(at) = arguments.get(id) {
                uses[*at] += 1;
            }
        }
        Expression::Apply(_, inner) => inner.iter().for_each(|part| count(part, arguments, uses)),
        Expression::Number(_) | Expression::Time => {}
    }
}

/// All functions of a model.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Nothing for those whose definition is wrong or missing.
    defined: BTreeMap<String, Option<Definition>>,
    /// Nodes that were copied into all formulas so far.
    copied: Cell<usize>,
}

/// So many nodes are copied into all formulas of a document at most.
const MOST_COPIED: usize = 10_000_000;

impl Functions {
    /// Reads the definitions of a model, each after those that it calls.
    pub fn read(model: &Node, findings: &mut Findings) -> Self {
        let nodes: Vec<(&str, &Node)> = model
            .list("listOfFunctionDefinitions")
            .filter_map(|node| node.attribute("id").map(|id| (id.trim(), node)))
            .collect();
        let places: BTreeMap<&str, usize> = nodes.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
        let calls = |at: usize| {
            let mut called = Vec::new();
            calls_in(nodes[at].1, &mut called);
            called.iter().filter_map(|id| places.get(id).copied()).collect()
        };
        let mut functions = Self::default();
        let order = match order::sort(nodes.len(), calls) {
            Ok(order) => order,
            Err(Loops { loops, order }) => {
                for members in loops {
                    functions.report_loop(&members, &nodes, findings);
                }
                order
            }
        };
        for at in order {
            let (id, node) = nodes[at];
            if !functions.defined.contains_key(id) {
                let definition = functions.definition(id, node, findings);
                functions.defined.insert(id.to_owned(), definition);
            }
        }
        functions
    }

    /// Counts copied nodes over all formulas; false when they are too many.
    pub fn copies(&self, nodes: usize) -> bool {
        self.copied.set(self.copied.get().saturating_add(nodes));
        self.copied.get() <= MOST_COPIED
    }

    /// A function whose definition is right.
    pub fn get(&self, id: &str) -> Option<&Definition> {
        self.defined.get(id)?.as_ref()
    }

    /// Is there one, right or wrong?
    pub fn is_known(&self, id: &str) -> bool {
        self.defined.contains_key(id)
    }

    /// Their ids.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.defined.keys().map(String::as_str)
    }

    fn report_loop(&mut self, members: &[usize], nodes: &[(&str, &Node)], findings: &mut Findings) {
        let path = order::path(members, |at| nodes[at].0);
        let message = format!("function definitions that call each other in a circle: {path}");
        let mut finding = Diagnostic::error("recursive-function", message);
        for at in members.iter().take(3) {
            finding = finding.at(nodes[*at].1.span, format!("`{}` is part of the circle", nodes[*at].0));
        }
        findings.push(finding);
        for at in members {
            self.defined.insert(nodes[*at].0.to_owned(), None);
        }
    }

    fn definition(&self, id: &str, node: &Node, findings: &mut Findings) -> Option<Definition> {
        // Level 3 Version 2 lets it be left out: then it cannot be called.
        let math = node.children_named(Space::Math, "math").next()?;
        let mut lambda = math.children.first()?;
        while &*lambda.name == "semantics" {
            lambda = lambda.children.first()?;
        }
        let wrong =
            |message: String, span: Span, label: &str| Diagnostic::error("unknown-math", message).at(span, label);
        if &*lambda.name != "lambda" {
            findings.push(wrong(format!("the function `{id}` is not a <lambda>"), lambda.span, "expected <lambda>"));
            return None;
        }
        let mut arguments: BTreeMap<String, usize> = BTreeMap::new();
        let mut body = None;
        for child in &lambda.children {
            if &*child.name == "bvar" {
                let name = child.children.first().map(Node::text).unwrap_or_default();
                if name.is_empty() || arguments.contains_key(name) {
                    let message = format!("the function `{id}` has an argument without a name of its own");
                    findings.push(wrong(message, child.span, "this one"));
                    return None;
                }
                arguments.insert(name.to_owned(), arguments.len());
            } else if body.replace(child).is_some() {
                findings.push(wrong(format!("the function `{id}` has two bodies"), child.span, "the second one"));
                return None;
            }
        }
        let body = body?;
        let place = format!("the function `{id}`");
        let errors = findings.errors();
        let names = Names::Arguments(&arguments);
        let mut reader = Reader { names, functions: self, place: &place, findings, copied: 0 };
        let formula = reader.node(body);
        (findings.errors() == errors).then(|| Definition::new(arguments, formula))
    }
}

/// The names that stand at the head of an `apply`.
fn calls_in<'a>(node: &'a Node, called: &mut Vec<&'a str>) {
    if node.is(Space::Math, "apply")
        && let Some(head) = node.children.first()
        && &*head.name == "ci"
    {
        called.push(head.text());
    }
    node.children.iter().for_each(|child| calls_in(child, called));
}
