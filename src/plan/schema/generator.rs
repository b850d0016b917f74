//! `generator name { kind = ... }`: each kind of generator describes its own settings.

use super::procedure;
use crate::learn::kinds::{self, kinds};
use crate::schema::{Schema, Type};

pub(super) fn schemas() -> Vec<Schema> {
    let used = |kind: &kinds::Kind| {
        let mut schema = (kind.schema)();
        schema.fields.extend([
            procedure::rounds(
                "generate, solve, append, reweight, retrain: how often; one training where nothing is said",
            ),
            procedure::filter("what its proposals must pass before they are solved"),
        ]);
        schema
    };
    kinds().iter().map(used).collect()
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
