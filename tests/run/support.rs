//! Folders to run in, the program, one uninterrupted run to compare with, and text that is the same on every machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use kexp::plan::expand::expand;
use kexp::plan::node::{Node, Plan};
use kexp::plan::resolve::{Options, load};
use kexp::table::{Table, rounded};

/// The small experiment.
pub const SMALL: &str = "tests/run/small.kexp";

/// A folder with a store `store` and a place for the draft `out`.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// With a copy of the store and the draft of the uninterrupted run.
    pub fn after_a_run() -> Self {
        let place = Self::new();
        copy(&reference().join("store"), &place.store());
        copy(&reference().join("out"), &place.out());
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    pub fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// `kexp run` on the small experiment with this store and draft.
    pub fn start(&self, more: &[&str]) -> Child {
        run_command(SMALL, &self.store(), &self.out(), more).spawn().expect("the program starts")
    }

    /// The same, until it has ended.
    pub fn run(&self, more: &[&str]) -> Said {
        Said::of(self.start(more).wait_with_output().expect("the program ends"))
    }

    /// Another subcommand on the small experiment with this store.
    pub fn kexp(&self, arguments: &[&str]) -> Said {
        let store = self.store();
        let mut all = arguments.to_vec();
        all.extend(["--store", store.to_str().expect("UTF-8")]);
        kexp(&all)
    }

    /// The draft, the figures and the artifacts are those of the uninterrupted run, and the store is clean.
    pub fn assert_as_uninterrupted(&self) {
        assert_same_tree(&reference().join("out"), &self.out());
        assert_same_tree(&reference().join("store/artifacts"), &self.store().join("artifacts"));
        assert_eq!(entries(&self.store().join("work")), Vec::<String>::new(), "left in the store's work folder");
    }

    /// Text without the name of this folder.
    pub fn hide(&self, text: &str) -> String {
        text.replace(&self.0.path().display().to_string(), "PLACE")
    }
}

/// What a finished program said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let said = Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }

    /// Fails the test unless the program succeeded.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Fails the test unless the program ended with an error that it reported.
    pub fn failed(self) -> Self {
        assert_eq!(self.code, Some(1), "{self:#?}");
        self
    }
}

/// The program with these arguments, from the folder of the package.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kexp"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("KEXP_STORE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn kexp(arguments: &[&str]) -> Said {
    Said::of(command(arguments).output().expect("the program runs"))
}

pub fn run_command(file: &str, store: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = command(&["run", file, "--quiet"]);
    if !more.contains(&"--jobs") {
        command.args(["--jobs", "2"]);
    }
    command.arg("--store").arg(store).arg("--out").arg(out).args(more);
    command
}

/// A finished run of another experiment on this many threads.
pub fn ran(file: &str, jobs: &str) -> Place {
    let place = Place::new();
    Said::of(run_command(file, &place.store(), &place.out(), &["--jobs", jobs]).output().expect("the program runs"))
        .ok();
    place
}

/// The node of this name.
pub fn node<'a>(plan: &'a Plan, name: &str) -> &'a Node {
    &plan.nodes[plan.find(name).unwrap_or_else(|| panic!("no node {name}"))]
}

/// The folder of a node's artifact.
pub fn folder(place: &Place, node: &Node) -> PathBuf {
    place.store().join("artifacts").join(node.key.to_string())
}

/// A table of a node's artifact.
pub fn table(place: &Place, node: &Node, name: &str) -> Table {
    Table::read_parquet(&folder(place, node).join(format!("{name}.parquet"))).expect("a table")
}

/// The summary of a node's artifact.
pub fn summary<T: for<'a> serde::Deserialize<'a>>(place: &Place, node: &Node) -> T {
    ron::from_str(&fs::read_to_string(folder(place, node).join("summary.ron")).expect("a summary")).expect("RON")
}

/// The folder of an uninterrupted run of the small experiment, made once.
pub fn reference() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| made("reference", &[]))
}

/// The folder of an uninterrupted run whose trainings are long enough for checkpoints, made once.
pub fn long_reference() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| made("long", LONG))
}

/// What makes trainings long enough for checkpoints, and nothing else.
pub const LONG: &[&str] = &[
    "--set",
    "net.train.epochs=400",
    "--set",
    "net.train.patience=400",
    "--set",
    "search.trials=random(2)",
    "--only",
    "tune.search",
];

fn made(name: &str, more: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{name}"));
    let _ = fs::remove_dir_all(&folder);
    let (store, out) = (folder.join("store"), folder.join("out"));
    Said::of(run_command(SMALL, &store, &out, more).output().expect("the program runs")).ok();
    folder
}

/// The plan of a file, without running the program.
pub fn plan(file: &Path, set: &[&str]) -> Plan {
    let options = Options { set: set.iter().map(|text| (*text).to_owned()).collect(), ..Options::default() };
    let loaded = load(file, &options);
    let shown = kexp::diagnostic::render(&loaded.sources, &loaded.diagnostics, false);
    let experiment = loaded.experiment.unwrap_or_else(|| panic!("{shown}"));
    expand(&experiment).expect("a plan").plan
}

