//! Samplers and profiles against what is known of Gaussian and banana-shaped densities.

use proptest::prelude::*;

use super::profile::{self, Edge, End, interval, walk};
use super::*;
use crate::optimise::{Bounds, GradientAnswer, LocalSettings, Objective};
use crate::random::Streams;

/// A negative logarithm of a density with its gradient, solves that fail beyond a plane, and the Hessian for descents.
struct Known {
    bounds: Bounds,
    of: fn(&[f64]) -> (f64, Vec<f64>),
    hessian: Vec<f64>,
    /// Solves fail where the first coordinate is larger.
    beyond: f64,
}

impl Density for Known {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }
    fn value(&self, x: &[f64]) -> f64 {
        assert!(self.bounds.contains(x), "{x:?} is outside");
        if x[0] > self.beyond { f64::INFINITY } else { (self.of)(x).0 }
    }
    fn gradient(&self, x: &[f64]) -> Option<(f64, Vec<f64>)> {
        assert!(self.bounds.contains(x), "{x:?} is outside");
        (x[0] <= self.beyond).then(|| (self.of)(x))
    }
}

impl Objective for Known {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }
    fn value(&self, x: &[f64]) -> f64 {
        Density::value(self, x)
    }
    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let (fval, gradient) = Density::gradient(self, x)?;
        Some(GradientAnswer { fval, gradient, hessian: self.hessian.clone() })
    }
}

/// The inverse of the covariance [[0.25, 0.3], [0.3, 1.0]] (standard deviations 0.5 and 1, correlation 0.6).
const PRECISION: [f64; 4] = [6.25, -1.875, -1.875, 1.5625];
const MEAN: [f64; 2] = [1.0, -2.0];

fn gauss(x: &[f64]) -> (f64, Vec<f64>) {
    let (a, b) = (x[0] - MEAN[0], x[1] - MEAN[1]);
    let gradient = vec![PRECISION[0] * a + PRECISION[1] * b, PRECISION[2] * a + PRECISION[3] * b];
    (0.5 * (a * gradient[0] + b * gradient[1]), gradient)
}

fn gaussian() -> Known {
    let bounds = Bounds { lower: vec![-9.0, -12.0], upper: vec![11.0, 8.0] };
    Known { bounds, of: gauss, hessian: PRECISION.to_vec(), beyond: f64::INFINITY }
}

/// Rosenbrock's function as a density: x is normal around 1, y given x normal around x^2 with standard deviation 0.5.
fn banana(x: &[f64]) -> (f64, Vec<f64>) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (0.5 * a * a + 2.0 * b * b, vec![-a - 8.0 * b * x[0], 4.0 * b])
}

const NUTS: Method = Method::Nuts { accept: 0.8, depth: 10 };
const METROPOLIS: Method = Method::AdaptiveMetropolis { sigma: 0.01, adapt_after: 100, thin: 20 };
const TEMPERING: Method =
    Method::ParallelTempering { temperatures: 3, hottest: 10.0, sigma: 0.01, adapt_after: 100, thin: 20 };

fn chains(method: Method, density: &Known, counts: (usize, usize)) -> Vec<Chain> {
    (0..4_u64)
        .map(|index| {
            let streams = Streams::new(3, "test").part(&format!("chain {index}"));
            let start = [0.2 * index as f64, -0.3 * index as f64];
            method.sample(density, &start, counts, &streams, &|| false).expect("a chain")
        })
        .collect()
}

