//! From files to a resolved experiment: imports, names, profiles, overrides, schemas, defaults, and every check.
//!
//! The steps: read all files (`imports`), collect the names of each (`scope`), build the networks of models (`network`),
//! type the settings of every other declaration against its schema (`settings`, `typing`), change them as the profile and
//! `--set` say (`overrides`), build the problems (`problem`), and check what only the whole can show (`check`).

mod analysis;
mod collect;
mod estimate;
mod experiment;
mod family;
mod formula;
mod imported;
mod imports;
mod kinetics;
mod measurements;
mod network;
mod order;
mod overrides;
mod problem;
mod problems;
mod row_files;
mod scope;
mod set;
mod settings;
mod settle;
mod symbols;
mod synthetic;
mod typing;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::fetch::{Lock, Progress};
use crate::model::network::Network;
use crate::schema::Value;
use crate::syntax::ast::EntryKind;

use super::check;
pub(in crate::plan) use analysis::{dynamic, reach, symbols as symbols_of, used};
pub use experiment::{Declaration, Experiment, Origin, ProblemDeclaration, ProblemFamily, Vary};
pub(in crate::plan) use overrides::{located, schema_of};
pub(in crate::plan) use scope::Scope;
pub(in crate::plan) use typing::Typing;
pub(in crate::plan) use words::{listed, near};

pub use formula::{formula, put};
pub use imported::{Remote, model_of};

use collect::Collected;
use imported::Importer;
use overrides::Settled;

/// What the command line says beside the file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The profile in force.
    pub profile: Option<String>,
    /// Overrides such as `cvae.train.epochs=50`, applied after the profile.
    pub set: Vec<String>,
    /// Download nothing: models and problems of public collections come from the cache, or are an error.
    pub offline: bool,
    /// Is told how far a selection of models is that must be made.
    pub progress: Option<fn(Progress<'_>)>,
}

/// What came of a file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Every text that was read, so that diagnostics can be shown.
    pub sources: Sources,
    /// Everything that was found, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The experiment, present when no finding is an error.
    pub experiment: Option<Experiment>,
}

/// Reads a file with its imports and measurements, and resolves it. Runs nothing, and never fails: what is wrong is
/// among the diagnostics.
#[must_use]
pub fn load(path: &Path, options: &Options) -> Loaded {
    let mut sources = Sources::default();
    let mut findings = Vec::new();
    let files = imports::read(path, &mut sources, &mut findings);
    let experiment = resolve(&files, path, options, &mut sources, &mut findings);
    if files.incomplete {
        // What a broken part would have said is not there: names that only it declares are no errors of their own.
        findings.retain(|finding| {
            !matches!(finding.code, "unknown-name" | "unknown-path" | "unknown-import" | "nothing-to-draw")
        });
    }
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        // What a broken declaration would have used is no news either.
        findings.retain(|finding| finding.code != "unfed-generator");
    }
    let mut diagnostics: Vec<Diagnostic> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !diagnostics.contains(&finding) || diagnostics.len() > 1000 {
            diagnostics.push(finding);
        }
    }
    diagnostics.sort_by_key(|finding| finding.labels.first().map(|label| label.span));
    let sound = diagnostics.iter().all(|finding| finding.severity != Severity::Error);
    Loaded { sources, diagnostics, experiment: experiment.filter(|_| sound) }
}

