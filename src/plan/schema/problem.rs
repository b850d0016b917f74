//! `problem name { ... }`: the settings beside its parameters, observables, treatments, estimates and priors.

use super::{integer, number, one_of, procedure, word};
use crate::schema::{Choice, Field, Schema, Type, Value};

pub(super) fn schema() -> Schema {
    Schema {
        kind: "problem",
        doc: "A model, measurements, observables with noise, treatments, and the parameters to estimate: together they \
              define fval, the objective value of a parameter vector. Beside these settings it holds `parameter`, \
              `observable`, `treatment`, `estimate` and `prior` lines.",
        fields: vec![
            Field::required("model", Type::Reference(&["model"]), "the kinetic model"),
            Field::required(
                "measurements",
                Type::Choice(vec![
                    Choice::new(
                        "csv",
                        "a table with the columns observable, time, value, and if needed treatment and noise",
                        vec![Field::required("path", Type::Text, "the file, relative to the declaring file")],
                    ),
                    synthetic(),
                ]),
                "the measured values",
            ),
            one_of(
                "objective",
                vec![
                    word("nllh", "negative log-likelihood"),
                    word("sse", "sum of squared residuals"),
                    word("chi2", "sum of squared residuals over the standard deviation of the noise"),
                ],
                "what is minimised; the negative log prior is added where there are priors",
            ),
            one_of(
                "solver",
                vec![Choice::new(
                    "solver",
                    "tolerances and limits of the integration",
                    vec![
                        number("rtol", 1e-14, 0.1, 1e-8, "relative tolerance of each step"),
                        number("atol", 1e-30, 1e3, 1e-8, "absolute tolerance of each step").unit("concentration"),
                        integer("steps", 1, 1_000_000_000, 10_000, "steps after which a solve counts as failed"),
                    ],
                )],
                "how the equations are solved, written `solver { rtol = 1e-8 }`",
            ),
            Field::optional(
                "petab_name",
                Type::Text,
                "its name in the PEtab benchmark collection, for tables; imported problems have theirs",
            ),
            Field::optional(
                "outside",
                Type::Choice(procedure::laws()),
                "what happens to a generator's proposal outside the bounds, where neither `generate` nor `benchmark` says it",
            ),
        ],
    }
}

/// Measurements of a model that comes without any.
fn synthetic() -> Choice {
    let width = |name, doc| Field::required(name, Type::Number { least: 1e-12, most: 1e12 }, doc);
    let noise = vec![
        Choice::new("lognormal", "normal noise of the logarithm", vec![width("sd", "its standard deviation")]),
        Choice::new(
            "log10_normal",
            "normal noise of the decimal logarithm",
            vec![width("sd", "its standard deviation")],
        ),
        Choice::new("normal", "normal noise", vec![width("sd", "its standard deviation")]),
        Choice::new("laplace", "Laplace noise", vec![width("scale", "its scale")]),
        Choice::new(
            "relative",
            "normal noise with one standard deviation for each observable",
            vec![width("share", "the standard deviation over the largest absolute value of the observable")],
        ),
    ];
    let times = vec![
        Choice::new(
            "auto",
            "evenly spread from 0 to the end, both included",
            vec![
                integer("points", 2, 100_000, 50, "how many"),
                Field::optional(
                    "end",
                    Type::Number { least: 1e-300, most: 1e300 },
                    "the last time; where none is said, the time in which the model shows what it does",
                ),
            ],
        ),
        Choice::new("at", "these", vec![Field::required("times", Type::Numbers, "the times, from 0 on")]),
    ];
    let lognormal = Value::choice("lognormal", [("sd", Value::Number(0.05))]);
    Choice::new(
        "synthetic",
        "simulated at the nominal values, with noise from the problem's own random stream, when the problem is computed; \
         every `observable` line is measured too. What stays constant or is no finite number is left out then, and on a logarithmic scale values \
         that the solver does not resolve; where no `atol` is said, it is 1e-12",
        vec![
            Field::new(
                "observe",
                Type::List(Box::new(Type::Word)),
                Value::List(vec![Value::Text("species".to_owned())]),
                "`species` for every species that changes, or ids of the model",
            ),
            one_of("times", times, "when; a list or a range stands for `at(...)`"),
            Field::new("noise", Type::Choice(noise), lognormal, "the noise of what is observed"),
        ],
    )
}
