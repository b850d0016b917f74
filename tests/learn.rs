//! Generators against known answers, and the promises of training: same bits alone, resumed and side by side; clear
//! errors for wrong input.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::Cell;

use kexp::learn::{Checkpoints, LearnError, NoCheckpoints, Session, Settings, Trained, TrainingData, kind, tune};
use kexp::random::Streams;
use kexp::schema::Value;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

#[path = "learn/ccgan.rs"]
mod ccgan;
#[path = "learn/flow_matching.rs"]
mod flow_matching;
#[path = "learn/laws.rs"]
mod laws;
#[path = "learn/outside.rs"]
mod outside;
#[path = "learn/recovery.rs"]
mod recovery;
#[path = "learn/spline_flow.rs"]
mod spline_flow;
#[path = "learn/transformer.rs"]
mod transformer;

/// The defaults of a cVAE with some settings changed.
fn settings(changes: &[(&str, Value)]) -> Settings {
    settings_of("cvae", changes)
}

/// The defaults of the schema of a kind with some settings changed.
fn settings_of(name: &str, changes: &[(&str, Value)]) -> Settings {
    let schema = (kind(name).expect("a kind").schema)();
    let mut settings: Settings = schema
        .fields
        .into_iter()
        .filter_map(|field| field.default.map(|default| (field.name.to_owned(), default)))
        .collect();
    settings.insert("kind".into(), Value::choice(name, []));
    for (path, value) in changes {
        tune::apply(&mut settings, path, value.clone()).expect("a setting");
    }
    settings
}

fn small(epochs: i64, more: &[(&str, Value)]) -> Settings {
    let mut changes = vec![
        ("encoder.width", Value::Integer(64)),
        ("decoder.width", Value::Integer(64)),
        ("train.epochs", Value::Integer(epochs)),
    ];
    changes.extend_from_slice(more);
    settings(&changes)
}

/// Enough training for the known answers.
fn quick() -> Settings {
    small(100, &[("train.lr", Value::Number(2e-3))])
}

fn train(settings: &Settings, data: &TrainingData, seed: u64) -> Result<Trained, LearnError> {
    let mut session = Session { checkpoints: &mut NoCheckpoints, stop: &|| false, progress: &mut |_, _, _| {} };
    kexp::learn::train(settings, data, &Streams::new(seed, "train"), &mut session)
}

/// Two Gaussians of standard deviation `SPREAD` in a box of -5 .. 5, far apart along the first axis.
const SPREAD: f64 = 0.5;
const APART: f64 = 2.5;

struct Mixture {
    data: TrainingData,
    /// Least and greatest fval above the lowest, on the scale of the condition.
    ends: [f64; 2],
    best: f64,
}

/// The distance to the nearer centre, which is `r` where the negative log density is r^2 / (2 SPREAD^2) + constant.
fn radius(row: &[f64]) -> f64 {
    let other: f64 = row[1..].iter().map(|value| value * value).sum();
    ((row[0].abs() - APART).powi(2) + other).sqrt()
}

impl Mixture {
    /// Rows around both centres in all directions, at radii uniform in 0 .. 4 SPREAD, conditioned on `log_gap`.
    fn new(dimensions: usize, count: usize) -> Self {
        let streams = Streams::new(7, "mixture");
        let rows: Vec<Vec<f64>> = (0..count as u64)
            .map(|index| {
                let mut stream = streams.stream(index);
                let direction: Vec<f64> = (0..dimensions).map(|_| StandardNormal.sample(&mut stream)).collect();
                let norm = direction.iter().map(|value| value * value).sum::<f64>().sqrt();
                let radius = 4.0 * SPREAD * stream.random::<f64>();
                let side = if stream.random::<bool>() { APART } else { -APART };
                let mut row: Vec<f64> = direction.iter().map(|value| radius * value / norm).collect();
                row[0] += side;
                row
            })
            .collect();
        let fvals: Vec<f64> = rows.iter().map(|row| radius(row).powi(2) / (2.0 * SPREAD * SPREAD)).collect();
        let best = fvals.iter().copied().fold(f64::INFINITY, f64::min);
        let gaps: Vec<f64> = fvals.iter().map(|fval| (fval - best + 0.05).log10()).collect();
        let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
        let most = gaps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let data = TrainingData {
            names: (0..dimensions).map(|index| format!("p{index}")).collect(),
            lower: vec![-5.0; dimensions],
            upper: vec![5.0; dimensions],
            conditions: gaps.iter().map(|gap| (gap - least) / (most - least)).collect(),
            validation: (0..count).map(|index| index % 5 == 0).collect(),
            rows,
        };
        Self { data, ends: [least, most], best }
    }

