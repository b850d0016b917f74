//! Columns that are as measured: seconds, which another run of the same file does not repeat. They stand in the CSV of a
//! table and nowhere else, so that draft, results and checksums are the same bytes whatever a run took.

use crate::table::Table;

/// The names of such columns.
pub const COLUMNS: [&str; 1] = ["seconds"];

/// A table without what was measured.
#[must_use]
pub fn without(table: &Table) -> Table {
    let kept = table.names().filter(|name| !COLUMNS.contains(name));
    kept.filter_map(|name| Some((name, table.column(name)?)))
        .fold(Table::new(), |kept, (name, column)| kept.with(name, column.clone()))
}

/// The BLAKE3 checksum of a file in hexadecimal; of a CSV with measured columns, that of all others.
#[must_use]
pub fn checksum(path: &str, bytes: &[u8]) -> String {
    let others = if path.ends_with(".csv") { others(bytes) } else { None };
    blake3::hash(others.as_deref().unwrap_or(bytes)).to_hex().to_string()
}

/// The cells of a CSV that were not measured; nothing where none was, or where it cannot be read.
fn others(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut kept: Option<Vec<usize>> = None;
    for record in reader.byte_records() {
        let record = record.ok()?;
        let kept = kept.get_or_insert_with(|| {
            let measured = |cell: &[u8]| COLUMNS.iter().any(|name| name.as_bytes() == cell);
            (0..record.len()).filter(|&at| !record.get(at).is_some_and(measured)).collect()
        });
        if kept.len() == record.len() {
            return None;
        }
        writer.write_record(kept.iter().filter_map(|&at| record.get(at))).ok()?;
    }
    writer.into_inner().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(seconds: f64, lowest: f64) -> Table {
        Table::new()
            .text("problem", vec!["a, b".into(), "c".into()])
            .number("seconds", vec![seconds, f64::NAN])
            .number("lowest", vec![lowest, 2.0])
    }

    #[test]
    fn what_was_measured_is_in_no_checksum() {
        let of = |table: &Table| checksum("tables/t.csv", table.to_csv().as_bytes());
        assert_eq!(of(&table(1.0, 5.0)), of(&table(2.5, 5.0)));
        assert_ne!(of(&table(1.0, 5.0)), of(&table(1.0, 6.0)));
        // Nor can a column be renamed, or left out, unseen.
        assert_ne!(of(&table(1.0, 5.0)), of(&without(&table(1.0, 5.0)).number("more", vec![1.0, 1.0])));
        let plain = without(&table(1.0, 5.0));
        assert_eq!(plain.names().collect::<Vec<_>>(), ["problem", "lowest"]);
        assert_eq!(of(&plain), blake3::hash(plain.to_csv().as_bytes()).to_hex().to_string());
        // Files of other kinds are hashed as they are.
        let text = table(1.0, 5.0).to_csv();
        assert_eq!(checksum("t.md", text.as_bytes()), blake3::hash(text.as_bytes()).to_hex().to_string());
    }
}
