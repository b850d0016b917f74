//! `kexp init NAME`: a folder with an experiment on a model of your own that runs as it is.

use std::fs;
use std::path::{Component, Path, PathBuf};

use minijinja::context;

use super::common::{Failure, NetworkArguments, folder_of, has_errors, print, say};
use crate::diagnostic::{Diagnostic, Sources};
use crate::fetch::{self, Contents, FetchError, LOCK_FILE, Lock};
use crate::import::petab;
use crate::plan::expand::expand;
use crate::plan::resolve;
use crate::report::{draft, templates};
use crate::syntax;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder to make; the experiment in it has the same name
    #[arg(value_name = "NAME")]
    name: PathBuf,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    network: NetworkArguments,
}

/// What the experiment is about.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct From {
    /// A model of the `BioModels` database, such as BIOMD0000000064
    #[arg(long, value_name = "ID")]
    biomodel: Option<String>,
    /// A model in SBML, or in a COMBINE archive (.omex)
    #[arg(long, value_name = "FILE")]
    sbml: Option<PathBuf>,
    /// A problem in `PEtab`: its YAML file
    #[arg(long, value_name = "FILE")]
    petab: Option<PathBuf>,
    /// A problem of the `PEtab` benchmark collection, such as `Crauste_CellSystems2017`
    #[arg(long, value_name = "NAME")]
    petab_collection: Option<String>,
}

/// The parts of a new experiment that depend on where it starts from.
struct Start {
    title: String,
    /// What stands after `model pathway =` or `problem fit =`.
    source: String,
    /// A line above it.
    comment: String,
    is_model: bool,
    /// Files to write, by path in the new folder.
    files: Contents,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let target = &arguments.name;
    let stem = target.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(stem) = stem.filter(|stem| !stem.is_empty()) else {
        return Err(Failure::Said(format!("`{}` is no name for a new folder", target.display())));
    };
    if target.symlink_metadata().is_ok() {
        let target = target.display();
        return Err(Failure::Said(format!("`{target}` is there already; choose another name, or remove it first")));
    }
    let parent = folder_of(target);
    fs::create_dir_all(&parent).map_err(failed(&parent))?;
    // Everything is made beside, so that a failure leaves nothing.
    let draft = tempfile::Builder::new().prefix(".kexp-init-").tempdir_in(&parent).map_err(failed(&parent))?;
    let start = start(arguments, draft.path())?;
    let file = format!("{stem}.kexp");
    write(draft.path(), &file, experiment(&start, &target.join(&file))?.as_bytes())?;
    for (name, content) in &start.files {
        write(draft.path(), name, content)?;
    }
    check(&draft.path().join(&file), draft.path(), arguments.network.offline)?;
    open_to_others(draft.path());
    fs::rename(draft.path(), target).map_err(failed(target))?;
    let file = target.join(&file).display().to_string();
    say(&format!("{file}: written\nnext: kexp run {file} --profile quick"));
    Ok(())
}

/// Reads what the experiment starts from.
fn start(arguments: &Arguments, draft: &Path) -> Result<Start, Failure> {
    let From { biomodel, sbml, petab: problem, petab_collection } = &arguments.from;
    let lock = Lock::at(draft.join(LOCK_FILE));
    let options = || fetch::Options::from_environment(arguments.network.offline);
    if let Some(id) = biomodel {
        let fetched = options().and_then(|options| fetch::biomodel(id, &lock, &options))?;
        let title = fetched.name().to_owned();
        let comment = format!("// {title}; the file is pinned in {LOCK_FILE}.");
        return Ok(Start { source: call("biomodel", id), title, comment, is_model: true, files: Contents::new() });
    }
    if let Some(name) = petab_collection {
        options().and_then(|options| fetch::petab_collection(name, &lock, &options))?;
        let comment = format!("// A problem of the PEtab benchmark collection; its files are pinned in {LOCK_FILE}.");
        let source = call("petab_collection", name);
        return Ok(Start { source, title: name.clone(), comment, is_model: false, files: Contents::new() });
    }
    if let Some(path) = sbml {
        let (name, content) = model_of(path)?;
        let (mut sources, mut findings) = (Sources::default(), Vec::new());
        if !is_archive(path) {
            let read = resolve::model_of(path, &mut sources, &mut findings);
            found(&sources, &findings)?;
            // Without a finding there is a model.
            debug_assert!(read.is_some());
        }
        let (place, title) = (format!("models/{name}"), stem_of(&name));
        let comment = "// The model, copied into this folder. A block after it changes values: `{ parameter k = 3 }`.";
        let files = Contents::from([(place.clone(), content)]);
        return Ok(Start { source: call("sbml", &place), title, comment: comment.to_owned(), is_model: true, files });
    }
    let path = problem.as_deref().unwrap_or(Path::new(""));
    let mut sources = Sources::default();
    let read = petab::read(path, &mut sources);
    found(&sources, &read.diagnostics)?;
    let (place, files) = problem_of(path)?;
    let comment = "// Model, measurements and bounds, copied into this folder.".to_owned();
    Ok(Start { source: call("petab", &place), title: stem_of(&place), comment, is_model: false, files })
}