/// Mean and variance of a function of the draws.
fn moments(chains: &[Chain], of: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let values: Vec<f64> = chains.iter().flat_map(|chain| &chain.draws).map(|draw| of(&draw.x)).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

#[test]
fn every_sampler_finds_the_moments_of_a_gaussian() {
    for method in [NUTS, METROPOLIS, TEMPERING] {
        let density = gaussian();
        let chains = chains(method, &density, (500, 2000));
        for (at, variance) in [(0, 0.25), (1, 1.0)] {
            let (mean, found) = moments(&chains, |x| x[at]);
            assert!((mean - MEAN[at]).abs() < 0.08 * f64::sqrt(variance), "{method:?}: {mean}");
            assert!((found / variance - 1.0).abs() < 0.12, "{method:?}: {found}");
        }
        let (covariance, _) = moments(&chains, |x| (x[0] - MEAN[0]) * (x[1] - MEAN[1]));
        assert!((covariance - 0.3).abs() < 0.04, "{method:?}: {covariance}");
        for chain in &chains {
            assert_eq!((chain.draws.len(), chain.failed), (2000, 0));
            let kept = |draw: &Draw| (draw.value - gauss(&draw.x).0).abs() < 1e-9 && !draw.divergent;
            assert!(chain.draws.iter().all(kept), "{method:?}");
            assert!(chain.moved > 0.5 && chain.work.values + chain.work.gradients > 2500);
        }
    }
}

#[test]
fn the_no_u_turn_sampler_follows_a_banana() {
    let bounds = Bounds { lower: vec![-10.0, -10.0], upper: vec![12.0, 60.0] };
    let density = Known { bounds, of: banana, hessian: Vec::new(), beyond: f64::INFINITY };
    let chains = chains(NUTS, &density, (1000, 4000));
    // y = x^2 + noise with x normal around 1: mean 2, variance 6.25.
    for (at, mean, variance) in [(0, 1.0, 1.0), (1, 2.0, 6.25)] {
        let found = moments(&chains, |x| x[at]);
        assert!((found.0 - mean).abs() < 0.15 * f64::sqrt(variance), "{found:?}");
        assert!((found.1 / variance - 1.0).abs() < 0.25, "{found:?}");
    }
}

#[test]
fn nothing_but_bounds_gives_a_uniform_sample() {
    for method in [NUTS, METROPOLIS] {
        let bounds = Bounds { lower: vec![0.0, 5.0], upper: vec![1.0, 5.0] };
        let density = Known { bounds, of: |_| (0.0, vec![0.0; 2]), hessian: Vec::new(), beyond: f64::INFINITY };
        let chains = chains(method, &density, (500, 2000));
        let (mean, variance) = moments(&chains, |x| x[0]);
        assert!((mean - 0.5).abs() < 0.03 && (variance * 12.0 - 1.0).abs() < 0.08, "{method:?}: {mean} {variance}");
        assert!(chains.iter().flat_map(|chain| &chain.draws).all(|draw| draw.x[1] == 5.0));
    }
}

#[test]
fn failed_solves_are_rejections_that_are_counted() {
    for method in [NUTS, METROPOLIS, TEMPERING] {
        // The upper half of the first parameter cannot be solved.
        let density = Known { beyond: MEAN[0], ..gaussian() };
        let chains = chains(method, &density, (300, 500));
        assert!(chains.iter().all(|chain| chain.failed > 0), "{method:?}");
        assert!(chains.iter().flat_map(|chain| &chain.draws).all(|draw| draw.x[0] <= MEAN[0]));
        let streams = Streams::new(1, "test");
        let failed = method.sample(&Known { beyond: -100.0, ..gaussian() }, &[0.0, 0.0], (5, 5), &streams, &|| false);
        assert_eq!(failed, Err(SampleError::Start), "{method:?}");
        let stopped = method.sample(&gaussian(), &[0.0, 0.0], (5, 5), &streams, &|| true);
        assert_eq!(stopped, Err(SampleError::Stopped));
        let mut point = gaussian();
        point.bounds = Bounds { lower: vec![1.0; 2], upper: vec![1.0; 2] };
        assert_eq!(
            method.sample(&point, &[1.0; 2], (5, 5), &streams, &|| false),
            Err(SampleError::NothingFree),
            "{method:?}"
        );
    }
}

#[test]
fn streams_decide_everything() {
    for method in [NUTS, METROPOLIS, TEMPERING] {
        let sample = |name: &str| {
            method.sample(&gaussian(), &[0.0, 0.0], (50, 50), &Streams::new(1, name), &|| false).expect("a chain")
        };
        assert_eq!(sample("one").draws, sample("one").draws, "{method:?}");
        assert_ne!(sample("one").draws, sample("two").draws, "{method:?}");
    }
}

#[test]
fn schemas_and_types_agree() {
    for choice in methods() {
        let settings = choice
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), field.default.clone().expect("every setting has a default")));
        let value = crate::schema::Value::Choice(choice.name.to_owned(), settings.collect());
        let typed: Method = value.to().expect("the schema fits the type");
        assert_eq!(typed.needs_gradients(), choice.name == "nuts");
    }
}

proptest! {
    /// The map and its derivatives are those of each other, and nothing leaves the box.
    #[test]
    fn logits_come_back(z in proptest::collection::vec(-6.0..6.0f64, 4), far in -1e4..1e4f64) {
        let inf = f64::INFINITY;
        let bounds = Bounds { lower: vec![-2.0, 0.0, -inf, -inf, 3.0], upper: vec![5.0, inf, 1.0, inf, 3.0] };
        let logit = Logit::new(&bounds);
        prop_assert_eq!(logit.dimensions(), 4);
        let (x, volume) = logit.backward(&z);
        prop_assert!(bounds.contains(&x));
        let back = logit.forward(&x);
        prop_assert!(back.iter().zip(&z).all(|(a, b)| (a - b).abs() < 1e-8), "{back:?} {z:?}");
        // A linear function of the vector.
        let slopes = [1.0, -2.0, 0.5, 3.0, 7.0];
        let of = |z: &[f64]| {
            let (x, volume) = logit.backward(z);
            x.iter().zip(slopes).map(|(x, slope)| x * slope).sum::<f64>() - volume
        };
        let gradient = logit.gradient(&z, &slopes, -1.0);
        for at in 0..4 {
            let moved = |by: f64| { let mut moved = z.clone(); moved[at] += by; of(&moved) };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            prop_assert!((slope - gradient[at]).abs() < 1e-4 * slope.abs().max(1.0), "{at}: {slope} {gradient:?}");
        }
        prop_assert!(volume.is_finite());
        let (x, _) = logit.backward(&[far, 0.0, 0.0, 0.0]);
        prop_assert!(bounds.contains(&x));
    }
}