    /// The radius at a condition.
    fn radius_at(&self, condition: f64) -> f64 {
        let gap = 10_f64.powf(self.ends[0] + condition * (self.ends[1] - self.ends[0])) - 0.05 + self.best;
        SPREAD * (2.0 * gap).sqrt()
    }
}

/// How far the samples at a condition are from the known answer: the absolute error of their mean, of their variances
/// relative to the known ones, and the median absolute error of the radius (a median, as the decoder is continuous and
/// some of its samples lie on the way between the centres).
fn errors(trained: &Trained, mixture: &Mixture, condition: f64) -> [f64; 3] {
    let rows = trained.sample(condition, 2000, &Streams::new(11, "sample")).expect("samples");
    let (dimensions, count, radius_at) = (rows[0].len(), rows.len() as f64, mixture.radius_at(condition));
    let mut worst = [0.0_f64; 2];
    for column in 0..dimensions {
        let mean = rows.iter().map(|row| row[column]).sum::<f64>() / count;
        let variance = rows.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / count;
        let among = if column == 0 { APART * APART } else { 0.0 };
        let known = among + radius_at * radius_at / dimensions as f64;
        worst[0] = worst[0].max(mean.abs());
        worst[1] = worst[1].max((variance / known - 1.0).abs());
    }
    let mut radii: Vec<f64> = rows.iter().map(|row| (radius(row) - radius_at).abs()).collect();
    radii.sort_by(f64::total_cmp);
    [worst[0], worst[1], radii[radii.len() / 2]]
}

fn bits(rows: &[Vec<f64>]) -> Vec<u64> {
    rows.iter().flatten().map(|value| value.to_bits()).collect()
}

fn same(left: &Trained, right: &Trained) {
    assert_eq!(left.to_bytes(), right.to_bytes());
    let streams = Streams::new(5, "same");
    let (a, b) = (left.sample(0.5, 10, &streams).expect("rows"), right.sample(0.5, 10, &streams).expect("rows"));
    assert_eq!(bits(&a), bits(&b));
}

#[test]
fn samples_have_the_mean_and_variance_of_their_condition() {
    for (dimensions, mean, variance) in [(2, 0.3, 0.4), (5, 0.4, 0.5)] {
        let mixture = Mixture::new(dimensions, 2000);
        let trained = train(&quick(), &mixture.data, 1).expect("trained");
        for condition in [0.3, 0.6, 0.9] {
            let found = errors(&trained, &mixture, condition);
            assert!(found[0] < mean && found[1] < variance, "{dimensions} at {condition}: {found:?}");
        }
    }
}

/// Settings with the terms `gaussian + kl(...)`, of which each latent dimension has so many nats free.
fn with_free_bits(epochs: i64, free: f64, more: &[(&str, Value)]) -> Settings {
    let kl =
        [("weight", Value::Number(1.0)), ("anneal", Value::choice("none", [])), ("free_bits", Value::Number(free))];
    let loss = Value::List(vec![Value::choice("gaussian", []), Value::choice("kl", kl)]);
    let changes = [&[("loss", loss), ("train.lr", Value::Number(2e-3))], more].concat();
    small(epochs, &changes)
}

