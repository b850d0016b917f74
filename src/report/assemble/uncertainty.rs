//! What the figures of posteriors and profiles show, from the tables of their artifacts.

use super::AssembleError;
use crate::evaluate::density::density;
use crate::plan::node::{Deliverable, Plan, Stage};
use crate::plan::uncertainty::{Estimated, estimated};
use crate::run::RunError;
use crate::run::store::Artifact;
use crate::schema::Value;
use crate::table::{Table, TableError};

/// So many draws of a chain stand in a figure of traces at most.
const TRACED: i64 = 500;

/// The shown parameters with what the picture calls them.
pub(super) struct Named(Vec<Estimated>);

impl Named {
    /// The parameters of a figure, all estimated ones where it names none.
    pub(super) fn of(plan: &Plan, figure: &Deliverable) -> Result<Self, AssembleError> {
        let problem = figure.from.first().and_then(|&at| plan.nodes[at].inputs.first());
        let Some(Stage::Problem(problem)) = problem.map(|&at| &plan.nodes[at].stage) else {
            let reason = "this figure shows a posterior or profiles".to_owned();
            return Err(RunError::Artifact { node: figure.name.clone(), reason }.into());
        };
        let mut all = estimated(problem);
        if let Some(Value::List(wanted)) = figure.settings.get("parameters") {
            let place = |variable: &Estimated| wanted.iter().position(|id| *id == Value::Text(variable.id.clone()));
            all.retain(|variable| place(variable).is_some());
            all.sort_by_key(place);
        }
        Ok(Self(all))
    }

    /// The rows of a summary for the shown parameters, and that of the fval.
    pub(super) fn summary(&self, artifact: &Artifact) -> Result<Table, AssembleError> {
        let table = artifact.table("summary")?;
        let ids = table.texts("parameter")?;
        let wanted = self.0.iter().map(|variable| variable.id.as_str()).chain(["fval"]);
        let rows: Vec<usize> = wanted.filter_map(|id| ids.iter().position(|known| known == id)).collect();
        Ok(table.select(&rows))
    }

    fn label<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.iter().find(|variable| variable.id == id).map_or(id, |variable| variable.label.as_str())
    }

    /// A table whose column `parameter` holds labels for ids.
    fn labelled(&self, table: &Table) -> Result<Table, TableError> {
        table.names().try_fold(Table::new(), |made, name| match (name, table.column(name)) {
            ("parameter", _) => {
                Ok(made.text(name, table.texts(name)?.iter().map(|id| self.label(id).to_owned()).collect()))
            }
            (_, Some(column)) => Ok(made.with(name, column.clone())),
            (_, None) => Err(TableError::NoColumn(name.to_owned())),
        })
    }
}

fn column(id: &str) -> String {
    format!("parameter.{id}")
}

/// The draws of the shown parameters, one column each, behind these columns.
fn wide(artifact: &Artifact, named: &Named, before: &[&str]) -> Result<Table, AssembleError> {
    let draws = artifact.table("draws")?;
    let columns: Vec<String> =
        before.iter().map(|name| (*name).to_owned()).chain(named.0.iter().map(|one| column(&one.id))).collect();
    Ok(super::tables::columns(&draws, &columns.iter().map(String::as_str).collect::<Vec<_>>())?)
}

/// All draws for the CSV; and of evenly chosen ones, one row for each parameter, for the picture. A divergent draw that
/// is left out is shown at the next one that is not.
pub(super) fn traces(artifact: &Artifact, named: &Named) -> Result<(Table, Table), AssembleError> {
    let data = wide(artifact, named, &["chain", "draw", "fval", "divergent", "depth"])?;
    let (chain, draw, divergent) = (data.integers("chain")?, data.integers("draw")?, data.integers("divergent")?);
    let step = draw.iter().copied().max().unwrap_or(1).div_euclid(TRACED).max(1);
    let rows: Vec<usize> = (0..draw.len()).filter(|&row| (draw[row] - 1) % step == 0).collect();
    let marked = |row: usize| {
        let from = (row + 1).saturating_sub(step as usize);
        i64::from((from..=row).any(|before| chain[before] == chain[row] && divergent[before] == 1))
    };
    let mut long = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for variable in &named.0 {
        let values = data.numbers(&column(&variable.id))?;
        for &row in &rows {
            long.0.push(variable.label.clone());
            long.1.push(chain[row]);
            long.2.push(draw[row]);
            long.3.push(values[row]);
            long.4.push(marked(row));
        }
    }
    let drawn = Table::new()
        .text("parameter", long.0)
        .integer("chain", long.1)
        .integer("draw", long.2)
        .number("value", long.3)
        .integer("divergent", long.4);
    Ok((data, drawn))
}

/// The densities of all chains together (0) and of each, and the summary with the names of the picture.
pub(super) fn marginals(artifact: &Artifact, named: &Named) -> Result<(Table, Table), AssembleError> {
    let draws = wide(artifact, named, &["chain"])?;
    let chain = draws.integers("chain")?;
    let chains = chain.iter().copied().max().unwrap_or(0);
    let (mut labels, mut of, mut at, mut heights) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for variable in &named.0 {
        let values = draws.numbers(&column(&variable.id))?;
        for one in 0..=chains {
            let own: Vec<f64> =
                (0..values.len()).filter(|&row| one == 0 || chain[row] == one).map(|row| values[row]).collect();
            for (value, height) in density(&own, variable.bounds) {
                labels.push(variable.label.clone());
                of.push(one);
                at.push(value);
                heights.push(height);
            }
        }
    }
    let densities =
        Table::new().text("parameter", labels).integer("chain", of).number("value", at).number("density", heights);
    Ok((densities, named.labelled(&artifact.table("summary")?)?))
}

/// The draws for the CSV, and with the names of the picture.
pub(super) fn pairs(artifact: &Artifact, named: &Named) -> Result<(Table, Table), AssembleError> {
    let data = wide(artifact, named, &["chain", "draw", "divergent"])?;
    let drawn = Table::new().integer("divergent", data.integers("divergent")?.to_vec());
    let drawn = named.0.iter().try_fold(drawn, |drawn, variable| {
        Ok::<_, TableError>(drawn.number(&variable.label, data.numbers(&column(&variable.id))?.to_vec()))
    })?;
    Ok((data, drawn))
}

/// All points for the CSV; those points and the closed ends of the intervals with the names of the picture.
pub(super) fn profiles(artifact: &Artifact, named: &Named) -> Result<(Table, Table, Table), AssembleError> {
    let (data, intervals) = (artifact.table("profiles")?, artifact.table("intervals")?);
    let closed = |end: &str| -> Result<Vec<f64>, TableError> {
        let (values, words) = (intervals.numbers(end)?, intervals.texts(&format!("{end}_end"))?);
        let is_closed = |word: &String| word.starts_with("crosses");
        Ok(values.iter().zip(words).map(|(value, word)| if is_closed(word) { *value } else { f64::NAN }).collect())
    };
    let ends = Table::new()
        .text("parameter", intervals.texts("parameter")?.to_vec())
        .number("lower", closed("lower")?)
        .number("upper", closed("upper")?);
    let drawn = named.labelled(&data)?;
    Ok((data, drawn, named.labelled(&ends)?))
}
