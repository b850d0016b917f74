//! What a run found, in the form that is committed beside the draft (`paper/results.ron`): values, tables, figures with
//! their captions, and the checksums of all files written. The draft is rendered and checked from this alone.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::draft::{Blocks, FigureBlock};
use super::measured;
use crate::diagnostic::{Diagnostic, suggest};
use crate::table::{Column, Table};

/// Rows beyond which a table is not shown in the draft: the figure's block then names the file.
const MOST_ROWS: usize = 24;
/// Significant digits of tables in the draft.
const DIGITS: usize = 4;

/// The results of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Single values by name, such as `descents.rows`.
    pub values: BTreeMap<String, Value>,
    /// Tables by name: those shown in the draft and those that `value` markers look up.
    pub tables: BTreeMap<String, ResultTable>,
    /// The declared figures in the order of the experiment file.
    pub figures: Vec<ResultFigure>,
    /// The tables that are declared, and must be shown, in the order of the experiment file.
    pub shown_tables: Vec<String>,
    /// The files written, relative to the folder of the draft, with the checksum of each; see [`measured::checksum`].
    pub files: BTreeMap<String, String>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A real number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// Words.
    Text(String),
}

/// A declared figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultFigure {
    /// Its name in the experiment file.
    pub name: String,
    /// Its caption.
    pub caption: String,
    /// The picture that the draft shows, relative to the draft, such as `figures/fvals.svg`.
    pub path: String,
    /// The table, by its name in [`Results::tables`], that stands under the picture.
    pub table: Option<String>,
    /// The file with all rows behind the picture, relative to the draft, such as `tables/fvals.csv`.
    pub data: Option<String>,
}

/// A table as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultTable {
    /// Its columns in order.
    pub columns: Vec<ResultColumn>,
}

/// A column of a stored table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
}

/// The cells of a stored column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cells {
    /// Real numbers.
    Number(Vec<f64>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Words.
    Text(Vec<String>),
}

/// Why `results.ron` could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file is no results file.
    #[error("not a results file of kexp: {0}")]
    Syntax(#[from] ron::error::SpannedError),
    /// The results could not be written as RON.
    #[error("the results could not be written: {0}")]
    Write(#[from] ron::Error),
}

impl From<&Table> for ResultTable {
    fn from(table: &Table) -> Self {
        let columns = table.names().filter_map(|name| {
            let cells = match table.column(name)? {
                Column::Number(values) => Cells::Number(values.clone()),
                Column::Integer(values) => Cells::Integer(values.clone()),
                Column::Text(values) => Cells::Text(values.clone()),
            };
            Some(ResultColumn { name: name.to_owned(), cells })
        });
        Self { columns: columns.collect() }
    }
}

impl ResultTable {
    /// The table to work with. Cells beyond the shortest column, which only a damaged file has, are dropped.
    #[must_use]
    pub fn table(&self) -> Table {
        let rows = self.rows();
        self.columns.iter().fold(Table::new(), |table, column| match &column.cells {
            Cells::Number(values) => table.number(&column.name, values[..rows].to_vec()),
            Cells::Integer(values) => table.integer(&column.name, values[..rows].to_vec()),
            Cells::Text(values) => table.text(&column.name, values[..rows].to_vec()),
        })
    }

    fn rows(&self) -> usize {
        self.columns.iter().map(|column| column.cells.len()).min().unwrap_or(0)
    }

    fn column(&self, name: &str) -> Option<&Cells> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.cells)
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Cells::Number(values) => values.len(),
            Cells::Integer(values) => values.len(),
            Cells::Text(values) => values.len(),
        }
    }

    fn value(&self, row: usize) -> Value {
        match self {
            Cells::Number(values) => Value::Number(values[row]),
            Cells::Integer(values) => Value::Integer(values[row]),
            Cells::Text(values) => Value::Text(values[row].clone()),
        }
    }

    fn word(&self, row: usize) -> String {
        match self {
            Cells::Number(values) => format!("{}", values[row]),
            Cells::Integer(values) => values[row].to_string(),
            Cells::Text(values) => values[row].clone(),
        }
    }

    /// Does the cell say what the filter asks for? Numbers are compared as numbers, to a relative 1e-9.
    fn fits(&self, row: usize, wanted: &str) -> bool {
        let near = |value: f64| {
            wanted
                .parse::<f64>()
                .is_ok_and(|wanted| value == wanted || (value - wanted).abs() <= 1e-9 * value.abs().max(wanted.abs()))
        };
        match self {
            Cells::Number(values) => near(values[row]),
            Cells::Integer(values) => near(values[row] as f64),
            Cells::Text(values) => values[row] == wanted,
        }
    }
}

