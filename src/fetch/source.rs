//! What was fetched, file by file, with checksums: the same record stands in the lock file and in the cache.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Cause;
use super::names;

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, without folders.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The BLAKE3 checksum of its content, in hexadecimal digits.
    pub blake3: String,
    /// Where it came from; for a member of an archive, the archive's address, `#` and the member's path.
    pub url: String,
}

/// One entry of a collection: where it came from and what it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `biomodels` or `petab`.
    pub collection: String,
    /// The entry's identifier there.
    pub id: String,
    /// What people call it; empty if the collection does not say.
    #[serde(default)]
    pub title: String,
    /// The collection's own version of it: a revision's number, or a commit; empty if it does not say.
    #[serde(default)]
    pub version: String,
    /// The year of the publication.
    #[serde(default)]
    pub year: Option<u16>,
    /// The file to open.
    pub main: String,
    /// All files, by name.
    pub files: Vec<SourceFile>,
}

/// The content of a source's files by name.
pub type Contents = BTreeMap<String, Vec<u8>>;

impl SourceFile {
    /// The record of a file with this content.
    #[must_use]
    pub fn of(name: &str, url: &str, content: &[u8]) -> Self {
        let blake3 = checksum(content);
        Self { name: name.to_owned(), size: content.len() as u64, blake3, url: url.to_owned() }
    }

    /// Is this its content?
    #[must_use]
    pub fn holds(&self, content: &[u8]) -> bool {
        self.size == content.len() as u64 && self.blake3 == checksum(content)
    }
}

impl Source {
    /// One checksum over all files: equal exactly when names and contents are.
    #[must_use]
    pub fn checksum(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for file in &self.files {
            hasher.update(format!("{}\n{}\n", file.blake3, file.name).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The record of the file to open.
    #[must_use]
    pub fn main_file(&self) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.name == self.main)
    }

    /// The first file in which this and another source differ: its name, its checksum here and there.
    #[must_use]
    pub fn difference(&self, other: &Source) -> Option<(String, String, String)> {
        let by_name = |source: &Source| -> BTreeMap<String, String> {
            source.files.iter().map(|file| (file.name.clone(), file.blake3.clone())).collect()
        };
        let (here, there) = (by_name(self), by_name(other));
        let shown = |files: &BTreeMap<String, String>, name: &str| {
            files.get(name).cloned().unwrap_or_else(|| "none".to_owned())
        };
        let mut names = here.keys().chain(there.keys());
        let differs = names.find(|name| here.get(*name) != there.get(*name))?;
        Some((differs.clone(), shown(&here, differs), shown(&there, differs)))
    }

    /// Can it be trusted to name addresses and paths? It may have been edited by hand.
    ///
    /// # Errors
    /// When an identifier, a file name or a checksum has another form than those that are written.
    pub(super) fn validate(&self) -> Result<(), String> {
        let id = match self.collection.as_str() {
            "biomodels" => names::biomodel_id(&self.id),
            "petab" => names::petab_name(&self.id),
            other => return Err(format!("`{other}` is not a collection that kexp knows")),
        };
        id.map_err(|cause| cause.to_string())?;
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        for file in &self.files {
            names::plain(&self.id, &file.name).map_err(|cause: Cause| cause.to_string())?;
            if file.blake3.len() != 64 || !file.blake3.bytes().all(hexadecimal) {
                return Err(format!("the checksum of `{}` is not 64 hexadecimal digits", file.name));
            }
        }
        let mut names: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(format!("{} has two files of one name", self.id));
        }
        if self.main_file().is_none() {
            return Err(format!("`{}` is not among the files of {}", self.main, self.id));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if self.version.len() > 64 || !self.version.bytes().all(plain) {
            return Err(format!("the version of {} is no number and no commit", self.id));
        }
        Ok(())
    }
}

/// The BLAKE3 checksum of bytes, in hexadecimal digits.
#[must_use]
pub fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
