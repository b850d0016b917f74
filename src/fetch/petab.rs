//! Problems of the public collection of `PEtab` benchmark problems, at a pinned commit.
//!
//! The collection: Hass et al., Benchmark problems for dynamic modeling of intracellular processes, Bioinformatics 2019.

use std::collections::BTreeSet;

use serde_json::Value;

use super::content::{Expected, shown};
use super::error::{Cause, FetchError};
use super::lock::Lock;
use super::names::{petab_name, plain};
use super::obtain::{Fetched, Options, Wanted, Ways, obtain};
use super::source::{Contents, Source, SourceFile};

/// The public server: the collection's repository, file by file and commit by commit.
pub const SERVER: &str = "https://raw.githubusercontent.com/Benchmarking-Initiative/Benchmark-Models-PEtab";

/// The commit of the collection that is used unless another one is pinned: its state in September 2026. Later states
/// keep their problems in other folders.
pub const COMMIT: &str = "ddaa86d13f708926c57ec8918ce75a6b50e2e562";

const COLLECTION: &str = "petab";

/// The most files that one problem may name.
const MOST_FILES: usize = 200;

/// One problem of the collection, such as `Crauste_CellSystems2017`, with all files that its YAML file names, in one
/// folder. The file to open is the YAML file.
///
/// # Errors
/// When there is no such problem, a file is missing or has a name that is not plain, or other content is pinned.
pub fn petab_collection(name: &str, lock: &Lock, options: &Options) -> Result<Fetched, FetchError> {
    petab_name(name)?;
    let wanted = Wanted { collection: COLLECTION, id: name, version: Some(&options.petab_commit) };
    // What is wanted is one commit: there is no newer one.
    let newest = || Ok(options.petab_commit.clone());
    let download = |pinned: Option<&Source>| {
        let commit = pinned.map_or(options.petab_commit.as_str(), |pinned| pinned.version.as_str());
        download(name, commit, options)
    };
    obtain(wanted, lock, options, Ways { newest, download })
}

fn download(name: &str, commit: &str, options: &Options) -> Result<(Source, Contents), FetchError> {
    let plain_commit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if commit.is_empty() || commit.starts_with('.') || !commit.bytes().all(plain_commit) {
        return Err(
            Cause::Id { id: shown(commit), expected: "a commit, a tag or a branch of the PEtab collection" }.into()
        );
    }
    let main = format!("{name}.yaml");
    let (folder, yaml) = problem(name, &main, commit, options)?;
    let mut files = vec![SourceFile::of(&main, &format!("{folder}/{main}"), &yaml)];
    let mut contents = Contents::new();
    let mut left = options.client.limits().most_bytes.saturating_sub(yaml.len() as u64);
    for file in petab_files(&format!("{folder}/{main}"), &yaml)? {
        plain(&main, &file)?;
        if file == main {
            continue;
        }
        let url = format!("{folder}/{}", super::names::encoded(&file));
        let is_model = file.to_ascii_lowercase().ends_with(".xml");
        let content = options.client.get(&url, if is_model { Expected::Sbml } else { Expected::File })?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            let most = options.client.limits().most_bytes;
            Cause::TooLarge { url: folder.clone(), claimed: None, most }
        })?;
        files.push(SourceFile::of(&file, &url, &content));
        contents.insert(file, content);
    }
    contents.insert(main.clone(), yaml);
    files.sort();
    let source = Source {
        collection: COLLECTION.to_owned(),
        id: name.to_owned(),
        title: String::new(),
        version: commit.to_owned(),
        year: None,
        main,
        files,
    };
    Ok((source, contents))
}

/// The address of the problem's folder and its YAML file. Another server than the public one may serve one state of
/// the collection only, without the commit in its addresses.
fn problem(name: &str, main: &str, commit: &str, options: &Options) -> Result<(String, Vec<u8>), FetchError> {
    let server = &options.petab_url;
    let folder = format!("{server}/{commit}/Benchmark-Models/{name}");
    let get = |folder: &str| options.client.get(&format!("{folder}/{main}"), Expected::File);
    let answer = get(&folder);
    if let Err(error) = &answer
        && server != SERVER
        && matches!(error.cause, Cause::Status { status: 404, .. })
    {
        for mirror in [format!("{server}/Benchmark-Models/{name}"), format!("{server}/{name}")] {
            if let Ok(yaml) = get(&mirror) {
                return Ok((mirror, yaml));
            }
        }
    }
    Ok((folder, answer?))
}

/// All files that a problem's YAML file names, in alphabetical order, as they stand there.
///
/// # Errors
/// When it is no such file, or names none, or very many.
pub fn petab_files(url: &str, yaml: &[u8]) -> Result<BTreeSet<String>, FetchError> {
    let wrong = |reason: String| Cause::Content { url: url.to_owned(), expected: "the YAML file of a problem", reason };
    let text = std::str::from_utf8(yaml).map_err(|error| wrong(error.to_string()))?;
    let problem: Value = serde_saphyr::from_str(text).map_err(|error| wrong(shown(&error.to_string())))?;
    let mut files = BTreeSet::new();
    collect(&problem, false, 0, &mut files);
    match files.len() {
        0 => Err(wrong("it names no files".to_owned()).into()),
        count if count > MOST_FILES => Err(wrong(format!("it names {count} files, more than {MOST_FILES}")).into()),
        _ => Ok(files),
    }
}

/// Names stand below keys such as `parameter_file` and `measurement_files`, as text, in lists, or in version 2 as
/// `location`.
fn collect(value: &Value, is_file: bool, depth: usize, files: &mut BTreeSet<String>) {
    if depth > 16 {
        return;
    }
    match value {
        Value::String(name) if is_file => {
            files.insert(name.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, is_file, depth + 1, files)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let names_files = key.ends_with("_file") || key.ends_with("_files");
                let below = names_files || key == "location" || (is_file && value.is_object());
                collect(value, below, depth + 1, files);
            }
        }
        _ => {}
    }
}
