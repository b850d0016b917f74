//! Trees without places, to compare what two texts say.

use super::ast::{
    Argument, Declaration, DeclarationKind, Entry, EntryKind, Expr, ExprKind, File, Name, Participant, Text,
};
use crate::diagnostic::{FileId, Span};

/// The same tree with every place set to the start of the file, so that `==` compares what is said.
#[must_use]
pub fn strip_spans(mut file: File) -> File {
    file.declarations.iter_mut().for_each(declaration);
    file
}

const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };

fn name(name: &mut Name) {
    name.span = NOWHERE;
}

fn text(text: &mut Text) {
    text.span = NOWHERE;
}

fn declaration(declaration: &mut Declaration) {
    declaration.span = NOWHERE;
    match &mut declaration.kind {
        DeclarationKind::Experiment { title, entries } => {
            text(title);
            entries.iter_mut().for_each(entry);
        }
        DeclarationKind::Import { names, path } => {
            names.iter_mut().for_each(name);
            text(path);
        }
        DeclarationKind::Named { kind, pattern: _, name: own, title, value, entries } => {
            name(kind);
            name(own);
            title.iter_mut().for_each(text);
            value.iter_mut().for_each(expression);
            entries.iter_mut().for_each(entry);
        }
    }
}

fn entry(entry: &mut Entry) {
    entry.span = NOWHERE;
    match &mut entry.kind {
        EntryKind::Setting { key: own, value }
        | EntryKind::Vary { path: own, values: value }
        | EntryKind::Compartment { name: own, size: value }
        | EntryKind::Parameter { name: own, value }
        | EntryKind::Let { name: own, value }
        | EntryKind::Rule { variable: own, value, .. }
        | EntryKind::Prior { name: own, distribution: value } => {
            name(own);
            expression(value);
        }
        EntryKind::Species { name: own, compartment, initial } => {
            name(own);
            compartment.iter_mut().for_each(name);
            expression(initial);
        }
        EntryKind::Group { word, name: own, entries } => {
            name(word);
            own.iter_mut().for_each(name);
            entries.iter_mut().for_each(self::entry);
        }
        EntryKind::Reaction { name: own, reactants, products, rate, reversible: _ } => {
            name(own);
            reactants.iter_mut().chain(products).for_each(|Participant { species, .. }| name(species));
            expression(rate);
        }
        EntryKind::Event { name: own, trigger, entries } => {
            name(own);
            expression(trigger);
            entries.iter_mut().for_each(self::entry);
        }
        EntryKind::Observable { name: own, formula, noise } => {
            name(own);
            expression(formula);
            noise.iter_mut().for_each(expression);
        }
        EntryKind::Estimate { names, bounds } => {
            names.iter_mut().for_each(name);
            expression(bounds);
        }
    }
}

fn expression(expr: &mut Expr) {
    expr.span = NOWHERE;
    match &mut expr.kind {
        ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Name(_) => {}
        ExprKind::List(elements) => elements.iter_mut().for_each(expression),
        ExprKind::Call { name: own, arguments } => {
            name(own);
            for Argument { name: own, value } in arguments {
                own.iter_mut().for_each(name);
                expression(value);
            }
        }
        ExprKind::Unary { operand, .. } => expression(operand),
        ExprKind::Binary { left, right, .. } => {
            expression(left);
            expression(right);
        }
        ExprKind::Range { start, end, step, scale } => {
            expression(start);
            expression(end);
            if let Some(step) = step {
                expression(step);
            }
            scale.iter_mut().for_each(name);
        }
    }
}
