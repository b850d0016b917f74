//! Settings of how trained generators are used, which generators and those who ask them share: rounds of retraining, the
//! filter before a solve, what happens outside the bounds.

use super::{integer, number, word};
use crate::learn::feasibility;
use crate::schema::{Choice, Field, Type, Value};

/// The settings of every kind of generator that are about its use and not about its training.
pub(in crate::plan) const OF_USE: [&str; 2] = ["rounds", "filter"];

/// Rounds of generating, solving, appending, reweighting and retraining.
pub(super) fn rounds(doc: &'static str) -> Field {
    let rank = Choice::new(
        "rank",
        "a training row is drawn in proportion to 1/(k N + its rank by fval among N training rows), best first; what a \
         condition asks for stays, effort moves to low fvals (Tripp, Daxberger and Hernandez-Lobato 2020)",
        vec![number("k", 1e-6, 1e6, 0.1, "small: only the best rows count; large: all rows count alike")],
    );
    let weight = Value::choice("rank", [("k", Value::Number(0.1))]);
    let retrain = Choice::new(
        "retrain",
        "after each round but the last, its proposals are solved and appended to the training rows with their fvals or \
         failures, rows are weighted, and the generator is trained anew; a bare number means this. The condition scale \
         stays that of the first round, so that a condition asks for the same fval in every round; better rows than the \
         best one then have conditions below 0",
        vec![
            integer("count", 1, 100, 3, "trainings"),
            Field::new(
                "weight",
                Type::Choice(vec![rank, word("none", "all training rows count alike")]),
                weight,
                "which rows count more in the trainings after the first",
            ),
            Field::optional(
                "conditions",
                Type::Numbers,
                "in a benchmark, what each round asks for; -0.25 .. 1 by 0.25 where nothing is said (a `generate` \
                 appends its own proposals)",
            ),
            integer("replicates", 1, 1_000_000, 50, "in a benchmark, proposals at each condition in each round"),
        ],
    );
    Field::optional("rounds", Type::Choice(vec![retrain]), doc)
}

/// The filter that a proposal must pass before it is solved.
pub(super) fn filter(doc: &'static str) -> Field {
    let mut fields = vec![
        number("at_least", 0.0, 1.0, 0.5, "the predicted probability to solve that a proposal needs"),
        integer("draws", 1, 1000, 100, "after so many refused draws the most probable of them is taken"),
    ];
    fields.extend(feasibility::fields());
    let feasibility = Choice::new(
        "feasibility",
        "a classifier of whether a vector solves, trained on the dataset's rows and failed starts; what it refuses is \
         drawn again, counted, and charged to nobody, as nothing is solved",
        fields,
    );
    Field::optional("filter", Type::Choice(vec![feasibility, word("none", "every proposal is solved")]), doc)
}

/// What happens to proposals outside the bounds.
pub(super) fn laws() -> Vec<Choice> {
    vec![
        word("clip", "moved to the nearest bound"),
        word("reflect", "mirrored at the bound"),
        word("reject", "drawn again, at most 1000 times"),
    ]
}
