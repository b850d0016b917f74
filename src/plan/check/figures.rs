//! Figures show what something makes.

use crate::diagnostic::Diagnostic;
use crate::learn::{Kind, kind, kinds};
use crate::plan::resolve::{Experiment, listed};
use crate::plan::schema::plain;
use crate::schema::Value;

use super::{feeds, place, tables};

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
            let with: Vec<&str> = kinds().into_iter().filter(|kind| kind.latent).map(|kind| kind.name).collect();
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
            && !tables::in_rounds(experiment, generate)
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
    for shown in experiment.figures.values().chain(experiment.tables.values()) {
        let benchmark = shown
            .word("from")
            .or_else(|| shown.words("from").first().copied())
            .and_then(|from| experiment.benchmarks.get(from));
        if let (Some("development"), Some(benchmark)) = (shown.word("role"), benchmark)
            && benchmark.words("development").is_empty()
        {
            findings.push(
                Diagnostic::error("nothing-to-draw", format!("no problem of `{}` is for development", benchmark.name))
                    .at(place(shown, "role"), "has nothing to show")
                    .help("list the problems that settings are tuned on in its `development`"),
            );
        }
    }
    for table in experiment.tables.values() {
        tables::run(experiment, table, findings);
    }
}

/// The kind of a generator, through the tune that chooses it.
fn kind_behind(experiment: &Experiment, name: &str) -> Option<Kind> {
    let generator = experiment.generators.get(name)?;
    let varied = generator.word("kind.tune").and_then(|tune| experiment.tunes.get(tune)?.word("generator"));
    kind(experiment.generators.get(varied.unwrap_or(name))?.word("kind")?).ok()
}
