//! The trust-region subproblem, solved exactly by eigendecomposition.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// A quadratic model of an objective's change, `q(s) = g's + s'Bs / 2`, with the eigendecomposition of its symmetric
/// matrix, so that one factorisation serves every radius.
#[derive(Debug, Clone)]
pub struct Quadratic {
    gradient: DVector<f64>,
    matrix: DMatrix<f64>,
    eigenvalues: DVector<f64>,
    eigenvectors: DMatrix<f64>,
    /// `g` in the basis of the eigenvectors.
    rotated: DVector<f64>,
}

impl Quadratic {
    /// The model with gradient `g` and symmetric matrix `B`. `None` when their numbers are not finite or the
    /// decomposition does not converge.
    #[must_use]
    pub fn new(gradient: DVector<f64>, matrix: DMatrix<f64>) -> Option<Self> {
        let finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        if gradient.is_empty() || !finite(gradient.as_slice()) || !finite(matrix.as_slice()) {
            return None;
        }
        // Dividing by the largest entry keeps squares within the decomposition from overflowing.
        let size = matrix.amax();
        let size = if size > 0.0 { size } else { 1.0 };
        let decomposition = SymmetricEigen::try_new(&matrix / size, f64::EPSILON, 100 * gradient.len() + 1000)?;
        let eigenvalues = decomposition.eigenvalues * size;
        let eigenvectors = decomposition.eigenvectors;
        if !finite(eigenvalues.as_slice()) || !finite(eigenvectors.as_slice()) {
            return None;
        }
        let rotated = eigenvectors.tr_mul(&gradient);
        Some(Self { gradient, matrix, eigenvalues, eigenvectors, rotated })
    }

    /// The gradient `g`.
    #[must_use]
    pub fn gradient(&self) -> &DVector<f64> {
        &self.gradient
    }

    /// The matrix `B`.
    #[must_use]
    pub fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }

    /// `q(s)`
    #[must_use]
    pub fn value(&self, step: &DVector<f64>) -> f64 {
        self.gradient.dot(step) + 0.5 * step.dot(&(&self.matrix * step))
    }

    /// The step of length at most `radius` with the lowest `q` (Moré & Sorensen 1983; Nocedal & Wright 2006, section
    /// 4.3). In the hard case, where the gradient has no part along the lowest eigenvector, the sign of the part that
    /// is added along it is fixed by its largest component, so that the answer is always the same.
    #[must_use]
    pub fn minimise(&self, radius: f64) -> DVector<f64> {
        let lowest = self.eigenvalues.min();
        let noise = f64::EPSILON * self.eigenvalues.amax() * self.eigenvalues.len() as f64;
        if lowest > noise {
            let newton = self.shifted(0.0);
            if length(&newton) <= radius {
                return &self.eigenvectors * newton;
            }
        }
        // All shifts above `floor` make B + shift positive definite, and the step's length falls with the shift.
        let floor = (-lowest).max(0.0);
        let edge = floor + noise.max(f64::MIN_POSITIVE);
        let at_edge = self.shifted(edge);
        if length(&at_edge) <= radius {
            if lowest > -noise {
                // A positive semidefinite model that is flat along its lowest eigenvectors: the step is as good as any.
                return &self.eigenvectors * at_edge;
            }
            return &self.eigenvectors * self.hard_case(at_edge, radius);
        }
        &self.eigenvectors * self.boundary(edge, radius)
    }

    /// `-(B + shift)^-1 g` in the basis of the eigenvectors; a vanishing denominator under a vanishing part gives 0.
    fn shifted(&self, shift: f64) -> DVector<f64> {
        self.rotated.zip_map(&self.eigenvalues, |part, eigenvalue| {
            let denominator = eigenvalue + shift;
            if part == 0.0 || denominator <= 0.0 { 0.0 } else { -part / denominator }
        })
    }

    /// The step on the boundary: a root of `1/radius - 1/|s(shift)|` by Newton's method, kept inside a bracket.
    fn boundary(&self, edge: f64, radius: f64) -> DVector<f64> {
        let mut low = edge;
        let mut high = (self.rotated.norm() / radius - self.eigenvalues.min()).max(edge * 2.0);
        let mut shift = low;
        for _ in 0..200 {
            let step = self.shifted(shift);
            let size = length(&step);
            if size > radius {
                low = shift;
            } else {
                high = shift;
            }
            if (size - radius).abs() <= 1e-12 * radius || high - low <= f64::EPSILON * high {
                break;
            }
            let slope: f64 =
                step.iter().zip(&self.eigenvalues).map(|(s, eigenvalue)| s * s / (eigenvalue + shift)).sum();
            let newton = shift + (size * size / slope) * (size - radius) / radius;
            shift = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        }
        let step = self.shifted(shift);
        let size = length(&step);
        if size > radius { step * (radius / size) } else { step }
    }

    fn hard_case(&self, mut step: DVector<f64>, radius: f64) -> DVector<f64> {
        let column = self.eigenvalues.imin();
        let vector = self.eigenvectors.column(column);
        let sign = if vector[vector.icamax()] < 0.0 { -1.0 } else { 1.0 };
        let downhill = if self.rotated[column] == 0.0 { sign } else { -self.rotated[column].signum() };
        step[column] = 0.0;
        step[column] = downhill * (radius * radius - step.norm_squared()).max(0.0).sqrt();
        step
    }
}