fn resolve(
    files: &imports::Files,
    path: &Path,
    options: &Options,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
) -> Option<Experiment> {
    let mut collected = collect::collect(files, findings);
    if collected.scopes.is_empty() {
        return None;
    }
    let remote = Remote { lock: Lock::beside(path), offline: options.offline, progress: options.progress };
    let mut importer = Importer::new(&remote);
    let mut models = BTreeMap::new();
    for raw in collected.models() {
        let model = match raw.value {
            None => network::build(raw.name, raw.title, raw.entries, findings),
            Some(_) => importer.model(raw, &files.files[raw.file].folder, sources, findings),
        };
        if let Some(model) = model {
            models.insert(raw.name.text.clone(), model);
        }
    }
    let named: Vec<String> = models.keys().cloned().collect();
    let families = family::families(&mut collected, &mut importer, &mut models, sources, findings);
    let collected = collected;

    let mut settled = vec![settle::experiment(files, &collected, findings)];
    let mut lines = problems::Lines::new();
    for raw in &collected.declarations {
        let before = findings.len();
        let Some((mut one, entries)) = settle::settle(raw, &collected, findings) else { continue };
        one.broken |= findings[before..].iter().any(|finding| finding.severity == Severity::Error);
        if raw.kind == "problem" {
            lines.insert(raw.name.text.clone(), (*raw, entries));
        }
        settled.push(one);
    }
    for family in &families {
        let Some((members, entries)) = settle::family(family, &collected, findings) else { continue };
        for one in members {
            lines.insert(one.declaration.name.clone(), (family.raw, entries.clone()));
            settled.push(one);
        }
    }
    let vary: BTreeMap<_, _> = collected.of("tune").map(|raw| (raw.name.text.as_str(), raw)).collect();

    profiles(&collected, options, &mut settled, findings);
    let set = set::parse(&options.set, sources, findings);
    for (key, value) in &set {
        overrides::apply(key, value, Origin::Set, &mut settled, &collected.scopes[0], findings);
    }

    let parts = problems::Parts {
        settled: &settled,
        lines: &lines,
        models: &models,
        families: &families,
        files,
        remote: &remote,
    };
    let (built, families) = problems::build(&parts, sources, findings);

    // The models of families are those of their problems.
    let models = named.into_iter().filter_map(|name| models.remove(&name).map(|model| (name, model.network))).collect();
    let mut experiment = assemble(settled, models, built, options, path);
    experiment.families = families;
    check::benchmarks::fill(&mut experiment, findings);
    for (name, raw) in vary {
        check::vary::fill(&mut experiment, name, raw.entries, &collected.scopes[raw.file], findings);
    }
    let places = collected.declarations.iter().map(|raw| ((raw.kind, raw.name.text.as_str()), raw.name.span)).collect();
    check::run(&mut experiment, &places, findings);
    row_files::fill(&mut experiment, &collected, files, sources, findings);
    Some(experiment)
}

/// Applies the profile that was asked for, and tries all others on a copy, so that their errors show too.
fn profiles(collected: &Collected<'_>, options: &Options, settled: &mut Vec<Settled>, findings: &mut Vec<Diagnostic>) {
    let root = &collected.scopes[0];
    let mut known = BTreeMap::new();
    for profile in collected.of("profile").filter(|raw| raw.file == 0) {
        if known.insert(profile.name.text.as_str(), profile).is_some() {
            continue;
        }
        let chosen = options.profile.as_deref() == Some(profile.name.text.as_str());
        let mut copy = if chosen { std::mem::take(settled) } else { settled.clone() };
        for entry in profile.entries {
            match &entry.kind {
                EntryKind::Setting { key, value } => {
                    overrides::apply(key, value, Origin::Profile, &mut copy, root, findings);
                }
                other => findings.push(settings::misplaced(other, entry.span, "profile")),
            }
        }
        if chosen {
            *settled = copy;
        }
    }
    if let Some(name) = &options.profile
        && !known.contains_key(name.as_str())
    {
        let names: Vec<_> = known.keys().copied().collect();
        let finding = Diagnostic::error("unknown-profile", format!("there is no profile `{name}`"));
        let none = names.is_empty().then(|| "the file declares no profile".to_owned());
        findings.push(words::with_help(finding, name, "profiles", &names).maybe_help(none));
    }
}

fn assemble(
    settled: Vec<Settled>,
    models: BTreeMap<String, Network>,
    problems: BTreeMap<String, ProblemDeclaration>,
    options: &Options,
    path: &Path,
) -> Experiment {
    let mut kinds: BTreeMap<String, BTreeMap<String, Declaration>> = BTreeMap::new();
    for one in settled {
        let declaration = one.declaration;
        kinds.entry(declaration.kind.clone()).or_default().insert(declaration.name.clone(), declaration);
    }
    let mut of = |kind: &str| kinds.remove(kind).unwrap_or_default();
    let settings = of("experiment").into_values().next().unwrap_or_else(settle::unnamed);
    let folder = path.parent().unwrap_or(Path::new(""));
    Experiment {
        title: settings.name.clone(),
        seed: match settings.settings.get("seed") {
            Some(Value::Integer(seed)) => u64::try_from(*seed).unwrap_or(1),
            _ => 1,
        },
        draft: match settings.settings.get("draft") {
            Some(Value::Text(draft)) => Some(imports::tidy(&folder.join(draft))),
            _ => None,
        },
        settings,
        profile: options.profile.clone(),
        models,
        problems,
        families: BTreeMap::new(),
        datasets: of("dataset"),
        row_files: BTreeMap::new(),
        generators: of("generator"),
        tunes: of("tune"),
        generates: of("generate"),
        benchmarks: of("benchmark"),
        posteriors: of("posterior"),
        profile_likelihoods: of("profile_likelihood"),
        figures: of("figure"),
        tables: of("table"),
    }
}