fn settings(threshold: f64) -> profile::Settings {
    profile::Settings { threshold, most: 200, descent: LocalSettings::default() }
}

fn both(objective: &Known, parameter: usize, threshold: f64) -> (profile::Side, profile::Side, profile::Interval) {
    let side = |upwards| walk(objective, (&MEAN, 0.0), parameter, upwards, &settings(threshold), &|| false);
    let (down, up) = (side(false).expect("not stopped"), side(true).expect("not stopped"));
    let values = |side: &profile::Side| side.points.iter().map(|point| point.x[parameter]).collect::<Vec<f64>>();
    let (below, above) = (values(&down), values(&up));
    let found = interval((MEAN[parameter], 0.0), (&down, &below), (&up, &above), threshold, 0.0);
    (down, up, found)
}

#[test]
fn profiles_of_a_gaussian_are_its_marginals() {
    // Half the 95 % quantile of the chi-square distribution: the interval is 1.96 standard deviations to each side.
    let threshold = 1.920_729_410_347_062;
    for (parameter, sd) in [(0, 0.5), (1, 1.0)] {
        let (down, up, found) = both(&gaussian(), parameter, threshold);
        for side in [&down, &up] {
            assert_eq!(side.end, End::Crossed);
            assert!((6..40).contains(&side.points.len()), "{} points", side.points.len());
            for point in &side.points {
                let z = (point.x[parameter] - MEAN[parameter]) / sd;
                assert!((point.fval - 0.5 * z * z).abs() < 1e-6 && point.converged, "{point:?}");
            }
        }
        assert_eq!((found.lower.1, found.upper.1), (Edge::Crosses, Edge::Crosses));
        for (end, sign) in [(found.lower.0, -1.0), (found.upper.0, 1.0)] {
            assert!((end - (MEAN[parameter] + sign * 1.959_963_984_540_054 * sd)).abs() < 1e-4 * sd, "{found:?}");
        }
    }
}

#[test]
fn a_profile_that_does_not_cross_is_open() {
    // A parameter that nothing determines: open to both bounds.
    let bounds = Bounds { lower: vec![-9.0, -12.0], upper: vec![11.0, 8.0] };
    let flat = Known {
        bounds,
        of: |x| (0.5 * (x[1] + 2.0).powi(2), vec![0.0, x[1] + 2.0]),
        hessian: vec![0.0, 0.0, 0.0, 1.0],
        beyond: f64::INFINITY,
    };
    let (down, up, found) = both(&flat, 0, 1.92);
    assert_eq!((down.end, up.end), (End::Bound, End::Bound));
    assert_eq!((found.lower, found.upper), ((-9.0, Edge::Open(End::Bound)), (11.0, Edge::Open(End::Bound))));
    assert_eq!(found.upper.1.label(), "open to the bound");

    // Solves fail beyond 1.3.
    let (_, up, found) = both(&Known { beyond: 1.3, ..gaussian() }, 0, 1.92);
    assert_eq!((up.end, found.upper.1), (End::Failed, Edge::Open(End::Failed)));
    assert!(up.failed > 0 && (found.upper.0 - 1.3).abs() < 1e-3, "{found:?}");

    // A lower fval was found elsewhere.
    let side = profile::Side { points: Vec::new(), end: End::Bound, work: crate::optimise::Work::default(), failed: 0 };
    let found = interval((0.0, 5.0), (&side, &[]), (&side, &[]), 1.92, 0.0);
    assert!(found.lower.1 == Edge::Nowhere && found.upper.0.is_nan());
}

#[test]
fn a_walk_is_bounded_and_stops_when_asked() {
    let few = profile::Settings { most: 3, ..settings(1.92) };
    let side = walk(&gaussian(), (&MEAN, 0.0), 0, true, &few, &|| false).expect("not stopped");
    assert_eq!((side.points.len(), side.end), (3, End::Points));
    assert_eq!(walk(&gaussian(), (&MEAN, 0.0), 0, true, &few, &|| true), None);
}
