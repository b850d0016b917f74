//! The distributions of a decoder: their losses, means and draws, on values scaled to 0..1.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Reduction, Tensor};

/// The distribution of a scaled parameter vector given the decoder's head; parameters are independent given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::learn) enum Likelihood {
    /// Gaussian with a learned variance for each parameter and row. The mean is a sigmoid: rows lie within the bounds,
    /// and so a mean cannot leave them where conditions extrapolate; draws can, by their noise. The logarithm of the
    /// variance is kept softly between two bounds (as in Chua et al. 2018): rows from descents repeat values and lie
    /// on the bounds, where a variance without a floor would fall to 0 and the likelihood rise without end (Rybkin et
    /// al. 2021 bound the standard deviation likewise, at the same e^-6).
    Gaussian,
    /// Binary cross-entropy with the values as probabilities. No normalised likelihood on continuous values: its
    /// minimum is the values' own entropy, and draws are its means.
    Bernoulli,
    /// Loaiza-Ganem and Cunningham 2019. With the logit l of its parameter the density is exp(x l - a(l)) with
    /// a(l) = ln((e^l - 1) / l), which has no singularity at l = 0 (the parameter 0.5).
    ContinuousBernoulli,
}

/// Bounds of the logarithm of the Gaussian's variance: standard deviations of 0.0025 and 1 of the bounds' width.
const LEAST_LOG_VARIANCE: f64 = -12.0;
const MOST_LOG_VARIANCE: f64 = 0.0;
/// Logits stay within plus and minus this bound: a density no narrower than 0.01 of the bounds' width.
const MOST_LOGIT: f64 = 100.0;
/// Logits below this use series; the next term is then below 1e-7.
const SERIES_LOGIT: f64 = 0.5;

impl Likelihood {
    /// Numbers in the head for this many parameters.
    pub(in crate::learn) fn outputs(self, dimensions: usize) -> usize {
        if self == Likelihood::Gaussian { 2 * dimensions } else { dimensions }
    }

    /// Its name in the graph.
    pub(in crate::learn) fn title(self) -> &'static str {
        match self {
            Likelihood::Gaussian => "Gaussian, learned variance",
            Likelihood::Bernoulli => "Bernoulli",
            Likelihood::ContinuousBernoulli => "continuous Bernoulli",
        }
    }

    /// The negative log-likelihood of each value, `[rows, parameters]`, in nats.
    pub(in crate::learn) fn loss(self, head: &Tensor, x: &Tensor) -> Tensor {
        match self {
            Likelihood::Gaussian => {
                let (mean, _, log_variance) = gaussian(head);
                let constant = (2.0 * std::f64::consts::PI).ln();
                ((x - mean).square() * (-&log_variance).exp() + log_variance + constant) * 0.5
            }
            Likelihood::Bernoulli => {
                head.binary_cross_entropy_with_logits(x, None::<&Tensor>, None::<&Tensor>, Reduction::None)
            }
            Likelihood::ContinuousBernoulli => {
                let logits = head.clamp(-MOST_LOGIT, MOST_LOGIT);
                log_partition(&logits) - x * logits
            }
        }
    }

    /// The gradient of the mean over rows of the summed [`Likelihood::loss`] by the head, in closed form.
    pub(in crate::learn) fn gradient(self, head: &Tensor, x: &Tensor) -> Tensor {
        let mut gradient = match self {
            Likelihood::Gaussian => {
                let (mean, below, log_variance) = gaussian(head);
                let difference = &mean - x;
                let by_mean = &difference * (-&log_variance).exp();
                let by_log_variance = (difference * &by_mean - 1.0) * -0.5;
                // The derivatives of the upper and of the lower bound.
                let raw = head.narrow(1, mean.size()[1], mean.size()[1]);
                let inside = (MOST_LOG_VARIANCE - raw).sigmoid() * (below - LEAST_LOG_VARIANCE).sigmoid();
                Tensor::cat(&[Tensor::sigmoid_backward(&by_mean, &mean), by_log_variance * inside], 1)
            }
            Likelihood::Bernoulli => head.sigmoid() - x,
            Likelihood::ContinuousBernoulli => (self.mean(head) - x) * head.abs().le(MOST_LOGIT),
        };
        gradient.g_mul_scalar_(1.0 / head.size()[0] as f64)
    }

    /// The mean of each value, `[rows, parameters]`.
    pub(in crate::learn) fn mean(self, head: &Tensor) -> Tensor {
        match self {
            Likelihood::Gaussian => gaussian(head).0,
            Likelihood::Bernoulli => head.sigmoid(),
            Likelihood::ContinuousBernoulli => {
                let logits = head.to_kind(Kind::Double).clamp(-MOST_LOGIT, MOST_LOGIT);
                let small = logits.abs().lt(1e-3);
                let safe = logits.masked_fill(&small, 1.0);
                let exact = (-(-&safe).expm1()).reciprocal() - safe.reciprocal();
                (logits / 12.0 + 0.5).where_self(&small, &exact).to_kind(Kind::Float)
            }
        }
    }

    /// One draw given one row of the head: Gaussian mean and noise, the inverse distribution function of the
    /// continuous Bernoulli, the mean of the Bernoulli.
    pub(in crate::learn) fn draw(self, head: &[f32], dimensions: usize, stream: &mut impl Rng) -> Vec<f64> {
        let value = |index: usize| f64::from(head[index]);
        (0..dimensions)
            .map(|index| match self {
                Likelihood::Gaussian => {
                    let noise: f64 = StandardNormal.sample(stream);
                    sigmoid(value(index)) + (0.5 * soft_bounds(value(dimensions + index))).exp() * noise
                }
                Likelihood::Bernoulli => sigmoid(value(index)),
                Likelihood::ContinuousBernoulli => {
                    inverse_distribution(stream.random(), value(index).clamp(-MOST_LOGIT, MOST_LOGIT))
                }
            })
            .collect()
    }
}