/// The folder of the artifact of a node of the small experiment.
pub fn artifact(store: &Path, node: &str) -> PathBuf {
    let plan = plan(Path::new(SMALL), &[]);
    let at = plan.find(node).unwrap_or_else(|| panic!("no node {node}"));
    store.join("artifacts").join(plan.nodes[at].key.to_string())
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("a copy");
        }
    }
}

/// The names in a folder, in order; none where there is no folder.
pub fn entries(folder: &Path) -> Vec<String> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: std::io::Result<fs::DirEntry>| Some(entry.ok()?.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = found.filter_map(name).collect();
    names.sort();
    names
}

/// All files below a folder with their bytes.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in entries(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(rest, bytes)| (format!("{name}/{rest}"), bytes)));
        } else {
            files.insert(name, fs::read(path).expect("a file"));
        }
    }
    files
}

/// The same files with the same bytes; only their names are printed where they differ.
pub fn assert_same_tree(expected: &Path, found: &Path) {
    let (expected, found) = (tree(expected), tree(found));
    assert!(!expected.is_empty(), "nothing to compare with");
    let names = |one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>| {
        let lacking = one.keys().filter(|name| !other.contains_key(*name));
        lacking.cloned().collect::<Vec<String>>()
    };
    assert_eq!(names(&expected, &found), Vec::<String>::new(), "missing");
    assert_eq!(names(&found, &expected), Vec::<String>::new(), "too many");
    let differing: Vec<&String> = expected.keys().filter(|name| expected[*name] != found[*name]).collect();
    assert!(differing.is_empty(), "these files differ: {differing:#?}");
}

/// Waits until something is so while a program runs; `false` when the program ended before.
pub fn wait_until(child: &mut Child, mut so: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if so() {
            return true;
        }
        if child.try_wait().expect("the program's state").is_some() {
            return false;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "the program neither got there nor ended");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Is there a file of this name with something in it, in the work folder of some node?
pub fn in_work(store: &Path, name: &str) -> bool {
    let work = store.join("work");
    let size = |node: &String| fs::metadata(work.join(node).join(name)).map_or(0, |file| file.len());
    entries(&work).iter().any(|node| size(node) > 0)
}

/// A snapshot beside this file.
pub fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A snapshot whose numbers may be off by 2 %: those that are so near to the recorded ones are taken for them. Processors
/// that fuse multiplication and addition, or have wider vectors, differ in the last bits, and a rounded number may lie
/// between two others.
pub fn assert_near_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/run/snapshots/{name}.snap"));
    let recorded = fs::read_to_string(path).unwrap_or_default();
    let recorded = recorded.splitn(3, "---\n").nth(2).unwrap_or_default();
    let near = |old: &str, new: &str| match (old.parse::<f64>(), new.parse::<f64>()) {
        (Ok(old), Ok(new)) => (old - new).abs() <= 0.02 * old.abs(),
        _ => false,
    };
    let old = words(recorded);
    let number_of_words = words(text).len();
    let mut at = 0;
    let settled = with_words(text, |new| {
        let old = old.get(at).filter(|old| number_of_words == words(recorded).len() && near(old, new));
        at += 1;
        old.map(|old| (*old).to_owned())
    });
    assert_snapshot(name, &settled);
}

/// Text whose numbers have at most so many significant digits.
pub fn with_digits(text: &str, digits: usize) -> String {
    with_words(text, |word| {
        let value: f64 = word.parse().ok()?;
        value.is_finite().then(|| significant(value, digits))
    })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '.' || letter == '-'
}

/// The words and numbers of a text, without the full stops after them.
fn words(text: &str) -> Vec<&str> {
    let words = text.split(|letter| !is_word(letter)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| !word.is_empty()).collect()
}

/// The text with other words where `change` has some.
fn with_words(text: &str, mut change: impl FnMut(&str) -> Option<String>) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    for word in words(text) {
        let start = rest.find(word).expect("a word of this text");
        made.push_str(&rest[..start]);
        made.push_str(&change(word).unwrap_or_else(|| word.to_owned()));
        rest = &rest[start + word.len()..];
    }
    made + rest
}

/// A number with so many significant digits, whole numbers too.
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return rounded(value, digits);
    }
    let scale = 10_f64.powi(digits as i32 - 1 - value.abs().log10().floor() as i32);
    rounded((value * scale).round() / scale, digits)
}

/// The output of `kexp plan` and `kexp explain` without keys and seconds.
pub fn without_keys(text: &str) -> String {
    let is_key = |word: &str| matches!(word.len(), 10 | 32) && word.bytes().all(|letter| letter.is_ascii_hexdigit());
    let line = |line: &str| {
        let line = line.split(", took ").next().unwrap_or(line);
        let words = line.split(' ').map(|word| if is_key(word) { "KEY" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    let lines: Vec<String> = text.lines().filter(|line| !line.starts_with("  took ")).map(line).collect();
    lines.join("\n")
}
