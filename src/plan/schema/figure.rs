//! `figure name { draw = ... }` and `table name { ... }`

use super::benchmark::role;
use super::{integer, number, one_of, word};
use crate::schema::{Choice, Field, Schema, Type};

/// Figures that later stages bring.
pub(super) const NOT_YET: &[(&str, &str)] = &[("heatmap", "methods by models")];

/// Columns that name what a row of a table of proposals belongs to: the `generate` and the generator.
pub const NAME_COLUMNS: &[&str] = &["proposals", "generator"];

/// Columns of a table of proposals by generator.
pub const JUDGEMENT_COLUMNS: &[&str] = &[
    "outside_share",
    "feasible_lower",
    "feasible_upper",
    "median_at_best",
    "better_lower",
    "better_upper",
    "rank_correlation",
    "rank_correlation_lower",
    "rank_correlation_upper",
    "absolute_error",
    "absolute_error_lower",
    "absolute_error_upper",
    "memorisation",
    "memorisation_lower",
    "memorisation_upper",
    "memorisation_p",
    "distance_ratio",
    "matched",
    "closer_to_training",
    "closer_to_training_p",
    "coverage",
    "coverage_lower",
    "coverage_upper",
    "coverage_training",
    "density",
    "c2st",
    "c2st_area",
    "c2st_p",
];

/// Columns that rows by generator share with rows by condition.
pub const SHARED_COLUMNS: &[&str] = &["generated", "feasible", "better"];

/// Columns of a table of proposals: one row for each condition, or, from `origin` on, one for each origin of descents. A
/// table shows the rows that have more of its columns. `round` is that of proposals in rounds.
pub const GENERATE_COLUMNS: &[&str] = &[
    "round",
    "condition",
    "generated",
    "outside",
    "redrawn",
    "refused",
    "solved",
    "feasible",
    "lower",
    "upper",
    "better",
    "requested",
    "lowest",
    "lower_quartile",
    "median",
    "upper_quartile",
    "highest",
    "origin",
    "starts",
    "failed",
    "converged",
    "hits",
    "hit_share",
    "hit_lower",
    "hit_upper",
    "median_start",
    "median_end",
    "median_gap",
    "gap_lower",
    "gap_upper",
    "distinct_minima",
    "evaluations",
    "training_evaluations",
    "evaluations_per_hit",
];

/// Columns of a table of trials, beside the varied settings.
pub const TUNE_COLUMNS: &[&str] = &[
    "trial",
    "training.loss",
    "training.rmse",
    "training.pearson",
    "training.spearman",
    "validation.loss",
    "validation.rmse",
    "validation.pearson",
    "validation.spearman",
    "epochs",
    "best_epoch",
    "parameters",
    "chosen",
    "refused",
    "rung",
];