/// The norm, infinite where it overflows.
fn length(vector: &DVector<f64>) -> f64 {
    let norm = vector.norm();
    if norm.is_nan() { f64::INFINITY } else { norm }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quadratic(gradient: &[f64], matrix: &[f64]) -> Quadratic {
        let size = gradient.len();
        Quadratic::new(DVector::from_row_slice(gradient), DMatrix::from_row_slice(size, size, matrix)).expect("finite")
    }

    #[test]
    fn inside_the_radius_it_is_newtons_step() {
        let step = quadratic(&[2.0, -4.0], &[2.0, 0.0, 0.0, 4.0]).minimise(10.0);
        assert!((step - DVector::from_row_slice(&[-1.0, 1.0])).norm() < 1e-14);
    }

    #[test]
    fn hard_case_and_saddle_reach_the_boundary() {
        let step = quadratic(&[0.0, 1.0], &[-1.0, 0.0, 0.0, 1.0]).minimise(2.0);
        assert!((step.norm() - 2.0).abs() < 1e-12);
        assert!((step[1] + 0.5).abs() < 1e-9, "{step}");
        let saddle = quadratic(&[0.0, 0.0], &[1.0, 0.0, 0.0, -1.0]).minimise(1.0);
        assert!((saddle[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_flat_model_steps_against_the_gradient() {
        let step = quadratic(&[3.0, 4.0], &[0.0; 4]).minimise(0.5);
        assert!((step - DVector::from_row_slice(&[-0.3, -0.4])).norm() < 1e-12);
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        assert!(Quadratic::new(DVector::from_row_slice(&[f64::NAN]), DMatrix::zeros(1, 1)).is_none());
        assert!(Quadratic::new(DVector::from_row_slice(&[1.0]), DMatrix::from_element(1, 1, f64::INFINITY)).is_none());
    }

    proptest! {
        #[test]
        fn no_other_step_in_the_region_is_lower(
            gradient in proptest::collection::vec(-3.0..3.0, 4),
            entries in proptest::collection::vec(-2.0..2.0, 16),
            others in proptest::collection::vec(proptest::collection::vec(-1.0..1.0, 4), 20),
            radius in 0.01_f64..5.0,
            semidefinite in any::<bool>(),
        ) {
            let root = DMatrix::from_row_slice(4, 4, &entries);
            let matrix = if semidefinite { root.transpose() * &root } else { &root + root.transpose() };
            let model = Quadratic::new(DVector::from_row_slice(&gradient), matrix).expect("finite");
            let step = model.minimise(radius);
            prop_assert!(step.norm() <= radius * (1.0 + 1e-9));
            for other in others {
                let other = DVector::from_row_slice(&other);
                let other = &other * (radius / f64::max(other.norm(), 1e-9)).min(1.0);
                if other.norm() <= radius {
                    prop_assert!(model.value(&step) <= model.value(&other) + 1e-8);
                }
            }
        }
    }
}
