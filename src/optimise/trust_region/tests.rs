use proptest::prelude::*;

use super::*;
use crate::optimise::ask::{Limits, run};
use crate::optimise::local::{self, Descent};
use crate::optimise::objective::Objective;

fn descend(objective: &dyn Objective, start: &[f64], settings: &DescentSettings) -> Descent {
    local::descend(objective, start, &(*settings).into())
}

/// An objective from a closure that gives fval, gradient and Hessian.
struct Given<F> {
    bounds: Bounds,
    answer: F,
}

impl<F: Fn(&[f64]) -> Option<GradientAnswer> + Sync> Objective for Given<F> {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }
    fn value(&self, x: &[f64]) -> f64 {
        (self.answer)(x).map_or(f64::INFINITY, |answer| answer.fval)
    }
    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        (self.answer)(x)
    }
}

fn cube(dimensions: usize, lower: f64, upper: f64) -> Bounds {
    Bounds { lower: vec![lower; dimensions], upper: vec![upper; dimensions] }
}

/// Half the sum of squared residuals with its Gauss-Newton Hessian; `rows` are residuals with their gradients.
fn least_squares(rows: &[(f64, Vec<f64>)], dimensions: usize) -> GradientAnswer {
    let mut answer =
        GradientAnswer { fval: 0.0, gradient: vec![0.0; dimensions], hessian: vec![0.0; dimensions * dimensions] };
    for (residual, slopes) in rows {
        answer.fval += 0.5 * residual * residual;
        for (row, slope) in slopes.iter().enumerate() {
            answer.gradient[row] += residual * slope;
            for (column, other) in slopes.iter().enumerate() {
                answer.hessian[row * dimensions + column] += slope * other;
            }
        }
    }
    answer
}

fn rosenbrock(x: &[f64]) -> GradientAnswer {
    let size = x.len();
    let mut rows = Vec::new();
    for index in 0..size - 1 {
        let mut slopes = vec![0.0; size];
        slopes[index] = -20.0 * x[index];
        slopes[index + 1] = 10.0;
        rows.push((10.0 * (x[index + 1] - x[index] * x[index]), slopes));
        let mut slopes = vec![0.0; size];
        slopes[index] = -1.0;
        rows.push((1.0 - x[index], slopes));
    }
    least_squares(&rows, size)
}

fn rosenbrock_in(bounds: Bounds) -> Given<impl Fn(&[f64]) -> Option<GradientAnswer> + Sync> {
    Given { bounds, answer: |x: &[f64]| Some(rosenbrock(x)) }
}

/// `a exp(-b t)` observed with Gaussian noise of unknown standard deviation: negative log-likelihood in
/// `log10 (a, b, sd)`, Fisher information as the Hessian.
fn decay(x: &[f64]) -> Option<GradientAnswer> {
    let ln10 = std::f64::consts::LN_10;
    let (a, b, sd) = (10_f64.powf(x[0]), 10_f64.powf(x[1]), 10_f64.powf(x[2]));
    let data = [2.03, 1.19, 0.77, 0.42, 0.30, 0.13, 0.12, 0.02];
    let mut answer = GradientAnswer { fval: 0.0, gradient: vec![0.0; 3], hessian: vec![0.0; 9] };
    for (index, measured) in data.iter().enumerate() {
        let time = index as f64;
        let value = a * (-b * time).exp();
        let residual = (value - measured) / sd;
        let slopes = [value * ln10 / sd, -b * time * value * ln10 / sd];
        answer.fval += 0.5 * residual * residual + sd.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln();
        for row in 0..2 {
            answer.gradient[row] += residual * slopes[row];
            for column in 0..2 {
                answer.hessian[row * 3 + column] += slopes[row] * slopes[column];
            }
        }
        answer.gradient[2] += ln10 * (1.0 - residual * residual);
        answer.hessian[8] += 2.0 * ln10 * ln10;
    }
    answer.fval.is_finite().then_some(answer)
}

fn check_path(descent: &Descent, bounds: &Bounds) {
    assert!(descent.path.iter().all(|iterate| bounds.contains(&iterate.x)));
    assert!(descent.path.windows(2).all(|pair| pair[1].fval < pair[0].fval));
    assert!(descent.path.windows(2).all(|pair| pair[1].work.gradients > pair[0].work.gradients));
}

