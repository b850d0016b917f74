//! Spline flows against densities that are known, and their promises.

use std::f64::consts::PI;

use kexp::learn::archive::Archive;

use super::flow_matching::{gaussian, gaussian_errors, mode_errors, modes, rows};
use super::*;

/// Settings that train in seconds.
///
/// The noise beyond the tails, where nothing is bent, is led to the ends of all rows, whatever the condition: of a
/// standard normal 0.3 % lie beyond 3 and hardly any beyond 5. At 3 they add up to 0.4 to a variance of 1 at a
/// condition, which the tests of moments would see; shares of modes are tested at the default.
fn flow(changes: &[(&str, Value)]) -> Settings {
    let small = [
        ("width", Value::Integer(48)),
        ("blocks", Value::Integer(1)),
        ("tail", Value::Number(5.0)),
        ("train.epochs", Value::Integer(20)),
        ("train.lr", Value::Number(3e-3)),
    ];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("spline_flow", &all)
}

/// A training of a fraction of a second.
fn tiny(changes: &[(&str, Value)]) -> Settings {
    let small =
        [("width", Value::Integer(16)), ("train.epochs", Value::Integer(5)), ("train.batch", Value::Integer(64))];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    flow(&all)
}

/// The logarithm of the density of `gaussian(2)` at a row.
fn log_gaussian(row: &[f64], condition: f64) -> f64 {
    let (a, b) = ((row[0] - 3.0 * (condition - 0.5)) / 0.5, (row[1] + 3.0 * (condition - 0.5)) / 0.5);
    let determinant = 1.0 - 0.6 * 0.6;
    let square = (a * a - 2.0 * 0.6 * a * b + b * b) / determinant;
    -0.5 * square - 0.5 * f64::ln(determinant) - (2.0 * PI * 0.25).ln()
}

#[test]
fn gaussians_keep_their_moments_and_their_density() {
    let data = gaussian(2);
    let trained = train(&flow(&[]), &data, 1).expect("trained");
    for condition in [0.2, 0.8] {
        let found = gaussian_errors(&trained, condition);
        assert!(found[0] < 0.2 && found[1] < 0.25, "{condition}: {found:?}");
        // Samples of the known density, of which the flow must say what it is: the mean difference is the divergence.
        let known: Vec<Vec<f64>> = {
            let mut stream = Streams::new(5, "known").stream((condition * 10.0) as u64);
            let mut normal = || -> f64 { StandardNormal.sample(&mut stream) };
            let draw = |_| {
                let first = normal();
                let second = 0.6 * first + 0.8 * normal();
                vec![3.0 * (condition - 0.5) + 0.5 * first, -3.0 * (condition - 0.5) + 0.5 * second]
            };
            (0..2000).map(draw).collect()
        };
        let stated = trained.log_density(&known, &vec![condition; known.len()]).expect("densities");
        let differences: Vec<f64> =
            known.iter().zip(&stated).map(|(row, stated)| log_gaussian(row, condition) - stated).collect();
        let divergence = differences.iter().sum::<f64>() / 2000.0;
        let spread = (differences.iter().map(|value| value * value).sum::<f64>() / 2000.0).sqrt();
        assert!(divergence > -0.02 && divergence < 0.1 && spread < 0.5, "{condition}: {divergence} {spread}");
    }
    // The validation loss is the mean of the same on rows scaled to 0..1: less by the volume of 10 x 10.
    let held: Vec<usize> = (0..data.rows.len()).filter(|&row| data.validation[row]).collect();
    let rows: Vec<Vec<f64>> = held.iter().map(|&row| data.rows[row].clone()).collect();
    let conditions: Vec<f64> = held.iter().map(|&row| data.conditions[row]).collect();
    let mean = trained.log_density(&rows, &conditions).expect("densities").iter().sum::<f64>() / rows.len() as f64;
    assert!((trained.validation_loss + mean + 100.0_f64.ln()).abs() < 0.02, "{} {mean}", trained.validation_loss);
}

#[test]
fn gaussians_of_ten_dimensions_keep_their_moments() {
    let trained = train(&flow(&[]), &gaussian(10), 1).expect("trained");
    for condition in [0.2, 0.8] {
        let found = gaussian_errors(&trained, condition);
        assert!(found[0] < 0.25 && found[1] < 0.35, "{condition}: {found:?}");
    }
}

