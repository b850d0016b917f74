//! `BioModels` by its REST interface: information, list of files, file.

use serde_json::Value;

use super::archive;
use super::content::{self, Expected, shown};
use super::error::{Cause, FetchError};
use super::lock::Lock;
use super::names::{biomodel_id, encoded, plain};
use super::obtain::{Fetched, Options, Wanted, Ways, obtain};
use super::source::{Contents, Source, SourceFile};

/// The public server.
pub const SERVER: &str = "https://www.ebi.ac.uk/biomodels";

/// The name of the collection in the lock file and in the cache.
pub(super) const COLLECTION: &str = "biomodels";

/// The model of an entry of `BioModels`, such as `BIOMD0000000064`: from the cache, or downloaded, verified, kept and
/// pinned.
///
/// # Errors
/// When there is no such entry, it has no SBML, it cannot be downloaded, or other content is pinned.
pub fn biomodel(id: &str, lock: &Lock, options: &Options) -> Result<Fetched, FetchError> {
    biomodel_id(id)?;
    let wanted = Wanted { collection: COLLECTION, id, version: None };
    let newest = || Ok(information(id, options)?.version);
    let download = |pinned: Option<&Source>| match pinned {
        Some(pinned) => download_again(pinned, options),
        None => download(id, options),
    };
    obtain(wanted, lock, options, Ways { newest, download })
}

/// What the collection says about an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Information {
    /// The title, such as `Teusink2000_Glycolysis`.
    pub name: String,
    /// The latest revision's number; empty if it is not said.
    pub version: String,
    /// The format, such as `SBML`.
    pub format: String,
    /// The year of the publication.
    pub year: Option<u16>,
}

/// Asks what the collection says about an entry.
///
/// # Errors
/// When the server has no such entry or does not answer as it should.
pub fn information(id: &str, options: &Options) -> Result<Information, FetchError> {
    biomodel_id(id)?;
    let answer = ask(&format!("{}/{id}?format=json", options.biomodels_url), options)?;
    let text = |value: &Value| value.as_str().map(shown).unwrap_or_default();
    let revisions = answer["history"]["revisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let version = revisions.iter().filter_map(|revision| number(&revision["version"])).max();
    let format = &answer["format"];
    Ok(Information {
        name: text(&answer["name"]),
        version: version.map(|version| version.to_string()).unwrap_or_default(),
        format: if format.is_string() { text(format) } else { text(&format["name"]) },
        year: number(&answer["publication"]["year"]).and_then(|year| u16::try_from(year).ok()),
    })
}

/// A file of an entry, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    name: String,
    description: String,
    size: Option<u64>,
}

fn download(id: &str, options: &Options) -> Result<(Source, Contents), FetchError> {
    let information = information(id, options)?;
    let answer = ask(&format!("{}/model/files/{id}?format=json", options.biomodels_url), options)?;
    let (mains, additional) = (listed(&answer["main"]), listed(&answer["additional"]));
    let file = choose(id, &information.format, &mains, &additional)?;
    plain(id, &file.name)?;
    let url = format!("{}/model/download/{id}?filename={}", options.biomodels_url, encoded(&file.name));
    let bytes = options.client.get(&url, expected(&file.name))?;
    let received = bytes.len() as u64;
    if let Some(listed) = file.size.filter(|size| *size != received) {
        return Err(Cause::Size { url, received, listed }.into());
    }
    let (main, files, contents) = unpack(id, &file.name, &url, bytes)?;
    let Information { name: title, version, year, .. } = information;
    let source = Source { collection: COLLECTION.to_owned(), id: id.to_owned(), title, version, year, main, files };
    Ok((source, contents))
}

