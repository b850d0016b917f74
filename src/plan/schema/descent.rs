//! Choices that several kinds share: descents, the blind test.

use super::{number, one_of, word};
use crate::schema::{Choice, Field, Type};

/// The local descents, as the library describes them, the default first.
pub(super) fn descents() -> Vec<Choice> {
    crate::optimise::schema::descents()
}

/// The blind test: what is taken out of the training rows.
pub(super) fn blind() -> Field {
    one_of(
        "blind",
        vec![
            word("none", "nothing is taken out"),
            Choice::new(
                "best_basin",
                "every descent that ended in the best basin is taken out of the training rows",
                vec![number("within", 0.0, 1e6, 0.05, "ends this close to the best end are in its basin").unit("fval")],
            ),
        ],
        "the blind test: can the minimum be found by a generator that never saw its basin?",
    )
}

/// The word for nothing.
pub(super) fn none(doc: &'static str) -> Choice {
    word("none", doc)
}

/// A reference to a problem.
pub(super) fn problem() -> Field {
    problem_of("the problem whose parameters are generated")
}

/// A reference to a problem, with what it is there for.
pub(super) fn problem_of(doc: &'static str) -> Field {
    Field::required("problem", Type::Reference(&["problem"]), doc)
}

/// A reference to a dataset.
pub(super) fn dataset() -> Field {
    Field::required("dataset", Type::Reference(&["dataset"]), "the recipe of the training rows")
}
