//! `problem many = pattern over biomodels(...)`: one problem for each of many models.

use crate::schema::{Choice, Field, Schema, Type};

/// What stands for many models after `over`, beside a list of models.
#[must_use]
pub fn model_families() -> Vec<Choice> {
    let counts = |name, doc| Field::optional(name, Type::Counts, doc);
    vec![Choice::new(
        "biomodels",
        "the models of the BioModels database that kexp can simulate and that meet these conditions, chosen once and \
         pinned in `kexp.lock` beside the experiment; `biomodels(curated, species <= 60, parameters = 3 .. 150)`",
        vec![
            Field::optional("curated", Type::Flag, "only models that a curator has checked against their publication"),
            counts("species", "how many species a model has"),
            counts("parameters", "how many parameters, those of rate laws included"),
            counts("reactions", "how many reactions"),
            counts("compartments", "how many compartments"),
            counts("rules", "how many assignment, rate and algebraic rules"),
            counts("events", "how many events"),
            counts("year", "the year of its publication"),
            Field::optional(
                "except",
                Type::List(Box::new(Type::Text)),
                "identifiers of models to leave out of the family; the choice that is pinned stays",
            ),
        ],
    )]
}

/// For the reference page.
pub(super) fn page() -> Schema {
    Schema {
        kind: "problem family",
        doc: "One problem for each of many models: `problem many = pattern over biomodels(curated, species <= 60)`, where \
              `pattern` is a `problem pattern`, alone or with settings as in `pattern(objective = sse)`; also over a list \
              of models, `pattern over [a, b]`. The problem of a model is `many.BIOMD0000000010` or `many.a`, on the \
              command line too: `kexp objective file.kexp:many.BIOMD0000000010`. A block after it adds lines for all of \
              them, and `--set many.solver.rtol=1e-6` sets them all. A run computes those of its problems that something uses. A model that gives no problem, such as one in which \
              nothing can be estimated, is left out with a warning that names it.",
        fields: vec![Field::required("over", Type::Choice(model_families()), "the models")],
    }
}
