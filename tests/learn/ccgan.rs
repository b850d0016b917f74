//! Adversaries against densities that are known, and their promises. Bounds are wider than those of flows: a game has
//! no loss to bring to its end.

use kexp::learn::archive::Archive;
use kexp::learn::ccgan::VicinitySettings;
use kexp::learn::ccgan::vicinity::{Reach, Vicinity};

use super::flow_matching::{gaussian, gaussian_errors, mode_errors, modes};
use super::*;

/// Settings that train in seconds.
fn gan(changes: &[(&str, Value)]) -> Settings {
    let small = [
        ("width", Value::Integer(64)),
        ("latent", Value::Integer(16)),
        ("labels.width", Value::Integer(32)),
        ("train.epochs", Value::Integer(40)),
    ];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("ccgan", &all)
}

/// The largest errors at two conditions, below bounds on those of the mean and of the covariance.
fn close_to_gaussian(settings: &Settings, dimensions: usize, bounds: [f64; 2]) {
    let trained = train(settings, &gaussian(dimensions), 1).expect("trained");
    for condition in [0.2, 0.8] {
        let found = gaussian_errors(&trained, condition);
        assert!(found[0] < bounds[0] && found[1] < bounds[1], "{dimensions} at {condition}: {found:?}");
    }
}

#[test]
fn gaussians_of_two_dimensions_keep_their_mean_and_covariance() {
    close_to_gaussian(&gan(&[]), 2, [0.2, 0.4]);
}

#[test]
fn gaussians_of_ten_dimensions_keep_their_mean_and_covariance() {
    close_to_gaussian(&gan(&[("train.lr", Value::Number(1e-3))]), 10, [0.3, 0.5]);
}

#[test]
fn both_modes_are_covered() {
    let rate = [("train.lr", Value::Number(1e-3)), ("train.epochs", Value::Integer(50))];
    let trained = train(&gan(&rate), &modes(), 1).expect("trained");
    for condition in [0.2, 0.8] {
        let [first, astray, spread] = mode_errors(&trained, condition);
        assert!((first - 0.3).abs() < 0.15 && astray < 0.12 && spread.abs() < 0.5, "{first} {astray} {spread}");
    }
}

/// Half the training of the defaults' test.
fn learns_with(vicinity: Value) {
    close_to_gaussian(&gan(&[("vicinity", vicinity), ("train.epochs", Value::Integer(20))]), 2, [0.3, 0.6]);
}

#[test]
fn hard_vicinities_learn_the_condition() {
    learns_with(Value::choice("hard", [("gaps", Value::Number(2.0)), ("rows", Value::Integer(50))]));
}

#[test]
fn adaptive_vicinities_learn_the_condition() {
    learns_with(Value::choice("adaptive", [("rows", Value::Integer(50))]));
}

#[test]
fn it_learns_the_condition_without_vicinities() {
    learns_with(Value::choice("none", []));
}

#[test]
fn a_generator_that_ignores_its_condition_misses_them() {
    let mut data = gaussian(2);
    data.conditions.rotate_left(777);
    let shuffled = train(&gan(&[("train.epochs", Value::Integer(15))]), &data, 1).expect("trained");
    for condition in [0.2, 0.8] {
        let found = gaussian_errors(&shuffled, condition);
        assert!(found[0] > 1.0, "{found:?}");
    }
}

/// Conditions with gaps between.
const LABELS: [f64; 5] = [0.0, 0.1, 0.2, 0.6, 1.0];

fn vicinity_of(settings: VicinitySettings) -> Vicinity {
    Vicinity::new(settings, LABELS.to_vec())
}

