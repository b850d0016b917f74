//! `tune name { ... vary path in values ... }`

use super::{descent, filled, integer, one_of, word};
use crate::schema::{Choice, Field, Schema, Type, Value};

pub(super) fn schema() -> Schema {
    let metrics = vec![
        word("validation.loss", "the loss on the validation rows, with the full weight of every term"),
        word("validation.rmse", "root mean square error of the reconstruction, in log10 units"),
        word("validation.pearson", "Pearson correlation of parameters and reconstruction"),
        word("validation.spearman", "Spearman rank correlation of parameters and reconstruction"),
    ];
    let metric = |default: usize| {
        Field::new("metric", Type::Choice(metrics.clone()), filled(&metrics[default]), "what is compared")
    };
    let lowest = Choice::new("lowest", "the trial with the lowest value", vec![metric(0)]);
    let highest = Choice::new("highest", "the trial with the highest value", vec![metric(3)]);
    Schema {
        kind: "tune",
        doc: "A search over settings of a generator: each `vary` line names one of them and its values.",
        fields: vec![
            Field::required("generator", Type::Reference(&["generator"]), "whose settings are varied"),
            descent::problem(),
            descent::dataset(),
            one_of(
                "trials",
                vec![
                    Choice::new(
                        "random",
                        "independent draws of all varied settings (Bergstra and Bengio, 2012)",
                        vec![integer("count", 1, 100_000, 60, "how many trials")],
                    ),
                    Choice::new(
                        "halving",
                        "successive halving (Jamieson and Talwalkar, 2016) of such draws, in rungs: all train for a few \
                         epochs, the best of them for `eta` times as many, and the last ones for as many as the \
                         generator's `train.epochs` says (a bracket of Li et al., 2018)",
                        vec![
                            integer("count", 1, 100_000, 27, "how many trials"),
                            integer("eta", 2, 1000, 3, "one trial in so many goes on to the next rung"),
                            Field::optional(
                                "rungs",
                                Type::Integer { least: 1, most: 64 },
                                "how many rungs; as many as trials and epochs allow where nothing is said",
                            ),
                        ],
                    ),
                ],
                "which combinations are tried",
            ),
            Field::new(
                "choose",
                Type::Choice(vec![lowest, highest]),
                Value::choice("lowest", [("metric", filled(&metrics[0]))]),
                "which trial is the best one",
            ),
        ],
    }
}
