//! Tables that are too large for memory: written part by part, one row group of a Parquet file each.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{ParquetWriter, SchemaRef};
use tempfile::NamedTempFile;

use super::{Table, TableError};

/// A Parquet file that grows by tables of the same columns. It is at its place once it is finished, whole; before that it
/// has another name in the same folder, which goes when this is dropped.
pub struct TableStream {
    path: PathBuf,
    file: NamedTempFile<File>,
    /// What the writer has written and the file does not have yet.
    bytes: Bytes,
    /// None before the first part, whose columns all others must have.
    writer: Option<(SchemaRef, BatchedWriter<Bytes>)>,
}

/// Memory that is written to. The Parquet writer hides what the system says about a file, such as that the disk is full;
/// with memory in between, the file is written here.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl TableStream {
    /// A file that is to be at `path`.
    ///
    /// # Errors
    /// When nothing can be written to that folder.
    pub fn create(path: &Path) -> Result<Self, TableError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".kexp-").suffix(".parquet").tempfile_in(folder)?;
        Ok(Self { path: path.to_owned(), file, bytes: Bytes::default(), writer: None })
    }

    /// Writes the rows of a table behind those before. An empty one counts as well: a file needs one for its columns.
    ///
    /// # Errors
    /// When its columns are not those of the first one, or the file cannot be written.
    pub fn append(&mut self, table: &Table) -> Result<(), TableError> {
        let frame = table.frame()?;
        let (schema, writer) = match &mut self.writer {
            Some(open) => open,
            none => {
                // One thread, so that the same rows give the same bytes, and the others are left to those who compute.
                let writer = ParquetWriter::new(self.bytes.clone()).set_parallel(false).batched(frame.schema())?;
                none.insert((frame.schema().clone(), writer))
            }
        };
        if frame.schema() != schema {
            return Err(TableError::OtherColumns);
        }
        writer.write_batch(&frame)?;
        self.drain()
    }

    /// Writes the end of the file and puts it at its place, where it replaces what is there.
    ///
    /// # Errors
    /// When the file cannot be written or put there.
    pub fn finish(mut self) -> Result<(), TableError> {
        if let Some((_, writer)) = &self.writer {
            writer.finish()?;
        }
        self.drain()?;
        // A file for others to read, unlike one that lies in a folder for temporary things.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            self.file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        self.file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn drain(&mut self) -> Result<(), TableError> {
        let mut bytes = self.bytes.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.file.write_all(&bytes)?;
        bytes.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_one_table() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("all.parquet");
        let part = |from: i64, values: Vec<f64>| {
            let index = (from..from + values.len() as i64).collect();
            Table::new().integer("vector", index).number("fval", values)
        };
        let mut stream = TableStream::create(&path).expect("a file");
        stream.append(&part(1, vec![0.5, f64::NAN])).expect("written");
        stream.append(&part(3, Vec::new())).expect("written");
        assert!(!path.exists());
        assert!(stream.append(&Table::new().number("other", vec![1.0])).is_err());
        stream.append(&part(3, vec![f64::INFINITY])).expect("written");
        stream.finish().expect("finished");
        let read = Table::read_parquet(&path).expect("read");
        assert_eq!(read.integers("vector").expect("a column"), [1, 2, 3]);
        let values = read.numbers("fval").expect("a column");
        assert!(values[0] == 0.5 && values[1].is_nan() && values[2] == f64::INFINITY);
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}
