//! Two methods on the same problems or repeats: the signed-rank test, and p-values of several tests at once.

use serde::{Deserialize, Serialize};

/// Most pairs for which the distribution of the rank sum is counted out instead of approximated.
const MOST_EXACT: usize = 25;

/// What the signed-rank test found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignedRank {
    /// Pairs that differ, and so take part.
    pub pairs: usize,
    /// Pairs without a difference, left out.
    pub zeros: usize,
    /// Sum of the ranks of the pairs in which the first value is higher.
    pub higher: f64,
    /// Sum of the ranks of the pairs in which it is lower.
    pub lower: f64,
    /// Two-sided p-value; 1 when no pair differs.
    pub p: f64,
    /// Is the p-value exact, and not that of the normal approximation?
    pub exact: bool,
    /// Matched-pairs rank-biserial correlation (Kerby, Comprehensive Psychology 2014), `(higher - lower) / (higher +
    /// lower)`: from -1, the first value is always lower, to 1, always higher; 0 when no pair differs.
    pub rank_biserial: f64,
}

/// Wilcoxon's signed-rank test (Wilcoxon, Biometrics Bulletin 1945) of `a[i] - b[i]`, two-sided. `None` when the
/// lengths differ or there are no pairs.
///
/// Pairs without a difference are left out, as by Wilcoxon; so are pairs whose difference is undefined (both failed). A
/// pair in which one side failed (infinite) has the highest rank, shared among all such pairs. Differences of equal
/// size share the mean of their ranks.
///
/// The p-value is exact for at most 25 differing pairs without shared ranks. Otherwise it is that of the normal
/// approximation with the variance corrected for shared ranks and with a continuity correction of 1/2 (Hollander &
/// Wolfe, Nonparametric Statistical Methods, 1999, section 3.1).
#[must_use]
pub fn signed_rank(a: &[f64], b: &[f64]) -> Option<SignedRank> {
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let mut differences: Vec<f64> =
        a.iter().zip(b).map(|(x, y)| x - y).filter(|difference| !difference.is_nan() && *difference != 0.0).collect();
    let pairs = differences.len();
    let zeros = a.len() - pairs;
    if pairs == 0 {
        return Some(SignedRank { pairs, zeros, higher: 0.0, lower: 0.0, p: 1.0, exact: true, rank_biserial: 0.0 });
    }
    differences.sort_by(|x, y| x.abs().total_cmp(&y.abs()));
    let (mut higher, mut lower, mut before, mut tied) = (0.0, 0.0, 0, 0.0);
    for group in differences.chunk_by(|x, y| x.abs() == y.abs()) {
        let size = group.len() as f64;
        let rank = f64::from(before) + 0.5 * (size + 1.0);
        for difference in group {
            *(if *difference > 0.0 { &mut higher } else { &mut lower }) += rank;
        }
        tied += size.powi(3) - size;
        before += group.len() as u32;
    }
    let exact = pairs <= MOST_EXACT && tied == 0.0;
    let least = f64::min(higher, lower);
    let p = if exact { exact_p(pairs, least as usize) } else { approximate_p(pairs as f64, least, tied) };
    Some(SignedRank { pairs, zeros, higher, lower, p, exact, rank_biserial: (higher - lower) / (higher + lower) })
}

/// Twice the share of the `2^pairs` choices of signs whose rank sum is at most `least`.
fn exact_p(pairs: usize, least: usize) -> f64 {
    let mut ways = vec![0_u64; least + 1];
    ways[0] = 1;
    for rank in 1..=pairs {
        for sum in (rank..=least).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    (2.0 * ways.iter().sum::<u64>() as f64 / 2.0_f64.powi(pairs as i32)).min(1.0)
}

fn approximate_p(pairs: f64, least: f64, tied: f64) -> f64 {
    let mean = pairs * (pairs + 1.0) / 4.0;
    let variance = pairs * (pairs + 1.0) * (2.0 * pairs + 1.0) / 24.0 - tied / 48.0;
    let z = (mean - least - 0.5).max(0.0) / variance.sqrt();
    libm::erfc(z / std::f64::consts::SQRT_2)
}

/// Holm's step-down correction (Holm, Scandinavian Journal of Statistics 1979): p-values, in the given order, that may
/// be compared with one level and keep the chance of any false rejection below it. The `i`-th lowest of `m`, from 0, is
/// multiplied by `m - i`, held to at most 1 and at least the one before. NaN, a test that was not made, stays and is
/// not counted.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&test| !p_values[test].is_nan()).collect();
    order.sort_by(|&x, &y| p_values[x].total_cmp(&p_values[y]));
    let mut corrected = vec![f64::NAN; p_values.len()];
    let mut reached: f64 = 0.0;
    for (place, &test) in order.iter().enumerate() {
        reached = reached.max((p_values[test] * (order.len() - place) as f64).min(1.0));
        corrected[test] = reached;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(differences: &[f64]) -> SignedRank {
        signed_rank(differences, &vec![0.0; differences.len()]).expect("pairs")
    }

    #[test]
    fn small_samples_are_counted_out() {
        // Darwin's plants: scipy.stats.wilcoxon of SciPy 1 gives W = 24, p = 0.041259765625 (its documentation).
        let found = of(&[6., 8., 14., 16., 23., 24., 28., 29., 41., -48., 49., 56., 60., -67., 75.]);
        assert!(found.exact && found.pairs == 15);
        assert_eq!((found.lower, found.higher, found.p), (24.0, 96.0, 0.041259765625));
        assert!((found.rank_biserial - 0.6).abs() < 1e-15);
        // Tables of critical values (Wilcoxon 1945): at n = 10 a sum of 8 is the last below 5 %, two-sided.
        assert!(exact_p(10, 8) <= 0.05 && exact_p(10, 9) > 0.05);
        assert!(exact_p(25, 89) <= 0.05 && exact_p(25, 90) > 0.05);
        assert_eq!(exact_p(5, 0), 0.0625);
        assert_eq!(of(&[1.0, -2.0, 3.0, 4.0, -4.5]).p, of(&[-1.0, 2.0, -3.0, -4.0, 4.5]).p);
    }

    #[test]
    fn shared_ranks_and_many_pairs_are_approximated() {
        // scipy.stats.wilcoxon(..., zero_method="wilcox", correction=True, method="asymptotic").
        let tied = of(&[1., 1., -1., 2., 3., 3., 4., -2., 5., 0., 6., 7.]);
        assert_eq!((tied.exact, tied.zeros), (false, 1));
        assert!((tied.p - 0.02041861285961375).abs() < 1e-12, "{}", tied.p);
        let many: Vec<f64> = (1..=40).map(|i| f64::from(i) * if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
        assert!((of(&many).p - 0.06654465496858146).abs() < 1e-12, "{}", of(&many).p);
    }

    #[test]
    fn failures_rank_highest_and_nothing_is_no_difference() {
        let infinite = f64::INFINITY;
        let found = signed_rank(&[infinite, 1.0, infinite], &[1.0, 2.0, infinite]).expect("pairs");
        assert_eq!((found.pairs, found.zeros, found.higher, found.lower), (2, 1, 2.0, 1.0));
        assert_eq!(of(&[0.0, 0.0]).p, 1.0);
        assert!(signed_rank(&[], &[]).is_none() && signed_rank(&[1.0], &[]).is_none());
    }

    #[test]
    fn holm_orders_and_bounds() {
        // By hand; R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives the same.
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, known) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - known).abs() < 1e-15);
        }
        let found = holm(&[0.9, f64::NAN, 0.6]);
        assert!(found[0] == 1.0 && found[1].is_nan() && found[2] == 1.0);
    }
}
