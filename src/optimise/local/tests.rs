//! What every local method keeps to, and how much work each needs.

use proptest::prelude::*;

use super::*;
use crate::optimise::ask::{Answer, Ask, Convergence};
use crate::optimise::functions::{Function, TestFunction};
use crate::optimise::objective::GradientAnswer;
use crate::optimise::trust_region::StopRule;
use crate::schema::Value;

/// A test function whose solves fail within a ball.
struct Failing {
    function: TestFunction,
    centre: Vec<f64>,
    radius: f64,
}

impl Failing {
    fn nowhere(function: Function, bounds: Bounds) -> Self {
        Self { centre: vec![0.0; bounds.len()], function: TestFunction::within(function, bounds), radius: -1.0 }
    }

    fn fails(&self, x: &[f64]) -> bool {
        assert!(self.bounds().contains(x), "{x:?} lies outside of the box");
        x.iter().zip(&self.centre).map(|(x, centre)| (x - centre).powi(2)).sum::<f64>().sqrt() < self.radius
    }
}

impl Objective for Failing {
    fn bounds(&self) -> &Bounds {
        self.function.bounds()
    }
    fn value(&self, x: &[f64]) -> f64 {
        if self.fails(x) { f64::INFINITY } else { self.function.value(x) }
    }
    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        if self.fails(x) { None } else { self.function.gradient(x) }
    }
}

/// `(x - c)'A(x - c)/2` with a matrix whose off-diagonal entries couple neighbours.
struct Quadratic {
    bounds: Bounds,
    centre: Vec<f64>,
}

impl Quadratic {
    /// In the unit cube, with its minimum beyond two of its faces.
    fn beyond() -> Self {
        Self { bounds: cube(4, 0.0, 1.0), centre: vec![2.0, 0.5, -1.0, 0.25] }
    }

    fn matrix(row: usize, column: usize) -> f64 {
        match row.abs_diff(column) {
            0 => 2.0 + row as f64,
            1 => 1.0,
            _ => 0.0,
        }
    }
}

impl Objective for Quadratic {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }
    fn value(&self, x: &[f64]) -> f64 {
        self.gradient(x).expect("it never fails").fval
    }
    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let size = x.len();
        let away: Vec<f64> = x.iter().zip(&self.centre).map(|(x, centre)| x - centre).collect();
        let slope = |row| (0..size).map(|column| Self::matrix(row, column) * away[column]).sum::<f64>();
        let gradient: Vec<f64> = (0..size).map(slope).collect();
        let fval = 0.5 * gradient.iter().zip(&away).map(|(slope, away)| slope * away).sum::<f64>();
        let hessian = (0..size * size).map(|entry| Self::matrix(entry / size, entry % size)).collect();
        Some(GradientAnswer { fval, gradient, hessian })
    }
}

fn cube(dimensions: usize, lower: f64, upper: f64) -> Bounds {
    Bounds { lower: vec![lower; dimensions], upper: vec![upper; dimensions] }
}

/// Every method with the defaults of its schema.
fn all() -> Vec<LocalSettings> {
    let defaults = |choice: Choice| {
        let settings = choice.fields.into_iter();
        let settings =
            settings.map(|field| (field.name.to_owned(), field.default.expect("every setting has a default")));
        Value::Choice(choice.name.to_owned(), settings.collect()).to().expect("the schema fits the type")
    };
    methods().into_iter().map(defaults).collect()
}

/// Every method with another end: this rule and these iterations.
fn ending(stop: StopRule, iterations: usize) -> Vec<LocalSettings> {
    vec![
        LocalSettings::Gradient(DescentSettings { iterations, stop, ..DescentSettings::default() }),
        LocalSettings::Lbfgsb(LbfgsbSettings { iterations, stop, ..LbfgsbSettings::default() }),
        LocalSettings::LevenbergMarquardt(LevenbergMarquardtSettings {
            iterations,
            stop,
            ..LevenbergMarquardtSettings::default()
        }),
        LocalSettings::NelderMead(NelderMeadSettings { iterations, stop, ..NelderMeadSettings::default() }),
    ]
}

/// Every method, the simplex with tolerances that come near to those of the others.
fn precise() -> Vec<LocalSettings> {
    let mut all = all();
    all.pop();
    all.push(LocalSettings::NelderMead(NelderMeadSettings {
        xatol: 1e-7,
        fatol: 1e-10,
        ..NelderMeadSettings::default()
    }));
    all
}

fn check_path(descent: &Descent) {
    assert!(descent.path.windows(2).all(|pair| pair[1].fval < pair[0].fval));
    let spent = |iterate: &Iterate| iterate.work.values + iterate.work.gradients;
    assert!(descent.path.windows(2).all(|pair| spent(&pair[1]) > spent(&pair[0])));
}

