//! Tables show columns that there are, of rows of one kind.

use crate::diagnostic::Diagnostic;
use crate::plan::resolve::{Declaration, Experiment, listed, near};
use crate::plan::schema::{
    BENCHMARK_COLUMNS, GENERATE_COLUMNS, INTERVAL_COLUMNS, JUDGEMENT_COLUMNS, NAME_COLUMNS, POSTERIOR_COLUMNS,
    SHARED_COLUMNS, TUNE_COLUMNS,
};
use crate::schema::Value;

use super::place;

pub(super) fn run(experiment: &Experiment, table: &Declaration, findings: &mut Vec<Diagnostic>) {
    let from = table.words("from");
    let Some(&first) = from.first() else { return };
    if let Some(index) = from.iter().position(|name| from.len() > 1 && !experiment.generates.contains_key(*name)) {
        findings.push(
            Diagnostic::error("wrong-kind", "only rows of `generate`s stand below each other in one table")
                .at(place(table, &format!("from.{index}")), "is no `generate`")
                .help("one table for each of the others"),
        );
        return;
    }
    let mut known: Vec<&str> = Vec::new();
    if let Some(tune) = experiment.tunes.get(first) {
        known.extend(TUNE_COLUMNS);
        known.extend(tune.vary.iter().map(|vary| vary.path.as_str()));
    } else if experiment.generates.contains_key(first) {
        known.extend(NAME_COLUMNS);
        known.extend(GENERATE_COLUMNS);
        known.extend(JUDGEMENT_COLUMNS);
    } else if experiment.benchmarks.contains_key(first) {
        known.extend(BENCHMARK_COLUMNS);
    } else if experiment.posteriors.contains_key(first) {
        known.extend(POSTERIOR_COLUMNS);
    } else if experiment.profile_likelihoods.contains_key(first) {
        known.extend(INTERVAL_COLUMNS);
    } else {
        return;
    }
    let columns = table.words("columns");
    let all_known = columns.iter().all(|column| known.contains(column));
    for (index, column) in columns.iter().enumerate().filter(|(_, column)| !known.contains(column)) {
        let help = near(column, known.iter().copied()).or_else(|| listed("columns", known.iter().copied()));
        findings.push(
            Diagnostic::error("unknown-name", format!("`{first}` has no column `{column}`"))
                .at(place(table, &format!("columns.{index}")), "unknown")
                .maybe_help(help),
        );
    }
    let in_rounds =
        from.iter().filter_map(|name| experiment.generates.get(*name)).any(|one| in_rounds(experiment, one));
    if let Some(index) = columns.iter().position(|column| *column == ROUND && !in_rounds) {
        findings.push(
            Diagnostic::error("unknown-name", format!("`{first}` has one round, and no column `{ROUND}`"))
                .at(place(table, &format!("columns.{index}")), "only of proposals in rounds")
                .help(format!("add `rounds = 3` to `{first}` or to one of its generators")),
        );
    }
    if all_known && experiment.generates.contains_key(first) {
        of_one_kind(table, &columns, findings);
    }
}

/// The column that only proposals in rounds have.
const ROUND: &str = "round";

/// Has any generator of these proposals more than one round?
pub(super) fn in_rounds(experiment: &Experiment, generate: &Declaration) -> bool {
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

/// Rows by condition, by origin of descents and by generator have different columns.
fn of_one_kind(table: &Declaration, columns: &[&str], findings: &mut Vec<Diagnostic>) {
    let origin = GENERATE_COLUMNS.iter().position(|column| *column == "origin").unwrap_or(GENERATE_COLUMNS.len());
    let (by_condition, by_origin) = GENERATE_COLUMNS.split_at(origin);
    let kinds: [(&str, Vec<&str>); 3] = [
        ("condition", [NAME_COLUMNS, by_condition].concat()),
        // The lowest end of each origin has the name of the lowest fval at each condition.
        ("origin of descents", [&["proposals", "lowest"], by_origin].concat()),
        ("generator", [NAME_COLUMNS, SHARED_COLUMNS, JUDGEMENT_COLUMNS].concat()),
    ];
    if kinds.iter().any(|(_, known)| columns.iter().all(|column| known.contains(column))) {
        return;
    }
    let lacks = |known: &[&str]| columns.iter().position(|column| !known.contains(column));
    let Some((kind, known)) =
        kinds.iter().max_by_key(|(_, known)| columns.iter().filter(|one| known.contains(one)).count())
    else {
        return;
    };
    let Some(index) = lacks(known) else { return };
    let of = kinds.iter().find(|(_, known)| known.contains(&columns[index])).map_or("other", |(kind, _)| *kind);
    findings.push(
        Diagnostic::error("mixed-columns", "no row has all of these columns")
            .at(place(table, &format!("columns.{index}")), format!("is of rows by {of}, the others of rows by {kind}"))
            .help("one table for each kind of rows"),
    );
}