#[test]
fn sigma_kappa_and_nu_are_those_of_the_formulas() {
    // Mean 0.38, variance (0.1444 + 0.0784 + 0.0324 + 0.0484 + 0.3844) / 5 = 0.1376, fifth root of 5 is 1.379730.
    let hard = vicinity_of(VicinitySettings::Hard { gaps: 1.5, rows: 1 });
    assert!((hard.sigma() - 1.06 * 0.370945 / 1.379730).abs() < 1e-6, "{}", hard.sigma());
    // The largest gap is 0.4.
    assert!(matches!(hard.reach(), Reach::Hard { kappa } if (kappa - 0.6).abs() < 1e-12), "{hard:?}");
    let soft = vicinity_of(VicinitySettings::Soft { gaps: 1.5, rows: 1 });
    assert!(matches!(soft.reach(), Reach::Soft { nu } if (nu - 1.0 / 0.36).abs() < 1e-12), "{soft:?}");
    // Three rows are within 0.2, 0.1, 0.2, 0.4 and 0.8 of the five conditions: the median is 0.2.
    let filled = vicinity_of(VicinitySettings::Hard { gaps: 0.0, rows: 3 });
    assert!(matches!(filled.reach(), Reach::Hard { kappa } if (kappa - 0.2).abs() < 1e-12), "{filled:?}");
    assert_eq!(vicinity_of(VicinitySettings::None).sigma(), 0.0);
}

#[test]
fn equal_conditions_have_a_vicinity() {
    let soft = Vicinity::new(VicinitySettings::Soft { gaps: 2.0, rows: 50 }, vec![0.5; 4]);
    assert!((soft.sigma(), soft.target(0.5, 3.0), soft.rows(0.5)) == (0.0, 0.5, 0..4));
    assert_eq!(soft.weight(0.5, 0.5), 1.0);
}

#[test]
fn vicinities_hold_the_rows_within_their_radius() {
    let hard = vicinity_of(VicinitySettings::Hard { gaps: 0.0, rows: 3 });
    assert_eq!([0.0, 0.25, 0.41, 0.81].map(|target| hard.rows(target)), [0..3, 1..3, 3..4, 4..5]);
    let soft = vicinity_of(VicinitySettings::Soft { gaps: 0.0, rows: 3 });
    // The square root of ln 1000 is 2.6283.
    assert!((soft.radius(0.5) - 0.2 * 2.628261).abs() < 1e-6);
    assert!((soft.weight(0.5, 0.6) - (-0.25_f64).exp()).abs() < 1e-12);
    let adaptive = vicinity_of(VicinitySettings::Adaptive { rows: 2 });
    let radii = [0.0, 0.5, 0.9].map(|target| adaptive.radius(target));
    assert!(radii.iter().zip([0.1, 0.3, 0.3]).all(|(found, known)| (found - known).abs() < 1e-12), "{radii:?}");
    assert_eq!(vicinity_of(VicinitySettings::Adaptive { rows: 99 }).rows(0.3), 0..5);
    let none = vicinity_of(VicinitySettings::None);
    assert_eq!([0.2, 0.35, 0.45, 2.0].map(|target| none.rows(target)), [2..3, 2..3, 3..4, 4..5]);
}

#[test]
fn targets_are_reflected_and_picks_stay_within() {
    let hard = vicinity_of(VicinitySettings::Hard { gaps: 1.0, rows: 1 });
    let sigma = hard.sigma();
    assert!((hard.target(0.1, -0.2 / sigma) - 0.1).abs() < 1e-12);
    assert!((hard.target(1.0, 0.3 / sigma) - 0.7).abs() < 1e-12);
    assert!((0.0..=1.0).contains(&hard.target(0.5, 1e3)));
    assert_eq!([0.0, 0.4, 0.99, 1.0].map(|u| Vicinity::pick(&(3..6), u)), [3, 4, 5, 5]);
}

/// A training of a fraction of a second.
fn tiny(changes: &[(&str, Value)]) -> Settings {
    let small = [
        ("width", Value::Integer(16)),
        ("depth", Value::Integer(2)),
        ("latent", Value::Integer(4)),
        ("labels.width", Value::Integer(8)),
        ("discriminator_steps", Value::Integer(2)),
        ("train.epochs", Value::Integer(9)),
    ];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("ccgan", &all)
}

#[test]
fn samples_depend_neither_on_their_number_nor_on_threads() {
    let trained = train(&tiny(&[]), &Mixture::new(3, 300).data, 1).expect("trained");
    laws::samples_stand_alone(&trained, 700);
}

