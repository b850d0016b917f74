//! `problem name { ... }`: the settings beside its parameters, observables, treatments, estimates and priors.

use super::{integer, number, one_of, word};
use crate::schema::{Choice, Field, Schema, Type};

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
                    Choice::not_yet("synthetic", "simulated data of the model at its nominal parameters"),
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
        ],
    }
}