#[test]
fn a_learnt_prior_keeps_the_known_answers() {
    let mixture = Mixture::new(2, 2000);
    let learnt = Value::choice("conditional", [("width", Value::Integer(32))]);
    let trained = train(&small(100, &[("train.lr", Value::Number(2e-3)), ("prior", learnt)]), &mixture.data, 1);
    let trained = trained.expect("trained");
    for condition in [0.3, 0.6, 0.9] {
        let found = errors(&trained, &mixture, condition);
        assert!(found[0] < 0.3 && found[1] < 0.4, "{condition}: {found:?}");
    }
    // Its weights are in the file, and its layers in the graph.
    let loaded = Trained::from_bytes(&trained.to_bytes()).expect("loaded");
    same(&trained, &loaded);
    let graph = trained.graph();
    let fval = graph.nodes.iter().position(|node| node.label == "fval").expect("the condition");
    assert_eq!(graph.edges.iter().filter(|(from, _)| *from == fval).count(), 3);
}

#[test]
fn free_bits_keep_every_latent_dimension_talking() {
    let mixture = Mixture::new(2, 600);
    // The mean over a dimension's rows of the square of the posterior's mean: near 0 where it says nothing.
    let spoken = |free: f64| {
        let trained =
            train(&with_free_bits(40, free, &[("latent", Value::Integer(6))]), &mixture.data, 1).expect("trained");
        let latents = trained.embed(&mixture.data.rows, &mixture.data.conditions).expect("latents");
        let square = |at: usize| latents.iter().map(|row| row[at] * row[at]).sum::<f64>() / latents.len() as f64;
        ((0..6).filter(|&at| square(at) > 0.1).count(), trained)
    };
    let ((silent, _), (all, trained)) = (spoken(0.0), spoken(0.5));
    assert!(silent < 6 && all == 6, "{silent} of 6 without, {all} with free bits");
    // What is free is in the loss all the same.
    assert!(trained.history.numbers("kl").expect("divergences").iter().all(|kl| *kl >= 3.0 - 1e-4));
}

#[test]
fn settings_that_came_later_leave_files_as_they_were() {
    let mixture = Mixture::new(2, 200);
    let mut before = small(2, &[]);
    before.remove("prior");
    for network in ["encoder", "decoder"] {
        if let Some(Value::Choice(_, fields)) = before.get_mut(network) {
            fields.remove("widths");
        }
    }
    let (old, new) = (train(&before, &mixture.data, 1).expect("trained"), train(&small(2, &[]), &mixture.data, 1));
    let bytes = new.expect("trained").to_bytes();
    assert_eq!(old.to_bytes(), bytes);
    let text = String::from_utf8_lossy(&bytes);
    assert!(!["prior", "free_bits", "widths"].iter().any(|word| text.contains(word)));
}

#[test]
fn widths_are_those_of_each_block() {
    let widths = |widths: &[i64]| Value::List(widths.iter().copied().map(Value::Integer).collect());
    let changes = [("encoder.widths", widths(&[32, 16])), ("decoder.widths", widths(&[16, 32, 8]))];
    let trained = train(&small(2, &changes), &Mixture::new(2, 200).data, 1).expect("trained");
    let graph = trained.graph();
    let layers: Vec<&str> =
        graph.nodes.iter().filter(|node| node.label == "Gemm").map(|node| node.detail.as_str()).collect();
    assert_eq!(layers, ["3 → 32", "32 → 16", "16 → 16", "9 → 16", "16 → 32", "32 → 8", "8 → 4"]);
}

#[test]
fn a_generator_that_ignores_its_condition_misses_them() {
    let mut mixture = Mixture::new(2, 2000);
    let mut shuffled = mixture.data.conditions.clone();
    shuffled.rotate_left(777);
    mixture.data.conditions = shuffled;
    let trained = train(&quick(), &mixture.data, 1).expect("trained");
    let [near, middle] = [0.3, 0.6].map(|condition| errors(&trained, &mixture, condition));
    assert!(near[1] > 4.0 && middle[1] > 1.0 && near[2] > 0.5, "{near:?} {middle:?}");
}