#[test]
fn the_schemas_and_the_types_agree_on_names_and_defaults() {
    for (choice, method) in methods().iter().zip(all()) {
        let bare = serde_json::from_value(serde_json::json!({ choice.name: {} })).expect("all settings have defaults");
        assert_eq!(method, bare);
        let wrong = serde_json::from_value::<LocalSettings>(serde_json::json!({ choice.name: { "gtoll": 3 } }));
        assert!(wrong.is_err());
    }
}

#[test]
fn work_on_known_problems() {
    let problems: Vec<(&str, Box<dyn Objective>, Vec<f64>)> = vec![
        ("rosenbrock 2", Box::new(Failing::nowhere(Function::Rosenbrock, cube(2, -5.0, 10.0))), vec![-1.2, 1.0]),
        (
            "rosenbrock 2, bound at 0.5",
            Box::new(Failing::nowhere(Function::Rosenbrock, cube(2, -5.0, 0.5))),
            vec![-1.2, -1.0],
        ),
        (
            "rosenbrock 10",
            Box::new(Failing::nowhere(Function::Rosenbrock, cube(10, -5.0, 10.0))),
            [-1.2, 1.0].repeat(5),
        ),
        ("sphere 4 beyond a corner", Box::new(Failing::nowhere(Function::Sphere, cube(4, 0.5, 3.0))), vec![2.0; 4]),
        ("quadratic 4 beyond two faces", Box::new(Quadratic::beyond()), vec![0.5; 4]),
    ];
    let mut lines = Vec::new();
    for (name, objective, start) in &problems {
        for (choice, settings) in methods().iter().zip(precise()) {
            let descent = descend(objective.as_ref(), start, &settings);
            check_path(&descent);
            let (end, work) = (descent.end().expect("the start can be evaluated"), descent.work);
            lines.push(format!(
                "{name}, {}: {} after {} gradients, {} fvals, {} accepted, fval {:.6}",
                choice.name,
                descent.stop.label(),
                work.gradients,
                work.values,
                descent.path.len(),
                end.fval
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn rosenbrock_is_solved_with_and_without_active_bounds() {
    for settings in precise() {
        let free = descend(&Failing::nowhere(Function::Rosenbrock, cube(2, -5.0, 10.0)), &[-1.2, 1.0], &settings);
        let end = free.end().expect("an end");
        assert!(free.stop.is_converged() && end.x.iter().all(|x| (x - 1.0).abs() < 1e-3), "{settings:?} {free:?}");
        let held = descend(&Failing::nowhere(Function::Rosenbrock, cube(2, -5.0, 0.5)), &[-1.2, -1.0], &settings);
        let end = held.end().expect("an end");
        assert!(held.stop.is_converged() && end.fval < 0.25 + 1e-5, "{settings:?} {end:?} {:?}", held.stop);
        assert!((end.x[0] - 0.5).abs() < 1e-3 && (end.x[1] - 0.25).abs() < 1e-3, "{settings:?} {end:?}");
    }
}

#[test]
fn a_minimum_on_faces_meets_its_kkt_conditions() {
    // Held at x0 = 1 and x2 = 0; the others solve 3 a + 1 (x0 - c0) + 1 (x2 - c2) = 0 and 5 b + 1 (x2 - c2) = 0.
    let objective = Quadratic::beyond();
    for settings in precise() {
        for start in [[0.5; 4], [0.0; 4], [1.0; 4], [0.0, 1.0, 0.0, 1.0], [9.0, -9.0, 9.0, -9.0]] {
            let descent = descend(&objective, &start, &settings);
            let end = descent.end().expect("an end");
            check_path(&descent);
            assert!(descent.stop.is_converged(), "{settings:?} {start:?} {:?}", descent.stop);
            let gradient = objective.gradient(&end.x).expect("it never fails").gradient;
            let norm = objective.bounds.projected_gradient_norm(&end.x, &gradient);
            // The interior method comes near to the faces, the others lie on them.
            let near = if settings == LocalSettings::default() { 1e-3 } else { 1e-4 };
            assert!(norm < near && gradient[0] < 0.0 && gradient[2] > 0.0, "{settings:?} {start:?} {norm} {end:?}");
            let minimum = [1.0, 0.5, 0.0, 0.05];
            assert!(end.x.iter().zip(minimum).all(|(x, at)| (x - at).abs() < near), "{settings:?} {start:?} {end:?}");
        }
    }
}

#[test]
fn a_region_that_fails_is_walked_around() {
    for settings in all() {
        let function = TestFunction::within(Function::Rosenbrock, cube(2, -5.0, 10.0));
        let objective = Failing { function, centre: vec![-0.2, 0.6], radius: 0.3 };
        let descent = descend(&objective, &[-1.2, 1.0], &settings);
        check_path(&descent);
        assert!(descent.end().expect("an end").fval < 4.5, "{settings:?} {:?}", descent.end());
        let function = TestFunction::within(Function::Sphere, cube(3, -5.0, 5.0));
        let objective = Failing { function, centre: vec![0.0; 3], radius: 1.0 };
        let descent = descend(&objective, &[3.0, 2.0, -4.0], &settings);
        check_path(&descent);
        let end = descent.end().expect("an end");
        assert!((1.0..1.5).contains(&end.fval), "{settings:?} {end:?}");
        assert!(descent.work.gradients + descent.work.values < 1000);
    }
}

#[test]
fn what_cannot_start_says_so() {
    let objective = Failing::nowhere(Function::Rosenbrock, cube(2, -5.0, 10.0));
    for settings in all() {
        for start in [vec![f64::NAN, 0.0], vec![f64::INFINITY, 0.0], vec![0.0], vec![]] {
            let descent = descend(&objective, &start, &settings);
            assert_eq!((descent.stop, descent.path.len(), descent.work), (Stop::StartFailed, 0, Work::default()));
        }
        let function = TestFunction::within(Function::Sphere, cube(2, -5.0, 5.0));
        let nowhere = Failing { function, centre: vec![0.0; 2], radius: 1.0 };
        let descent = descend(&nowhere, &[0.0, 0.0], &settings);
        let work =
            Work { values: u64::from(!settings.needs_gradients()), gradients: settings.needs_gradients().into() };
        assert_eq!((descent.stop, descent.path.len(), descent.work), (Stop::StartFailed, 0, work));
    }
}

#[test]
fn stopping_rules_are_kept() {
    let objective = Failing::nowhere(Function::Rosenbrock, cube(2, -5.0, 10.0));
    for settings in ending(StopRule::Either, 3) {
        let descent = descend(&objective, &[-1.2, 1.0], &settings);
        assert_eq!(descent.stop, Stop::Iterations);
        assert!(!settings.needs_gradients() || descent.work.gradients == 4, "{settings:?} {:?}", descent.work);
        assert!(descent.work.values <= 3 + 2 * 3 + 2, "{:?}", descent.work);
    }
    for settings in ending(StopRule::Converged, 3) {
        assert!(descend(&objective, &[-1.2, 1.0], &settings).stop.is_converged(), "{settings:?}");
    }
    for settings in ending(StopRule::Either, 0) {
        assert_eq!(descend(&objective, &[-1.2, 1.0], &settings).stop, Stop::Iterations);
    }
    for settings in ending(StopRule::Iterations, 60) {
        let stop = descend(&objective, &[-1.2, 1.0], &settings).stop;
        assert!(matches!(stop, Stop::Iterations | Stop::Stuck | Stop::Converged(Convergence::Gradient)), "{stop:?}");
    }
    let step = LocalSettings::Lbfgsb(LbfgsbSettings { xtol: 0.1, ..LbfgsbSettings::default() });
    assert_eq!(descend(&objective, &[-1.2, 1.0], &step).stop, Stop::Converged(Convergence::Step));
}

#[test]
fn fixed_parameters_and_open_sides_are_kept() {
    let open =
        Bounds { lower: vec![f64::NEG_INFINITY, 0.25, f64::NEG_INFINITY], upper: vec![f64::INFINITY, 0.25, 9.0] };
    let objective = Failing::nowhere(Function::Rosenbrock, open);
    for settings in precise() {
        let descent = descend(&objective, &[-1.2, 3.0, 1.0], &settings);
        check_path(&descent);
        let end = descent.end().expect("an end");
        assert!(descent.stop.is_converged(), "{settings:?} {:?}", descent.stop);
        assert!(end.x[1] == 0.25 && (end.x[2] - 0.0625).abs() < 1e-3, "{settings:?} {end:?}");
    }
    let point = Failing::nowhere(Function::Sphere, cube(2, 1.0, 1.0));
    for settings in all() {
        let descent = descend(&point, &[0.0, 0.0], &settings);
        assert!(descent.stop.is_converged() && descent.path.len() == 1, "{settings:?} {:?}", descent.stop);
    }
}

#[test]
fn noise_of_a_solver_does_not_keep_a_descent_from_ending() {
    struct Noisy(TestFunction);
    impl Objective for Noisy {
        fn bounds(&self) -> &Bounds {
            self.0.bounds()
        }
        fn value(&self, x: &[f64]) -> f64 {
            100.0 + self.0.value(x) + 1e-7 * (1e9 * x[0]).sin()
        }
        fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
            let mut answer = self.0.gradient(x)?;
            answer.fval = self.value(x);
            answer.gradient.iter_mut().for_each(|slope| *slope += 1e-4 * (1e9 * x[1]).sin());
            Some(answer)
        }
    }
    let objective = Noisy(TestFunction::within(Function::Rosenbrock, cube(2, -5.0, 10.0)));
    for settings in all() {
        let descent = descend(&objective, &[-1.2, 1.0], &settings);
        let end = descent.end().expect("an end");
        assert!(descent.stop.is_converged() && end.fval < 100.001, "{settings:?} {:?} {end:?}", descent.stop);
        assert!(descent.work.gradients < 150, "{settings:?} {:?}", descent.work);
    }
}

#[test]
fn asking_twice_repeats_the_question_and_a_wrong_answer_is_a_failure() {
    let bounds = cube(2, -5.0, 10.0);
    for settings in all() {
        let mut optimiser = settings.build(bounds.clone(), &[-1.2, 1.0]);
        assert_eq!(optimiser.ask(), optimiser.ask());
        assert!(optimiser.best().is_none());
        let broken = GradientAnswer { fval: 1.0, gradient: vec![f64::NAN; 2], hessian: vec![0.0; 4] };
        optimiser.tell(&[if settings.needs_gradients() {
            Answer::Gradient(Some(broken))
        } else {
            Answer::Value(f64::NAN)
        }]);
        assert_eq!(optimiser.ask(), Ask::Done(Stop::StartFailed));
        optimiser.tell(&[]);
        assert_eq!(optimiser.ask(), Ask::Done(Stop::StartFailed));
    }
}

#[test]
fn lbfgsb_needs_about_the_work_of_the_published_code() {
    // What L-BFGS-B of SciPy 1.17.1 needs with the same tolerances and memory, without the bounds and with them.
    for (start, free, boxed) in [
        ([-1.2, 1.0].repeat(5), 88, 87),
        (vec![0.0; 10], 77, 75),
        ([2.0, -2.0].repeat(5), 75, 58),
        (vec![3.0; 10], 48, 59),
        (vec![0.5; 10], 50, 46),
    ] {
        let settings = LocalSettings::Lbfgsb(LbfgsbSettings::default());
        for (bounds, published) in [(cube(10, f64::NEG_INFINITY, f64::INFINITY), free), (cube(10, -5.0, 10.0), boxed)] {
            let descent = descend(&Failing::nowhere(Function::Rosenbrock, bounds), &start, &settings);
            assert!(descent.stop.is_converged() && descent.end().expect("an end").fval < 1e-8, "{:?}", descent.stop);
            let ratio = descent.work.gradients as f64 / f64::from(published);
            // A box whose corner is no better a first trial than any changes what is counted; see `super::lbfgsb`.
            assert!(ratio < if published == free { 1.05 } else { 1.5 }, "{start:?}: {:?} {published}", descent.work);
        }
    }
}

#[test]
fn another_method_is_written_beside_what_was_written_before() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(with = "written")]
        then: LocalSettings,
    }
    #[derive(Serialize)]
    #[serde(rename = "Holder")]
    struct Before {
        then: DescentSettings,
    }
    fn text(holder: &impl Serialize) -> String {
        let pretty = ron::ser::PrettyConfig::new().struct_names(true);
        ron::ser::to_string_pretty(holder, pretty).expect("plain data")
    }
    let before = Before { then: DescentSettings::default() };
    let now = Holder { then: LocalSettings::default() };
    assert_eq!(text(&before), text(&now));
    for settings in all() {
        let holder = Holder { then: settings };
        assert_eq!(ron::from_str::<Holder>(&text(&holder)).expect("what was written is read"), holder);
        let plain = ron::to_string(&holder).expect("plain data");
        assert_eq!(ron::from_str::<Holder>(&plain).expect("what was written is read"), holder);
        let json = serde_json::to_string(&holder).expect("plain data");
        assert_eq!(serde_json::from_str::<Holder>(&json).expect("what was written is read"), holder);
    }
    insta::assert_snapshot!(text(&Holder { then: all()[1] }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_descent_falls_inside_the_bounds_and_repeats(
        start in proptest::collection::vec(-6.0..6.0, 4),
        lower in proptest::collection::vec(-5.0..-0.5, 4),
        upper in proptest::collection::vec(-0.5..5.0, 4),
        centre in proptest::collection::vec(-1.0..1.0, 4),
    ) {
        let function = TestFunction::within(Function::Rosenbrock, Bounds { lower, upper });
        let objective = Failing { function, centre, radius: 0.7 };
        for settings in ending(StopRule::Either, 60) {
            let descent = descend(&objective, &start, &settings);
            check_path(&descent);
            // NaN stands for the gradients of the simplex and equals nothing.
            prop_assert_eq!(format!("{descent:?}"), format!("{:?}", descend(&objective, &start, &settings)));
            if descent.stop == Stop::Converged(Convergence::Gradient) {
                let end = descent.end().expect("a converged descent has an end");
                prop_assert!(end.gradient_norm <= 1e-5);
            }
        }
    }
}
