//! Models of `BioModels` by their features: `biomodels(curated, species = 1 .. 60)`.
//!
//! The collection's search does not know the size of models, so every candidate is fetched and counted once. Models and
//! counts are kept in the cache; the choice itself is pinned in the lock file.

mod counts;
mod selection;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::biomodels::{ask, biomodel, number};
use super::error::{Cause, FetchError};
use super::lock::Lock;
use super::names::{biomodel_id, encoded};
use super::obtain::Options;

use counts::Counts;
pub use selection::{Between, Features, Miss, Selection};

/// Counts the features of a model.
pub struct Counter<'a> {
    /// Changes whenever the counts may: kept counts of other versions are not used.
    pub version: &'a str,
    /// Counts, or says why the model cannot be read.
    pub count: &'a mut dyn FnMut(&[u8]) -> Result<Features, String>,
}

/// How far a selection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Models that are done.
    pub done: usize,
    /// Models in all.
    pub of: usize,
    /// The model that was done last.
    pub id: &'a str,
}

/// A model that was selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Its identifier, for [`biomodel`].
    pub id: String,
    /// Its title.
    pub title: String,
    /// The year of its publication.
    pub year: Option<u16>,
    /// Its counts.
    pub features: Features,
    /// Its file in the cache.
    pub path: PathBuf,
}

/// What a selection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selections {
    /// The models, by identifier.
    pub models: Vec<Selected>,
    /// Models that could not be judged, with the reason, by identifier.
    pub refused: Vec<(String, String)>,
    /// Models that were judged and not taken; nothing where the selection was pinned.
    pub missed: Vec<Selected>,
}

/// After so many new counts they are written down, so that little is lost when a long selection is stopped.
const WRITE_EVERY: usize = 50;

/// The models of `BioModels` with these features. A selection that is pinned gives the models that are pinned, whatever
/// the collection has by now; a new one is pinned together with its models, unless it has none.
///
/// # Errors
/// When the collection cannot be searched, a model cannot be fetched for a reason that may pass (a selection without it
/// would be another one), or other content is pinned. Models that the collection has but nobody can read are listed as
/// refused.
pub fn biomodels(
    selection: &Selection,
    lock: &Lock,
    options: &Options,
    counter: &mut Counter,
    progress: &mut dyn FnMut(Progress),
) -> Result<Selections, FetchError> {
    let words = selection.words();
    let pinned = lock.selection(&words)?;
    let ids = match &pinned {
        Some(ids) => ids.clone(),
        None => index(selection.curated, &words, options)?,
    };
    // Read once; only what is selected is pinned, all of it at the end.
    let held = lock.held()?;
    let mut counts = Counts::open(counter.version, options);
    let mut found = Selections::default();
    let mut sources = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        match biomodel(id, &held, options) {
            Ok(fetched) => match counts.of(&fetched, counter) {
                Ok(features) => {
                    let (title, year) = (fetched.source.title.clone(), fetched.source.year);
                    let taken = pinned.is_some() || selection.takes(&features, year);
                    let model = Selected { id: id.clone(), title, year, features, path: fetched.path() };
                    if taken {
                        found.models.push(model);
                        sources.push(fetched.source);
                    } else {
                        found.missed.push(model);
                    }
                }
                Err(reason) => found.refused.push((id.clone(), reason)),
            },
            Err(error) if pinned.is_none() && is_unreadable(&error.cause) => {
                found.refused.push((id.clone(), error.to_string()));
            }
            Err(error) => {
                counts.write(options)?;
                return Err(error);
            }
        }
        progress(Progress { done: at + 1, of: ids.len(), id });
        if counts.new >= WRITE_EVERY {
            counts.write(options)?;
        }
    }
    counts.write(options)?;
    if !sources.is_empty() {
        lock.pin_selection(&words, &sources, &options.cache)?;
    }
    Ok(found)
}

/// Is it the entry itself that cannot be used, today and tomorrow?
fn is_unreadable(cause: &Cause) -> bool {
    match cause {
        Cause::Status { .. } => !cause.is_passing(),
        Cause::NoModel { .. }
        | Cause::Content { .. }
        | Cause::Page { .. }
        | Cause::Size { .. }
        | Cause::Archive { .. }
        | Cause::Name { .. }
        | Cause::TooLarge { .. }
        | Cause::Id { .. } => true,
        // Cut in the collection, not on the way.
        Cause::Truncated { expected, .. } => expected.is_none(),
        _ => false,
    }
}

/// Models on one page of the search; the server gives no more than this.
const PAGE: usize = 100;

/// The most pages, should the server never end.
const MOST_PAGES: usize = 1000;

/// The identifiers of all candidates, from the collection's search, in order. Kept for offline use.
fn index(curated: bool, words: &str, options: &Options) -> Result<Vec<String>, FetchError> {
    let kept = PathBuf::from("features").join(if curated { "curated.ron" } else { "all.ron" });
    if options.offline {
        let text = fs::read_to_string(options.cache.folder().join(&kept)).ok();
        let ids = text.and_then(|text| ron::from_str::<Vec<String>>(&text).ok());
        return ids.ok_or_else(|| {
            let cache = options.cache.folder().to_owned();
            let id = format!("`{words}` is not pinned, and the list of models to choose from");
            Cause::Offline { id, damaged: None, cache }.into()
        });
    }
    let status = if curated { " AND curationstatus:\"Manually curated\"" } else { "" };
    let query = encoded(&format!("*:* AND modelformat:\"SBML\"{status}"));
    let mut ids = BTreeSet::new();
    for page in 0..MOST_PAGES {
        let url = format!(
            "{}/search?query={query}&domain=biomodels&sort=id-asc&offset={}&numResults={PAGE}&format=json",
            options.biomodels_url,
            page * PAGE
        );
        let answer = ask(&url, options)?;
        let models = answer["models"].as_array().ok_or_else(|| {
            let reason = "it has no list of models".to_owned();
            Cause::Content { url: url.clone(), expected: "a page of search results", reason }
        })?;
        let before = ids.len();
        let found = models.iter().filter_map(|model| model["id"].as_str());
        // Names that are no identifiers can be nothing that is fetched by one.
        ids.extend(found.filter(|id| biomodel_id(id).is_ok()).map(str::to_owned));
        let all = number(&answer["matches"]).is_some_and(|matches| ((page + 1) * PAGE) as u64 >= matches);
        if models.is_empty() || all || ids.len() == before {
            break;
        }
    }
    let ids: Vec<String> = ids.into_iter().collect();
    let text = ron::to_string(&ids).unwrap_or_default();
    options.cache.put_file(&kept, text.as_bytes())?;
    Ok(ids)
}
