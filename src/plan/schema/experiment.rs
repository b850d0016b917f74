//! `experiment "title" { ... }`

use crate::schema::{Field, Schema, Type};

pub(super) fn schema() -> Schema {
    Schema {
        kind: "experiment",
        doc: "The paper that the file makes: its title stands in quotes after the word.",
        fields: vec![
            super::integer("seed", 0, i64::MAX, 1, "names every random stream: same file, same seed, same results"),
            Field::optional("draft", Type::Text, "the Markdown draft whose blocks kexp fills, relative to the file"),
        ],
    }
}
