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

/// The divergence of Gaussians from those of `prior` (mean and logarithm of the variance; the standard normal where there
/// is none), mean over rows, of each latent dimension, `[latent]`.
fn by_dimension(mean: &Tensor, log_variance: &Tensor, prior: Option<&(Tensor, Tensor)>) -> Tensor {
    let terms = match prior {
        None => mean.square() + log_variance.exp() - log_variance,
        Some((centre, log_width)) => {
            let squares = (mean - centre).square() + log_variance.exp();
            squares * (-log_width).exp() + log_width - log_variance
        }
    };
    (terms.mean_dim(0_i64, false, None) - 1.0) * 0.5
}

/// What the loss charges for the posterior: the divergence from the prior, summed over latent dimensions, mean over rows,
/// of which each dimension has `free` nats free (Kingma et al. 2016): below them it costs that much whatever it says.
pub(in crate::learn) fn charge(
    mean: &Tensor,
    log_variance: &Tensor,
    prior: Option<&(Tensor, Tensor)>,
    free: f64,
) -> Tensor {
    if prior.is_none() && free == 0.0 {
        return divergence(mean, log_variance);
    }
    by_dimension(mean, log_variance, prior).clamp_min(free).sum(Kind::Float)
}

/// The derivatives of [`charge`] by mean and logarithm of the variance, and by those of the prior, each `[rows, latent]`.
pub(super) fn charge_gradient(
    mean: &Tensor,
    log_variance: &Tensor,
    prior: Option<&(Tensor, Tensor)>,
    free: f64,
) -> [Tensor; 4] {
    let standard = || (mean.zeros_like(), log_variance.zeros_like());
    let (centre, log_width) = prior.map_or_else(standard, |(centre, width)| (centre.copy(), width.copy()));
    let charged = by_dimension(mean, log_variance, prior).ge(free).to_kind(Kind::Float) / mean.size()[0] as f64;
    let precision = (-log_width).exp();
    let distance = mean - centre;
    let by_mean = &distance * &precision * &charged;
    let variance = log_variance.exp();
    let by_log_variance = (&variance * &precision - 1.0) * &charged * 0.5;
    let by_log_width = (1.0 - (variance + distance.square()) * precision) * charged * 0.5;
    let by_centre = -&by_mean;
    [by_mean, by_log_variance, by_centre, by_log_width]
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

    #[test]
    fn charges_have_their_closed_form_and_their_slopes_are_those_of_libtorch() {
        let four = |values: [f32; 4]| Tensor::from_slice(&values).view([2, 2]).set_requires_grad(true);
        let (mean, log_variance) = (four([0.5, -0.1, 0.0, 0.1]), four([0.0, 0.1, -2.0, -0.1]));
        let prior = (four([0.1, 0.2, -0.3, 0.2]), four([0.4, -0.2, 0.3, -0.1]));
        let value = |tensor: &Tensor, at: usize| tensor.double_value(&[at as i64 / 2, at as i64 % 2]);
        // KL(N(m, s2) || N(n, t2)) = (ln t2 - ln s2 + (s2 + (m - n)^2) / t2 - 1) / 2
        let term = |at: usize| {
            let [m, l, n, w] = [&mean, &log_variance, &prior.0, &prior.1].map(|tensor| value(tensor, at));
            0.5 * (w - l + (l.exp() + (m - n).powi(2)) / w.exp() - 1.0)
        };
        let dimensions = [f64::midpoint(term(0), term(2)), f64::midpoint(term(1), term(3))];
        assert!(dimensions[0] > 0.2 && dimensions[1] < 0.2, "{dimensions:?}");
        for free in [0.0, 0.2] {
            let expected: f64 = dimensions.iter().map(|dimension| dimension.max(free)).sum();
            let charged = charge(&mean, &log_variance, Some(&prior), free);
            assert!((charged.double_value(&[]) - expected).abs() < 1e-6);
            let all = [&mean, &log_variance, &prior.0, &prior.1];
            let slopes = Tensor::run_backward(&[&charged], &all, false, false);
            let detached = (prior.0.detach(), prior.1.detach());
            let found = charge_gradient(&mean.detach(), &log_variance.detach(), Some(&detached), free);
            for (found, slope) in found.iter().zip(&slopes) {
                assert!(found.allclose(slope, 1e-5, 1e-6, false), "{found} is not {slope}");
            }
        }
        let plain = charge(&mean, &log_variance, None, 1e-9);
        assert!((plain - divergence(&mean, &log_variance)).abs().double_value(&[]) < 1e-6);
    }
}
