//! Flows against densities that are known, and their promises.

use super::*;

/// Settings of a flow that trains in seconds, sampled without guidance: what it has learnt itself.
fn flow(changes: &[(&str, Value)]) -> Settings {
    let small = [
        ("width", Value::Integer(64)),
        ("blocks", Value::Integer(3)),
        ("favour", Value::Number(0.0)),
        ("guidance", Value::Number(1.0)),
        ("train.epochs", Value::Integer(120)),
        ("train.lr", Value::Number(2e-3)),
    ];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("flow_matching", &all)
}

/// Rows of a density that is drawn from, with conditions uniform in 0..1 and every fifth row held out.
fn rows(dimensions: usize, count: u64, draw: impl Fn(f64, &mut dyn FnMut() -> f64) -> Vec<f64>) -> TrainingData {
    let streams = Streams::new(3, "flow");
    let mut data = TrainingData {
        names: (0..dimensions).map(|index| format!("p{index}")).collect(),
        lower: vec![-5.0; dimensions],
        upper: vec![5.0; dimensions],
        rows: Vec::new(),
        conditions: Vec::new(),
        validation: (0..count).map(|index| index % 5 == 0).collect(),
    };
    for index in 0..count {
        let mut stream = streams.stream(index);
        let condition: f64 = stream.random();
        let row = draw(condition, &mut || StandardNormal.sample(&mut stream));
        data.rows.push(row.iter().map(|value| value.clamp(-5.0, 5.0)).collect());
        data.conditions.push(condition);
    }
    data
}

/// A Gaussian of standard deviation 0.5 and correlation 0.6 of neighbours, whose mean moves by 3 over the conditions.
fn gaussian(dimensions: usize) -> TrainingData {
    rows(dimensions, 3000, |condition, normal| {
        let mut last = normal();
        (0..dimensions)
            .map(|index| {
                if index > 0 {
                    last = 0.6 * last + 0.8 * normal();
                }
                mean_of(index, condition) + 0.5 * last
            })
            .collect()
    })
}

fn mean_of(index: usize, condition: f64) -> f64 {
    let side = if index.is_multiple_of(2) { 1.0 } else { -1.0 };
    side * 3.0 * (condition - 0.5)
}

/// The largest errors of the mean, in standard deviations, and of the covariance, in variances.
fn gaussian_errors(trained: &Trained, condition: f64) -> [f64; 2] {
    let samples = trained.sample(condition, 4000, &Streams::new(11, "sample")).expect("samples");
    let (dimensions, count) = (samples[0].len(), samples.len() as f64);
    let mean: Vec<f64> =
        (0..dimensions).map(|index| samples.iter().map(|row| row[index]).sum::<f64>() / count).collect();
    let mut worst = [0.0_f64; 2];
    for i in 0..dimensions {
        worst[0] = worst[0].max((mean[i] - mean_of(i, condition)).abs() / 0.5);
        for j in 0..dimensions {
            let found = samples.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / count;
            let known = 0.25 * 0.6_f64.powi(i.abs_diff(j) as i32);
            worst[1] = worst[1].max((found - known).abs() / 0.25);
        }
    }
    worst
}

/// Two modes at -2 and 2 of the first parameter, of which the first has a share of 0.3, with a standard deviation of
/// 0.2 at the condition 0 and 0.6 at 1.
fn modes() -> TrainingData {
    rows(2, 3000, |condition, normal| {
        // The lower 0.3 of the normal distribution.
        let side = if normal() < -0.5244 { -2.0 } else { 2.0 };
        let spread = 0.2 + 0.4 * condition;
        vec![side + spread * normal(), spread * normal()]
    })
}

/// The share of the first mode, the share of samples beyond four standard deviations of both, and the relative error of
/// the standard deviation within modes.
fn mode_errors(trained: &Trained, condition: f64) -> [f64; 3] {
    let samples = trained.sample(condition, 4000, &Streams::new(11, "sample")).expect("samples");
    let spread = 0.2 + 0.4 * condition;
    let count = samples.len() as f64;
    let radius = |row: &Vec<f64>| ((row[0].abs() - 2.0).powi(2) + row[1].powi(2)).sqrt() / spread;
    let near: Vec<f64> = samples.iter().map(radius).filter(|radius| *radius < 4.0).collect();
    // In two dimensions the mean squared radius is 2.
    let found = (near.iter().map(|radius| radius * radius).sum::<f64>() / near.len() as f64 / 2.0).sqrt();
    [samples.iter().filter(|row| row[0] < 0.0).count() as f64 / count, 1.0 - near.len() as f64 / count, found - 1.0]
}

#[test]
fn gaussians_keep_their_mean_and_covariance() {
    for dimensions in [2, 10] {
        let started = std::time::Instant::now();
        let trained = train(&flow(&[]), &gaussian(dimensions), 1).expect("trained");
        eprintln!("{:?} best {} {}", started.elapsed(), trained.best_epoch, trained.validation_loss);
        for condition in [0.2, 0.8] {
            let found = gaussian_errors(&trained, condition);
            eprintln!("{dimensions} at {condition}: {found:?} {:?}", started.elapsed());
        }
    }
}

#[test]
fn both_modes_are_covered_by_their_share() {
    let started = std::time::Instant::now();
    let trained = train(&flow(&[]), &modes(), 1).expect("trained");
    eprintln!("{:?} best {} {}", started.elapsed(), trained.best_epoch, trained.validation_loss);
    for condition in [0.2, 0.8] {
        let found = mode_errors(&trained, condition);
        eprintln!("{condition}: {found:?}");
    }
}
