//! Models of `BioModels` by their features: `biomodels(curated, species = 1 .. 60)`.
//!
//! The collection's search does not know the size of models, so every candidate is fetched and counted once. Models and
//! counts are kept in the cache; the choice itself is pinned in the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::biomodels::{ask, biomodel, number};
use super::error::{Cause, FetchError};
use super::lock::Lock;
use super::names::{biomodel_id, encoded};
use super::obtain::{Fetched, Options};

/// What is counted in a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Species.
    pub species: u64,
    /// Parameters, those of rate laws included.
    pub parameters: u64,
    /// Reactions.
    pub reactions: u64,
    /// Events.
    pub events: u64,
}

/// Counts of this and that many, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Default for Between {
    fn default() -> Self {
        Self { least: 0, most: u64::MAX }
    }
}

impl Between {
    fn contains(self, count: u64) -> bool {
        (self.least..=self.most).contains(&count)
    }
}

/// Which models are wanted. The default wants all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those that a curator has checked against their publication.
    pub curated: bool,
    /// Number of species.
    pub species: Between,
    /// Number of parameters.
    pub parameters: Between,
    /// Number of reactions.
    pub reactions: Between,
    /// Number of events.
    pub events: Between,
    /// Year of the publication; models without one are taken only if all years are.
    pub year: Between,
}

impl Selection {
    /// The selection in words, the same for the same selection; the lock file uses it as a name.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.curated {
            words.push("curated".to_owned());
        }
        let parts = [
            ("species", self.species),
            ("parameters", self.parameters),
            ("reactions", self.reactions),
            ("events", self.events),
            ("year", self.year),
        ];
        for (name, between) in parts {
            match (between.least, between.most) {
                (0, u64::MAX) => {}
                (0, most) => words.push(format!("{name} <= {most}")),
                (least, u64::MAX) => words.push(format!("{name} >= {least}")),
                (least, most) => words.push(format!("{name} = {least} .. {most}")),
            }
        }
        if words.is_empty() { "all".to_owned() } else { words.join(", ") }
    }

    /// Does it take a model of these features?
    #[must_use]
    pub fn takes(&self, features: &Features, year: Option<u16>) -> bool {
        self.species.contains(features.species)
            && self.parameters.contains(features.parameters)
            && self.reactions.contains(features.reactions)
            && self.events.contains(features.events)
            && year.map_or(self.year == Between::default(), |year| self.year.contains(u64::from(year)))
    }
}

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
}

/// What a selection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selections {
    /// The models, by identifier.
    pub models: Vec<Selected>,
    /// Models that could not be judged, with the reason, by identifier.
    pub refused: Vec<(String, String)>,
}

/// After so many new counts they are written down, so that little is lost when a long selection is stopped.
const WRITE_EVERY: usize = 50;

/// The models of `BioModels` with these features. A selection that is pinned gives the models that are pinned, whatever
/// the collection has by now; a new one is pinned together with its models.
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
        None => index(selection.curated, options)?,
    };
    // Candidates are not pinned; those that are selected are.
    let unpinned = Lock::none();
    let from = if pinned.is_some() { lock } else { &unpinned };
    let mut counts = Counts::open(counter.version, options);
    let mut found = Selections::default();
    for (at, id) in ids.iter().enumerate() {
        match biomodel(id, from, options) {
            Ok(fetched) => match counts.of(&fetched, counter) {
                Ok(features) if pinned.is_some() || selection.takes(&features, fetched.source.year) => {
                    let (title, year) = (fetched.source.title.clone(), fetched.source.year);
                    found.models.push(Selected { id: id.clone(), title, year, features });
                }
                Ok(_) => {}
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
    if pinned.is_none() {
        for model in &found.models {
            biomodel(&model.id, lock, options)?;
        }
        let ids: Vec<String> = found.models.iter().map(|model| model.id.clone()).collect();
        lock.pin_selection(&words, &ids, &options.cache)?;
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
fn index(curated: bool, options: &Options) -> Result<Vec<String>, FetchError> {
    let kept = PathBuf::from("features").join(if curated { "curated.ron" } else { "all.ron" });
    if options.offline {
        let text = fs::read_to_string(options.cache.folder().join(&kept)).ok();
        let ids = text.and_then(|text| ron::from_str::<Vec<String>>(&text).ok());
        return ids.ok_or_else(|| {
            let cache = options.cache.folder().to_owned();
            Cause::Offline { id: "the index of BioModels".to_owned(), damaged: None, cache }.into()
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

/// Counts by the checksum of the model, kept in the cache.
struct Counts {
    file: PathBuf,
    known: BTreeMap<String, Result<Features, String>>,
    new: usize,
}

impl Counts {
    fn open(version: &str, options: &Options) -> Self {
        let file = PathBuf::from("features").join(format!("counts-{}.ron", encoded(version)));
        let known = read_counts(&options.cache.folder().join(&file));
        Self { file, known, new: 0 }
    }

    fn of(&mut self, fetched: &Fetched, counter: &mut Counter) -> Result<Features, String> {
        if let Some(known) = self.known.get(fetched.checksum()) {
            return known.clone();
        }
        let counted = (counter.count)(fetched.bytes());
        self.known.insert(fetched.checksum().to_owned(), counted.clone());
        self.new += 1;
        counted
    }

    /// Writes what is new, together with what others have counted meanwhile.
    fn write(&mut self, options: &Options) -> Result<(), FetchError> {
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
