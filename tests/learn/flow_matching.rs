//! Flows against densities that are known, and their promises.

use kexp::learn::archive::Archive;

use super::*;

/// Settings of a flow that trains in seconds, sampled without guidance: what it has learnt itself.
fn flow(changes: &[(&str, Value)]) -> Settings {
    let small = [
        ("width", Value::Integer(64)),
        ("blocks", Value::Integer(3)),
        ("favour", Value::Number(0.0)),
        ("guidance", Value::Number(1.0)),
        ("train.epochs", Value::Integer(60)),
        ("train.lr", Value::Number(2e-3)),
    ];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("flow_matching", &all)
}

/// Rows of a density that is drawn from, with conditions uniform in 0..1 and every fifth row held out.
pub(super) fn rows(
    dimensions: usize,
    count: u64,
    draw: impl Fn(f64, &mut dyn FnMut() -> f64) -> Vec<f64>,
) -> TrainingData {
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
pub(super) fn gaussian(dimensions: usize) -> TrainingData {
    rows(dimensions, 6000, |condition, normal| {
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
pub(super) fn gaussian_errors(trained: &Trained, condition: f64) -> [f64; 2] {
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
pub(super) fn modes() -> TrainingData {
    rows(2, 6000, |condition, normal| {
        // The lower 0.3 of the normal distribution.
        let side = if normal() < -0.5244 { -2.0 } else { 2.0 };
        let spread = 0.2 + 0.4 * condition;
        vec![side + spread * normal(), spread * normal()]
    })
}

/// The share of the first mode, the share of samples beyond four standard deviations of both, and the relative error of
/// the standard deviation within modes.
pub(super) fn mode_errors(trained: &Trained, condition: f64) -> [f64; 3] {
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
        let trained = train(&flow(&[]), &gaussian(dimensions), 1).expect("trained");
        for condition in [0.2, 0.8] {
            let found = gaussian_errors(&trained, condition);
            assert!(found[0] < 0.2 && found[1] < 0.2, "{dimensions} at {condition}: {found:?}");
        }
    }
}

#[test]
fn both_modes_are_covered_by_their_share() {
    let trained = train(&flow(&[]), &modes(), 1).expect("trained");
    for condition in [0.2, 0.8] {
        let [first, astray, spread] = mode_errors(&trained, condition);
        assert!((first - 0.3).abs() < 0.06 && astray < 0.04 && spread.abs() < 0.15, "{first} {astray} {spread}");
    }
}

#[test]
fn a_flow_that_ignores_its_condition_misses_them() {
    let mut data = gaussian(2);
    data.conditions.rotate_left(777);
    let shuffled = train(&flow(&[("train.epochs", Value::Integer(15))]), &data, 1).expect("trained");
    for condition in [0.2, 0.8] {
        let found = gaussian_errors(&shuffled, condition);
        assert!(found[0] > 1.0 && found[1] > 1.0, "{found:?}");
    }
}

/// The same flow, sampled with other settings.
fn sampled_with(trained: &Trained, setting: &str, value: f64) -> Result<Trained, LearnError> {
    let mut archive = Archive::from_bytes(&trained.to_bytes())?;
    archive.description["settings"][setting] = value.into();
    Trained::from_bytes(&archive.to_bytes())
}

#[test]
fn guidance_leads_from_all_rows_through_the_condition_and_beyond() {
    let trained = train(&flow(&[("train.epochs", Value::Integer(15))]), &gaussian(2), 1).expect("trained");
    let [none, learnt, beyond] = [0.0, 1.0, 2.0].map(|guidance| {
        let guided = sampled_with(&trained, "guidance", guidance).expect("a flow");
        let rows = guided.sample(0.2, 2000, &Streams::new(11, "sample")).expect("samples");
        rows.iter().map(|row| row[0]).sum::<f64>() / 2000.0
    });
    let known = mean_of(0, 0.2);
    assert!(none.abs() < 0.2 && (learnt - known).abs() < 0.2 && beyond < learnt - 0.1, "{none} {learnt} {beyond}");
}

/// A training of a fraction of a second.
fn tiny(changes: &[(&str, Value)]) -> Settings {
    let small = [("width", Value::Integer(16)), ("blocks", Value::Integer(2)), ("train.epochs", Value::Integer(9))];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("flow_matching", &all)
}

#[test]
fn samples_depend_neither_on_their_number_nor_on_threads() {
    let trained = train(&tiny(&[]), &Mixture::new(3, 300).data, 1).expect("trained");
    laws::samples_stand_alone(&trained, 700);
}

#[test]
fn trainings_have_the_same_bits_side_by_side_and_resumed() {
    let data = Mixture::new(3, 300).data;
    let settings = tiny(&[("train.patience", Value::Integer(3))]);
    laws::trainings_have_the_same_bits(&settings, &data, &[&[0, 1], &[4], &[2, 3, 1]]);
}

#[test]
fn files_keep_a_flow_and_refuse_what_is_none() {
    let data = Mixture::new(2, 200).data;
    let trained = train(&tiny(&[]), &data, 1).expect("trained");
    let loaded = laws::a_file_keeps_it(&trained);
    assert!(matches!(loaded.embed(&data.rows[..1], &data.conditions[..1]), Err(LearnError::NoLatentSpace(_))));

    let wrong =
        [("width", 1e18), ("width", 32.0), ("blocks", 0.0), ("steps", 1e9), ("guidance", -1.0), ("favour", 1e9)];
    for (setting, value) in wrong {
        assert!(sampled_with(&trained, setting, value).is_err(), "{setting} = {value}");
    }
    for name in ["mean", "deviation", "lower", "output.bias", "block.1.inner.weight"] {
        let mut archive = Archive::from_bytes(&trained.to_bytes()).expect("an archive");
        archive.arrays.remove(name);
        assert!(Trained::from_bytes(&archive.to_bytes()).is_err(), "{name}");
    }
}

#[test]
fn odd_rows_train_and_wrong_settings_are_refused() {
    let mut data = Mixture::new(2, 103).data;
    for row in &mut data.rows {
        row[1] = 5.0;
    }
    let trained = train(&tiny(&[("train.batch", Value::Integer(27))]), &data, 1).expect("trained");
    let streams = Streams::new(1, "sample");
    // The parameter that never varies stays where it is, also where conditions extrapolate.
    for row in trained.sample(-0.25, 300, &streams).expect("rows") {
        assert!(row[0].is_finite() && (row[1] - 5.0).abs() < 0.1, "{row:?}");
    }
    assert!(trained.sample(f64::NAN, 1, &streams).is_err());
    let refused = |changes: &[(&str, Value)]| train(&tiny(changes), &data, 1).expect_err("refused").to_string();
    assert!(refused(&[("label_dropout", Value::Number(0.0))]).contains("`guidance` other than 1"));
    assert!(refused(&[("train.batch", Value::Integer(90))]).contains("larger than the training set"));
    assert!(refused(&[("train.batch", Value::Integer(27)), ("train.lr", Value::Number(1e30))]).contains("diverged"));
}

#[test]
fn the_history_has_what_figures_and_searches_need() {
    let trained = train(&tiny(&[]), &Mixture::new(3, 300).data, 1).expect("trained");
    for name in ["loss", "reconstruction", "kl", "rmse", "pearson", "spearman"] {
        let column = trained.history.numbers(name).expect("a column");
        assert!(column.len() == 18 && column.iter().all(|value| value.is_finite()), "{name}: {column:?}");
    }
    let loss = trained.history.numbers("loss").expect("losses");
    assert!((loss[1] - 2.0).abs() < 0.4 && loss[17] < loss[1], "{loss:?}");
}
