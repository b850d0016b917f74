//! Standard test functions as objectives, with derivatives: for tests of optimisers and for benchmark problems.

use std::f64::consts::{E, PI};

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::objective::{GradientAnswer, Objective};

/// A test function in its usual box. Each has the minimum 0 in every number of dimensions; see
/// [`TestFunction::minimum`].
#[derive(Debug, Clone, PartialEq)]
pub struct TestFunction {
    function: Function,
    bounds: Bounds,
}

/// Which test function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// The sum of squares, in -5.12 .. 5.12.
    Sphere,
    /// A curved valley, in -5 .. 10 (Rosenbrock, The Computer Journal 1960), as the chain over neighbouring coordinates.
    Rosenbrock,
    /// A sphere with a grid of local minima at distance 1, in -5.12 .. 5.12 (Rastrigin 1974; any dimension by
    /// Mühlenbein, Schomisch & Born 1991).
    Rastrigin,
    /// A nearly flat plain of local minima with a funnel in its middle, in -32.768 .. 32.768 (Ackley 1987; any dimension
    /// by Bäck 1996).
    Ackley,
}

impl Function {
    /// All of them.
    pub const ALL: [Function; 4] = [Function::Sphere, Function::Rosenbrock, Function::Rastrigin, Function::Ackley];

    fn usual_box(self) -> (f64, f64) {
        match self {
            Function::Sphere | Function::Rastrigin => (-5.12, 5.12),
            Function::Rosenbrock => (-5.0, 10.0),
            Function::Ackley => (-32.768, 32.768),
        }
    }
}

impl TestFunction {
    /// The function of `dimensions` parameters in its usual box.
    #[must_use]
    pub fn new(function: Function, dimensions: usize) -> Self {
        let (lower, upper) = function.usual_box();
        Self { function, bounds: Bounds { lower: vec![lower; dimensions], upper: vec![upper; dimensions] } }
    }

    /// The function in another box, which also says the number of dimensions.
    #[must_use]
    pub fn within(function: Function, bounds: Bounds) -> Self {
        Self { function, bounds }
    }

    /// Where its fval is 0.
    #[must_use]
    pub fn minimum(&self) -> Vec<f64> {
        let coordinate = if self.function == Function::Rosenbrock { 1.0 } else { 0.0 };
        vec![coordinate; self.bounds.len()]
    }
}

