//! What every global method keeps to. The tests of each method say how fast it finds which minima.

use super::*;
use crate::optimise::functions::{Function, TestFunction};
use crate::optimise::{Answer, Ask, GradientAnswer, Limits, Objective, Outcome, Stop, run};
use crate::schema::Value;

/// A test function with solves that fail beyond a plane, shifted so that its box is not symmetric about the minimum.
pub(super) struct Failing {
    function: TestFunction,
    bounds: Bounds,
    /// Solves fail where the first coordinate is larger.
    beyond: f64,
}

impl Failing {
    pub(super) fn nowhere(function: Function, dimensions: usize) -> Self {
        Self::beyond(f64::INFINITY, function, dimensions)
    }

    pub(super) fn beyond(beyond: f64, function: Function, dimensions: usize) -> Self {
        let function = TestFunction::new(function, dimensions);
        Self { bounds: function.bounds().clone(), function, beyond }
    }

    pub(super) fn between(mut self, lower: f64, upper: f64) -> Self {
        self.bounds.lower.fill(lower);
        self.bounds.upper.fill(upper);
        self
    }
}

impl Objective for Failing {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }
    fn value(&self, x: &[f64]) -> f64 {
        assert!(self.bounds.contains(x), "{x:?} lies outside of the box");
        if x[0] > self.beyond { f64::INFINITY } else { self.function.value(x) }
    }
    fn gradient(&self, _: &[f64]) -> Option<GradientAnswer> {
        None
    }
}

pub(super) fn minimise(method: Method, objective: &dyn Objective, budget: f64) -> Outcome {
    let mut optimiser = method.build(objective.bounds(), &Streams::new(1, "test"));
    run(optimiser.as_mut(), objective, Limits { budget: Some(budget), gradient_cost: 1.0 }, &mut |_| {})
}

/// Evaluations until an fval of at most `target`; `None` when it is not reached within `most`.
pub(super) fn evaluations_to(
    target: f64,
    method: Method,
    function: Function,
    dimensions: usize,
    most: u64,
) -> Option<u64> {
    let objective = Failing::nowhere(function, dimensions);
    let mut optimiser = method.build(objective.bounds(), &Streams::new(1, "test"));
    let mut reached = None;
    let limits = Limits { budget: Some(most as f64), gradient_cost: 1.0 };
    run(optimiser.as_mut(), &objective, limits, &mut |iterate| {
        if iterate.fval <= target {
            reached.get_or_insert(iterate.work.values);
        }
    });
    reached
}

/// A sampler comes only as near to a minimum as its density does.
fn slack(method: Method) -> f64 {
    if matches!(method, Method::Mcmc(_)) { 0.3 } else { 0.0 }
}

/// Every registered method with the defaults of its schema.
fn all() -> Vec<Method> {
    let defaults = |choice: Choice| {
        let settings = choice.fields.into_iter();
        let settings =
            settings.map(|field| (field.name.to_owned(), field.default.expect("every setting has a default")));
        Value::Choice(choice.name.to_owned(), settings.collect()).to().expect("the schema fits the type")
    };
    methods().into_iter().map(defaults).collect()
}

#[test]
fn the_schemas_and_the_types_agree_on_names_and_defaults() {
    for (choice, method) in methods().iter().zip(all()) {
        let bare = serde_json::from_value(serde_json::json!({ choice.name: {} })).expect("all settings have defaults");
        assert_eq!(method, bare);
        let wrong = serde_json::from_value::<Method>(serde_json::json!({ choice.name: { "populatoin": 3 } }));
        assert!(wrong.is_err());
    }
}

#[test]
fn same_streams_same_bits_whatever_the_threads() {
    let objective = Failing::nowhere(Function::Rastrigin, 3);
    for method in all() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| minimise(method, &objective, 2_000.0))
        };
        let first = on(1);
        assert_eq!(first, on(4), "{method:?}");
        let other = method.build(objective.bounds(), &Streams::new(2, "test")).ask();
        assert_ne!(other, method.build(objective.bounds(), &Streams::new(1, "test")).ask());
    }
}

#[test]
fn a_budget_ends_it_and_asking_twice_repeats_the_question() {
    let objective = Failing::nowhere(Function::Rosenbrock, 6);
    for method in all() {
        let outcome = minimise(method, &objective, 111.0);
        assert_eq!((outcome.stop, outcome.work.values), (Stop::Budget, 111), "{method:?}");
        let mut optimiser = method.build(objective.bounds(), &Streams::new(1, "test"));
        let Ask::Values(points) = optimiser.ask() else { panic!("{method:?} asks for values") };
        assert_eq!(optimiser.ask(), Ask::Values(points.clone()));
        optimiser.tell(&vec![Answer::Value(1.0); points.len()]);
        assert_eq!(optimiser.best(), Some((points[0].as_slice(), 1.0)));
    }
}

#[test]
fn failed_solves_rank_last_and_break_nothing() {
    for method in all() {
        let half = minimise(method, &Failing::beyond(1.0, Function::Sphere, 3), 10_000.0);
        assert!(half.best.is_some_and(|(x, fval)| x[0] <= 1.0 && fval < 1e-3 + slack(method)), "{method:?}");
        let never = minimise(method, &Failing::beyond(-1e9, Function::Sphere, 3), 3_000.0);
        assert!(never.best.is_none() && !never.stop.is_converged(), "{method:?} {never:?}");
    }
}

#[test]
fn boxes_of_every_shape_are_kept_to() {
    for method in all() {
        let mut pinned = Failing::nowhere(Function::Sphere, 3);
        (pinned.bounds.lower[1], pinned.bounds.upper[1]) = (2.0, 2.0);
        let outcome = minimise(method, &pinned, 10_000.0);
        assert!(outcome.best.is_some_and(|(x, fval)| x[1] == 2.0 && fval < 4.01 + slack(method)), "{method:?}");

        let face = minimise(method, &Failing::nowhere(Function::Sphere, 3).between(0.5, 2.0), 10_000.0);
        assert!(face.best.is_some_and(|(_, fval)| fval < 0.76 + slack(method)), "{method:?}");

        let point = minimise(method, &Failing::nowhere(Function::Sphere, 2).between(1.0, 1.0), 10.0);
        assert_eq!((point.stop, point.work.values, point.best.map(|(_, fval)| fval)), (Stop::Exhausted, 1, Some(2.0)));

        let endless = Bounds { lower: vec![0.0], upper: vec![f64::INFINITY] };
        assert_eq!(method.build(&endless, &Streams::new(1, "test")).ask(), Ask::Done(Stop::StartFailed));
    }
}
