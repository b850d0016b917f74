//! Declarations and entries: from pest's pairs to typed nodes.

use super::ast::{Declaration, DeclarationKind, Entry, EntryKind, Name, Participant};
use super::expression::{Built, disagreement, expression, number, promised};
use super::grammar::{Children, Node, Rule};
use crate::diagnostic::Diagnostic;

/// A declaration, or the head of one without its block.
pub(super) fn declaration(node: &Node) -> Built<Declaration> {
    let mut parts = Parts { node, children: node.children() };
    let kind = match node.rule() {
        Rule::experiment | Rule::experiment_head => {
            DeclarationKind::Experiment { title: parts.next("a title in quotes")?.literal(), entries: parts.block()? }
        }
        Rule::import => {
            let names = parts.names(Rule::name);
            DeclarationKind::Import { names, path: parts.next("a path in quotes")?.literal() }
        }
        Rule::named | Rule::named_head => DeclarationKind::Named {
            kind: parts.name()?,
            pattern: parts.children.accept(Rule::pattern).is_some(),
            name: parts.name()?,
            title: parts.children.accept(Rule::text).map(|title| title.literal()),
            value: parts.children.accept(Rule::expression).map(|value| expression(&value)).transpose()?,
            entries: parts.block()?,
        },
        _ => return Err(disagreement(node.span(), "a declaration")),
    };
    Ok(Declaration { span: node.span(), kind })
}

/// An entry of a block, or the head of one without its block.
pub(super) fn entry(node: &Node) -> Built<Entry> {
    let mut parts = Parts { node, children: node.children() };
    let kind = match node.rule() {
        Rule::setting => EntryKind::Setting { key: parts.name()?, value: parts.expression()? },
        Rule::group | Rule::group_head => EntryKind::Group {
            word: parts.name()?,
            name: parts.children.accept(Rule::name).map(|name| name.name()),
            entries: parts.block()?,
        },
        Rule::compartment => EntryKind::Compartment { name: parts.name()?, size: parts.expression()? },
        Rule::parameter => EntryKind::Parameter { name: parts.name()?, value: parts.expression()? },
        Rule::species => EntryKind::Species {
            name: parts.name()?,
            compartment: parts.children.accept(Rule::name).map(|name| name.name()),
            initial: parts.expression()?,
        },
        Rule::definition => EntryKind::Let { name: parts.name()?, value: parts.expression()? },
        Rule::reaction => EntryKind::Reaction {
            name: parts.name()?,
            reactants: parts.side()?,
            reversible: parts.is_reversible()?,
            products: parts.side()?,
            rate: parts.expression()?,
        },
        Rule::variable_rule => {
            let variable = parts.name()?;
            let derivative = parts.next("`:=` or `' =`")?.rule() == Rule::rate;
            EntryKind::Rule { variable, derivative, value: parts.expression()? }
        }
        Rule::event | Rule::event_head => {
            EntryKind::Event { name: parts.name()?, trigger: parts.expression()?, entries: parts.block()? }
        }
        Rule::observable => EntryKind::Observable {
            name: parts.name()?,
            formula: parts.expression()?,
            noise: parts.children.accept(Rule::expression).map(|noise| expression(&noise)).transpose()?,
        },
        Rule::estimate => EntryKind::Estimate { names: parts.names(Rule::path), bounds: parts.expression()? },
        Rule::prior => EntryKind::Prior { name: parts.name()?, distribution: parts.expression()? },
        Rule::vary => EntryKind::Vary { path: parts.name()?, values: parts.expression()? },
        _ => return Err(disagreement(node.span(), "a setting")),
    };
    Ok(Entry { span: node.span(), kind })
}

/// The parts of a node that are still to be read.
struct Parts<'n, 'a> {
    node: &'n Node<'a>,
    children: Children<'a>,
}

impl<'a> Parts<'_, 'a> {
    fn next(&mut self, wanted: &str) -> Built<Node<'a>> {
        promised(self.node, &mut self.children, wanted)
    }

    fn name(&mut self) -> Built<Name> {
        Ok(self.next("a name")?.name())
    }

    fn names(&mut self, rule: Rule) -> Vec<Name> {
        std::iter::from_fn(|| self.children.accept(rule)).map(|name| name.name()).collect()
    }

    fn expression(&mut self) -> Built<super::ast::Expr> {
        expression(&self.next("a value")?)
    }

    fn block(&mut self) -> Built<Vec<Entry>> {
        let Some(block) = self.children.accept(Rule::block) else { return Ok(Vec::new()) };
        block.children().map(|node| entry(&node)).collect()
    }

    fn is_reversible(&mut self) -> Built<bool> {
        let arrow = self.next("`->` or `<->`")?;
        Ok(arrow.children().any(|arrow| arrow.rule() == Rule::both_ways))
    }

    fn side(&mut self) -> Built<Vec<Participant>> {
        let side = self.next("the species of one side")?;
        side.children().filter(|node| node.rule() == Rule::participant).map(|node| participant(&node)).collect()
    }
}

fn participant(node: &Node) -> Built<Participant> {
    let mut children = node.children();
    let stoichiometry = match children.accept(Rule::number) {
        Some(node) => {
            let stoichiometry = number(&node)?;
            if stoichiometry == 0.0 {
                return Err(Box::new(
                    Diagnostic::error("stoichiometry", "a species takes part in a reaction zero times")
                        .at(node.span(), "expected a positive number")
                        .help("leave the species out; an empty side is written `0`"),
                ));
            }
            stoichiometry
        }
        None => 1.0,
    };
    Ok(Participant { stoichiometry, species: promised(node, &mut children, "a species")?.name() })
}
