//! The unit cube of the free parameters, in which learners measure distances and spreads.

use nalgebra::DVector;

use super::rows::TrainingRows;
use crate::optimise::bounds::Bounds;

/// What is added to every spread, as a share of the box's width: ends of one minimum agree to many digits, and a cloud
/// without extent would propose one start many times.
pub const FLOOR: f64 = 1e-3;

/// The map between vectors and the unit cube of those parameters whose bounds differ.
pub struct Cube<'a> {
    bounds: &'a Bounds,
    free: Vec<usize>,
}

impl<'a> Cube<'a> {
    pub fn new(bounds: &'a Bounds) -> Self {
        let free = bounds.pairs().enumerate().filter(|(_, (lower, upper))| upper > lower).map(|(index, _)| index);
        Self { bounds, free: free.collect() }
    }

    /// The places of the descents' ends, lowest fval first, rows outside of the box held to its faces.
    pub fn ends(&self, rows: &TrainingRows) -> Vec<DVector<f64>> {
        rows.ends().into_iter().map(|row| self.place(&rows.vectors[row])).collect()
    }

    /// The best share of the ends, rounded up, and at least `least` of them, as far as there are as many.
    pub fn elite(ends: &[DVector<f64>], share: f64, least: usize) -> &[DVector<f64>] {
        let wanted = ((share * ends.len() as f64).ceil() as usize).max(least).min(ends.len());
        &ends[..wanted]
    }

    /// The place of a vector.
    pub fn place(&self, vector: &[f64]) -> DVector<f64> {
        let unit = self.bounds.to_unit(&self.bounds.clip(vector));
        DVector::from_iterator(self.free.len(), self.free.iter().map(|&index| unit[index]))
    }

    /// The vector of a place, mirrored into the box where the place lies outside of the cube.
    pub fn vector(&self, place: &DVector<f64>) -> Vec<f64> {
        let mut vector = self.bounds.lower.clone();
        for (&index, unit) in self.free.iter().zip(place.iter()) {
            vector[index] += unit * (self.bounds.upper[index] - self.bounds.lower[index]);
        }
        self.bounds.reflect(&vector)
    }

    /// A step of the estimation scale, the same in every parameter, as a share of each width.
    pub fn step(&self, step: f64) -> DVector<f64> {
        let width = |index: usize| self.bounds.upper[index] - self.bounds.lower[index];
        DVector::from_iterator(self.free.len(), self.free.iter().map(|&index| step / width(index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_parameters_are_not_in_the_cube() {
        let bounds = Bounds { lower: vec![-1.0, 3.0, 0.0], upper: vec![1.0, 3.0, 10.0] };
        let cube = Cube::new(&bounds);
        assert_eq!(cube.place(&[0.0, 9.0, 20.0]).as_slice(), [0.5, 1.0]);
        assert_eq!(cube.vector(&DVector::from_vec(vec![0.5, 1.25])), vec![0.0, 3.0, 7.5]);
        assert_eq!(cube.step(0.5).as_slice(), [0.25, 0.05]);
    }

    #[test]
    fn an_elite_is_a_share_with_a_least_number() {
        let ends = vec![DVector::zeros(1); 30];
        assert_eq!(
            [(0.1, 1), (0.11, 1), (0.1, 7), (0.1, 99)].map(|(s, n)| Cube::elite(&ends, s, n).len()),
            [3, 4, 7, 30]
        );
    }
}
