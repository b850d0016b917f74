//! How close reconstructions come to the rows.

/// The product-moment correlation; NaN where one side does not vary.
#[must_use]
pub fn pearson(left: &[f64], right: &[f64]) -> f64 {
    let count = left.len() as f64;
    let (mean_left, mean_right) = (left.iter().sum::<f64>() / count, right.iter().sum::<f64>() / count);
    let (mut product, mut square_left, mut square_right) = (0.0, 0.0, 0.0);
    for (a, b) in left.iter().zip(right) {
        let (a, b) = (a - mean_left, b - mean_right);
        product += a * b;
        square_left += a * a;
        square_right += b * b;
    }
    product / (square_left * square_right).sqrt()
}

/// Ranks from 1; equal values share the mean of their ranks. Spearman's correlation is Pearson's of ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let ties = order[start..].iter().take_while(|(value, _)| *value == order[start].0).count().max(1);
        for (_, index) in &order[start..start + ties] {
            ranks[*index] = start as f64 + f64::midpoint(ties as f64, 1.0);
        }
        start += ties;
    }
    ranks
}

/// The target of reconstruction with what its metrics need, computed once.
#[derive(Debug)]
pub struct Target {
    values: Vec<f64>,
    ranks: Vec<f64>,
    widths: Vec<f64>,
}

impl Target {
    /// From scaled rows in row order, and the widths of the bounds on the estimation scale.
    #[must_use]
    pub fn new(rows: &[f32], widths: Vec<f64>) -> Self {
        let values: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
        Self { ranks: ranks(&values), values, widths }
    }

    /// Root mean squared error in units of the estimation scale (decades for log10), Pearson's and Spearman's
    /// correlation of scaled values, each over all entries of all rows.
    #[must_use]
    pub fn compare(&self, reconstructed: &[f32]) -> [f64; 3] {
        let reconstructed: Vec<f64> = reconstructed.iter().map(|&value| f64::from(value)).collect();
        let errors = self.values.iter().zip(&reconstructed).zip(self.widths.iter().cycle());
        let squares: f64 = errors.map(|((target, value), width)| ((target - value) * width).powi(2)).sum();
        [
            (squares / self.values.len() as f64).sqrt(),
            pearson(&self.values, &reconstructed),
            pearson(&self.ranks, &ranks(&reconstructed)),
        ]
    }

    /// The mean over rows of the target's own entropy as a Bernoulli probability, summed over parameters: the part of
    /// binary cross-entropy that no network can remove.
    #[must_use]
    pub fn bernoulli_entropy(&self) -> f64 {
        let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
        let sum: f64 = self.values.iter().map(|&p| term(p) + term(1.0 - p)).sum();
        sum / (self.values.len() / self.widths.len().max(1)).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_known_samples() {
        let (x, y) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]);
        assert!((pearson(&x, &y) - 0.8).abs() < 1e-12);
        let curved: Vec<f64> = x.iter().map(|value| value.exp()).collect();
        assert!((pearson(&ranks(&x), &ranks(&curved)) - 1.0).abs() < 1e-12);
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), vec![3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn errors_are_in_units_of_the_estimation_scale() {
        let target = Target::new(&[0.0, 0.5, 1.0, 0.5], vec![10.0, 2.0]);
        let [rmse, ..] = target.compare(&[0.1, 0.5, 1.0, 0.0]);
        assert!((rmse - ((1.0 + 1.0) / 4.0_f64).sqrt()).abs() < 1e-6);
        assert!((target.bernoulli_entropy() - std::f64::consts::LN_2).abs() < 1e-12);
    }
}
