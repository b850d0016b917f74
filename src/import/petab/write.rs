//! Estimates and simulations as `PEtab` tables.

use std::collections::BTreeMap;

use super::table::{lines, separator};
use crate::model::expression::Expression;
use crate::model::problem::{Measurement, Prior, Problem, Scale};

/// The parameter tables `texts` as one, with all their columns, where `values` replaces nominal values by id. Values
/// are on the linear scale. Without texts the table is made of the problem's parameters.
///
/// # Errors
/// When a text is no table.
pub fn parameter_table(
    problem: &Problem,
    texts: &[&str],
    values: &BTreeMap<String, f64>,
) -> Result<String, csv::Error> {
    if texts.is_empty() {
        return own_parameters(problem, values);
    }
    let mut sheet = Sheet::default();
    for text in texts {
        sheet.append(text)?;
    }
    let (id, nominal) = (sheet.column("parameterId"), sheet.column("nominalValue"));
    for row in &mut sheet.rows {
        if let Some(value) = values.get(&row[id]) {
            row[nominal] = number(*value);
        }
    }
    sheet.text()
}

/// The measurement tables `texts` as one simulation table, in the order of the problem's measurements: all their
/// columns, with `simulation` in place of `measurement`. Without texts the table is made of the problem's measurements.
///
/// # Errors
/// When a text is no table.
pub fn simulation_table(problem: &Problem, texts: &[&str], simulated: &[f64]) -> Result<String, csv::Error> {
    if texts.is_empty() {
        return own_simulations(problem, simulated);
    }
    let mut sheet = Sheet::default();
    for text in texts {
        sheet.append(text)?;
    }
    let column = sheet.column("measurement");
    "simulation".clone_into(&mut sheet.columns[column]);
    for (row, value) in sheet.rows.iter_mut().zip(simulated) {
        row[column] = number(*value);
    }
    sheet.text()
}

