//! A Gaussian in the unit cube, covariances from few rows, and draws.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::cube::FLOOR;

/// A Gaussian whose covariance is factored.
pub struct Gaussian {
    mean: DVector<f64>,
    factor: Cholesky<f64, Dyn>,
}

impl Gaussian {
    /// A Gaussian of this mean and covariance, whose variances are first widened by that of [`FLOOR`]. `None` when the
    /// covariance is not positive semidefinite or not finite.
    pub fn new(mean: DVector<f64>, mut covariance: DMatrix<f64>) -> Option<Self> {
        for index in 0..mean.len() {
            covariance[(index, index)] += FLOOR * FLOOR;
        }
        Some(Self { mean, factor: Cholesky::new(covariance)? })
    }

    /// One draw.
    pub fn draw(&self, generator: &mut ChaCha8Rng) -> DVector<f64> {
        let normal = noise(self.mean.len(), generator);
        &self.mean + self.factor.l_dirty().lower_triangle() * normal
    }

    /// The logarithm of the density.
    pub fn log_density(&self, place: &DVector<f64>) -> f64 {
        let mut scaled = place - &self.mean;
        self.factor.l_dirty().solve_lower_triangular_mut(&mut scaled);
        let log_root: f64 = self.factor.l_dirty().diagonal().iter().map(|scale| scale.ln()).sum();
        -0.5 * (scaled.norm_squared() + self.mean.len() as f64 * std::f64::consts::TAU.ln()) - log_root
    }
}

/// Independent standard normal numbers.
pub fn noise(length: usize, generator: &mut ChaCha8Rng) -> DVector<f64> {
    DVector::from_iterator(length, (0..length).map(|_| generator.sample::<f64, _>(StandardNormal)))
}

/// The index at which the sum of the weights passes `uniform`.
pub fn chosen(weights: &[f64], uniform: f64) -> usize {
    let mut left = uniform;
    let within = weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    });
    // Rounding may leave a rest behind the last weight.
    within.unwrap_or(weights.len() - 1)
}

/// The mean of at least one place.
pub fn mean(places: &[DVector<f64>]) -> DVector<f64> {
    places.iter().fold(DVector::zeros(places[0].len()), |sum, place| sum + place) / places.len() as f64
}

/// The covariance of at least one place around their mean, shrunk towards a multiple of the identity by the share that
/// is best on the whole in squared error (Ledoit & Wolf, Journal of Multivariate Analysis 2004, lemma 3.2 and on).
pub fn ledoit_wolf(places: &[DVector<f64>]) -> DMatrix<f64> {
    let (rows, dimensions) = (places.len() as f64, places[0].len());
    let mean = mean(places);
    let mut covariance = DMatrix::zeros(dimensions, dimensions);
    let mut fourth = 0.0;
    for place in places {
        let centred = place - &mean;
        covariance.syger(1.0 / rows, &centred, &centred, 1.0);
        fourth += centred.norm_squared().powi(2);
    }
    covariance.fill_upper_triangle_with_lower_triangle();
    let scale = covariance.trace() / dimensions as f64;
    let identity = DMatrix::identity(dimensions, dimensions) * scale;
    let spread = (&covariance - &identity).norm_squared();
    // The sum of |x x' - S|^2 over rows, divided by the square of their number.
    let noise = (fourth / rows - covariance.norm_squared()) / rows;
    let share = if spread > 0.0 { (noise / spread).clamp(0.0, 1.0) } else { 1.0 };
    covariance * (1.0 - share) + identity * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn shrinkage_is_that_of_scikit_learn() {
        // sklearn.covariance.ledoit_wolf of the same rows, scikit-learn 1.
        let rows = [[0.1, 0.9, 0.3], [0.4, 0.2, 0.8], [0.5, 0.5, 0.1], [0.9, 0.3, 0.6]];
        let found = ledoit_wolf(&rows.map(|row| DVector::from_row_slice(&row)));
        let known = [
            0.07775721308094236,
            -0.01925288179484832,
            0.007701152717939325,
            -0.01925288179484832,
            0.07413314121367678,
            -0.01766735035291963,
            0.007701152717939325,
            -0.01766735035291963,
            0.07435964570538088,
        ];
        assert!((found - DMatrix::from_row_slice(3, 3, &known)).norm() < 1e-12);
    }

    #[test]
    fn equal_places_have_no_covariance_and_still_a_gaussian() {
        let places = vec![DVector::from_element(2, 0.5); 3];
        let covariance = ledoit_wolf(&places);
        assert_eq!(covariance.norm(), 0.0);
        assert!(Gaussian::new(mean(&places), covariance).is_some());
    }

    #[test]
    fn the_density_is_that_of_the_textbook_and_draws_have_its_moments() {
        let covariance = DMatrix::from_row_slice(2, 2, &[0.04, 0.01, 0.01, 0.09]);
        let widened = &covariance + DMatrix::identity(2, 2) * FLOOR * FLOOR;
        let gaussian = Gaussian::new(DVector::from_vec(vec![0.2, 0.6]), covariance.clone()).expect("positive definite");
        let at = DVector::from_vec(vec![0.1, 0.9]);
        let away = &at - DVector::from_vec(vec![0.2, 0.6]);
        let inverse = widened.clone().try_inverse().expect("positive definite");
        let known = -0.5 * (away.transpose() * inverse * &away)[0]
            - std::f64::consts::TAU.ln()
            - 0.5 * widened.determinant().ln();
        assert!((gaussian.log_density(&at) - known).abs() < 1e-12);
        let mut generator = Streams::new(1, "test").stream(0);
        let draws: Vec<DVector<f64>> = (0..20_000).map(|_| gaussian.draw(&mut generator)).collect();
        assert!((ledoit_wolf(&draws) - covariance).norm() < 3e-3);
        assert!((mean(&draws) - DVector::from_vec(vec![0.2, 0.6])).norm() < 6e-3);
    }

    #[test]
    fn choices_follow_weights() {
        assert_eq!([0.0, 0.24, 0.25, 0.99, 1.0].map(|u| chosen(&[0.25, 0.0, 0.75], u)), [0, 0, 2, 2, 2]);
    }
}
