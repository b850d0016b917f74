//! `generator name { kind = ... }`: each kind of generator describes its own settings.

use crate::learn::kinds::{self, kinds};
use crate::schema::{Schema, Type};

pub(super) fn schemas() -> Vec<Schema> {
    kinds().iter().map(|kind| (kind.schema)()).collect()
}

/// Generators that later stages bring, with what they are.
pub(super) fn not_yet() -> Vec<(&'static str, &'static str)> {
    match kinds::kind_field().kind {
        Type::Choice(choices) => {
            choices.iter().filter(|choice| choice.not_yet).map(|choice| (choice.name, choice.doc)).collect()
        }
        _ => Vec::new(),
    }
}
