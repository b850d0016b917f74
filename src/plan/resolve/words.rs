//! Reserved words, and suggestions for words that nothing answers to.

use crate::diagnostic::Diagnostic;
pub(super) use crate::syntax::KINDS;

/// Names that no declaration may take: kinds, sources, and the methods that benchmarks list beside generators.
const RESERVED: &[&str] = &[
    "import",
    "pattern",
    "best",
    "csv",
    "parquet",
    "sbml",
    "petab",
    "biomodel",
    "biomodels",
    "petab_collection",
    "test_function",
    "synthetic",
    "none",
    "nominal",
    "random",
    "latin_hypercube",
    "multi_jittered",
    "sobol",
    "screened",
    "best_jitter",
    "elite_gaussian",
    "elite_mixture",
    "kde",
    "recombination",
    "multistart",
    "bayesian",
    "mcmc",
    "genetic",
    "cmaes",
    "differential_evolution",
    "particle_swarm",
    "scatter_search",
    "gradient",
    "lbfgsb",
    "levenberg_marquardt",
    "nelder_mead",
];

/// Symbols that formulas know by themselves, beside the functions.
const SYMBOLS: &[&str] =
    &["time", "nominal", "kinetic", "inf", "nan", "true", "false", "not", "and", "or", "by", "in", "over"];

/// May a declaration at the top level not have this name?
pub(super) fn reserved(name: &str) -> bool {
    KINDS.contains(&name) || RESERVED.contains(&name)
}

/// May a symbol of a model or problem not have this name?
pub(super) fn reserved_symbol(name: &str) -> bool {
    SYMBOLS.contains(&name) || super::kinetics::function(name).is_some()
}

/// "did you mean ...?", where a candidate is near.
pub(in crate::plan) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    crate::diagnostic::suggest(name, candidates.into_iter()).map(|found| format!("did you mean `{found}`?"))
}

/// The candidates in a sentence, for lists that are short enough to read.
pub(in crate::plan) fn listed<'a>(what: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let all: Vec<_> = candidates.into_iter().map(|name| format!("`{name}`")).collect();
    (!all.is_empty() && all.len() <= 24).then(|| format!("{what}: {}", all.join(", ")))
}

/// Adds the nearest candidate as help, or the whole list where none is near.
pub(in crate::plan) fn with_help(found: Diagnostic, name: &str, what: &str, candidates: &[&str]) -> Diagnostic {
    let near = near(name, candidates.iter().copied());
    found.maybe_help(near).maybe_help(listed(what, candidates.iter().copied()))
}