#[test]
fn repeated_and_concurrent_trainings_have_the_same_bits() {
    let mixture = Mixture::new(3, 300);
    let settings = small(4, &[]);
    let one = train(&settings, &mixture.data, 1).expect("trained");
    let all: Vec<Trained> = (0..4_u64)
        .into_par_iter()
        .map(|seed| train(&settings, &mixture.data, 1 + seed % 2).expect("trained"))
        .collect();
    same(&one, &all[0]);
    same(&all[0], &all[2]);
    same(&all[1], &all[3]);
    assert_ne!(all[0].to_bytes(), all[1].to_bytes());
}

/// Keeps the last checkpoint in memory, and one every `every` epochs.
#[derive(Default)]
struct Memory {
    last: Option<Vec<u8>>,
    every: usize,
}

impl Checkpoints for Memory {
    fn load(&mut self) -> Option<Vec<u8>> {
        self.last.clone()
    }

    fn save(&mut self, bytes: &[u8]) {
        self.last = Some(bytes.to_vec());
    }

    fn due(&mut self, epochs: usize) -> bool {
        self.every > 0 && epochs.is_multiple_of(self.every)
    }
}

/// Trains with these checkpoints until `most` more epochs are done.
fn interrupted(
    settings: &Settings,
    data: &TrainingData,
    checkpoints: &mut Memory,
    most: usize,
) -> Result<Trained, LearnError> {
    let left = Cell::new(most);
    let stop = || left.get() == 0;
    let mut progress = |_, _, _| left.set(left.get() - 1);
    let mut session = Session { checkpoints, stop: &stop, progress: &mut progress };
    kexp::learn::train(settings, data, &Streams::new(1, "train"), &mut session)
}

#[test]
fn a_resumed_training_has_the_same_bits() {
    let mixture = Mixture::new(3, 300);
    let loss = Value::List(vec![
        Value::choice("continuous_bernoulli", []),
        Value::choice(
            "kl",
            [("weight", Value::Number(0.5)), ("anneal", Value::choice("cyclical", [("cycles", Value::Integer(2))]))],
        ),
    ]);
    let settings = small(9, &[("loss", loss), ("train.patience", Value::Integer(3))]);
    let whole = train(&settings, &mixture.data, 1).expect("trained");
    for cuts in [vec![0, 1], vec![4], vec![2, 3, 1]] {
        let mut checkpoints = Memory::default();
        for cut in cuts {
            let stopped = interrupted(&settings, &mixture.data, &mut checkpoints, cut);
            assert!(matches!(stopped, Err(LearnError::Interrupted { .. })));
        }
        let resumed = interrupted(&settings, &mixture.data, &mut checkpoints, 100).expect("trained");
        assert!(resumed.warnings.is_empty(), "{:?}", resumed.warnings);
        same(&whole, &resumed);
    }
    // A kill leaves the last checkpoint that was due, here that of epoch 4.
    let mut checkpoints = Memory { last: None, every: 4 };
    let _ = train_and_forget(&settings, &mixture.data, &mut checkpoints);
    same(&whole, &interrupted(&settings, &mixture.data, &mut checkpoints, 100).expect("trained"));
}

/// Pauses after so many epochs, and goes on from the last checkpoint.
struct Rungs {
    memory: Memory,
    pause: usize,
}

impl Checkpoints for Rungs {
    fn load(&mut self) -> Option<Vec<u8>> {
        self.memory.load()
    }

    fn save(&mut self, bytes: &[u8]) {
        self.memory.save(bytes);
    }

    fn due(&mut self, _epochs: usize) -> bool {
        false
    }

    fn pause(&self) -> Option<usize> {
        Some(self.pause)
    }
}

