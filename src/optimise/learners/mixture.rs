//! Mixtures of Gaussians from few rows.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::gaussian::{Gaussian, chosen};
use crate::random::Streams;

/// Starts for each number of components, of which the fit with the lowest BIC is kept.
const STARTS: u64 = 5;
/// A component worth less than about three ends dies out: two ends agree in some parameter by chance, and a likelihood
/// rewards that without bound.
const LEAST: f64 = 2.5;
/// Most iterations of a fit.
const ITERATIONS: usize = 200;
/// A fit has converged when the mean log-likelihood rises by less.
const TOLERANCE: f64 = 1e-7;

/// A mixture of Gaussians.
pub struct Mixture {
    weights: Vec<f64>,
    components: Vec<Gaussian>,
    parameters: f64,
}

impl Mixture {
    /// The mixture of lowest BIC among those of 1 and up to `most` components, for at least one place.
    pub fn of(places: &[DVector<f64>], most: usize, streams: &Streams) -> Self {
        let single = Self::from_shares(places, &vec![vec![1.0]; places.len()])
            .expect("one component holds all ends and has a positive definite covariance");
        let mut best = (single.bic(places), single);
        for number in 2..=most.min(places.len() / 3) {
            let fits = (0..STARTS).filter_map(|start| {
                let mut generator = streams.part(&number.to_string()).stream(start);
                Self::fitted(places, seeds(places, number, &mut generator))
            });
            for fit in fits {
                let bic = fit.bic(places);
                if bic < best.0 {
                    best = (bic, fit);
                }
            }
        }
        best.1
    }

    /// One draw.
    pub fn draw(&self, generator: &mut ChaCha8Rng) -> DVector<f64> {
        let component = chosen(&self.weights, generator.random());
        self.components[component].draw(generator)
    }

    /// Expectation maximisation, from components that hold the places nearest to each seed; `None` when one dies out.
    fn fitted(places: &[DVector<f64>], seeds: Vec<DVector<f64>>) -> Option<Self> {
        let nearest = |place: &DVector<f64>| {
            let distance = |seed: &DVector<f64>| (place - seed).norm_squared();
            let order = |&a: &usize, &b: &usize| distance(&seeds[a]).total_cmp(&distance(&seeds[b]));
            (0..seeds.len()).min_by(order).expect("there are seeds")
        };
        let hard = |place| (0..seeds.len()).map(|seed| f64::from(u8::from(seed == nearest(place)))).collect();
        let mut shares: Vec<Vec<f64>> = places.iter().map(hard).collect();
        let mut likelihood = f64::NEG_INFINITY;
        let mut mixture = Self::from_shares(places, &shares)?;
        for _ in 0..ITERATIONS {
            let mut sum = 0.0;
            for (place, shares) in places.iter().zip(&mut shares) {
                sum += mixture.share_out(place, shares);
            }
            let reached = sum / places.len() as f64;
            if !(reached - likelihood >= TOLERANCE) {
                break;
            }
            likelihood = reached;
            mixture = Self::from_shares(places, &shares)?;
        }
        Some(mixture)
    }

    /// The components of given shares of each place in each.
    fn from_shares(places: &[DVector<f64>], shares: &[Vec<f64>]) -> Option<Self> {
        let (rows, dimensions) = (places.len() as f64, places[0].len());
        let d = dimensions as f64;
        let mut mixture = Self { weights: Vec::new(), components: Vec::new(), parameters: -1.0 };
        for component in 0..shares[0].len() {
            let of = || places.iter().zip(shares).map(|(place, shares)| (place, shares[component]));
            let size: f64 = of().map(|(_, share)| share).sum();
            if shares[0].len() > 1 && size < LEAST {
                return None;
            }
            let mean = of().fold(DVector::zeros(dimensions), |sum, (place, share)| sum + place * (share / size));
            let mut covariance = DMatrix::zeros(dimensions, dimensions);
            for (place, share) in of() {
                let centred = place - &mean;
                covariance.syger(share / size, &centred, &centred, 1.0);
            }
            covariance.fill_upper_triangle_with_lower_triangle();
            let kept = size / (d + size);
            let variances = covariance.diagonal();
            covariance *= kept;
            covariance.set_diagonal(&variances);
            mixture.weights.push(size / rows);
            mixture.components.push(Gaussian::new(mean, covariance)?);
            mixture.parameters += 1.0 + 2.0 * d + kept * d * (d - 1.0) / 2.0;
        }
        Some(mixture)
    }

    /// The logarithm of the density at a place, and the share of each component in it.
    fn share_out(&self, place: &DVector<f64>, shares: &mut [f64]) -> f64 {
        for ((share, weight), component) in shares.iter_mut().zip(&self.weights).zip(&self.components) {
            *share = weight.ln() + component.log_density(place);
        }
        let highest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for share in shares.iter_mut() {
            *share = (*share - highest).exp();
            total += *share;
        }
        for share in shares {
            *share /= total;
        }
        highest + total.ln()
    }

    fn bic(&self, places: &[DVector<f64>]) -> f64 {
        let mut shares = vec![0.0; self.components.len()];
        let likelihood: f64 = places.iter().map(|place| self.share_out(place, &mut shares)).sum();
        self.parameters * (places.len() as f64).ln() - 2.0 * likelihood
    }
}

/// k-means++: each seed but the first is drawn by the square of its distance to the nearest seed before.
fn seeds(places: &[DVector<f64>], number: usize, generator: &mut ChaCha8Rng) -> Vec<DVector<f64>> {
    let mut seeds = vec![places[generator.random_range(0..places.len())].clone()];
    while seeds.len() < number {
        let nearest =
            |place: &DVector<f64>| seeds.iter().map(|seed| (place - seed).norm_squared()).fold(f64::INFINITY, f64::min);
        let squares: Vec<f64> = places.iter().map(nearest).collect();
        let total: f64 = squares.iter().sum();
        seeds.push(places[chosen(&squares, total * generator.random::<f64>())].clone());
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::learners::gaussian::noise;

    fn cloud(centres: &[[f64; 2]], each: usize, sd: f64) -> Vec<DVector<f64>> {
        let mut generator = Streams::new(3, "cloud").stream(0);
        let mut places = Vec::new();
        for centre in centres {
            places.extend((0..each).map(|_| DVector::from_row_slice(centre) + noise(2, &mut generator) * sd));
        }
        places
    }

    #[test]
    fn bic_finds_how_many_modes_there_are() {
        let streams = Streams::new(1, "test");
        let centres = [[0.2, 0.3], [0.7, 0.8], [0.2, 0.8]];
        for modes in 1..=3 {
            let mixture = Mixture::of(&cloud(&centres[..modes], 60, 0.04), 5, &streams);
            assert_eq!(mixture.weights.len(), modes);
            assert!(mixture.weights.iter().all(|weight| (weight - 1.0 / modes as f64).abs() < 0.01));
        }
    }

    #[test]
    fn few_or_equal_ends_are_one_component() {
        for number in 1..6 {
            let few = cloud(&[[0.2, 0.3]], number, 0.1);
            assert_eq!(Mixture::of(&few, 5, &Streams::new(1, "test")).weights.len(), 1);
        }
        let mut places = vec![DVector::from_element(2, 0.5); 9];
        assert_eq!(Mixture::of(&places, 5, &Streams::new(1, "test")).weights.len(), 1);
        places.push(DVector::from_element(2, 0.9));
        assert!(Mixture::of(&places, 5, &Streams::new(1, "test")).components.len() <= 2);
    }
}
