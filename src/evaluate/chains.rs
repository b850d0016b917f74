//! What Markov chains are worth: potential scale reduction and effective sample size, both of ranks and of split chains
//! (Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 2021).
//!
//! A variable is given as its draws in each chain, all chains of equal length. `NaN` where the draws cannot be judged:
//! fewer than four in a chain, lengths that differ, values that are not finite. A variable that never changes has no
//! scale to reduce and counts every draw.

use super::correlation::ranks;
use super::normal;
use super::quantiles::quantile_of_sorted;

/// The draws of one variable, judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The larger of the potential scale reduction of the draws' ranks and of the ranks of their distances to the median:
    /// chains that agree in location and scale are near 1. Above 1.01 they should not be trusted.
    pub rhat: f64,
    /// Effective sample size of the ranks: how well means and medians are known.
    pub ess_bulk: f64,
    /// The smaller effective sample size of the shares below the 5 % and the 95 % quantile: how well the ends of
    /// intervals are known.
    pub ess_tail: f64,
    /// Effective sample size of the values themselves, by which the standard error of their mean is `sd / sqrt(ess)`.
    pub ess_mean: f64,
}

/// Judges the draws of one variable.
#[must_use]
pub fn judge(chains: &[Vec<f64>]) -> Judged {
    Judged { rhat: rhat(chains), ess_bulk: ess_bulk(chains), ess_tail: ess_tail(chains), ess_mean: ess_mean(chains) }
}

/// Potential scale reduction of rank-normalised split chains, folded ones included.
#[must_use]
pub fn rhat(chains: &[Vec<f64>]) -> f64 {
    let Some(split) = split(chains) else { return f64::NAN };
    let all = sorted(&split);
    // Both middle values are equally far from what lies between them, and share their rank.
    let middle = f64::midpoint(all[(all.len() - 1) / 2], all[all.len() / 2]);
    let folded: Vec<Vec<f64>> =
        split.iter().map(|chain| chain.iter().map(|value| (value - middle).abs()).collect()).collect();
    plain_rhat(&normalised(&split)).max(plain_rhat(&normalised(&folded)))
}

/// Effective sample size of rank-normalised split chains.
#[must_use]
pub fn ess_bulk(chains: &[Vec<f64>]) -> f64 {
    split(chains).map_or(f64::NAN, |split| ess(&normalised(&split)))
}

/// The smaller effective sample size of the indicators of the 5 % and the 95 % quantile.
#[must_use]
pub fn ess_tail(chains: &[Vec<f64>]) -> f64 {
    if split(chains).is_none() {
        return f64::NAN;
    }
    let all = sorted(chains);
    let of_share = |share: f64| {
        let limit = quantile_of_sorted(&all, share).unwrap_or(f64::NAN);
        let below: Vec<Vec<f64>> = chains
            .iter()
            .map(|chain| chain.iter().map(|value| if *value <= limit { 1.0 } else { 0.0 }).collect())
            .collect();
        split(&below).map_or(f64::NAN, |split| ess(&split))
    };
    of_share(0.05).min(of_share(0.95))
}

/// Effective sample size of split chains, for the mean.
#[must_use]
pub fn ess_mean(chains: &[Vec<f64>]) -> f64 {
    split(chains).map_or(f64::NAN, |split| ess(&split))
}

/// Both halves of each chain; of an odd number of draws the middle one is left out.
fn split(chains: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let length = chains.first()?.len();
    let sound = length >= 4 && chains.iter().all(|chain| chain.len() == length);
    let finite = chains.iter().flatten().all(|value| value.is_finite());
    let halves = |chain: &Vec<f64>| [chain[..length / 2].to_vec(), chain[length.div_ceil(2)..].to_vec()];
    (sound && finite).then(|| chains.iter().flat_map(halves).collect())
}

fn sorted(chains: &[Vec<f64>]) -> Vec<f64> {
    let mut all: Vec<f64> = chains.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    all
}

/// Normal scores of the ranks over all chains (Blom 1958).
fn normalised(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all: Vec<f64> = chains.iter().flatten().copied().collect();
    let count = all.len() as f64;
    let scores: Vec<f64> =
        ranks(&all).into_iter().map(|rank| normal::quantile((rank - 0.375) / (count + 0.25))).collect();
    scores.chunks(chains[0].len()).map(<[f64]>::to_vec).collect()
}

/// Between and within variance of chains of equal length: the pooled estimate of the variance, and the mean of the
/// chains' own.
fn variances(chains: &[Vec<f64>]) -> (f64, f64) {
    let length = chains[0].len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let variance = |values: &[f64]| {
        let middle = mean(values);
        values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
    };
    let within = mean(&chains.iter().map(|chain| variance(chain)).collect::<Vec<_>>());
    let between = match chains.len() {
        1 => 0.0,
        _ => variance(&chains.iter().map(|chain| mean(chain)).collect::<Vec<_>>()),
    };
    (within * (length - 1.0) / length + between, within)
}

fn plain_rhat(chains: &[Vec<f64>]) -> f64 {
    let (pooled, within) = variances(chains);
    // Without any variance, chains agree unless they stand at different values.
    if within == 0.0 { if pooled == 0.0 { 1.0 } else { f64::INFINITY } } else { (pooled / within).sqrt() }
}

/// Effective sample size of several chains together. Autocorrelations are summed in pairs as long as these are positive,
/// each pair at most as large as the one before (Geyer, Statistical Science 1992).
fn ess(chains: &[Vec<f64>]) -> f64 {
    let (draws, length) = (chains.iter().map(Vec::len).sum::<usize>() as f64, chains[0].len());
    let (pooled, within) = variances(chains);
    let (low, high) = chains
        .iter()
        .flatten()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    if high - low < 1e-15 {
        return draws;
    }
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let mean = chain.iter().sum::<f64>() / length as f64;
            chain.iter().map(|value| value - mean).collect()
        })
        .collect();
    let correlation = |lag: usize| {
        let at_lag = |chain: &Vec<f64>| chain.iter().zip(&chain[lag..]).map(|(one, other)| one * other).sum::<f64>();
        let covariance = centred.iter().map(at_lag).sum::<f64>() / draws;
        1.0 - (within - covariance) / pooled
    };
    // Lags 0 and 1, 2 and 3, ...
    let mut even = 1.0;
    let mut odd = correlation(1);
    let mut sum = 0.0;
    let mut most = f64::INFINITY;
    let mut lag = 2;
    while lag + 2 < length && even + odd > 0.0 {
        most = most.min(even + odd);
        sum += most;
        even = correlation(lag);
        odd = correlation(lag + 1);
        lag += 2;
    }
    // Of the last pair only the even lag counts, which lessens the noise of antithetic chains.
    let rest = if even + odd < 0.0 { even.max(0.0) } else { even };
    // Antithetic chains may beat independent draws, but not without bounds.
    draws / (2.0 * sum + rest - 1.0).max(1.0 / draws.log10())
}

#[cfg(test)]
mod tests;
