//! Mutated input: experiments and models are cut, spliced, repeated and garbled, and reading them never panics, never
//! hangs, and either gives a result or says why not.
//!
//! By default a fixed number of cases from a fixed seed. For a long hunt, with new cases each time:
//!
//!     KEXP_FUZZ_SECONDS=600 cargo test --release --test fuzz -- --nocapture
//!
//! A case that fails is kept in the system's temporary folder, and its path is printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kexp::diagnostic::{Severity, Sources, render};
use kexp::plan::resolve::{Options, load};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

/// Cases of each kind when no time is given.
const CASES: usize = 400;
/// No input of a few thousand bytes may take longer.
const LONGEST: Duration = Duration::from_secs(20);

/// Words that mean something to one of the readers.
const WORDS: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "..",
    "=",
    ",",
    ";",
    "//",
    "->",
    "<->",
    "1e999",
    "-",
    "^",
    "nan",
    "inf",
    "\u{0}",
    "\u{feff}",
    "ä",
    "<",
    ">",
    "/>",
    "</math>",
    "<apply>",
    "<ci>x</ci>",
    "<cn>1e400</cn>",
    "&lt;",
    "&x;",
    "<!DOCTYPE x [<!ENTITY x \"x\">]>",
    "id=\"S1\"",
    "<piecewise/>",
    "<lambda>",
    "<event>",
    "level=\"9\"",
    "0",
];

#[test]
fn experiments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.kexp");
    let seeds = texts(&["experiments", "tests/plan", "tests/syntax", "tests/run"], "kexp");
    hunt("experiments", &seeds, move |text| {
        std::fs::write(&path, text).unwrap();
        // A text may come to name a collection.
        let loaded = load(&path, &Options { offline: true, ..Options::default() });
        let wrong = loaded.diagnostics.iter().any(|one| one.severity == Severity::Error);
        assert_eq!(loaded.experiment.is_none(), wrong, "neither a result nor an error");
        let _ = render(&loaded.sources, &loaded.diagnostics, false);
        if let Some(experiment) = loaded.experiment {
            let _ = kexp::plan::expand::expand(&experiment);
        }
    });
}

#[test]
fn models() {
    let mut folders = vec![PathBuf::from("tests")];
    let shared = std::env::var_os("KEXP_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    folders.push(shared.join("sbml-suite"));
    let folders: Vec<&str> = folders.iter().filter_map(|folder| folder.to_str()).collect();
    let seeds = texts(&folders, "xml");
    hunt("models", &seeds, |text| {
        let mut sources = Sources::default();
        let file = sources.add("case.xml", text);
        let read = kexp::import::sbml::read(file, text, &mut kexp::import::sbml::alone);
        let wrong = read.diagnostics.iter().any(|one| one.severity == Severity::Error);
        assert_eq!(read.network.is_none(), wrong, "neither a result nor an error");
        let _ = render(&sources, &read.diagnostics, false);
    });
}

/// Texts of files of a kind below some folders, at most 300, short ones only.
fn texts(folders: &[&str], extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    while let Some(path) = open.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            entries.sort();
            open.extend(entries);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
    let step = found.len().div_ceil(300).max(1);
    let texts = found.iter().step_by(step).filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter(|text| text.len() < 20_000).collect()
}

/// Tries mutated seeds one after another in a thread of its own, and watches over it.
fn hunt(name: &str, seeds: &[String], case: impl Fn(&str) + Send + 'static) {
    assert!(!seeds.is_empty(), "no {name} to start from");
    let seconds: Option<u64> = std::env::var("KEXP_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let start = Instant::now();
    let seed = seconds.map_or(20_221_014, |_| std::process::id().into());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (to_worker, cases) = mpsc::sync_channel::<String>(0);
    let (to_watcher, done) = mpsc::channel();
    let worker = std::thread::Builder::new().stack_size(8 << 20);
    let worker = worker.spawn(move || {
        for text in cases {
            case(&text);
            to_watcher.send(()).unwrap();
        }
    });
    let worker = worker.unwrap();
    let mut tried = 0;
    while seconds.map_or(tried < CASES, |seconds| start.elapsed() < Duration::from_secs(seconds)) {
        let text = mutated(seeds, &mut random);
        to_worker.send(text.clone()).unwrap();
        match done.recv_timeout(LONGEST) {
            Ok(()) => tried += 1,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a case of {name} hangs: {}", kept(name, &text)),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                panic!("a case of {name} panics: {} {:?}", kept(name, &text), worker.join().is_err())
            }
        }
    }
    println!("{tried} cases of {name} in {:.0} s", start.elapsed().as_secs_f64());
}

fn kept(name: &str, text: &str) -> String {
    let path: &Path = &std::env::temp_dir().join(format!("kexp-fuzz-{name}-{}", std::process::id()));
    std::fs::write(path, text).unwrap();
    path.display().to_string()
}

/// A seed after a few cuts, splices, repetitions and garbled letters.
fn mutated(seeds: &[String], random: &mut ChaCha8Rng) -> String {
    let mut pick = |below: usize| random.random_range(0..below.max(1));
    let mut text: Vec<char> = seeds[pick(seeds.len())].chars().collect();
    for _ in 0..=pick(6) {
        let (a, b) = (pick(text.len() + 1), pick(text.len() + 1));
        let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 200));
        match pick(7) {
            0 => drop(text.drain(start..end)),
            1 => text.truncate(start.max(1)),
            2 => {
                let part: Vec<char> = text[start..end].to_vec();
                let times = 1 + pick(40);
                let at = pick(text.len() + 1);
                text.splice(at..at, part.iter().copied().cycle().take(part.len() * times));
            }
            3 => {
                let other: Vec<char> = seeds[pick(seeds.len())].chars().collect();
                let from = pick(other.len() + 1);
                let part = other[from..(from + 400).min(other.len())].to_vec();
                text.splice(start..start, part);
            }
            4 if start < text.len() => {
                text[start] = char::from_u32(pick(0x250) as u32).unwrap_or(' ');
            }
            5 => {
                let word = WORDS[pick(WORDS.len())];
                text.splice(start..start, word.chars());
            }
            _ => {
                let part = text[start..end].iter().rev().copied().collect::<Vec<_>>();
                text.splice(start..end, part);
            }
        }
        text.truncate(100_000);
    }
    text.into_iter().collect()
}
