//! One measurement of training or sampling a generator, as one line of JSON: `benches/peers/training.py` lets it and
//! `PyTorch` take turns.
//!
//! `generators train EPOCHS` trains the cVAE 10-256-128-8 on batches of 128 rows, on one thread, and prints rows a second
//! after the first epoch; `generators sample COUNT THREADS` draws vectors of 100 parameters from a flow with the default
//! settings. Both print the processor time of the process beside.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::cell::Cell;
use std::time::Instant;

use kexp::learn::{NoCheckpoints, Session, Settings, Trained, TrainingData, kind, train, tune};
use kexp::random::Streams;
use kexp::schema::Value;
use rand::RngExt;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["train", epochs] => training(epochs.parse().unwrap()),
        ["sample", count, threads] => sampling(count.parse().unwrap(), threads.parse().unwrap()),
        // What `cargo bench` does without further words: a short one of each.
        _ => {
            training(5);
            sampling(1280, 1);
        }
    }
}

/// Rows in training and validation, as `training.py` has them.
const ROWS: usize = 10_000;

fn training(epochs: i64) {
    let widths = |widths: [i64; 2]| Value::List(widths.map(Value::Integer).to_vec());
    let settings = settings(
        "cvae",
        &[
            ("encoder.widths", widths([256, 128])),
            ("decoder.widths", widths([128, 256])),
            ("train.epochs", Value::Integer(epochs)),
            ("train.patience", Value::Integer(epochs)),
        ],
    );
    let data = data(10, ROWS);
    let begin = Cell::new(None);
    trained(&settings, &data, &mut |done, _, _| {
        if done == 1 {
            begin.set(Some((Instant::now(), processor_seconds())));
        }
    });
    let (started, processor) = begin.get().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let rows = (epochs - 1) as f64 * data.validation.iter().filter(|held_out| !**held_out).count() as f64;
    println!(
        "{}",
        serde_json::json!({ "rows_per_second": rows / seconds, "processor_seconds": processor_seconds() - processor,
            "seconds": seconds })
    );
}

fn sampling(count: usize, threads: usize) {
    let settings = settings("flow_matching", &[("train.epochs", Value::Integer(1))]);
    let flow = trained(&settings, &data(100, 1000), &mut |_, _, _| {});
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let sample = |count: usize| pool.install(|| flow.sample(0.0, count, &Streams::new(1, "sample")).unwrap());
    sample(128 * threads);
    let (started, processor) = (Instant::now(), processor_seconds());
    let rows = sample(count);
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{}",
        serde_json::json!({ "vectors_per_second": rows.len() as f64 / seconds,
            "processor_seconds": processor_seconds() - processor, "seconds": seconds })
    );
}

/// The defaults of a kind with some settings changed.
fn settings(name: &str, changes: &[(&str, Value)]) -> Settings {
    let fields = (kind(name).unwrap().schema)().fields;
    let mut settings: Settings =
        fields.into_iter().filter_map(|field| Some((field.name.to_owned(), field.default?))).collect();
    settings.insert("kind".into(), Value::choice(name, []));
    for (path, value) in changes {
        tune::apply(&mut settings, path, value.clone()).unwrap();
    }
    settings
}

/// Uniform rows; every tenth is held out.
fn data(dimensions: usize, rows: usize) -> TrainingData {
    let streams = Streams::new(1, "rows");
    let mut stream = streams.stream(0);
    TrainingData {
        names: (0..dimensions).map(|index| format!("p{index}")).collect(),
        lower: vec![0.0; dimensions],
        upper: vec![1.0; dimensions],
        rows: (0..rows).map(|_| (0..dimensions).map(|_| stream.random()).collect()).collect(),
        conditions: (0..rows).map(|_| stream.random()).collect(),
        validation: (0..rows).map(|index| index % 10 == 0).collect(),
    }
}

fn trained(settings: &Settings, data: &TrainingData, progress: &mut dyn FnMut(usize, usize, f64)) -> Trained {
    let mut session = Session { checkpoints: &mut NoCheckpoints, stop: &|| false, progress };
    train(settings, data, &Streams::new(1, "train"), &mut session).unwrap()
}

/// What all threads of this process have computed so far, in user mode, in seconds; Linux counts hundredths.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = text.rsplit_once(')').unwrap().1;
    after.split_whitespace().nth(11).unwrap().parse::<f64>().unwrap() / 100.0
}
