//! How well two series agree.

/// Pearson's correlation of two series of equal length: the covariance over the product of standard deviations. `None`
/// with fewer than two pairs, unequal lengths, a series that does not vary, or numbers that are not finite.
#[must_use]
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 2 {
        return None;
    }
    let count = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let (mut covariance, mut variance_a, mut variance_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        covariance += x * y;
        variance_a += x * x;
        variance_b += y * y;
    }
    let correlation = covariance / (variance_a.sqrt() * variance_b.sqrt());
    // A constant series can leave rounding errors of its mean behind: its variance is then at their level.
    let varies = |series: &[f64]| series.iter().any(|value| *value != series[0]);
    (correlation.is_finite() && varies(a) && varies(b)).then(|| correlation.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation (1904): Pearson's of the ranks, tied values sharing their average rank. `None` like
/// [`pearson`], but infinite values have ranks.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.iter().chain(b).any(|value| value.is_nan()) {
        return None;
    }
    pearson(&ranks(a), &ranks(b))
}

/// Root mean square difference of two series of equal length, in their unit. `None` for unequal lengths or no pairs.
#[must_use]
pub fn root_mean_square_error(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    Some((a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / a.len() as f64).sqrt())
}

/// Ranks from 1, tied values sharing their average rank.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // Places before + 1 ..= before + tied.len(), on average:
        let rank = before as f64 + (tied.len() + 1) as f64 / 2.0;
        for &row in tied {
            ranks[row] = rank;
        }
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_small_series() {
        // By hand: deviations multiply to 12, their squares add up to 10 and 21.2.
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 7.0]);
        assert!((pearson(&a, &b).expect("varies") - 12.0 / 212.0_f64.sqrt()).abs() < 1e-12);
        assert!((spearman(&a, &b).expect("varies") - 0.8).abs() < 1e-12);
        // Ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4: 4.5 / sqrt(4.5 * 5).
        assert!(
            (spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 3.0, 2.0, 4.0]).expect("varies") - 0.948_683_298_050_514).abs()
                < 1e-12
        );
        assert_eq!(pearson(&[1.0, 2.0], &[0.1, 0.1]), None);
        assert_eq!(pearson(&[0.1; 10], &[0.3; 10]), None);
        assert_eq!(pearson(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert!((spearman(&[1.0, 2.0, f64::INFINITY], &[1.0, 2.0, 3.0]).expect("varies") - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ranks_of_ties_are_averaged() {
        assert_eq!(ranks(&[10.0, 20.0, 10.0, 5.0, 10.0]), vec![3.0, 5.0, 3.0, 1.0, 3.0]);
        assert_eq!(ranks(&[0.0, -0.0]), vec![1.5, 1.5]);
        assert_eq!(root_mean_square_error(&[1.0, 2.0], &[1.0, 4.0]), Some(2.0_f64.sqrt()));
        assert_eq!(root_mean_square_error(&[], &[]), None);
    }
}