/// The name and content of an SBML file, from its archive if it is in one.
fn model_of(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let content = read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !is_archive(path) {
        return Ok((name, content));
    }
    let model = fetch::archived_model(&path.display().to_string(), &content)?;
    Ok((model.file_name().to_owned(), model.content))
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("omex"))
}

/// The place of a problem's YAML file in the new folder, and all files that it names, by place.
fn problem_of(path: &Path) -> Result<(String, Contents), Failure> {
    let yaml = read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = format!("data/{}", stem_of(&name));
    let mut files = Contents::new();
    for file in fetch::petab_files(&path.display().to_string(), &yaml)? {
        let inside = Path::new(&file).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || file.contains('\\') {
            return Err(Failure::Said(format!(
                "{}: `{file}` is outside of the problem's folder; gather its files in one folder first",
                path.display()
            )));
        }
        files.insert(format!("{folder}/{file}"), read(&folder_of(path).join(&file))?);
    }
    let place = format!("{folder}/{name}");
    files.insert(place.clone(), yaml);
    Ok((place, files))
}

/// The text of the experiment, as `kexp fmt` would have it.
fn experiment(start: &Start, file: &Path) -> Result<String, Failure> {
    let title = quotable(&start.title);
    let about = format!("{title}: can a generator that has seen descents propose better starts than chance?");
    let (source, comment) = (start.source.as_str(), quotable(&start.comment));
    let shown = file.display().to_string();
    let context = match start.is_model {
        true => context! { title, about, file => &shown, model => source, model_comment => comment },
        false => context! { title, about, file => &shown, problem => source, problem_comment => comment },
    };
    let template = include_str!("../../templates/init/experiment.kexp.jinja");
    let text = templates::fill("experiment.kexp", template, context)?;
    let mut sources = Sources::default();
    let file = sources.add(shown.as_str(), text.as_str());
    syntax::print(&text, file).map_err(|diagnostics| {
        print(&sources, &diagnostics);
        Failure::Reported
    })
}

/// The new experiment must be planned without an error. Writes the draft with a place for everything that it shows.
fn check(file: &Path, folder: &Path, offline: bool) -> Result<(), Failure> {
    let options = resolve::Options { offline, ..resolve::Options::default() };
    let loaded = resolve::load(file, &options);
    let mut diagnostics = loaded.diagnostics;
    if let Some(Err(diagnostic)) = loaded.experiment.as_ref().map(expand) {
        diagnostics.push(diagnostic);
    }
    let (Some(experiment), false) = (loaded.experiment, has_errors(&diagnostics)) else {
        print(&loaded.sources, &diagnostics);
        return Err(Failure::Reported);
    };
    let figures: Vec<String> = experiment.figures.keys().cloned().collect();
    let tables: Vec<String> = experiment.tables.keys().cloned().collect();
    write(folder, "draft.md", draft::starter(&experiment.title, &figures, &tables)?.as_bytes())
}

/// What an importer found in a file of the user's, shown where that file is.
fn found(sources: &Sources, diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    print(sources, diagnostics);
    if has_errors(diagnostics) { Err(Failure::Reported) } else { Ok(()) }
}

/// `word("argument")` as it stands in a `.kexp` file.
fn call(word: &str, argument: &str) -> String {
    format!("{word}(\"{}\")", quotable(argument))
}

/// Text for one line, between quotes or in a comment.
fn quotable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || matches!(letter, '"' | '\\') { '_' } else { letter }).collect()
}

fn stem_of(name: &str) -> String {
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Said(format!("cannot read `{}`: {error}", path.display())))
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    let place = folder_of(&path);
    fs::create_dir_all(&place).map_err(failed(&place))?;
    fs::write(&path, content).map_err(failed(&path))
}

/// Temporary folders are closed to others; a project need not be.
fn open_to_others(folder: &Path) {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        // A folder that stays closed can still be used by its owner.
        let _ = fs::set_permissions(folder, mode);
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Failure + use<> {
    let path = path.to_owned();
    move |error| Failure::Said(format!("cannot write `{}`: {error}", path.display()))
}

impl std::convert::From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Failure::Said(error.to_string())
    }
}

impl std::convert::From<minijinja::Error> for Failure {
    fn from(error: minijinja::Error) -> Self {
        Failure::Said(format!("a template is wrong: {error:#}"))
    }
}