impl Results {
    /// The results as the text of `results.ron`; the same results give the same text.
    ///
    /// # Errors
    /// When a value cannot be written as RON.
    pub fn to_ron(&self) -> Result<String, ResultsError> {
        let layout = ron::ser::PrettyConfig::new().new_line("\n").indentor("  ").compact_arrays(true);
        Ok(ron::ser::to_string_pretty(self, layout)? + "\n")
    }

    /// Reads the text of `results.ron`.
    ///
    /// # Errors
    /// When it is none; the error names line and column.
    pub fn from_ron(text: &str) -> Result<Self, ResultsError> {
        Ok(ron::from_str(text)?)
    }

    /// Looks up a path: `name` or `name.part` among the values, or `table.column[filter = x, ...]`, which must choose
    /// exactly one row. A table of one row needs no filter.
    ///
    /// # Errors
    /// In words, what is missing and what there is instead.
    pub fn lookup(&self, path: &str) -> Result<Value, String> {
        let path = path.trim();
        if let Some(value) = self.values.get(path) {
            return Ok(value.clone());
        }
        let (head, filters) = match path.split_once('[') {
            Some((head, rest)) => {
                let inner =
                    rest.trim_end().strip_suffix(']').ok_or_else(|| format!("`{path}` lacks its closing `]`"))?;
                (head.trim(), parse_filters(inner)?)
            }
            None => (path, Vec::new()),
        };
        let Some((name, column)) = head.rsplit_once('.') else {
            return Err(self.unknown(head));
        };
        let (name, column) = (name.trim(), column.trim());
        let Some(table) = self.tables.get(name) else {
            return Err(self.unknown(if filters.is_empty() { head } else { name }));
        };
        let Some(cells) = table.column(column) else {
            let known = table.columns.iter().map(|column| column.name.as_str());
            return Err(match suggest(column, known) {
                Some(near) => format!("`{name}` has no column `{column}`; did you mean `{near}`?"),
                None => format!("`{name}` has no column `{column}`; it has: {}", table.names()),
            });
        };
        let mut rows: Vec<usize> = (0..table.rows()).collect();
        for (key, wanted) in &filters {
            let Some(filter) = table.column(key) else {
                return Err(format!("`{name}` has no column `{key}` to choose rows by; it has: {}", table.names()));
            };
            let left: Vec<usize> = rows.iter().copied().filter(|&row| filter.fits(row, wanted)).collect();
            if left.is_empty() {
                return Err(format!(
                    "no row of `{name}` has {key} = {wanted}; there are: {}",
                    some_words(filter, &rows)
                ));
            }
            rows = left;
        }
        match rows.as_slice() {
            [row] => Ok(cells.value(*row)),
            [] => Err(format!("`{name}` has no rows")),
            many => Err(format!("{} rows of `{name}` fit; {}", many.len(), distinguish(table, many, &filters))),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let known = self.values.keys().chain(self.tables.keys()).map(String::as_str);
        match suggest(name, known) {
            Some(near) => format!("there is no result `{name}`; did you mean `{near}`?"),
            None => {
                let tables: Vec<&str> = self.tables.keys().map(String::as_str).take(12).collect();
                let values: Vec<&str> = self.values.keys().map(String::as_str).take(12).collect();
                format!("there is no result `{name}`; tables: {}; values: {}", listed(&tables), listed(&values))
            }
        }
    }

    /// Compares the committed files with their checksums. `folder` is the draft's.
    #[must_use]
    pub fn check_files(&self, folder: &Path) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let declared = self.figures.iter().map(|figure| &figure.path);
        for path in declared.filter(|path| !self.files.contains_key(*path)) {
            found.push(
                Diagnostic::error("unknown-file", format!("the results hold no checksum of `{path}`")).help(RERUN),
            );
        }
        for (path, checksum) in &self.files {
            let place = folder.join(path);
            match std::fs::read(&place) {
                Ok(bytes) if measured::checksum(path, &bytes) == *checksum => {}
                Ok(_) => {
                    let message =
                        format!("`{}` is not the file that the run wrote: its checksum differs", place.display());
                    found.push(Diagnostic::error("changed-file", message).help(RERUN));
                }
                Err(error) => {
                    let message = format!("`{}` cannot be read: {error}", place.display());
                    found.push(Diagnostic::error("missing-file", message).help(RERUN));
                }
            }
        }
        found
    }
}

