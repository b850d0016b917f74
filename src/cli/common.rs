//! What the subcommands share: loading a file, the store, and how failures are told.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::selecting;
use crate::diagnostic::{self, Diagnostic, FileId, Severity, Sources};
use crate::fetch::Lock;
use crate::import::petab;
use crate::model::network::Network;
use crate::model::problem::Problem;
use crate::plan::expand::{Expanded, expand};
use crate::plan::node::Stage;
use crate::plan::resolve::{self, Experiment, Options, Remote};
use crate::random::Streams;
use crate::run::RunError;
use crate::run::store::Store;
use crate::run::synthetic;

/// Why a command did not succeed.
pub(super) enum Failure {
    /// Diagnostics were printed.
    Reported,
    /// The user asked to stop.
    Interrupted,
    /// A message to print.
    Said(String),
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Interrupted => Failure::Interrupted,
            other => Failure::Said(other.to_string()),
        }
    }
}

/// Arguments of all commands that read an experiment.
#[derive(Debug, clap::Args)]
pub(super) struct FileArguments {
    /// The experiment
    #[arg(value_name = "FILE.kexp")]
    pub file: PathBuf,
    /// Use the settings of this profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Override a setting, such as `cvae.train.epochs=50`
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Where artifacts are kept [default: `.kexp` beside the file]
    #[arg(long, value_name = "DIR", env = "KEXP_STORE")]
    pub store: Option<PathBuf>,
    #[command(flatten)]
    pub network: NetworkArguments,
}

/// Whether models and problems of public collections may be downloaded.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct NetworkArguments {
    /// Download nothing: use what is pinned and in the cache
    #[arg(long, env = "KEXP_OFFLINE", value_parser = clap::builder::FalseyValueParser::new())]
    pub offline: bool,
}

impl FileArguments {
    /// The folder of the store.
    pub fn store_folder(&self) -> PathBuf {
        self.store.clone().unwrap_or_else(|| folder_of(&self.file).join(".kexp"))
    }

    /// Opens the store for writing.
    pub fn open_store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.store_folder())?)
    }

    /// Loads and resolves the experiment; prints warnings and errors.
    pub fn load(&self) -> Result<(Experiment, Sources), Failure> {
        let (profile, set, offline) = (self.profile.clone(), self.set.clone(), self.network.offline);
        let options = Options { profile, set, offline, ..Options::default() };
        load(&self.file, &options)
    }

    /// Loads the experiment and expands its plan.
    pub fn plan(&self) -> Result<(Experiment, Expanded, Sources), Failure> {
        let (experiment, sources) = self.load()?;
        let expanded = expand(&experiment).map_err(|diagnostic| {
            print(&sources, &[diagnostic]);
            Failure::Reported
        })?;
        Ok((experiment, expanded, sources))
    }

    /// Where figures, tables and the draft go: the folder of the draft, or for a profile a folder in the store, so that
    /// a quick run never overwrites the paper. Folders that are not chosen have the experiment's name, as several experiments may
    /// stand beside each other.
    pub fn out_folder(&self, experiment: &Experiment, out: Option<&Path>) -> PathBuf {
        let name = self.file.file_stem().unwrap_or_default();
        match (out, &self.profile, &experiment.draft) {
            (Some(out), _, _) => out.to_owned(),
            (None, Some(profile), _) => self.store_folder().join("out").join(name).join(profile),
            (None, None, Some(draft)) => folder_of(draft),
            (None, None, None) => folder_of(&self.file).join("out").join(name),
        }
    }
}

/// The folder that a file stands in.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Loads and resolves an experiment; prints warnings and errors.
pub(super) fn load(file: &Path, options: &Options) -> Result<(Experiment, Sources), Failure> {
    let loaded = resolve::load(file, &Options { progress: Some(selecting::tell), ..options.clone() });
    // A process that took over from another one has shown the warnings already.
    if !has_taken_over() || has_errors(&loaded.diagnostics) {
        print(&loaded.sources, &loaded.diagnostics);
    }
    match loaded.experiment {
        Some(experiment) => Ok((experiment, loaded.sources)),
        None => Err(Failure::Reported),
    }
}

/// A problem with the `PEtab` tables that it comes from; those of a problem of an experiment are none.
pub(super) struct Loaded {
    /// The problem.
    pub problem: Problem,
    /// The texts of its parameter tables.
    pub parameter_tables: Vec<String>,
    /// The texts of its measurement tables.
    pub measurement_tables: Vec<String>,
}

/// A problem addressed as `problem.yaml` or `file.kexp:problem`.
pub(super) fn loaded(address: &str, network: NetworkArguments) -> Result<Loaded, Failure> {
    let path = Path::new(address);
    if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        let problem = declared(address, network)?;
        return Ok(Loaded { problem, parameter_tables: Vec::new(), measurement_tables: Vec::new() });
    }
    let mut sources = Sources::default();
    let imported = petab::read(path, &mut sources);
    print(&sources, &imported.diagnostics);
    let texts = |files: &[FileId]| files.iter().map(|file| sources.text(*file).to_owned()).collect();
    Ok(Loaded {
        problem: imported.problem.ok_or(Failure::Reported)?,
        parameter_tables: texts(&imported.parameters),
        measurement_tables: texts(&imported.measurements),
    })
}