#[test]
fn work_on_known_problems() {
    let problems: Vec<(&str, Given<Box<dyn Fn(&[f64]) -> Option<GradientAnswer> + Sync>>, Vec<f64>)> = vec![
        (
            "rosenbrock 2",
            Given { bounds: cube(2, -5.0, 5.0), answer: Box::new(|x| Some(rosenbrock(x))) },
            vec![-1.2, 1.0],
        ),
        (
            "rosenbrock 2, bound at 0.5",
            Given { bounds: cube(2, -5.0, 0.5), answer: Box::new(|x| Some(rosenbrock(x))) },
            vec![-1.2, -1.0],
        ),
        (
            "rosenbrock 10",
            Given { bounds: cube(10, -5.0, 5.0), answer: Box::new(|x| Some(rosenbrock(x))) },
            [-1.2, 1.0].repeat(5),
        ),
        ("decay", Given { bounds: cube(3, -5.0, 5.0), answer: Box::new(decay) }, vec![3.0, -3.0, 2.0]),
        ("decay, tiny noise", Given { bounds: cube(3, -5.0, 5.0), answer: Box::new(decay) }, vec![-1.0, 1.0, -4.0]),
    ];
    let lines: Vec<String> = problems
        .iter()
        .map(|(name, objective, start)| {
            let descent = descend(objective, start, &DescentSettings::default());
            check_path(&descent, &objective.bounds);
            let end = descent.end().expect("the start can be evaluated");
            format!(
                "{name}: {} after {} gradients and {} accepted, fval {:.6}",
                descent.stop.label(),
                descent.work.gradients,
                descent.path.len(),
                end.fval
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn rosenbrock_is_solved_with_and_without_active_bounds() {
    let free = descend(&rosenbrock_in(cube(2, -5.0, 5.0)), &[-1.2, 1.0], &DescentSettings::default());
    let end = free.end().expect("an end");
    assert!(free.stop.is_converged() && end.x.iter().all(|x| (x - 1.0).abs() < 1e-5), "{free:?}");
    let bounded = descend(&rosenbrock_in(cube(2, -5.0, 0.5)), &[-1.2, -1.0], &DescentSettings::default());
    let end = bounded.end().expect("an end");
    assert!(bounded.stop.is_converged(), "{:?}", bounded.stop);
    assert!((end.x[0] - 0.5).abs() < 1e-3 && (end.x[1] - 0.25).abs() < 1e-3, "{end:?}");
    assert!(end.fval < 0.125 + 1e-6);
    let ten = descend(&rosenbrock_in(cube(10, -5.0, 5.0)), &[0.0; 10], &DescentSettings::default());
    assert!(ten.end().expect("an end").fval < 1e-8);
}

#[test]
fn a_quadratic_with_active_bounds_meets_its_kkt_conditions() {
    // (x - c)'A(x - c)/2 in the unit square with A = [[2, 1], [1, 2]], c = (2, 0.5): at the minimum x0 is held at 1,
    // and x1 solves 2 (x1 - 0.5) + (1 - 2) = 0.
    let objective = Given {
        bounds: cube(2, 0.0, 1.0),
        answer: |x: &[f64]| {
            let (a, b) = (x[0] - 2.0, x[1] - 0.5);
            Some(GradientAnswer {
                fval: a * a + a * b + b * b,
                gradient: vec![2.0 * a + b, a + 2.0 * b],
                hessian: vec![2.0, 1.0, 1.0, 2.0],
            })
        },
    };
    for start in [[0.5, 0.5], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [9.0, -9.0]] {
        let descent = descend(&objective, &start, &DescentSettings::default());
        check_path(&descent, &objective.bounds);
        let end = descent.end().expect("an end");
        assert!(descent.stop.is_converged(), "{start:?}: {:?}", descent.stop);
        assert!((end.x[0] - 1.0).abs() < 1e-6 && (end.x[1] - 1.0).abs() < 1e-3, "{start:?}: {end:?}");
        assert!((end.fval - 0.75).abs() < 1e-6);
    }
}

#[test]
fn estimated_noise_is_fitted_from_far_away() {
    let objective = Given { bounds: cube(3, -5.0, 5.0), answer: decay };
    let ends: Vec<f64> = [[3.0, -3.0, 2.0], [0.0, 0.0, 0.0], [-1.0, 0.0, -2.0]]
        .iter()
        .map(|start| descend(&objective, start, &DescentSettings::default()).end().expect("an end").fval)
        .collect();
    assert!(ends.iter().all(|fval| (fval - ends[0]).abs() < 1e-5), "{ends:?}");
}

#[test]
fn a_region_that_fails_is_walked_around() {
    let objective = Given {
        bounds: cube(2, -5.0, 5.0),
        answer: |x: &[f64]| ((x[0] - 0.2).hypot(x[1] - 0.6) > 0.3).then(|| rosenbrock(x)),
    };
    let descent = descend(&objective, &[-1.2, 1.0], &DescentSettings::default());
    check_path(&descent, &objective.bounds);
    assert!(descent.end().expect("an end").fval < 5.0);
    let wall = Given {
        bounds: cube(1, -5.0, 5.0),
        answer: |x: &[f64]| {
            (x[0] < 1.0).then(|| GradientAnswer { fval: -x[0], gradient: vec![-1.0], hessian: vec![0.0] })
        },
    };
    let descent = descend(&wall, &[0.0], &DescentSettings::default());
    assert_eq!(descent.stop, Stop::Stuck);
    assert!(descent.end().expect("an end").x[0] > 0.999);
}

#[test]
fn flat_directions_do_not_hinder() {
    let objective = Given {
        bounds: cube(4, -5.0, 5.0),
        answer: |x: &[f64]| {
            let residual = x[0] + x[1] - 1.0;
            Some(least_squares(&[(residual, vec![1.0, 1.0, 0.0, 0.0])], 4))
        },
    };
    let descent = descend(&objective, &[4.0, 4.0, -2.0, 5.0], &DescentSettings::default());
    let end = descent.end().expect("an end");
    assert!(descent.stop.is_converged() && end.fval < 1e-10);
    assert_eq!(end.x[2..], [-2.0, 5.0]);
}

#[test]
fn what_cannot_start_says_so() {
    let objective = rosenbrock_in(cube(2, -5.0, 5.0));
    for start in [vec![f64::NAN, 0.0], vec![f64::INFINITY, 0.0], vec![0.0], vec![]] {
        let descent = descend(&objective, &start, &DescentSettings::default());
        assert_eq!((descent.stop, descent.path.len(), descent.work.gradients), (Stop::StartFailed, 0, 0));
    }
    let nowhere = Given { bounds: cube(2, -5.0, 5.0), answer: |_: &[f64]| None };
    let descent = descend(&nowhere, &[0.0, 0.0], &DescentSettings::default());
    assert_eq!((descent.stop, descent.work.gradients), (Stop::StartFailed, 1));
    for broken in [
        GradientAnswer { fval: f64::NAN, gradient: vec![0.0; 2], hessian: vec![0.0; 4] },
        GradientAnswer { fval: 0.0, gradient: vec![f64::NAN; 2], hessian: vec![0.0; 4] },
        GradientAnswer { fval: 0.0, gradient: vec![1.0; 2], hessian: vec![0.0; 3] },
        GradientAnswer { fval: 0.0, gradient: vec![1.0; 2], hessian: vec![f64::INFINITY; 4] },
    ] {
        let objective = Given { bounds: cube(2, -5.0, 5.0), answer: move |_: &[f64]| Some(broken.clone()) };
        assert_eq!(descend(&objective, &[0.0, 0.0], &DescentSettings::default()).stop, Stop::StartFailed);
    }
}

#[test]
fn stopping_rules_are_kept() {
    let objective = rosenbrock_in(cube(2, -5.0, 5.0));
    let settings = DescentSettings { iterations: 3, ..DescentSettings::default() };
    let descent = descend(&objective, &[-1.2, 1.0], &settings);
    assert_eq!((descent.stop, descent.work.gradients), (Stop::Iterations, 4));
    let settings = DescentSettings { iterations: 3, stop: StopRule::Converged, ..DescentSettings::default() };
    assert!(descend(&objective, &[-1.2, 1.0], &settings).stop.is_converged());
    let settings = DescentSettings { iterations: 0, ..DescentSettings::default() };
    assert_eq!(descend(&objective, &[-1.2, 1.0], &settings).path.len(), 1);
}

#[test]
fn fixed_parameters_and_open_sides_are_kept() {
    let objective = rosenbrock_in(Bounds {
        lower: vec![f64::NEG_INFINITY, 0.25, f64::NEG_INFINITY],
        upper: vec![f64::INFINITY, 0.25, 9.0],
    });
    let descent = descend(&objective, &[-1.2, 3.0, 1.0], &DescentSettings::default());
    check_path(&descent, &objective.bounds);
    let end = descent.end().expect("an end");
    assert!(descent.stop.is_converged(), "{:?}", descent.stop);
    assert!(end.x[1] == 0.25 && (end.x[2] - 0.0625).abs() < 1e-4, "{end:?}");
}

#[test]
fn a_curved_valley_with_large_residuals_is_followed() {
    // Two residuals that cannot vanish together: at the minimum the second derivatives outweigh Gauss-Newton.
    let residuals = |x: &[f64]| {
        least_squares(
            &[
                (8.0 + x[0] * x[1], vec![x[1], x[0]]),
                (10.0 * (x[1] - x[0] * x[0]), vec![-20.0 * x[0], 10.0]),
                (x[0] - 3.0, vec![1.0, 0.0]),
            ],
            2,
        )
    };
    let objective = Given { bounds: cube(2, -5.0, 5.0), answer: move |x: &[f64]| Some(residuals(x)) };
    let descent = descend(&objective, &[4.0, -4.0], &DescentSettings::default());
    let end = descent.end().expect("an end");
    assert!(descent.stop.is_converged() && end.gradient_norm < 1e-3, "{:?} {end:?}", descent.stop);
    assert!(descent.work.gradients < 60, "{:?}", descent.work);
}

#[test]
fn noise_of_a_solver_does_not_keep_a_descent_from_ending() {
    let noisy = |x: &[f64]| {
        let mut answer = rosenbrock(x);
        answer.fval += 100.0 + 1e-7 * (1e9 * x[0]).sin();
        answer.gradient.iter_mut().for_each(|slope| *slope += 1e-4 * (1e9 * x[1]).sin());
        Some(answer)
    };
    let objective = Given { bounds: cube(2, -5.0, 5.0), answer: noisy };
    let descent = descend(&objective, &[-1.2, 1.0], &DescentSettings::default());
    assert!(descent.stop.is_converged(), "{:?}", descent.stop);
    assert!(descent.end().expect("an end").fval < 100.001 && descent.work.gradients < 100);
}

#[test]
fn a_minimum_among_many_parameters() {
    let size = 150;
    let descent = descend(&rosenbrock_in(cube(size, -5.0, 5.0)), &vec![0.5; size], &DescentSettings::default());
    assert!(descent.end().expect("an end").fval < 1e-6, "{:?}", descent.stop);
}

#[test]
fn multistart_spends_a_budget_in_order() {
    use crate::optimise::multistart::Multistart;
    let objective = rosenbrock_in(cube(2, -5.0, 5.0));
    let starts = vec![vec![-1.2, 1.0], vec![f64::NAN, 0.0], vec![3.0, 3.0], vec![-4.0, 4.0]];
    let mut all = Multistart::new(objective.bounds.clone(), starts.clone(), DescentSettings::default().into());
    let outcome = run(&mut all, &objective, Limits::NONE, &mut |_| {});
    assert_eq!(outcome.stop, Stop::Exhausted);
    assert_eq!(all.ends().len(), 4);
    assert_eq!(all.ends()[1].stop, Stop::StartFailed);
    let alone = super::super::multistart::descend_all(&objective, &starts, &DescentSettings::default().into());
    assert_eq!(outcome.work, alone.iter().map(|descent| descent.work).sum());
    for (end, descent) in all.ends().iter().zip(&alone) {
        assert_eq!((end.x.as_ref(), end.stop), (descent.end().map(|iterate| &iterate.x), descent.stop));
    }
    let mut some = Multistart::new(objective.bounds.clone(), starts, DescentSettings::default().into());
    let limits = Limits { budget: Some(50.0), gradient_cost: 5.0 };
    let outcome = run(&mut some, &objective, limits, &mut |_| {});
    assert_eq!((outcome.stop, outcome.work.gradients), (Stop::Budget, 10));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_descent_falls_inside_the_bounds_and_repeats(
        start in proptest::collection::vec(-6.0..6.0, 4),
        lower in proptest::collection::vec(-5.0..-0.5, 4),
        upper in proptest::collection::vec(-0.5..5.0, 4),
        hole in -1.0_f64..1.0,
    ) {
        let objective = Given {
            bounds: Bounds { lower, upper },
            answer: move |x: &[f64]| ((x[0] - hole).abs() > 0.1).then(|| rosenbrock(x)),
        };
        let settings = DescentSettings { iterations: 60, ..DescentSettings::default() };
        let descent = descend(&objective, &start, &settings);
        prop_assert!(descent.path.iter().all(|iterate| objective.bounds.contains(&iterate.x)));
        prop_assert!(descent.path.windows(2).all(|pair| pair[1].fval < pair[0].fval));
        prop_assert_eq!(&descent, &descend(&objective, &start, &settings));
        if descent.stop == Stop::Converged(Convergence::Gradient) {
            let end = descent.end().expect("a converged descent has an end");
            prop_assert!(end.gradient_norm <= settings.gtol);
        }
    }
}
