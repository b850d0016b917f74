//! `dataset name { ... }`

use super::{descent, filled, integer, number, one_of, word};
use crate::schema::{Choice, Field, Schema, Type, Value};

/// The settings of `dataset name = csv("...")`.
pub(super) fn table() -> Schema {
    let file = || vec![Field::required("path", Type::Text, "the file, relative to the declaring file")];
    let shared = schema()
        .fields
        .into_iter()
        .filter(|field| matches!(field.name, "validate" | "condition" | "blind" | "labels" | "failed"));
    let from = Type::Choice(vec![
        Choice::new("csv", "a table with commas between cells and a header", file()),
        Choice::new("parquet", "a table in Apache Parquet, such as kexp's own `rows.parquet`", file()),
    ]);
    Schema {
        kind: "dataset table",
        doc: "Rows that are there already, `dataset name = csv(\"runs.csv\")` or `parquet(\"runs.parquet\")`, with these \
              settings in braces where the defaults do not fit. A column `ID` holds a parameter on the linear scale, \
              `parameter.ID` on the estimation scale; `fval` the objective value, `inf` or empty where the solve failed \
              (without this column the rows are evaluated); rows with the same number in `descent` are held out together.",
        fields: std::iter::once(Field::required("from", from, "the table")).chain(shared).collect(),
    }
}

pub(super) fn schema() -> Schema {
    let iterates = Choice::new(
        "iterates",
        "the accepted iterates of each descent",
        vec![integer("most", 1, 100_000, 20, "at most this many of each descent, evenly spread over it")],
    );
    let endpoints = word("endpoints", "where each descent ended");
    let rows = Value::List(vec![filled(&endpoints), filled(&iterates)]);
    let mut descend = descent::descents();
    descend.push(descent::none("the starting points are the rows"));
    Schema {
        kind: "dataset",
        doc: "A recipe of training rows: parameter vectors with their fvals. It names no problem: it is made for each \
              problem that needs it.",
        fields: vec![
            Field::new(
                "start",
                Type::Choice(crate::optimise::schema::designs()),
                Value::choice("latin_hypercube", [("count", Value::Integer(100)), ("criterion", Value::Absent)]),
                "the starting points",
            ),
            one_of("descend", descend, "what refines the starting points"),
            one_of(
                "validate",
                vec![
                    Choice::new(
                        "descents",
                        "whole descents are held out; a bare number means this",
                        vec![number("fraction", 0.0, 0.9, 0.2, "the share of descents that is held out")],
                    ),
                    Choice::new(
                        "basins",
                        "all descents that ended in the same minimum are held out together",
                        vec![number("fraction", 0.0, 0.9, 0.2, "the share of rows that is held out, at least")],
                    ),
                ],
                "the rows that judge the training and are never trained on",
            ),
            Field::new(
                "rows",
                Type::List(Box::new(Type::Choice(vec![endpoints, iterates]))),
                rows,
                "what becomes a row",
            ),
            one_of(
                "condition",
                vec![
                    Choice::new(
                        "log_gap",
                        "log10(fval - best + offset), then 0 for the best and 1 for the worst training row",
                        vec![
                            number("offset", 1e-12, 1e6, 0.05, "keeps the logarithm finite at the best row")
                                .unit("fval"),
                        ],
                    ),
                    word("quantile", "the rank among the training rows"),
                    word("minmax", "fval itself, 0 for the best and 1 for the worst training row"),
                ],
                "how an fval becomes the condition of a generator; rows whose solve failed have none",
            ),
            descent::blind(),
            one_of(
                "labels",
                vec![
                    word("condition", "the condition of its fval"),
                    word("shuffled", "the condition of another row, drawn at random: what obeys it obeys by chance"),
                    word("none", "nothing: the generator is unconditional, whatever is asked for"),
                ],
                "what a generator is told of each row, for ablations",
            ),
            one_of(
                "failed",
                vec![
                    word("leave_out", "generators do not see them"),
                    word("worst", "generators learn from them with condition 1, as the worst row has"),
                ],
                "starts whose solve failed",
            ),
        ],
    }
}