#[test]
fn a_training_that_pauses_goes_on_with_the_same_bits() {
    let mixture = Mixture::new(3, 300);
    // The second one ends by its patience before the last rung.
    for (epochs, patience) in [(9, 9), (30, 1)] {
        let rate = if patience == 1 { 1e-2 } else { 1e-3 };
        let more = [("train.patience", Value::Integer(patience)), ("train.lr", Value::Number(rate))];
        let settings = small(epochs, &more);
        let whole = train(&settings, &mixture.data, 1).expect("trained");
        let mut rungs = Rungs { memory: Memory::default(), pause: 1 };
        for pause in [1, 3, 9, 30] {
            rungs.pause = pause;
            let mut session = Session { checkpoints: &mut rungs, stop: &|| false, progress: &mut |_, _, _| {} };
            let paused = kexp::learn::train(&settings, &mixture.data, &Streams::new(1, "train"), &mut session);
            let paused = paused.expect("trained");
            assert!(paused.warnings.is_empty(), "{:?}", paused.warnings);
            // What is there so far is what the whole training had by then.
            let done = paused.history.rows();
            assert_eq!(done, (2 * pause).min(whole.history.rows()));
            let losses = |trained: &Trained| trained.history.numbers("loss").expect("losses")[..done].to_vec();
            assert_eq!(losses(&paused), losses(&whole));
            if done == whole.history.rows() {
                same(&whole, &paused);
            }
        }
    }
}

/// Trains for six epochs, and then loses what the stop would have saved.
fn train_and_forget(settings: &Settings, data: &TrainingData, checkpoints: &mut Memory) -> Result<Trained, LearnError> {
    let before = Cell::new(0);
    let stop = || before.get() == 4;
    let mut progress = |epochs, _, _| before.set(epochs);
    let mut session = Session { checkpoints, stop: &stop, progress: &mut progress };
    kexp::learn::train(settings, data, &Streams::new(1, "train"), &mut session)
}

#[test]
fn damaged_and_foreign_checkpoints_are_ignored_with_a_warning() {
    let mixture = Mixture::new(2, 200);
    let settings = small(3, &[]);
    let whole = train(&settings, &mixture.data, 1).expect("trained");
    let mut checkpoints = Memory { last: None, every: 2 };
    interrupted(&settings, &mixture.data, &mut checkpoints, 2).expect_err("stopped");
    let good = checkpoints.last.clone().expect("a checkpoint");
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let mut foreign = Memory { last: None, every: 0 };
    interrupted(&small(5, &[]), &mixture.data, &mut foreign, 2).expect_err("stopped");
    let broken =
        [flipped, good[..good.len() - 9].to_vec(), Vec::new(), vec![0xff; 64], foreign.last.expect("a checkpoint")];
    for bytes in broken {
        let mut checkpoints = Memory { last: Some(bytes), every: 0 };
        let trained = interrupted(&settings, &mixture.data, &mut checkpoints, 100).expect("trained");
        assert_eq!(trained.warnings.len(), 1);
        same(&whole, &trained);
    }
}

