//! `generate name { ... }`

use super::{descent, filled, integer, number, one_of, procedure, word};
use crate::schema::{Choice, Field, Schema, Type, Value};

pub(super) fn schema() -> Schema {
    let latin = word("latin_hypercube", "as many points of a Latin hypercube over the bounds");
    let jitter = Choice::new(
        "best_jitter",
        "the best training row with Gaussian jitter",
        vec![number("sd", 0.0, 100.0, 0.5, "standard deviation of the jitter, on the estimation scale").unit("log10")],
    );
    let baselines = Value::List(vec![filled(&latin), filled(&jitter)]);
    let conditions = (0..7).map(|index| Value::Number(f64::from(index) * 0.25 - 0.25)).collect();
    let mut refine = descent::descents();
    refine.push(descent::none("proposals are not descended from"));
    Schema {
        kind: "generate",
        doc: "Parameter vectors proposed by trained generators at each condition, solved, judged and descended from.",
        fields: vec![
            descent::problem(),
            descent::dataset(),
            Field::required(
                "from",
                Type::List(Box::new(Type::Reference(&["generator"]))),
                "the generators, or ones that a tune chose",
            ),
            Field::new(
                "conditions",
                Type::Numbers,
                Value::List(conditions),
                "the conditions asked for: 0 is the best training row, 1 the worst, outside it extrapolates",
            ),
            integer("replicates", 1, 1_000_000, 100, "proposals at each condition"),
            one_of(
                "refine",
                refine,
                "local descents from the proposals and the baselines, all with the same rule of convergence",
            ),
            number("refine_at", -10.0, 10.0, 0.0, "the condition of the proposals that are descended from"),
            Field::optional(
                "starts",
                Type::Integer { least: 1, most: 1_000_000 },
                "descents from each origin; `replicates` where nothing is said",
            ),
            Field::new(
                "baselines",
                Type::List(Box::new(Type::Choice(vec![
                    latin,
                    word("random", "as many uniform draws over the bounds"),
                    jitter,
                ]))),
                baselines,
                "what the proposals are compared with",
            ),
            Field::optional(
                "held_out",
                Type::Reference(&["dataset"]),
                "the dataset whose rows judge the proposals in tables by generator, all of them, which must come from other \
                 descents than those of `dataset`; where nothing is said, the rows that `dataset` holds out",
            ),
            descent::blind(),
            one_of("outside", procedure::laws(), "what happens to a proposal outside the bounds; all are counted"),
            procedure::rounds(
                "generate, solve, append, reweight, retrain: how often; what the generator says where nothing is said, \
                 else one training",
            ),
            procedure::filter("what a proposal must pass; what the generator says where nothing is said"),
        ],
    }
}
