//! The Gaussian posterior of latent vectors.

use tch::{Kind, Tensor};

/// The logarithm of the posterior's variance stays within plus and minus this bound, so that its exponential is finite.
pub(super) const LOG_VARIANCE_BOUND: f64 = 15.0;

/// Mean and logarithm of the variance, `[rows, latent]` each, of an encoder's head, `[rows, 2 latent]`.
pub(in crate::learn) fn posterior(head: &Tensor) -> (Tensor, Tensor) {
    let latent = head.size()[1] / 2;
    let log_variance = head.narrow(1, latent, latent).clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND);
    (head.narrow(1, 0, latent), log_variance)
}

/// A draw from the posterior (Kingma and Welling 2014).
pub(in crate::learn) fn draw(mean: &Tensor, log_variance: &Tensor, noise: &Tensor) -> Tensor {
    mean + (log_variance * 0.5).exp() * noise
}

/// The divergence of Gaussians from the standard normal, summed over latent dimensions, mean over rows.
pub(in crate::learn) fn divergence(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    let terms = mean.square() + log_variance.exp() - log_variance;
    let rows = mean.size()[0] as f64;
    (terms.sum(Kind::Float) / rows - mean.size()[1] as f64) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_has_its_closed_form() {
        // KL(N(m, s2) || N(0, 1)) = (m2 + s2 - 1 - ln s2) / 2 for each dimension.
        let mean = Tensor::from_slice(&[0.5_f32, -1.0, 0.0, 2.0]).view([2, 2]);
        let log_variance = Tensor::from_slice(&[0.0_f32, 1.0, -2.0, 0.3]).view([2, 2]);
        let term = |m: f64, l: f64| 0.5 * (m * m + l.exp() - 1.0 - l);
        let expected = (term(0.5, 0.0) + term(-1.0, 1.0) + term(0.0, -2.0) + term(2.0, 0.3)) / 2.0;
        assert!((divergence(&mean, &log_variance).double_value(&[]) - expected).abs() < 1e-6);
    }
}
