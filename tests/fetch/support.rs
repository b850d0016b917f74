//! A collection with one model, a client in a hurry, and a cache and a lock file of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kexp::fetch::{Cache, Client, Limits, Lock, Options};

use crate::server::{Answer, Server};

pub const ID: &str = "BIOMD0000000001";
pub const FILE: &str = "BIOMD0000000001_url.xml";

/// A model: the real one where the data is, else a small one.
pub fn sbml() -> Vec<u8> {
    std::fs::read(data().join("biomodels").join(ID).join(FILE)).unwrap_or_else(|_| small_sbml("small"))
}

/// Where the data for tests are, if they are anywhere.
pub fn data() -> PathBuf {
    std::env::var_os("KEXP_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from)
}

pub fn small_sbml(id: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- <html> -->\n\
         <sbml xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"2\" version=\"4\">\n\
         <model id=\"{id}\"><listOfCompartments><compartment id=\"c\" size=\"1\"/></listOfCompartments>\n\
         <listOfSpecies><species id=\"S\" compartment=\"c\" initialAmount=\"1\"/></listOfSpecies></model>\n</sbml>\n"
    )
    .into_bytes()
}

pub fn information(version: u32) -> String {
    let revisions: Vec<String> = (1..=version).map(|version| format!("{{\"version\":{version}}}")).collect();
    format!(
        "{{\"name\":\"Edelstein1996 - EPSP ACh event\",\"format\":{{\"name\":\"SBML\",\"version\":\"L2V4\"}},\
         \"publication\":{{\"year\":1996}},\"history\":{{\"revisions\":[{}]}}}}",
        revisions.join(",")
    )
}

pub fn file_list(name: &str, size: usize) -> String {
    format!(
        "{{\"main\":[{{\"name\":\"{name}\",\"description\":\"SBML L2V4 representation\",\"fileSize\":\"{size}\"}}],\
         \"additional\":[{{\"name\":\"notes.pdf\",\"fileSize\":12}}]}}"
    )
}

/// A server with one entry, whose download is answered by `download`.
pub fn collection(
    name: &'static str,
    size: usize,
    download: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> Server {
    Server::start(move |path, before| match path {
        "/BIOMD0000000001?format=json" => Answer::json(&information(2)),
        "/model/files/BIOMD0000000001?format=json" => Answer::json(&file_list(name, size)),
        path if path.starts_with("/model/download/BIOMD0000000001") => download(path, before),
        path if path.starts_with("/elsewhere") => download(path, before),
        _ => Answer::page(404),
    })
}

pub struct Place {
    pub folder: tempfile::TempDir,
    pub options: Options,
    pub lock: Lock,
}

/// Limits for tests: answers come at once or never.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        read: Duration::from_millis(150),
        overall: Duration::from_millis(1500),
        redirects: 3,
        attempts: 2,
        backoff: Duration::from_millis(1),
        most_bytes: 4 * 1024 * 1024,
    }
}

pub fn place(server: &Server) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::new(limits());
    let mut options = Options::new(client, Cache::new(folder.path().join("cache")));
    options.biomodels_url = server.url();
    options.petab_url = server.url();
    let lock = Lock::at(folder.path().join("kexp.lock"));
    Place { folder, options, lock }
}

impl Place {
    /// The same experiment with an empty cache.
    pub fn without_cache(&self) {
        std::fs::remove_dir_all(self.options.cache.folder()).unwrap();
    }

    /// Nothing in the cache and nothing pinned.
    pub fn assert_clean(&self) {
        let files = files_below(self.folder.path());
        assert!(files.is_empty(), "left behind: {files:?}");
    }

    pub fn lock_text(&self) -> String {
        std::fs::read_to_string(self.lock.path().unwrap()).unwrap()
    }
}

/// All files below a folder, except the guard of lock files, which is empty.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false if path.ends_with("cache/lock") => {}
                false => files.push(path),
            }
        }
    }
    files.sort();
    files
}

/// A server that has the model, and what it holds.
pub fn whole() -> (Server, Arc<Vec<u8>>) {
    let model = Arc::new(sbml());
    let held = Arc::clone(&model);
    (collection(FILE, model.len(), move |_, _| Answer::xml(&held)), model)
}
