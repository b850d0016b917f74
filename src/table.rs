//! Tables: the one shape in which stages hand rows to each other and to the reports.

mod stream;

use std::fmt::Write as _;
use std::path::Path;

pub use stream::TableStream;

use polars::prelude::{Column as PolarsColumn, DataFrame, DataType, ParquetReader, ParquetWriter, SerReader};

/// Named columns of equal length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    columns: Vec<(String, Column)>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Real numbers, infinities and NaN included.
    Number(Vec<f64>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Words.
    Text(Vec<String>),
}

/// Why a table could not be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such column, or it holds something else.
    #[error("no column `{0}` of this type in the table")]
    NoColumn(String),
    /// A column is longer or shorter than the others.
    #[error("column `{name}` has {found} rows where {expected} were expected")]
    Length {
        /// The column.
        name: String,
        /// Its length.
        found: usize,
        /// The others' length.
        expected: usize,
    },
    /// A part of a table has other columns than the parts before.
    #[error("a part of the table has other columns than those before")]
    OtherColumns,
    /// The file could not be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The file is no Parquet file, or not one of kexp's.
    #[error("{0}")]
    Parquet(#[from] polars::error::PolarsError),
}

impl Column {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Column::Number(values) => values.len(),
            Column::Integer(values) => values.len(),
            Column::Text(values) => values.len(),
        }
    }

    /// Has it no rows?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn cell(&self, row: usize, digits: Option<usize>) -> String {
        match self {
            Column::Number(values) => match digits {
                Some(digits) => rounded(values[row], digits),
                None => format!("{}", values[row]),
            },
            Column::Integer(values) => values[row].to_string(),
            Column::Text(values) => values[row].clone(),
        }
    }

    fn select(&self, rows: &[usize]) -> Column {
        match self {
            Column::Number(values) => Column::Number(rows.iter().map(|&row| values[row]).collect()),
            Column::Integer(values) => Column::Integer(rows.iter().map(|&row| values[row]).collect()),
            Column::Text(values) => Column::Text(rows.iter().map(|&row| values[row].clone()).collect()),
        }
    }
}

impl Table {
    /// A table without columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of numbers.
    ///
    /// # Panics
    /// When the column's length differs from the others': columns are made by code, never by input.
    #[must_use]
    pub fn number(self, name: &str, values: Vec<f64>) -> Self {
        self.with(name, Column::Number(values))
    }

    /// Adds a column of whole numbers. Panics like [`Table::number`].
    #[must_use]
    pub fn integer(self, name: &str, values: Vec<i64>) -> Self {
        self.with(name, Column::Integer(values))
    }

    /// Adds a column of words. Panics like [`Table::number`].
    #[must_use]
    pub fn text(self, name: &str, values: Vec<String>) -> Self {
        self.with(name, Column::Text(values))
    }

    /// Adds a column. Panics like [`Table::number`].
    #[must_use]
    pub fn with(mut self, name: &str, column: Column) -> Self {
        if let Some((_, first)) = self.columns.first() {
            assert_eq!(first.len(), column.len(), "column `{name}` has another length than the table");
        }
        self.columns.push((name.to_owned(), column));
        self
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// The columns' names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// A column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// A column of numbers.
    ///
    /// # Errors
    /// When there is none of this name and type.
    pub fn numbers(&self, name: &str) -> Result<&[f64], TableError> {
        match self.column(name) {
            Some(Column::Number(values)) => Ok(values),
            _ => Err(TableError::NoColumn(name.to_owned())),
        }
    }

    /// A column of whole numbers.
    ///
    /// # Errors
    /// When there is none of this name and type.
    pub fn integers(&self, name: &str) -> Result<&[i64], TableError> {
        match self.column(name) {
            Some(Column::Integer(values)) => Ok(values),
            _ => Err(TableError::NoColumn(name.to_owned())),
        }
    }

    /// A column of words.
    ///
    /// # Errors
    /// When there is none of this name and type.
    pub fn texts(&self, name: &str) -> Result<&[String], TableError> {
        match self.column(name) {
            Some(Column::Text(values)) => Ok(values),
            _ => Err(TableError::NoColumn(name.to_owned())),
        }
    }

    /// The given rows, in the given order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Table {
        Table { columns: self.columns.iter().map(|(name, column)| (name.clone(), column.select(rows))).collect() }
    }

