//! Generators against known answers, and the promises of training: same bits alone, resumed and side by side; clear
//! errors for wrong input.

use std::cell::Cell;

use kexp::learn::{Checkpoints, LearnError, NoCheckpoints, Session, Settings, Trained, TrainingData, kind, tune};
use kexp::random::Streams;
use kexp::schema::Value;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// The defaults of the schema with some settings changed.
fn settings(changes: &[(&str, Value)]) -> Settings {
    let schema = (kind("cvae").expect("a kind").schema)();
    let mut settings: Settings = schema
        .fields
        .into_iter()
        .filter_map(|field| field.default.map(|default| (field.name.to_owned(), default)))
        .collect();
    settings.insert("kind".into(), Value::choice("cvae", []));
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

fn train(settings: &Settings, data: &TrainingData, seed: u64) -> Result<Trained, LearnError> {
    let mut session =
        Session { checkpoints: &mut NoCheckpoints, stop: &|| false, progress: &mut |_, _, _| {} };
    kind("cvae").expect("a kind").train(settings, data, &Streams::new(seed, "train"), &mut session)
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
/// relative to the known ones, and the mean absolute error of the radius.
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
    let radii = rows.iter().map(|row| (radius(row) - radius_at).abs()).sum::<f64>() / count;
    [worst[0], worst[1], radii]
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
#[ignore = "prints timings"]
fn seconds_of_a_training_at_the_defaults() {
    let mixture = Mixture::new(9, 2000);
    let start = std::time::Instant::now();
    let trained = train(&settings(&[("train.patience", Value::Integer(300))]), &mixture.data, 1).expect("trained");
    println!(
        "{} rows of the history, best epoch {}, loss {:.3}, {} parameters: {:.2} s",
        trained.history.rows(),
        trained.best_epoch,
        trained.validation_loss,
        trained.parameters(),
        start.elapsed().as_secs_f64()
    );
    for condition in [0.1, 0.5, 0.9] {
        println!("{condition}: radius {:.3}, errors {:.3?}", mixture.radius_at(condition), errors(&trained, &mixture, condition));
    }
}

#[test]
#[ignore = "prints errors"]
fn errors_printed() {
    for dimensions in [2, 5] {
        let mixture = Mixture::new(dimensions, 2500);
        for loss in ["gaussian", "continuous_bernoulli", "bce"] {
            let start = std::time::Instant::now();
            let loss = Value::List(vec![
                Value::choice(loss, []),
                Value::choice("kl", [("weight", Value::Number(1.0)), ("anneal", Value::choice("none", []))]),
            ]);
            let trained = train(&small(150, &[("loss", loss.clone())]), &mixture.data, 1).expect("trained");
            println!("{dimensions} {loss:?} {} epochs, best {} loss {:.3} {:.2} s", trained.history.rows() / 2, trained.best_epoch, trained.validation_loss, start.elapsed().as_secs_f64());
            for condition in [0.3, 0.6, 0.9] {
                println!("{condition}: radius {:.3}, errors {:.3?}", mixture.radius_at(condition), errors(&trained, &mixture, condition));
            }
        }
    }
    let _ = Cell::new(0);
    let _: Option<Box<dyn Checkpoints>> = None;
    let mixture = Mixture::new(2, 200);
    let all: Vec<Trained> = (0..2_u64).into_par_iter().map(|_| train(&small(3, &[]), &mixture.data, 1).expect("trained")).collect();
    same(&all[0], &all[1]);
}