#[test]
fn both_modes_are_covered_by_their_share() {
    let trained = train(&flow(&[("tail", Value::Number(3.0))]), &modes(), 1).expect("trained");
    for condition in [0.2, 0.8] {
        let [first, astray, spread] = mode_errors(&trained, condition);
        assert!((first - 0.3).abs() < 0.06 && astray < 0.06 && spread.abs() < 0.2, "{first} {astray} {spread}");
    }
}

#[test]
fn bananas_are_bent_as_far_as_their_condition_says() {
    let bend = |condition: f64| 0.3 + 0.7 * condition;
    let banana = rows(2, 6000, |condition, normal| {
        let first = normal();
        vec![first, bend(condition) * (first * first - 1.0) + 0.3 * normal()]
    });
    let trained = train(&flow(&[]), &banana, 1).expect("trained");
    for condition in [0.2, 0.8] {
        let samples = trained.sample(condition, 4000, &Streams::new(11, "sample")).expect("samples");
        // Least squares of the second coordinate on the first's square, and what is left.
        let square = |row: &Vec<f64>| row[0] * row[0] - 1.0;
        let found = samples.iter().map(|row| row[1] * square(row)).sum::<f64>()
            / samples.iter().map(|row| square(row).powi(2)).sum::<f64>();
        let left = samples.iter().map(|row| (row[1] - bend(condition) * square(row)).powi(2)).sum::<f64>() / 4000.0;
        assert!((found / bend(condition) - 1.0).abs() < 0.15, "{condition}: {found}");
        assert!((0.2..0.45).contains(&left.sqrt()), "{condition}: {left}");
    }
}

#[test]
fn a_flow_that_ignores_its_condition_misses_them() {
    let mut data = gaussian(2);
    data.conditions.rotate_left(777);
    let shuffled = train(&flow(&[("train.epochs", Value::Integer(8))]), &data, 1).expect("trained");
    for condition in [0.2, 0.8] {
        let found = gaussian_errors(&shuffled, condition);
        assert!(found[0] > 1.0 && found[1] > 1.0, "{found:?}");
    }
}

/// The integral of the density over -20 .. 20 in each dimension, by the rule of midpoints with this step.
fn integral(trained: &Trained, dimensions: u32, condition: f64, step: f64) -> f64 {
    let along = (40.0 / step) as usize;
    let at = |index: usize| -20.0 + (index as f64 + 0.5) * step;
    let points: Vec<Vec<f64>> = (0..along.pow(dimensions))
        .map(|index| (0..dimensions).map(|part| at(index / along.pow(part) % along)).collect())
        .collect();
    let densities = trained.log_density(&points, &vec![condition; points.len()]).expect("densities");
    densities.iter().map(|log| log.exp()).sum::<f64>() * step.powi(dimensions as i32)
}

#[test]
fn densities_integrate_to_one() {
    let one = rows(1, 500, |condition, normal| vec![condition * 2.0 - 1.0 + 0.7 * normal()]);
    let trained = train(&tiny(&[]), &one, 1).expect("trained");
    for condition in [-0.5, 0.3, 1.0] {
        let found = integral(&trained, 1, condition, 1e-3);
        assert!((found - 1.0).abs() < 2e-3, "{condition}: {found}");
    }
    let trained = train(&tiny(&[]), &modes(), 1).expect("trained");
    for condition in [0.1, 0.9] {
        let found = integral(&trained, 2, condition, 0.05);
        assert!((found - 1.0).abs() < 1e-2, "{condition}: {found}");
    }
}

#[test]
fn samples_depend_neither_on_their_number_nor_on_threads() {
    let data = Mixture::new(3, 300).data;
    let trained = train(&tiny(&[]), &data, 1).expect("trained");
    laws::samples_stand_alone(&trained, 300);
    let densities = trained.log_density(&data.rows, &data.conditions).expect("densities");
    for count in [0, 1, 127, 128, 129] {
        let few = trained.log_density(&data.rows[..count], &data.conditions[..count]).expect("densities");
        assert_eq!(few, densities[..count], "{count}");
    }
}