/// Lines of text under named columns.
#[derive(Debug, Default)]
struct Sheet {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Adds the lines of a table, and its columns as far as they are new.
    fn append(&mut self, text: &str) -> Result<(), csv::Error> {
        let mut reader = lines(text.trim_start_matches('\u{feff}'));
        let mut places: Vec<usize> = Vec::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            if record.iter().all(str::is_empty) {
                continue;
            }
            if places.is_empty() {
                places = record.iter().map(|name| self.column(name)).collect();
                continue;
            }
            let mut row = vec![String::new(); self.columns.len()];
            for (place, cell) in places.iter().zip(&record) {
                cell.clone_into(&mut row[*place]);
            }
            self.rows.push(row);
        }
        Ok(())
    }

    /// The index of a column, which is added where there is none.
    fn column(&mut self, name: &str) -> usize {
        if let Some(index) = self.columns.iter().position(|other| other == name) {
            return index;
        }
        self.columns.push(name.to_owned());
        self.rows.iter_mut().for_each(|row| row.push(String::new()));
        self.columns.len() - 1
    }

    fn text(&self) -> Result<String, csv::Error> {
        let mut writer = csv::WriterBuilder::new().delimiter(separator("")).from_writer(Vec::new());
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn own_parameters(problem: &Problem, values: &BTreeMap<String, f64>) -> Result<String, csv::Error> {
    let mut sheet = Sheet::default();
    let names = ["parameterId", "parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate"];
    let priors = ["objectivePriorType", "objectivePriorParameters"];
    let has_priors =
        problem.parameters.iter().any(|parameter| parameter.estimate.as_ref().is_some_and(|e| e.prior.is_some()));
    sheet.columns = names.into_iter().chain(priors.into_iter().filter(|_| has_priors)).map(str::to_owned).collect();
    for parameter in &problem.parameters {
        let value = values.get(&parameter.id).copied().unwrap_or(parameter.nominal);
        let mut row = match &parameter.estimate {
            Some(estimate) => vec![
                parameter.id.clone(),
                scale(estimate.scale).to_owned(),
                number(estimate.lower),
                number(estimate.upper),
                number(value),
                "1".to_owned(),
            ],
            None => {
                let nothing = String::new();
                vec![parameter.id.clone(), "lin".to_owned(), nothing.clone(), nothing, number(value), "0".to_owned()]
            }
        };
        if has_priors {
            let (family, numbers) =
                parameter.estimate.as_ref().and_then(|estimate| estimate.prior.as_ref()).map(prior).unwrap_or_default();
            row.extend([family.to_owned(), numbers]);
        }
        sheet.rows.push(row);
    }
    sheet.text()
}

fn own_simulations(problem: &Problem, simulated: &[f64]) -> Result<String, csv::Error> {
    let mut sheet = Sheet::default();
    for name in ["observableId", "preequilibrationConditionId", "simulationConditionId", "time", "simulation"] {
        sheet.column(name);
    }
    let mut optional =
        |name: &str, has: fn(&Measurement) -> bool| problem.measurements.iter().any(has).then(|| sheet.column(name));
    let observed = optional("observableParameters", |measurement| !measurement.observable_overrides.is_empty());
    let noise = optional("noiseParameters", |measurement| measurement.noise_override.is_some());
    for (measurement, value) in problem.measurements.iter().zip(simulated) {
        let treatment = problem.treatments.get(measurement.treatment);
        let before = treatment.and_then(|treatment| treatment.before.as_ref());
        let mut row = vec![
            problem.observables.get(measurement.observable).map(|observable| observable.id.clone()).unwrap_or_default(),
            before.map(|before| before.treatment.clone()).unwrap_or_default(),
            treatment.map(|treatment| treatment.id.clone()).unwrap_or_default(),
            number(measurement.time),
            number(*value),
        ];
        if observed.is_some() {
            let values: Vec<String> = measurement.observable_overrides.iter().map(simple).collect();
            row.push(values.join(";"));
        }
        if noise.is_some() {
            row.push(measurement.noise_override.as_ref().map(simple).unwrap_or_default());
        }
        sheet.rows.push(row);
    }
    sheet.text()
}

/// A number or an id; formulas have no place in these tables.
fn simple(expression: &Expression) -> String {
    match expression {
        Expression::Number(value) => number(*value),
        Expression::Symbol(name) => name.clone(),
        Expression::Time => "time".to_owned(),
        Expression::Apply(..) => String::new(),
    }
}

fn scale(scale: Scale) -> &'static str {
    match scale {
        Scale::Linear => "lin",
        Scale::Log => "log",
        Scale::Log10 => "log10",
    }
}

fn prior(prior: &Prior) -> (&'static str, String) {
    let (family, first, second) = match *prior {
        Prior::Normal { mean, sd } => ("parameterScaleNormal", mean, sd),
        Prior::Laplace { location, scale } => ("parameterScaleLaplace", location, scale),
        Prior::Uniform { lower, upper } => ("parameterScaleUniform", lower, upper),
        Prior::LinearNormal { mean, sd } => ("normal", mean, sd),
        Prior::LinearLaplace { location, scale } => ("laplace", location, scale),
        Prior::LinearUniform { lower, upper } => ("uniform", lower, upper),
        Prior::LogNormal { mean, sd } => ("logNormal", mean, sd),
        Prior::LogLaplace { location, scale } => ("logLaplace", location, scale),
    };
    (family, format!("{};{}", number(first), number(second)))
}

/// The shortest text that reads as the same number.
fn number(value: f64) -> String {
    let size = value.abs();
    match value.is_finite() && size != 0.0 && !(1e-5..1e15).contains(&size) {
        true => format!("{value:e}"),
        false => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_all_tables_are_kept() {
        let mut sheet = Sheet::default();
        sheet.append("a\tb\n1\t2\n").expect("a table");
        sheet.append("b,c\n3,4\n5\n").expect("a table");
        assert_eq!(sheet.text().expect("text"), "a\tb\tc\n1\t2\t\n\t3\t4\n\t5\t\n");
    }

    #[test]
    fn numbers_read_back() {
        for value in [0.0, 1.0, -2.5, 1e-300, 1.5e20, 0.1, f64::INFINITY, 123456.789] {
            assert_eq!(number(value).parse::<f64>(), Ok(value));
        }
        assert_eq!(number(1e-20), "1e-20");
    }
}