#[test]
fn files_keep_a_generator_and_refuse_damage() {
    let mixture = Mixture::new(2, 200);
    for loss in ["gaussian", "bce", "continuous_bernoulli"] {
        let kl = Value::choice("kl", [("weight", Value::Number(1.0)), ("anneal", Value::choice("none", []))]);
        let settings = small(3, &[("loss", Value::List(vec![Value::choice(loss, []), kl]))]);
        let trained = train(&settings, &mixture.data, 1).expect("trained");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cvae.safetensors");
        trained.save(&path).expect("saved");
        let loaded = Trained::load(&path).expect("loaded");
        same(&trained, &loaded);
        assert_eq!(trained.history.to_csv(), loaded.history.to_csv());
        assert_eq!(trained.history.column("entropy").is_some(), loss == "bce");
        assert_eq!((trained.best_epoch, trained.parameters()), (loaded.best_epoch, loaded.parameters()));
        assert_eq!(trained.validation_loss.to_bits(), loaded.validation_loss.to_bits());
        let rows = &mixture.data.rows[..5];
        let latent = trained.embed(rows, &mixture.data.conditions[..5]).expect("latents");
        assert_eq!((latent.len(), latent[0].len()), (5, 8));
        assert_eq!(bits(&latent), bits(&loaded.embed(rows, &mixture.data.conditions[..5]).expect("latents")));

        let bytes = trained.to_bytes();
        for at in (0..bytes.len()).step_by(bytes.len() / 97) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x20;
            assert!(Trained::from_bytes(&damaged).is_err(), "a flipped bit at {at} is not seen");
            assert!(Trained::from_bytes(&bytes[..at]).is_err());
        }
    }
    assert!(matches!(Trained::load(std::path::Path::new("/nonexistent")), Err(LearnError::File(_))));
}

#[test]
fn hostile_files_are_refused() {
    use kexp::learn::archive::{Archive, Array};
    let mixture = Mixture::new(2, 200);
    let trained = train(&small(2, &[]), &mixture.data, 1).expect("trained");
    let honest = Archive::from_bytes(&trained.to_bytes()).expect("an archive");
    // These carry right checksums: whoever writes them can compute one.
    let refused = |what: &str, change: &dyn Fn(&mut Archive)| {
        let mut archive = honest.clone();
        change(&mut archive);
        assert!(Trained::from_bytes(&archive.to_bytes()).is_err(), "{what}");
    };
    refused("another kind", &|archive| archive.description["kind"] = "gan".into());
    refused("another format", &|archive| archive.description["format"] = "1".into());
    refused("absurd depth", &|archive| {
        archive.description["settings"]["encoder"]["mlp"]["depth"] = (1_u64 << 60).into();
    });
    refused("absurd width", &|archive| archive.description["settings"]["decoder"]["mlp"]["width"] = u64::MAX.into());
    refused("absurd latent", &|archive| archive.description["settings"]["latent"] = 1_000_000_000.into());
    refused("another width", &|archive| archive.description["settings"]["encoder"]["mlp"]["width"] = 32.into());
    refused("no settings", &|archive| archive.description["settings"] = ().into());
    refused("no description", &|archive| archive.description = "".into());
    refused("more names", &|archive| archive.description["names"] = ["a", "b", "c"].into_iter().collect());
    refused("bounds upside down", &|archive| {
        archive.arrays.insert("lower".into(), Array::Double(vec![2], vec![9.0, 9.0]));
    });
    refused("a weight that is NaN", &|archive| {
        if let Some(Array::Single(_, values)) = archive.arrays.get_mut("encoder.head.weight") {
            values[0] = f32::NAN;
        }
    });
    refused("a missing array", &|archive| {
        archive.arrays.remove("decoder.head.bias");
    });
    refused("a shorter history", &|archive| {
        archive.arrays.insert("history.kl".into(), Array::Double(vec![1], vec![0.0]));
    });
    refused("no loss", &|archive| {
        archive.arrays.remove("validation_loss");
    });
}