/// Downloads what is pinned, from the server in use now: the latest revision, or if that has changed, the pinned one.
fn download_again(pinned: &Source, options: &Options) -> Result<(Source, Contents), FetchError> {
    let id = &pinned.id;
    let file = pinned.files.iter().find(|file| !file.url.contains('#')).or(pinned.main_file());
    let name = file.map_or("", |file| &file.name);
    let revision = |revision: &str| -> Result<(Source, Contents), FetchError> {
        let url = format!("{}/model/download/{revision}?filename={}", options.biomodels_url, encoded(name));
        let bytes = options.client.get(&url, expected(name))?;
        let (main, files, contents) = unpack(id, name, &url, bytes)?;
        Ok((Source { main, files, ..pinned.clone() }, contents))
    };
    let latest = revision(id);
    let is_pinned = |found: &Result<(Source, Contents), FetchError>| {
        found.as_ref().is_ok_and(|(source, _)| pinned.difference(source).is_none())
    };
    let is_older = match &latest {
        Ok(_) => !is_pinned(&latest),
        Err(error) => matches!(error.cause, Cause::Status { status: 400 | 404 | 410, .. }),
    };
    if is_older && !pinned.version.is_empty() {
        let older = revision(&format!("{id}.{}", pinned.version));
        if is_pinned(&older) {
            return older;
        }
    }
    latest
}

/// A download as files: an archive is kept beside the model that is in it.
fn unpack(id: &str, name: &str, url: &str, bytes: Vec<u8>) -> Result<(String, Vec<SourceFile>, Contents), FetchError> {
    let mut files = vec![SourceFile::of(name, url, &bytes)];
    let mut contents = Contents::new();
    let mut main = name.to_owned();
    if is_archive(name) {
        let model = archive::model(&format!("{id}/{name}"), &bytes)?;
        content::check(&format!("{url}#{}", model.location), &model.content, Expected::Sbml)?;
        model.file_name().clone_into(&mut main);
        plain(name, &main)?;
        if main == name {
            return Err(Cause::Name { from: name.to_owned(), name: main }.into());
        }
        files.push(SourceFile::of(&main, &format!("{url}#{}", model.location), &model.content));
        contents.insert(main.clone(), model.content);
    }
    contents.insert(name.to_owned(), bytes);
    files.sort();
    Ok((main, files, contents))
}

/// The file with the model: a main file in SBML, else an archive, else a file that is described as SBML.
fn choose<'a>(id: &str, format: &str, main: &'a [Listed], additional: &'a [Listed]) -> Result<&'a Listed, FetchError> {
    let says_sbml = |file: &&Listed| file.description.to_ascii_uppercase().contains("SBML");
    let is_xml = |file: &&Listed| has_extension(&file.name, &["xml", "sbml"]);
    let found = main
        .iter()
        .find(|file| is_xml(file) && says_sbml(file))
        .or_else(|| main.iter().find(is_xml))
        .or_else(|| main.iter().find(|file| is_archive(&file.name)))
        .or_else(|| additional.iter().find(|file| is_xml(file) && says_sbml(file)));
    found.ok_or_else(|| {
        let names: Vec<String> = main.iter().map(|file| shown(&file.name)).collect();
        let format = if format.is_empty() { "not stated" } else { format };
        let reason = match names.is_empty() {
            true => format!("it lists no main file; its format is {format}"),
            false => format!("its format is {format}, its main files are {}", names.join(", ")),
        };
        Cause::NoModel { id: id.to_owned(), reason }.into()
    })
}

fn listed(files: &Value) -> Vec<Listed> {
    let files = files.as_array().map(Vec::as_slice).unwrap_or_default();
    let listed = files.iter().filter_map(|file| {
        let name = file["name"].as_str()?.to_owned();
        let description = file["description"].as_str().unwrap_or_default().to_owned();
        Some(Listed { name, description, size: number(&file["fileSize"]) })
    });
    listed.collect()
}

/// Asks for JSON.
pub(super) fn ask(url: &str, options: &Options) -> Result<Value, FetchError> {
    let bytes = options.client.get(url, Expected::Json)?;
    let wrong = |reason: String| FetchError::from(Cause::Content { url: url.to_owned(), expected: "JSON", reason });
    let answer: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    match answer["errorMessage"].as_str() {
        Some(message) => Err(wrong(format!("the server says \"{}\"", shown(message)))),
        None => Ok(answer),
    }
}

/// Numbers stand in the answers as numbers or as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn expected(name: &str) -> Expected {
    if is_archive(name) { Expected::Archive } else { Expected::Sbml }
}

fn is_archive(name: &str) -> bool {
    has_extension(name, &["omex"])
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
}