/// A problem addressed as `problem.yaml` or `file.kexp:problem`.
pub(super) fn problem(address: &str, network: NetworkArguments) -> Result<Problem, Failure> {
    Ok(loaded(address, network)?.problem)
}

/// A problem addressed as `file.kexp:problem`; the name may be left out when the file has only one.
fn declared(address: &str, network: NetworkArguments) -> Result<Problem, Failure> {
    let (file, name) = match address.rsplit_once(".kexp:") {
        Some((stem, name)) => (PathBuf::from(format!("{stem}.kexp")), Some(name)),
        None => (PathBuf::from(address), None),
    };
    let (mut experiment, _) = load(&file, &Options { offline: network.offline, ..Options::default() })?;
    let known: Vec<String> = experiment.problems.keys().cloned().collect();
    let name = match name {
        Some(name) => name.to_owned(),
        None if known.len() == 1 => known[0].clone(),
        None => {
            return Err(Failure::Said(format!("which problem? say {address}:NAME with one of {}", some_of(&known))));
        }
    };
    let problem = experiment.problems.remove(&name).map(|declared| declared.problem).ok_or_else(|| {
        let near = diagnostic::suggest(&name, known.iter().map(String::as_str));
        let help =
            near.map_or_else(|| format!("there are: {}", some_of(&known)), |near| format!("did you mean `{near}`?"));
        Failure::Said(format!("no problem `{name}` in {}; {help}", file.display()))
    })?;
    // The measurements of a recipe are those that a run of the file would use.
    let streams = Streams::new(experiment.seed, &Stage::problem_key(&problem, experiment.seed).to_string());
    match synthetic::measure(&problem, &streams) {
        Ok(Some((problem, summary))) => {
            summary.lines().iter().for_each(|line| eprintln!("kexp: {name}: {line}"));
            Ok(problem)
        }
        Ok(None) => Ok(problem),
        Err(error) => Err(Failure::Said(format!("{name}: {error}"))),
    }
}

/// Names in one line; those of large families are not all shown.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 12;
    let shown = names.get(..MOST).unwrap_or(names).join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

/// Prints diagnostics on standard error.
pub(super) fn print(sources: &Sources, diagnostics: &[Diagnostic]) {
    if !diagnostics.is_empty() {
        eprint!("{}", diagnostic::render(sources, diagnostics, std::io::stderr().is_terminal()));
    }
}

/// Set for the program that a command hands over to.
pub(super) const TAKEN_OVER: &str = "KEXP_TAKEN_OVER";

fn has_taken_over() -> bool {
    std::env::var_os(TAKEN_OVER).is_some()
}

/// Did any of the diagnostics stop the command?
pub(super) fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Prints a line, and ends quietly when nobody reads.
pub(super) fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Milliseconds since then.
pub(super) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The median of some numbers, which it sorts: the mean of the two in the middle of an even count; NaN of none.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// All cores.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A model addressed as `model.xml`, as an identifier of `BioModels`, as `problem.yaml`, or as `file.kexp:model`, by its
/// own name or that of a problem that uses it.
pub(super) fn model(address: &str, network: NetworkArguments) -> Result<Network, Failure> {
    let path = Path::new(address);
    let mut findings = Vec::new();
    let mut file = None;
    if path.extension().is_some_and(|extension| extension == "xml" || extension == "sbml") {
        file = Some(path.to_owned());
    } else if is_biomodel(address) {
        let remote = Remote { lock: Lock::none(), offline: network.offline, progress: None };
        file = remote.biomodel(address, None, &mut findings);
        if file.is_none() {
            print(&Sources::default(), &findings);
            return Err(Failure::Reported);
        }
    }
    if let Some(file) = file {
        let mut sources = Sources::default();
        let found = resolve::model_of(&file, &mut sources, &mut findings);
        print(&sources, &findings);
        return found.ok_or(Failure::Reported);
    }
    let (file, name) = match address.rsplit_once(".kexp:") {
        Some((stem, name)) => (PathBuf::from(format!("{stem}.kexp")), Some(name)),
        None if address.ends_with(".kexp") => (path.to_owned(), None),
        None => return Ok(loaded(address, network)?.problem.network),
    };
    let options = Options { offline: network.offline, ..Options::default() };
    let (mut experiment, _) = load(&file, &options)?;
    let known: Vec<String> = experiment.models.keys().chain(experiment.problems.keys()).cloned().collect();
    let name = match name {
        Some(name) => name.to_owned(),
        None if experiment.models.len() == 1 => experiment.models.keys().next().cloned().unwrap_or_default(),
        None => return Err(Failure::Said(format!("which model? say {address}:NAME with one of {}", some_of(&known)))),
    };
    let problem = experiment.problems.remove(&name).map(|declared| declared.problem.network);
    experiment.models.remove(&name).or(problem).ok_or_else(|| {
        let near = diagnostic::suggest(&name, known.iter().map(String::as_str));
        let help =
            near.map_or_else(|| format!("there are: {}", some_of(&known)), |near| format!("did you mean `{near}`?"));
        Failure::Said(format!("no model `{name}` in {}; {help}", file.display()))
    })
}

/// Does an address look like an identifier of `BioModels`, such as `BIOMD0000000064` or `MODEL1507180021`?
fn is_biomodel(address: &str) -> bool {
    let digits = address.strip_prefix("BIOMD").or_else(|| address.strip_prefix("MODEL"));
    digits.is_some_and(|digits| digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