/// Mean, logarithm of the variance below its upper bound, and the same within both bounds.
fn gaussian(head: &Tensor) -> (Tensor, Tensor, Tensor) {
    let dimensions = head.size()[1] / 2;
    let raw = head.narrow(1, dimensions, dimensions);
    let below = MOST_LOG_VARIANCE - (MOST_LOG_VARIANCE - raw).softplus();
    let bounded = LEAST_LOG_VARIANCE + (&below - LEAST_LOG_VARIANCE).softplus();
    (head.narrow(1, 0, dimensions).sigmoid(), below, bounded)
}

/// The same bounds as [`gaussian`]'s for one number.
fn soft_bounds(raw: f64) -> f64 {
    let softplus = |value: f64| value.max(0.0) + (-value.abs()).exp().ln_1p();
    let below = MOST_LOG_VARIANCE - softplus(MOST_LOG_VARIANCE - raw);
    LEAST_LOG_VARIANCE + softplus(below - LEAST_LOG_VARIANCE)
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

/// a(l) = ln((e^l - 1) / l) = l / 2 + ln(sinh(|l| / 2) / (|l| / 2)), the second part even in l.
fn log_partition(logits: &Tensor) -> Tensor {
    let size = logits.abs();
    let small = size.lt(SERIES_LOGIT);
    // Both branches are computed everywhere; the masked ones get a harmless argument, so that gradients stay finite.
    let safe = size.masked_fill(&small, 1.0);
    let exact = &safe * 0.5 + (-(-&safe).expm1()).log() - safe.log();
    let square = size.masked_fill(&small.logical_not(), 0.0).square();
    let series = &square / 24.0 - square.square() / 2880.0;
    series.where_self(&small, &exact) + logits * 0.5
}

/// The value below which a continuous Bernoulli variable lies with probability `u`.
fn inverse_distribution(u: f64, logit: f64) -> f64 {
    if logit.abs() < 1e-6 {
        return u;
    }
    // e^-|l| - 1 lies in (-1, 0]: no overflow; positive logits are the mirror image.
    let size = logit.abs();
    let (u, mirrored) = if logit > 0.0 { (1.0 - u, true) } else { (u, false) };
    let x = -(u * (-size).exp_m1()).ln_1p() / size;
    if mirrored { 1.0 - x } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn logit(lambda: f64) -> f64 {
        (lambda / (1.0 - lambda)).ln()
    }

    /// ln C(lambda) = ln(2 artanh(1 - 2 lambda) / (1 - 2 lambda)), equation 4 of the paper.
    fn log_constant(lambda: f64) -> f64 {
        if lambda == 0.5 { 2.0_f64.ln() } else { (2.0 * (1.0 - 2.0 * lambda).atanh() / (1.0 - 2.0 * lambda)).ln() }
    }

    #[test]
    fn the_continuous_bernoulli_is_that_of_the_paper() {
        for lambda in [1e-6, 0.01, 0.2, 0.3775, 0.49, 0.4999, 0.5, 0.5001, 0.51, 0.6225, 0.8, 0.99, 1.0 - 1e-6] {
            for x in [0.0, 0.3, 1.0] {
                let expected = -(x * f64::ln(lambda) + (1.0 - x) * (1.0 - lambda).ln() + log_constant(lambda));
                let head = Tensor::from_slice(&[logit(lambda) as f32]).view([1, 1]);
                let x = Tensor::from_slice(&[x as f32]).view([1, 1]);
                let found = Likelihood::ContinuousBernoulli.loss(&head, &x).double_value(&[0, 0]);
                assert!(
                    (found - expected).abs() < 2e-6 * (1.0 + expected.abs()),
                    "{lambda}: {found} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn its_density_integrates_to_one_and_its_draws_have_its_mean() {
        for l in [-40.0, -3.0, -0.4, 0.0, 0.2, 0.6, 5.0] {
            let (points, head) = (20_000, Tensor::from_slice(&[l as f32]).view([1, 1]));
            let x: Vec<f32> = (0..points).map(|i| (i as f32 + 0.5) / points as f32).collect();
            let x = Tensor::from_slice(&x).view([-1, 1]);
            let density = (-Likelihood::ContinuousBernoulli.loss(&head, &x)).to_kind(Kind::Double).exp();
            assert!((density.mean(Kind::Double).double_value(&[]) - 1.0).abs() < 1e-4, "logit {l}");
            let mean = (density * &x).mean(Kind::Double).double_value(&[]);
            let stated = Likelihood::ContinuousBernoulli.mean(&head).double_value(&[0, 0]);
            assert!((mean - stated).abs() < 1e-4, "logit {l}: {mean} is not {stated}");
            let draws: f64 =
                (0..points).map(|i| inverse_distribution((f64::from(i) + 0.5) / f64::from(points), l)).sum();
            assert!((draws / f64::from(points) - mean).abs() < 1e-4, "logit {l}");
        }
    }

    #[test]
    fn gradients_are_finite_and_those_of_libtorch() {
        for likelihood in [Likelihood::Gaussian, Likelihood::Bernoulli, Likelihood::ContinuousBernoulli] {
            let logits: Vec<f32> = vec![-1e4, -30.0, -11.0, -3.0, -0.5, -1e-3, 0.0, 1e-7, 0.49, 0.51, 3.0, 80.0, 1e4];
            let rows = logits.len() as i64;
            let head = Tensor::from_slice(&logits).view([-1, 1]).repeat([1, likelihood.outputs(1) as i64]);
            let head = head.set_requires_grad(true);
            let x = Tensor::from_slice(&[0.8_f32]).view([1, 1]).repeat([rows, 1]);
            let loss = likelihood.loss(&head, &x).sum(Kind::Float) / rows as f64;
            assert!(loss.double_value(&[]).is_finite());
            let expected = Tensor::run_backward(&[&loss], &[&head], false, false).swap_remove(0);
            let found = likelihood.gradient(&head.detach(), &x);
            assert!(bool::try_from(found.isfinite().all()).expect("a truth value"), "{likelihood:?}");
            assert!(found.allclose(&expected, 1e-3, 1e-6, false), "{likelihood:?}: {found} is not {expected}");
        }
    }

    #[test]
    fn the_gaussian_is_normalised_and_bounded() {
        // Mean sigmoid(0) = 0.5 and a raw log variance of -4, well between the bounds.
        let head = Tensor::from_slice(&[0.0_f32, -4.0]).view([1, 2]);
        let found =
            Likelihood::Gaussian.loss(&head, &Tensor::from_slice(&[0.6_f32]).view([1, 1])).double_value(&[0, 0]);
        let log_variance = soft_bounds(-4.0);
        let expected = 0.5 * ((2.0 * std::f64::consts::PI).ln() + log_variance + 0.01 / log_variance.exp());
        assert!((found - expected).abs() < 1e-5 && (log_variance + 4.0).abs() < 0.02);
        assert!(soft_bounds(-1e6) >= LEAST_LOG_VARIANCE && soft_bounds(1e6) <= 1e-5);
        let mut stream = Streams::new(1, "draw").stream(0);
        let draws: Vec<f64> = (0..20_000).map(|_| Likelihood::Gaussian.draw(&[0.0, -4.0], 1, &mut stream)[0]).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 0.5).abs() < 0.004 && (variance / log_variance.exp() - 1.0).abs() < 0.04);
    }
}
