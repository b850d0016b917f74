//! Journals: the finished parts of an unfinished node, so that a killed run goes on where it was.
//!
//! A journal is a file of records, each with its length and checksum. A record that was cut off by a crash ends the
//! journal; everything before it counts.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::Mutex;

use super::error::RunError;

/// An open journal. Records may be added from several threads.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
    path: std::path::PathBuf,
}

const HEADER: usize = 8 + 16;

impl Journal {
    /// Opens the journal at `path`, made where it is missing, and returns the whole records that it holds.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path) -> Result<(Journal, Vec<Vec<u8>>), RunError> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.map_err(RunError::file("reading", path))?,
        };
        let (records, valid) = whole_records(&bytes);
        let open = || -> std::io::Result<File> {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
            file.set_len(valid as u64)?;
            file.seek(std::io::SeekFrom::End(0))?;
            Ok(file)
        };
        let file = open().map_err(RunError::file("opening", path))?;
        Ok((Journal { file: Mutex::new(file), path: path.to_owned() }, records))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the file cannot be written, as on a full disk.
    pub fn add(&self, record: &[u8]) -> Result<(), RunError> {
        let mut bytes = Vec::with_capacity(HEADER + record.len());
        bytes.extend_from_slice(&(record.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&blake3::hash(record).as_bytes()[..16]);
        bytes.extend_from_slice(record);
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(&bytes).map_err(RunError::file("writing", &self.path))
    }
}

fn whole_records(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let mut records = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + HEADER) {
        let length = u64::from_le_bytes(header[..8].try_into().expect("eight bytes were taken"));
        let Ok(length) = usize::try_from(length) else { break };
        let Some(end) = (at + HEADER).checked_add(length) else { break };
        let Some(record) = bytes.get(at + HEADER..end) else { break };
        if blake3::hash(record).as_bytes()[..16] != header[8..] {
            break;
        }
        records.push(record.to_vec());
        at = end;
    }
    (records, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_records() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal");
        let (journal, none) = Journal::open(&path).expect("opened");
        assert!(none.is_empty());
        for record in ["one", "", "three"] {
            journal.add(record.as_bytes()).expect("added");
        }
        let whole = fs::read(&path).expect("bytes");
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).expect("cut");
            let (journal, records) = Journal::open(&path).expect("opened");
            let expected = match cut {
                _ if cut < HEADER + 3 => 0,
                _ if cut < 2 * HEADER + 3 => 1,
                _ if cut < whole.len() => 2,
                _ => 3,
            };
            assert_eq!(records.len(), expected, "cut at {cut}");
            journal.add(b"again").expect("added");
            let (_, records) = Journal::open(&path).expect("opened");
            assert_eq!(records.last().map(Vec::as_slice), Some(b"again".as_slice()));
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_journal() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal");
        let (journal, _) = Journal::open(&path).expect("opened");
        journal.add(b"one").expect("added");
        journal.add(b"two").expect("added");
        let mut bytes = fs::read(&path).expect("bytes");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).expect("written");
        assert_eq!(Journal::open(&path).expect("opened").1, vec![b"one".to_vec()]);
    }
}
