//! Why a trial of a search was chosen: how it stood among the others, rung by rung where there are some.

use crate::plan::node::Tune;
use crate::run::RunError;
use crate::run::stages::TuneChoice;
use crate::run::store::Artifact;
use crate::table::{Table, TableError, rounded};

/// Lines about the choice, each with what it is about.
pub(super) fn why(tune: &Tune, artifact: &Artifact) -> Result<Vec<(String, String)>, RunError> {
    let choice: TuneChoice = artifact.value("choice")?;
    let trials = artifact.table("trials")?;
    lines(tune, &choice, &trials)
        .map_err(|error| RunError::Artifact { node: "trials".to_owned(), reason: error.to_string() })
}

fn lines(tune: &Tune, choice: &TuneChoice, trials: &Table) -> Result<Vec<(String, String)>, TableError> {
    let mut lines = Vec::new();
    let mut standing = Vec::new();
    for (rung, shape) in tune.rungs.iter().enumerate() {
        let values = trials.numbers(&format!("rung_{}", rung + 1))?;
        standing = ranked(values, tune.lowest);
        let place = standing.iter().position(|&trial| trial == choice.trial).map_or(0, |place| place + 1);
        let went_on = tune.rungs.get(rung + 1).map_or_else(String::new, |next| {
            let last = standing.get(next.trials.min(standing.len()).saturating_sub(1));
            let cut = last.map_or_else(String::new, |&last| format!(" (to {})", rounded(values[last], 4)));
            format!("; the best {}{cut} went on", next.trials)
        });
        let words = format!(
            "{} after {} epochs: trial {} came to place {place} with {}{went_on}",
            counted(shape.trials, "trial"),
            shape.epochs,
            choice.trial,
            rounded(values[choice.trial], 4),
        );
        lines.push((format!("rung {}", rung + 1), words));
    }
    let values = trials.numbers(&choice.metric)?;
    let among = if tune.rungs.is_empty() {
        standing = ranked(values, tune.lowest);
        "all trials"
    } else {
        "the trials of the last rung"
    };
    let next = standing
        .iter()
        .find(|&&trial| trial != choice.trial)
        .map_or_else(String::new, |&next| format!("; next comes trial {next} with {}", rounded(values[next], 4)));
    let refused = match choice.refused {
        0 => String::new(),
        refused => format!("; {} could not be trained", counted(refused, "trial")),
    };
    let words = format!(
        "trial {} of {}: its {} of {} is the {} of {among}{next}{refused}",
        choice.trial,
        choice.trials,
        choice.metric,
        rounded(choice.value, 4),
        if tune.lowest { "lowest" } else { "highest" },
    );
    lines.push(("chosen".to_owned(), words));
    let settings: Vec<String> = choice.configuration.iter().map(|(path, value)| format!("{path} = {value}")).collect();
    lines.push(("with".to_owned(), settings.join(", ")));
    Ok(lines)
}

/// The trials with a finite value, best first.
fn ranked(values: &[f64], lowest: bool) -> Vec<usize> {
    let mut trials: Vec<usize> = (0..values.len()).filter(|&trial| values[trial].is_finite()).collect();
    let compared = |trial: usize| if lowest { values[trial] } else { -values[trial] };
    trials.sort_by(|&one, &other| compared(one).total_cmp(&compared(other)));
    trials
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