#[test]
fn trainings_have_the_same_bits_side_by_side_and_resumed() {
    let data = Mixture::new(3, 300).data;
    let settings = tiny(&[("train.patience", Value::Integer(3))]);
    laws::trainings_have_the_same_bits(&settings, &data, &[&[0, 2, 1]]);
}

#[test]
fn files_keep_a_flow_and_refuse_what_is_none() {
    let data = Mixture::new(3, 200).data;
    let trained = train(&tiny(&[]), &data, 1).expect("trained");
    let loaded = laws::a_file_keeps_it(&trained);
    assert!(matches!(loaded.embed(&data.rows[..1], &data.conditions[..1]), Err(LearnError::NoLatentSpace(_))));
    let changed = |change: &dyn Fn(&mut Archive)| {
        let mut archive = Archive::from_bytes(&trained.to_bytes()).expect("an archive");
        change(&mut archive);
        Trained::from_bytes(&archive.to_bytes())
    };
    for (setting, value) in [("width", 1e18), ("bins", 1.0), ("bins", 65.0), ("tail", -1.0), ("transforms", 7.0)] {
        let found = changed(&|archive| archive.description["settings"][setting] = value.into());
        assert!(found.is_err(), "{setting} = {value}");
    }
    for orders in [vec![vec![0, 1, 2]; 2], vec![vec![0, 1]; 3], vec![vec![0, 1, 1]; 3], vec![vec![0, 1, 9]; 3]] {
        assert!(changed(&|archive| archive.description["orders"] = orders.clone().into()).is_err(), "{orders:?}");
    }
    for name in ["mean", "deviation", "lower", "transform.4.output.bias", "transform.0.block.0.inner.weight"] {
        assert!(changed(&|archive| drop(archive.arrays.remove(name))).is_err(), "{name}");
    }
}

#[test]
fn odd_rows_train_and_wrong_input_is_refused() {
    let mut data = Mixture::new(2, 103).data;
    for row in &mut data.rows {
        row[1] = 5.0;
    }
    let trained = train(&tiny(&[("train.batch", Value::Integer(27))]), &data, 1).expect("trained");
    // The parameter that never varies stays where it is, also where conditions extrapolate.
    for row in trained.sample(-0.25, 300, &Streams::new(1, "sample")).expect("rows") {
        assert!(row[0].is_finite() && (row[1] - 5.0).abs() < 0.1, "{row:?}");
    }
    assert!(trained.sample(f64::NAN, 1, &Streams::new(1, "sample")).is_err());
    let wrong =
        |row: Vec<f64>, conditions: &[f64]| trained.log_density(&[row], conditions).expect_err("refused").to_string();
    assert!(wrong(vec![0.0], &[0.0]).contains("values in row 0: 1 where 2 were expected"));
    assert!(wrong(vec![0.0, f64::NAN], &[0.0]).contains("`p1` that is not finite"));
    assert!(wrong(vec![0.0, 0.0], &[f64::INFINITY]).contains("`condition` that is not finite"));
    assert!(wrong(vec![0.0, 0.0], &[]).contains("conditions: 0 where 1 were expected"));
    // Out of the bounds there is a density too.
    assert!(trained.log_density(&[vec![90.0, -90.0]], &[0.5]).expect("a density")[0].is_finite());
    let refused = |changes: &[(&str, Value)]| train(&tiny(changes), &data, 1).expect_err("refused").to_string();
    assert!(refused(&[("bins", Value::Integer(1))]).contains("a spline of one bin is the identity"));
    assert!(refused(&[("tail", Value::Number(0.0))]).contains("`tail` is 0, not between 0.1 and 100"));
    assert!(refused(&[("train.batch", Value::Integer(90))]).contains("larger than the training set"));
    assert!(refused(&[("train.batch", Value::Integer(27)), ("train.lr", Value::Number(1e30))]).contains("diverged"));
    // Other kinds know no density.
    let cvae = train(&small(1, &[]), &Mixture::new(2, 200).data, 1).expect("trained");
    assert!(matches!(cvae.log_density(&[vec![0.0, 0.0]], &[0.0]), Err(LearnError::NoDensity)));
}