const RERUN: &str = "`kexp render` writes it again from the store";

impl Blocks for Results {
    fn value(&self, path: &str) -> Result<Value, String> {
        self.lookup(path)
    }

    fn figure(&self, name: &str) -> Option<FigureBlock> {
        let figure = self.figures.iter().find(|figure| figure.name == name)?;
        let table = figure.table.as_ref().and_then(|table| self.tables.get(table));
        let mut table_markdown = table
            .filter(|table| table.rows() <= MOST_ROWS)
            .map_or_else(String::new, |table| table.table().to_markdown(DIGITS));
        if let Some(data) = &figure.data {
            if !table_markdown.is_empty() {
                table_markdown.push('\n');
            }
            table_markdown.push_str(&format!("All rows: [{data}]({data}).\n"));
        }
        Some(FigureBlock { path: figure.path.clone(), caption: figure.caption.clone(), table_markdown })
    }

    fn table(&self, name: &str) -> Option<String> {
        self.tables.get(name).map(|table| table.table().to_markdown(DIGITS))
    }

    fn figures(&self) -> Vec<String> {
        self.figures.iter().map(|figure| figure.name.clone()).collect()
    }

    fn tables(&self) -> Vec<String> {
        self.shown_tables.clone()
    }
}

/// `key = value, key = "value"`
fn parse_filters(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(String::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.push(letter);
                }
            }
        }
    }
    let filled = parts.iter().filter(|part| !part.trim().is_empty());
    filled
        .map(|part| match part.split_once('=') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
            None => Err(format!("`{}` is no filter; expected `column = value`", part.trim())),
        })
        .collect()
}

/// Which columns could tell the rows apart.
fn distinguish(table: &ResultTable, rows: &[usize], filters: &[(String, String)]) -> String {
    let open: Vec<String> = table
        .columns
        .iter()
        .filter(|column| filters.iter().all(|(key, _)| *key != column.name))
        .filter(|column| rows.iter().any(|&row| column.cells.word(row) != column.cells.word(rows[0])))
        .map(|column| format!("{} ({})", column.name, some_words(&column.cells, rows)))
        .take(3)
        .collect();
    if open.is_empty() { "no column tells them apart".to_owned() } else { format!("choose by {}", open.join(" or ")) }
}

/// Up to eight distinct cells.
fn some_words(cells: &Cells, rows: &[usize]) -> String {
    let mut words: Vec<String> = Vec::new();
    for &row in rows {
        let word = cells.word(row);
        if words.contains(&word) {
            continue;
        }
        if words.len() == 8 {
            words.push("…".to_owned());
            break;
        }
        words.push(word);
    }
    words.join(", ")
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