#[test]
fn wrong_data_gives_clear_errors() {
    let good = Mixture::new(2, 100).data;
    let refused = |change: &dyn Fn(&mut TrainingData), more: &[(&str, Value)]| {
        let mut data = good.clone();
        change(&mut data);
        train(&small(2, more), &data, 1).expect_err("wrong data").to_string()
    };
    let batch = [("train.batch", Value::Integer(81))];
    let cases: Vec<(String, &str)> = vec![
        (
            refused(&|_| {}, &batch),
            "a batch of 81 is larger than the training set of 80 rows; set `train.batch` to at most 80",
        ),
        (refused(&|data| data.validation.fill(false), &[]), "none of the 100 rows is held out"),
        (refused(&|data| data.validation.fill(true), &[]), "all 100 rows are held out"),
        (
            refused(&|data| data.rows[7][1] = f64::NAN, &[]),
            "row 7 (counted from 0) has a value of `p1` that is not finite",
        ),
        (refused(&|data| data.conditions[3] = f64::INFINITY, &[]), "row 3 (counted from 0) has a value of `condition`"),
        (refused(&|data| data.conditions.fill(f64::NAN), &[]), "no row with a finite fval"),
        (
            refused(&|data| (data.rows, data.conditions, data.validation) = <_>::default(), &[]),
            "no row with a finite fval",
        ),
        (
            refused(&|data| data.rows[2][0] = 5.5, &[]),
            "row 2 (counted from 0) has `p0` = 5.5 outside its bounds -5 .. 5",
        ),
        (refused(&|data| data.upper[0] = -5.0, &[]), "the bounds of `p0` are -5 .. -5"),
        (refused(&|data| data.lower[1] = f64::NEG_INFINITY, &[]), "the bounds of `p1`"),
        (refused(&|data| data.rows[4] = vec![0.0], &[]), "values in row 4: 1 where 2 were expected"),
        (refused(&|data| data.conditions.truncate(5), &[]), "conditions: 5 where 100 were expected"),
        (refused(&|_| {}, &[("loss", Value::List(vec![Value::choice("bce", [])]))]), "plus one kl"),
        (refused(&|_| {}, &[("train.batch", Value::Integer(1))]), "at least 2 rows"),
        (
            refused(&|_| {}, &[("prior", Value::choice("conditional", [("width", Value::Integer(0))]))]),
            "`prior.width` is 0",
        ),
        (refused(&|_| {}, &[("encoder.widths", Value::List(vec![]))]), "the number of encoder.widths"),
        (refused(&|_| {}, &[("loss.kl.free_bits", Value::Number(-1.0))]), "`loss.kl.free_bits` is -1"),
        (refused(&|_| {}, &[("encoder.layers", Value::List(vec![Value::choice("relu", [])]))]), "need a `gemm`"),
        (refused(&|_| {}, &[("train.batch", Value::Integer(80)), ("train.lr", Value::Number(1e30))]), "diverged"),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "`{found}` does not say `{expected}`");
    }
}

#[test]
fn constant_rows_and_odd_batches_train() {
    let mut data = Mixture::new(2, 103).data;
    for row in &mut data.rows {
        row[1] = 5.0;
    }
    let layers = Value::List(["batch_norm", "gemm", "relu"].map(|name| Value::choice(name, [])).to_vec());
    let changes = [("train.batch", Value::Integer(27)), ("encoder.layers", layers), ("latent", Value::Integer(1))];
    let trained = train(&small(20, &changes), &data, 1).expect("trained");
    let rows = trained.sample(-0.25, 20, &Streams::new(1, "sample")).expect("rows");
    assert!(rows.iter().flatten().all(|value| value.is_finite()));
    assert!(trained.sample(f64::NAN, 1, &Streams::new(1, "sample")).is_err());
    assert!(trained.sample(0.0, 0, &Streams::new(1, "sample")).expect("no rows").is_empty());
}

#[test]
fn the_graph_feeds_the_condition_to_encoder_and_decoder() {
    let trained = train(&small(1, &[]), &Mixture::new(2, 200).data, 1).expect("trained");
    let graph = trained.graph();
    let fval = graph.nodes.iter().position(|node| node.label == "fval").expect("the condition");
    let fed: Vec<&str> =
        graph.edges.iter().filter(|(from, _)| *from == fval).map(|(_, to)| graph.nodes[*to].group.as_str()).collect();
    assert_eq!(fed, ["encoder", "decoder"]);
    for label in ["Gemm", "BatchNorm", "ReLU"] {
        assert!(graph.nodes.iter().filter(|node| node.label == label).count() >= 4, "{label}");
    }
}
