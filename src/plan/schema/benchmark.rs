//! `benchmark name { ... }`

use crate::optimise::schema::criterion;

use super::{descent, integer, number, one_of, procedure, word};
use crate::schema::{Choice, Field, Schema, Type};

/// Columns of a table of a benchmark: one row for each problem and method.
pub const BENCHMARK_COLUMNS: &[&str] = &[
    "problem",
    "method",
    "blind",
    "repeats",
    "budget",
    "success_probability",
    "low",
    "high",
    "cost_to_first_hit",
    "cost_low",
    "cost_high",
    "hits",
    "training_hits",
    "starts",
    "failed",
    "distinct_minima",
    "evaluations",
    "training_evaluations",
    "lowest",
    "median",
    "target",
    "p_value",
    "p_corrected",
    "effect",
    "role",
    "seconds",
];

/// What a problem is in a benchmark.
pub(super) fn role() -> Field {
    Field::optional(
        "role",
        Type::Choice(vec![
            word("headline", "the problems that settings were frozen for"),
            word("development", "the problems that settings were tuned on"),
        ]),
        "of which problems; all where nothing is said, and in a performance profile the headline ones",
    )
}

pub(super) fn schema() -> Schema {
    let evaluations = Choice::new(
        "evaluations",
        "all work of one trial in units of one fval: its training set, its proposals and its descents",
        vec![Field::required("count", Type::Integer { least: 1, most: 1_000_000_000 }, "how many")],
    );
    Schema {
        kind: "benchmark",
        doc: "Methods on problems at an equal budget, repeated with fresh training sets and fresh trainings.",
        fields: vec![
            Field::required("problems", problems(), "the problems, or families of them: each of a family's is meant"),
            Field::optional(
                "development",
                problems(),
                "further problems, on which settings are tuned; those of `problems` are then the headline ones, run with \
                 all settings frozen, and tests, profiles and figures keep the two apart",
            ),
            Field::optional(
                "training",
                Type::Reference(&["dataset"]),
                "the recipe of the training set of those methods that learn; made and charged anew in each repeat",
            ),
            Field::required(
                "methods",
                Type::List(Box::new(Type::ChoiceOrReference(methods(), &["generator"]))),
                "what proposes the starts of descents: initial designs, simple learners, generators",
            ),
            one_of("then", descent::descents(), "the descent from each start, the same for all methods"),
            Field::required("budget", Type::Choice(vec![evaluations]), "what each trial may spend"),
            number("gradient_cost", 0.01, 1e6, 4.0, "what an fval with its derivatives costs, in fvals").unit("fvals"),
            integer("repeats", 1, 10_000, 20, "trials of each method on each problem"),
            descent::blind(),
            number("condition", -10.0, 10.0, 0.0, "the condition that generators are asked for"),
            Field::optional(
                "outside",
                Type::Choice(procedure::laws()),
                "what happens to a generator's proposal outside the bounds, counted in each trial's summary; where nothing \
                 is said it is mirrored, and a trial of which more than a tenth lay outside says so",
            ),
        ],
    }
}

fn problems() -> Type {
    Type::List(Box::new(Type::Reference(&["problem", "problem family"])))
}

fn methods() -> Vec<Choice> {
    let mut methods = vec![
        word("random", "independent uniform points between the bounds"),
        Choice::new(
            "latin_hypercube",
            "Latin hypercubes of 100 points, one after the other (McKay, Beckman & Conover 1979)",
            vec![criterion()],
        ),
        word(
            "multi_jittered",
            "correlated multi-jittered points (Kensler 2013), beyond two dimensions those of orthogonal arrays (Owen 1992)",
        ),
        word("sobol", "one scrambled Sobol sequence (Owen 1995; Burley 2020)"),
        Choice::new(
            "screened",
            "the best points of a larger Latin hypercube, all of whose fvals are paid for",
            vec![
                integer("of", 1, 1_000_000, 1000, "candidates"),
                integer("keep", 1, 1_000_000, 50, "how many of them are descended from"),
            ],
        ),
    ];
    methods.extend(crate::optimise::learners::learners());
    methods.extend(crate::optimise::global::methods());
    methods
}
