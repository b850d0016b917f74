//! Figures and tables show what something makes.

use crate::diagnostic::Diagnostic;
use crate::learn::{Kind, kind, kinds};
use crate::plan::resolve::{Declaration, Experiment, listed, near};
use crate::plan::schema::{BENCHMARK_COLUMNS, GENERATE_COLUMNS, TUNE_COLUMNS, plain};
use crate::schema::Value;

use super::{feeds, place};

pub(super) fn run(experiment: &Experiment, findings: &mut Vec<Diagnostic>) {
    let fed = feeds::fed(experiment);
    for figure in experiment.figures.values() {
        let Some(from) = figure.word("from") else { continue };
        let trained = matches!(figure.word("draw"), Some("training_curves" | "latent_umap"));
        if trained && experiment.generators.contains_key(from) && !fed.contains(from) {
            findings.push(
                Diagnostic::error("nothing-to-draw", format!("generator `{from}` is never trained"))
                    .at(place(figure, "from"), "has nothing to show")
                    .help("name it in the `from` of a `generate`, or let a `tune` choose it"),
            );
        }
        if figure.word("draw") == Some("latent_umap")
            && let Some(kind) = kind_behind(experiment, from)
            && !kind.latent
        {
            let with: Vec<&str> = kinds().iter().filter(|kind| kind.latent).map(|kind| kind.name).collect();
            findings.push(
                Diagnostic::error(
                    "nothing-to-draw",
                    format!("a generator of kind `{}` has no latent space", kind.name),
                )
                .at(place(figure, "from"), "has no latents to show")
                .maybe_help(listed("kinds with one", with)),
            );
        }
        if figure.word("draw") == Some("rounds")
            && let Some(generate) = experiment.generates.get(from)
            && !in_rounds(experiment, generate)
        {
            findings.push(
                Diagnostic::error("nothing-to-draw", format!("the proposals `{from}` have one round"))
                    .at(place(figure, "from"), "no rounds to show")
                    .help(format!("add `rounds = 3` to `{from}` or to one of its generators")),
            );
        }
        if figure.word("draw") == Some("distances")
            && let (Some(Value::Number(at)), Some(generate)) =
                (figure.value("condition"), experiment.generates.get(from))
            && let Some(Value::List(conditions)) = generate.value("conditions")
            && !conditions.contains(&Value::Number(*at))
        {
            findings.push(
                Diagnostic::error(
                    "out-of-bounds",
                    format!("`{from}` has no proposals at the condition {}", plain(*at)),
                )
                .at(place(figure, "condition"), "expected one of its conditions"),
            );
        }
    }
    for table in experiment.tables.values() {
        let Some(from) = table.word("from") else { continue };
        let mut known: Vec<&str> = Vec::new();
        if let Some(tune) = experiment.tunes.get(from) {
            known.extend(TUNE_COLUMNS);
            known.extend(tune.vary.iter().map(|vary| vary.path.as_str()));
        } else if experiment.generates.contains_key(from) {
            known.extend(GENERATE_COLUMNS);
        } else if experiment.benchmarks.contains_key(from) {
            known.extend(BENCHMARK_COLUMNS);
        } else {
            continue;
        }
        let one_round = experiment.generates.get(from).is_some_and(|generate| !in_rounds(experiment, generate));
        for (index, column) in table.words("columns").into_iter().enumerate() {
            if one_round && OF_ROUNDS.contains(&column) {
                findings.push(
                    Diagnostic::error("unknown-name", format!("`{from}` has one round, and no column `{column}`"))
                        .at(place(table, &format!("columns.{index}")), "only of proposals in rounds")
                        .help(format!("add `rounds = 3` to `{from}` or to one of its generators")),
                );
            }
            if !known.contains(&column) {
                let help = near(column, known.iter().copied()).or_else(|| listed("columns", known.iter().copied()));
                findings.push(
                    Diagnostic::error("unknown-name", format!("`{from}` has no column `{column}`"))
                        .at(place(table, &format!("columns.{index}")), "unknown")
                        .maybe_help(help),
                );
            }
        }
    }
}

/// Columns that only proposals in rounds have.
const OF_ROUNDS: [&str; 2] = ["generator", "round"];

/// Has any generator of these proposals more than one round?
fn in_rounds(experiment: &Experiment, generate: &Declaration) -> bool {
    let rounds = |one: &Declaration| match one.value("rounds.count") {
        Some(Value::Integer(count)) => Some(*count > 1),
        _ => None,
    };
    if let Some(more) = rounds(generate) {
        return more;
    }
    generate.words("from").into_iter().filter_map(|name| experiment.generators.get(name)).any(|generator| {
        let tuned = generator.word("kind.tune").and_then(|tune| experiment.tunes.get(tune)?.word("generator"));
        let behind = tuned.and_then(|name| experiment.generators.get(name));
        rounds(behind.unwrap_or(generator)).unwrap_or(false)
    })
}

/// The kind of a generator, through the tune that chooses it.
fn kind_behind(experiment: &Experiment, name: &str) -> Option<&'static Kind> {
    let generator = experiment.generators.get(name)?;
    let varied = generator.word("kind.tune").and_then(|tune| experiment.tunes.get(tune)?.word("generator"));
    kind(experiment.generators.get(varied.unwrap_or(name))?.word("kind")?).ok()
}