impl Objective for TestFunction {
    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn value(&self, x: &[f64]) -> f64 {
        match self.function {
            Function::Sphere => x.iter().map(|x| x * x).sum(),
            Function::Rosenbrock => {
                x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0].powi(2)).powi(2) + (1.0 - pair[0]).powi(2)).sum()
            }
            // 10 - 10 cos(2 pi x) = 20 sin(pi x)^2 without its cancellation near the minimum.
            Function::Rastrigin => x.iter().map(|x| x * x + 20.0 * (PI * x).sin().powi(2)).sum(),
            Function::Ackley => {
                let Ackley { radius, wave } = Ackley::at(x);
                (20.0 - 20.0 * (-0.2 * radius).exp()) + (E - wave.exp())
            }
        }
    }

    /// The Hessian's approximation is that of Gauss and Newton where the function is a sum of squares, and for Ackley's
    /// the part of the Hessian that is positive semidefinite.
    fn gradient(&self, x: &[f64]) -> Option<GradientAnswer> {
        let count = x.len();
        let mut gradient = vec![0.0; count];
        let mut hessian = vec![0.0; count * count];
        match self.function {
            Function::Sphere => {
                for (index, x) in x.iter().enumerate() {
                    gradient[index] = 2.0 * x;
                    hessian[index * count + index] = 2.0;
                }
            }
            Function::Rosenbrock => {
                for (index, pair) in x.windows(2).enumerate() {
                    let next = index + 1;
                    let residual = pair[1] - pair[0].powi(2);
                    gradient[index] += -400.0 * pair[0] * residual - 2.0 * (1.0 - pair[0]);
                    gradient[next] += 200.0 * residual;
                    hessian[index * count + index] += 800.0 * pair[0].powi(2) + 2.0;
                    hessian[next * count + next] += 200.0;
                    hessian[index * count + next] -= 400.0 * pair[0];
                    hessian[next * count + index] -= 400.0 * pair[0];
                }
            }
            Function::Rastrigin => {
                for (index, x) in x.iter().enumerate() {
                    gradient[index] = 2.0 * x + 20.0 * PI * (2.0 * PI * x).sin();
                    hessian[index * count + index] = 2.0 + 40.0 * (PI * (PI * x).cos()).powi(2);
                }
            }
            Function::Ackley => {
                let dimensions = count as f64;
                let Ackley { radius, wave } = Ackley::at(x);
                let (slope, wave) = (4.0 * (-0.2 * radius).exp(), wave.exp());
                for (index, &a) in x.iter().enumerate() {
                    let angle = 2.0 * PI * a;
                    gradient[index] = wave * 2.0 * PI * angle.sin() / dimensions;
                    hessian[index * count + index] = wave * (2.0 * PI).powi(2) * angle.cos().max(0.0) / dimensions;
                    // The minimum is the tip of a cone: it has no derivative there, and 0 is one of its subgradients.
                    if radius > 0.0 {
                        gradient[index] += slope * a / (dimensions * radius);
                        hessian[index * count + index] += slope / (dimensions * radius);
                        for (other, &b) in x.iter().enumerate() {
                            hessian[index * count + other] -= slope * a * b / (dimensions.powi(2) * radius.powi(3));
                        }
                    }
                }
            }
        }
        let answer = GradientAnswer { fval: self.value(x), gradient, hessian };
        answer.is_usable(count).then_some(answer)
    }
}

/// What Ackley's function is made of.
struct Ackley {
    /// The root of the mean square.
    radius: f64,
    /// The mean cosine.
    wave: f64,
}

impl Ackley {
    fn at(x: &[f64]) -> Self {
        let count = x.len().max(1) as f64;
        Self {
            radius: (x.iter().map(|x| x * x).sum::<f64>() / count).sqrt(),
            wave: x.iter().map(|x| (2.0 * PI * x).cos()).sum::<f64>() / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn derivatives_are_those_of_the_value(unit in proptest::collection::vec(0.05..0.95, 2..6)) {
            for function in Function::ALL {
                let problem = TestFunction::new(function, unit.len());
                let x = problem.bounds().from_unit(&unit);
                let answer = problem.gradient(&x).expect("it never fails");
                prop_assert_eq!(answer.fval, problem.value(&x));
                for index in 0..x.len() {
                    let (mut above, mut below) = (x.clone(), x.clone());
                    above[index] += 1e-5;
                    below[index] -= 1e-5;
                    let slope = (problem.value(&above) - problem.value(&below)) / 2e-5;
                    let size = 1.0 + answer.fval.abs() + slope.abs();
                    prop_assert!((slope - answer.gradient[index]).abs() < 1e-5 * size, "{function:?} {index}");
                }
                let hessian = DMatrix::from_row_slice(x.len(), x.len(), &answer.hessian);
                let values = hessian.symmetric_eigenvalues();
                prop_assert!(values.min() > -1e-9 * values.max(), "{function:?} {values}");
            }
        }
    }

    #[test]
    fn the_minimum_has_the_fval_zero() {
        for function in Function::ALL {
            for dimensions in [2, 3, 10] {
                let problem = TestFunction::new(function, dimensions);
                let minimum = problem.minimum();
                assert!(problem.bounds().contains(&minimum));
                assert!(problem.value(&minimum).abs() < 1e-14, "{function:?}");
                let answer = problem.gradient(&minimum).expect("it never fails");
                assert!(answer.gradient.iter().all(|slope| slope.abs() < 1e-12), "{function:?}");
            }
        }
    }
}
