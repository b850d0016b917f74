//! How parameter vectors stand in tables: one column `parameter.ID` for each, on the estimation scale.

use crate::table::{Table, TableError};

const PREFIX: &str = "parameter.";

/// Adds the columns of vectors to a table.
pub(super) fn with_vectors(mut table: Table, names: &[String], rows: &[Vec<f64>]) -> Table {
    for (index, name) in names.iter().enumerate() {
        table = table.number(&format!("{PREFIX}{name}"), rows.iter().map(|row| row[index]).collect());
    }
    table
}

/// The vectors of a table, one for each row.
pub(super) fn vectors(table: &Table, names: &[String]) -> Result<Vec<Vec<f64>>, TableError> {
    let columns = names.iter().map(|name| table.numbers(&format!("{PREFIX}{name}"))).collect::<Result<Vec<_>, _>>()?;
    Ok((0..table.rows()).map(|row| columns.iter().map(|column| column[row]).collect()).collect())
}

/// The ids of the parameters whose columns a table has, in their order.
pub(super) fn names(table: &Table) -> Vec<String> {
    table.names().filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned).collect()
}