pub(super) fn schemas() -> Vec<Schema> {
    let generator = || {
        Field::required(
            "from",
            Type::Reference(&["generator"]),
            "the trained generator: one that a tune chose, or one that a `generate` uses",
        )
    };
    let benchmark = || Field::required("from", Type::Reference(&["benchmark"]), "the benchmark");
    let posterior = || {
        vec![
            Field::required("from", Type::Reference(&["posterior"]), "the posterior"),
            Field::optional(
                "parameters",
                Type::List(Box::new(Type::Word)),
                "the parameters, in order; all where nothing is said",
            ),
        ]
    };
    let proposals = || Field::required("from", Type::Reference(&["generate"]), "the proposals");
    vec![
        figure(
            "figure workflow",
            "The plan as a graph, and the layers of a generator's network beside it.",
            word("workflow", "this figure"),
            vec![Field::optional(
                "from",
                Type::Reference(&["generator"]),
                "the generator whose network is shown; the first one where nothing is said",
            )],
        ),
        figure(
            "figure parallel_coordinates",
            "One line for each trial of a tune over its varied settings: all trials, and the best with the chosen one.",
            word("parallel_coordinates", "this figure"),
            vec![Field::required("from", Type::Reference(&["tune"]), "the tune")],
        ),
        figure(
            "figure training_curves",
            "Loss, RMSE (log10 units), Pearson and Spearman correlation by epoch, for training and validation rows.",
            word("training_curves", "this figure"),
            vec![generator()],
        ),
        figure(
            "figure latent_umap",
            "UMAP (McInnes, Healy and Melville, 2018) of the latent means of the validation rows, coloured by condition.",
            word("latent_umap", "this figure"),
            vec![generator(), number("bins", 0.001, 1.0, 0.1, "width of one colour").unit("condition")],
        ),
        figure(
            "figure feasibility",
            "The share of proposals that solve, by condition, with failures by cause.",
            word("feasibility", "this figure"),
            vec![proposals()],
        ),
        figure(
            "figure box",
            "Box and whisker of the proposals' fvals by condition, extrapolation marked.",
            word("box", "this figure"),
            vec![proposals()],
        ),
        figure(
            "figure distances",
            "Euclidean distances of the proposals to the training rows and to the best of them, as histogram and density.",
            word("distances", "this figure"),
            vec![
                proposals(),
                number("condition", -10.0, 10.0, 0.0, "the condition of the proposals"),
                number("quantile", 0.001, 1.0, 0.25, "the share of training rows that counts as the best"),
            ],
        ),
        figure(
            "figure rounds",
            "Requested against achieved fval at every condition and round, as medians with bands of quantiles, and, below \
             condition 0, the share of proposals strictly better than the best training row of the first round.",
            word("rounds", "this figure"),
            vec![proposals()],
        ),
        figure(
            "figure reliability",
            "The feasibility classifier on starts that were held out: predicted against observed share that solves, with \
             95 % intervals, and the Brier score (Brier 1950). Without a filter, one is trained for the figure.",
            word("reliability", "this figure"),
            vec![proposals()],
        ),
        figure(
            "figure success",
            "The share of a benchmark's trials that have hit, by what they have spent, for each method and problem.",
            word("success", "this figure"),
            vec![benchmark(), role()],
        ),
        figure(
            "figure convergence",
            "The best fval by what was spent, median and quartiles over a benchmark's trials, for each method and problem.",
            word("convergence", "this figure"),
            vec![benchmark(), role()],
        ),
        figure(
            "figure performance_profile",
            "The share of a benchmark's problems that each method hits within a multiple of the cheapest one's expected cost.",
            word("performance_profile", "this figure"),
            vec![benchmark(), role()],
        ),
        figure(
            "figure waterfall",
            "The sorted ends of a benchmark's descents, for each method and problem.",
            word("waterfall", "this figure"),
            vec![benchmark(), role()],
        ),
        figure(
            "figure minima",
            "The ten lowest minima of each problem of a benchmark, and the share of each method's starts that ends in them.",
            word("minima", "this figure"),
            vec![benchmark(), role()],
        ),
        figure(
            "figure parameters",
            "The parameters of the best ends of each problem of a benchmark, between their bounds, by fval.",
            word("parameters", "this figure"),
            vec![benchmark(), role()],
        ),
        figure(
            "figure calibration",
            "The condition requested against the one that the proposals' fvals have, with median and quantile bands and the \
             diagonal, a panel for each generator.",
            word("calibration", "this figure"),
            vec![proposals()],
        ),
        figure(
            "figure umap",
            "UMAP (McInnes, Healy and Melville, 2018) of the proposals among the training rows, coloured by fval, a panel for \
             each generator.",
            word("umap", "this figure"),
            vec![
                proposals(),
                integer(
                    "shown",
                    5,
                    100_000,
                    1000,
                    "at most so many training rows, and so many proposals of each generator",
                ),
            ],
        ),
        figure(
            "figure traces",
            "The draws of each chain of a posterior, one panel a parameter.",
            word("traces", "this figure"),
            posterior(),
        ),
        figure(
            "figure marginals",
            "The marginal densities of a posterior, all chains together and each by itself, one panel a parameter.",
            word("marginals", "this figure"),
            posterior(),
        ),
        figure(
            "figure pairs",
            "The draws of a posterior in each pair of at most twelve parameters, and the marginals on the diagonal.",
            word("pairs", "this figure"),
            posterior(),
        ),
        figure(
            "figure profiles",
            "The profiles of a likelihood with the threshold of its level, one panel a parameter.",
            word("profiles", "this figure"),
            vec![Field::required("from", Type::Reference(&["profile_likelihood"]), "the profiles")],
        ),
        figure(
            "figure descents",
            "Ends of the descents from proposals against those from the baselines.",
            word("descents", "this figure"),
            vec![proposals()],
        ),
    ]
}

fn figure(kind: &'static str, doc: &'static str, draw: Choice, mut settings: Vec<Field>) -> Schema {
    let mut fields = vec![one_of("draw", vec![draw], "what is drawn")];
    fields.append(&mut settings);
    fields.push(Field::optional("caption", Type::Text, "what stands below it in the draft"));
    Schema { kind, doc, fields }
}

pub(super) fn table() -> Schema {
    Schema {
        kind: "table",
        doc: "A table of the draft, as CSV and Markdown. Of a `generate` it has a row for each condition, a row for each origin \
              of descents, or, with columns such as `memorisation` and `coverage`, a row for each generator.",
        fields: vec![
            Field::required(
                "from",
                Type::List(Box::new(Type::Reference(&[
                    "generate",
                    "tune",
                    "benchmark",
                    "posterior",
                    "profile_likelihood",
                ]))),
                "what is tabulated; several `generate`s stand below each other",
            ),
            Field::optional(
                "columns",
                Type::List(Box::new(Type::Word)),
                "its columns, in order; all where nothing is said. `seconds` are as measured: they stand in the CSV alone, \
                 and nothing is compared with them",
            ),
            one_of(
                "problem_names",
                vec![
                    word("declared", "the names of the experiment"),
                    word("petab", "those of the PEtab benchmark collection, of problems that have one"),
                ],
                "what the problems of a benchmark are called",
            ),
            role(),
            Field::optional("caption", Type::Text, "what stands above it in the draft"),
        ],
    }
}