#[test]
fn trainings_have_the_same_bits_side_by_side_and_resumed() {
    let data = Mixture::new(3, 300).data;
    let hinge = Value::choice("hinge", []);
    for settings in [tiny(&[("train.patience", Value::Integer(5))]), tiny(&[("loss", hinge)])] {
        laws::trainings_have_the_same_bits(&settings, &data, &[&[0, 1], &[4], &[2, 3, 1]]);
    }
}

#[test]
fn files_keep_a_generator_and_refuse_what_is_none() {
    let data = Mixture::new(2, 200).data;
    let trained = train(&tiny(&[]), &data, 1).expect("trained");
    let loaded = laws::a_file_keeps_it(&trained);
    assert!(matches!(loaded.embed(&data.rows[..1], &data.conditions[..1]), Err(LearnError::NoLatentSpace(_))));

    for (setting, value) in [("width", 1e18), ("width", 32.0), ("depth", 0.0), ("latent", 1e9), ("penalty", -1.0)] {
        let mut archive = Archive::from_bytes(&trained.to_bytes()).expect("an archive");
        archive.description["settings"][setting] = match value {
            value if setting == "penalty" => value.into(),
            value => (value as u64).into(),
        };
        assert!(Trained::from_bytes(&archive.to_bytes()).is_err(), "{setting} = {value}");
    }
    for name in ["mean", "deviation", "lower", "generator.label.1.bias", "generator.1.weight", "generator.head.bias"] {
        let mut archive = Archive::from_bytes(&trained.to_bytes()).expect("an archive");
        assert!(archive.arrays.remove(name).is_some(), "{name}");
        assert!(Trained::from_bytes(&archive.to_bytes()).is_err(), "{name}");
    }
}

#[test]
fn odd_rows_train_and_wrong_settings_are_refused() {
    let mut data = Mixture::new(2, 103).data;
    for row in &mut data.rows {
        row[1] = 5.0;
    }
    let streams = Streams::new(1, "sample");
    let plain = [("labels", Value::choice("number", [])), ("penalty", Value::Number(0.0))];
    for more in [&[][..], &plain[..]] {
        let changes: Vec<_> = more.iter().cloned().chain([("train.batch", Value::Integer(27))]).collect();
        let trained = train(&tiny(&changes), &data, 1).expect("trained");
        // The parameter that never varies stays about where it is, also where conditions extrapolate.
        for row in trained.sample(-0.25, 300, &streams).expect("rows") {
            assert!(row[0].is_finite() && (row[1] - 5.0).abs() < 0.1, "{row:?}");
        }
        assert!(trained.sample(f64::NAN, 1, &streams).is_err());
    }
    let refused = |changes: &[(&str, Value)]| train(&tiny(changes), &data, 1).expect_err("refused").to_string();
    assert!(refused(&[("penalty", Value::Number(-1.0))]).contains("`penalty` is -1"));
    assert!(refused(&[("discriminator_rate", Value::Number(0.0))]).contains("`discriminator_rate` is 0"));
    assert!(refused(&[("train.batch", Value::Integer(90))]).contains("larger than the training set"));
    assert!(refused(&[("train.batch", Value::Integer(27)), ("train.lr", Value::Number(1e30))]).contains("diverged"));
    data.conditions.fill(0.5);
    train(&tiny(&[("train.batch", Value::Integer(27))]), &data, 1).expect("equal conditions are conditions");
}

#[test]
fn the_history_has_what_figures_and_searches_need() {
    let trained = train(&tiny(&[]), &Mixture::new(3, 300).data, 1).expect("trained");
    for name in ["loss", "reconstruction", "kl", "rmse", "pearson", "spearman"] {
        let column = trained.history.numbers(name).expect("a column");
        assert!(column.len() == 18 && column.iter().all(|value| value.is_finite()), "{name}: {column:?}");
    }
    let loss = trained.history.numbers("loss").expect("losses");
    assert!(loss[17] < loss[1], "{loss:?}");
}