    /// Comma-separated text with a header; numbers in full precision.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
        writer.write_record(self.names()).expect("writing to memory does not fail");
        for row in 0..self.rows() {
            writer
                .write_record(self.columns.iter().map(|(_, column)| column.cell(row, None)))
                .expect("writing to memory does not fail, and all rows have one length");
        }
        String::from_utf8(writer.into_inner().expect("writing to memory does not fail")).expect("cells are UTF-8")
    }

    /// A Markdown table with numbers rounded to `digits` significant digits.
    #[must_use]
    pub fn to_markdown(&self, digits: usize) -> String {
        let mut text = String::new();
        let header: Vec<&str> = self.names().collect();
        let _ = writeln!(text, "| {} |", header.join(" | "));
        let rule: Vec<&str> = self
            .columns
            .iter()
            .map(|(_, column)| if matches!(column, Column::Text(_)) { "---" } else { "---:" })
            .collect();
        let _ = writeln!(text, "| {} |", rule.join(" | "));
        for row in 0..self.rows() {
            let cells: Vec<String> =
                self.columns.iter().map(|(_, column)| column.cell(row, Some(digits)).replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    /// Writes a Parquet file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_parquet(&self, path: &Path) -> Result<(), TableError> {
        let mut frame = self.frame()?;
        // In memory first: the writer hides what the system says about a file, such as that the disk is full. One row
        // group on one thread: the same rows give the same bytes on any number of threads.
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame)?;
        Ok(std::fs::write(path, bytes)?)
    }

    fn frame(&self) -> Result<DataFrame, TableError> {
        let columns = self
            .columns
            .iter()
            .map(|(name, column)| match column {
                Column::Number(values) => PolarsColumn::new(name.as_str().into(), values),
                Column::Integer(values) => PolarsColumn::new(name.as_str().into(), values),
                Column::Text(values) => PolarsColumn::new(name.as_str().into(), values),
            })
            .collect();
        Ok(DataFrame::new(self.rows(), columns)?)
    }

    /// Reads a Parquet file that [`Table::write_parquet`] wrote, or any other with columns of numbers and strings.
    ///
    /// # Errors
    /// When the file cannot be read or holds other types.
    pub fn read_parquet(path: &Path) -> Result<Table, TableError> {
        let frame = ParquetReader::new(std::fs::File::open(path)?).finish()?;
        let mut table = Table::new();
        for column in frame.columns() {
            let name = column.name().as_str();
            let values = match column.dtype() {
                DataType::String => {
                    Column::Text(column.str()?.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
                }
                DataType::Int64 => Column::Integer(column.i64()?.iter().map(Option::unwrap_or_default).collect()),
                _ => Column::Number(
                    column.cast(&DataType::Float64)?.f64()?.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect(),
                ),
            };
            table = table.with(name, values);
        }
        Ok(table)
    }
}

/// A number with `digits` significant digits, without trailing zeros; whole numbers and infinities stay as they are.
#[must_use]
pub fn rounded(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = scientific.split_once('e').expect("the format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the format writes a whole exponent");
    if (-4..digits.max(6) as i32).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        let plain = format!("{value:.decimals$}");
        if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').to_owned() } else { plain }
    } else {
        let mantissa =
            if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
        format!("{mantissa}e{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parquet_keeps_values_and_bytes() {
        let table = Table::new()
            .number("fval", vec![1.5, f64::INFINITY, -0.0])
            .integer("start", vec![0, 1, 2])
            .text("cause", vec![String::new(), "step limit".into(), String::new()]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (first, second) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
        table.write_parquet(&first).expect("written");
        table.write_parquet(&second).expect("written");
        assert_eq!(Table::read_parquet(&first).expect("read"), table);
        assert_eq!(std::fs::read(first).expect("bytes"), std::fs::read(second).expect("bytes"));
    }

    #[test]
    fn rounding_keeps_significant_digits() {
        let cases =
            [(138.22201, 5, "138.22"), (0.000_012_345, 3, "1.23e-5"), (0.5, 3, "0.5"), (123_456.0, 3, "123456")];
        for (value, digits, text) in cases {
            assert_eq!(rounded(value, digits), text);
        }
        assert_eq!(rounded(f64::INFINITY, 3), "inf");
    }
}
