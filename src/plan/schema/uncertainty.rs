//! `posterior name { ... }` and `profile_likelihood name { ... }`

use super::{descent, filled, integer, number, one_of, word};
use crate::schema::{Choice, Field, Schema, Type};

/// Columns of a table of a posterior: one row for each parameter, on its scale, and one for the fval.
pub const POSTERIOR_COLUMNS: &[&str] = &[
    "parameter",
    "scale",
    "mean",
    "standard_error",
    "sd",
    "lower_95",
    "lower_50",
    "median",
    "upper_50",
    "upper_95",
    "rhat",
    "ess_bulk",
    "ess_tail",
];

/// Columns of a table of profiles: one row for each parameter, on its scale.
pub const INTERVAL_COLUMNS: &[&str] = &[
    "parameter",
    "scale",
    "estimate",
    "level",
    "lower",
    "lower_end",
    "upper",
    "upper_end",
    "points",
    "converged",
    "failed",
    "evaluations",
];

pub(super) fn posterior() -> Schema {
    let random = word(
        "random",
        "independent uniform points between the bounds, drawn again where the solve fails; good only where the posterior \
         has one mode and is found from afar",
    );
    Schema {
        kind: "posterior",
        doc: "Draws from the posterior of a problem whose objective is a likelihood: the density exp(-fval), with the \
              problem's priors, and uniform between the bounds on the scale of estimation where a parameter has none. A \
              prior of the value on the linear scale is taken over to the scale of estimation.",
        fields: vec![
            descent::problem_of("the problem whose parameters are sampled"),
            one_of("method", crate::uncertainty::methods(), "the sampler"),
            start(
                vec![random, nominal()],
                "where the chains start: a word, or the name of a dataset, whose descents that ended within the joint \
                 95 % region of the best one's likelihood are taken in turn, best first",
            ),
            integer("chains", 1, 1000, 4, "how many chains; to see whether they agree takes more than one"),
            integer("warmup", 10, 100_000_000, 1000, "draws of each chain that are thrown away"),
            integer("draws", 4, 100_000_000, 1000, "draws of each chain that are kept"),
        ],
    }
}

pub(super) fn profile_likelihood() -> Schema {
    Schema {
        kind: "profile_likelihood",
        doc: "Profiles of a likelihood (Raue et al. 2009): the lowest fval for each value of a parameter, from the optimum \
              to where it crosses the threshold, and the confidence intervals between the crossings.",
        fields: vec![
            descent::problem_of("the problem whose parameters are profiled"),
            start(
                vec![nominal()],
                "where the optimum is looked for, by one descent more: a word, or the name of a dataset, whose lowest \
                 end is taken",
            ),
            Field::optional(
                "parameters",
                Type::List(Box::new(Type::Word)),
                "the profiled parameters; all where nothing is said",
            ),
            number(
                "level",
                0.5,
                0.999_999,
                0.95,
                "the level of each interval: the threshold is half this quantile of the chi-square distribution with one \
                 degree of freedom",
            ),
            integer("points", 3, 100_000, 200, "most points to each side of the optimum"),
            one_of("descend", descent::descents(), "how the other parameters follow"),
        ],
    }
}

fn nominal() -> Choice {
    word("nominal", "the nominal values of the problem")
}

/// Where it starts; the first word is the default.
fn start(words: Vec<Choice>, doc: &'static str) -> Field {
    let default = filled(&words[0]);
    Field::new("start", Type::ChoiceOrReference(words, &["dataset"]), default, doc)
}
