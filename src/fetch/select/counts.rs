//! Counts that are kept: a model is counted once, whoever asks and whatever for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::super::error::FetchError;
use super::super::names::encoded;
use super::super::obtain::{Fetched, Options};
use super::{Counter, Features};

/// Counts by the checksum of the model, kept in the cache.
pub(super) struct Counts {
    file: PathBuf,
    known: BTreeMap<String, Result<Features, String>>,
    /// How many are not written down yet.
    pub new: usize,
}

impl Counts {
    pub fn open(version: &str, options: &Options) -> Self {
        let file = PathBuf::from("features").join(format!("counts-{}.ron", encoded(version)));
        let known = read_counts(&options.cache.folder().join(&file));
        Self { file, known, new: 0 }
    }

    pub fn of(&mut self, fetched: &Fetched, counter: &mut Counter) -> Result<Features, String> {
        if let Some(known) = self.known.get(fetched.checksum()) {
            return known.clone();
        }
        let counted = (counter.count)(fetched.bytes());
        self.known.insert(fetched.checksum().to_owned(), counted.clone());
        self.new += 1;
        counted
    }

    /// Writes what is new, together with what others have counted meanwhile.
    pub fn write(&mut self, options: &Options) -> Result<(), FetchError> {
        if self.new == 0 {
            return Ok(());
        }
        let others = read_counts(&options.cache.folder().join(&self.file));
        for (checksum, counted) in others {
            self.known.entry(checksum).or_insert(counted);
        }
        let text = ron::ser::to_string_pretty(&self.known, ron::ser::PrettyConfig::default().depth_limit(1));
        options.cache.put_file(&self.file, text.unwrap_or_default().as_bytes())?;
        self.new = 0;
        Ok(())
    }
}

/// Counts that cannot be read are made again.
fn read_counts(path: &std::path::Path) -> BTreeMap<String, Result<Features, String>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    ron::from_str(&text).unwrap_or_default()
}
