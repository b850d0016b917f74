//! Choices that several kinds share: designs, descents, the blind test.

use super::{integer, number, one_of, word};
use crate::schema::{Choice, Field, Type};

/// Designs of starting points.
pub(super) fn designs() -> Vec<Choice> {
    let count = || integer("count", 1, 1_000_000, 100, "how many starting points");
    vec![
        Choice::new(
            "latin_hypercube",
            "a Latin hypercube over the bounds, on the estimation scale (McKay, Beckman and Conover, 1979)",
            vec![count()],
        ),
        Choice::new("random", "independent uniform draws over the bounds, on the estimation scale", vec![count()]),
        Choice::not_yet("multi_jittered", "correlated multi-jittered sampling (Kensler, 2013)"),
        Choice::not_yet("sobol", "a scrambled Sobol sequence (Sobol, 1967; Owen, 1998)"),
    ]
}

/// A local descent that uses the gradient.
pub(super) fn gradient(iterations: i64) -> Choice {
    Choice::new(
        "gradient",
        "a bounded local descent that uses the gradient",
        vec![
            integer("iterations", 1, 100_000, iterations, "at most this many iterations for each descent"),
            one_of(
                "stop",
                vec![
                    word("converged", "as soon as one of the tolerances is met"),
                    word("capped", "only at the limit of iterations"),
                ],
                "when a descent ends",
            ),
            number(
                "fval_tolerance",
                0.0,
                1.0,
                1e-8,
                "converged when an iteration lowers fval by less, relative to fval",
            ),
            number(
                "gradient_tolerance",
                0.0,
                1e3,
                1e-6,
                "converged when no component of the projected gradient is larger",
            ),
            number("step_tolerance", 0.0, 1.0, 1e-10, "converged when a step is shorter, on the estimation scale"),
        ],
    )
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
    Field::required("problem", Type::Reference(&["problem"]), "the problem whose parameters are generated")
}

/// A reference to a dataset.
pub(super) fn dataset() -> Field {
    Field::required("dataset", Type::Reference(&["dataset"]), "the recipe of the training rows")
}
