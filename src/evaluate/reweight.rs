//! Weights of training rows toward low fvals.

/// Weights with a mean of 1, in proportion to `1/(k N + rank)`, where `rank` counts from 0 at the lowest of the `N` finite
/// fvals and equal fvals share their mean rank; fvals that are not finite weigh 0. With small `k` only the best rows count,
/// with large `k` all count alike (Tripp, Daxberger and Hernandez-Lobato, Advances in Neural Information Processing Systems
/// 2020).
#[must_use]
pub fn by_rank(fvals: &[f64], k: f64) -> Vec<f64> {
    let finite: Vec<usize> = (0..fvals.len()).filter(|&row| fvals[row].is_finite()).collect();
    let ranks = super::correlation::ranks(&finite.iter().map(|&row| fvals[row]).collect::<Vec<f64>>());
    let count = finite.len() as f64;
    let mut weights = vec![0.0; fvals.len()];
    for (&row, rank) in finite.iter().zip(ranks) {
        weights[row] = 1.0 / (k * count + rank - 1.0);
    }
    let mean = weights.iter().sum::<f64>() / count;
    weights.iter().map(|weight| weight / mean).collect()
}

/// As many rows as there are weights of mean 1, drawn in proportion to them: systematic resampling (Carpenter, Clifford and
/// Fearnhead 1999), in which a row of weight `w` appears `w` times, rounded up or down. `start` lies in 0..1; rows come in
/// their order.
#[must_use]
pub fn systematic(weights: &[f64], start: f64) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let count = weights.len();
    let mut drawn = Vec::with_capacity(count);
    let mut reached = 0.0;
    for (row, weight) in weights.iter().enumerate() {
        reached += weight / total * count as f64;
        while drawn.len() < count && drawn.len() as f64 + start < reached {
            drawn.push(row);
        }
    }
    // Rounding may leave the last draw out.
    while let Some(&last) = drawn.last().filter(|_| drawn.len() < count) {
        drawn.push(last);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weights_fall_with_the_rank() {
        let weights = by_rank(&[3.0, 1.0, f64::INFINITY, 2.0, 2.0], 0.5);
        // k N = 2; ranks 3, 0, none, 1.5, 1.5.
        let raw = [1.0 / 5.0, 1.0 / 2.0, 0.0, 1.0 / 3.5, 1.0 / 3.5];
        let mean = raw.iter().sum::<f64>() / 4.0;
        assert!(weights.iter().zip(raw).all(|(found, raw)| (found - raw / mean).abs() < 1e-12), "{weights:?}");
        let even = by_rank(&[1.0, 2.0, 3.0], 1e6);
        assert!(even.iter().all(|weight| (weight - 1.0).abs() < 1e-5), "{even:?}");
    }

    proptest! {
        #[test]
        fn rows_appear_as_often_as_they_weigh(
            weights in proptest::collection::vec(0.0..5.0_f64, 1..40),
            start in 0.0..1.0_f64,
        ) {
            prop_assume!(weights.iter().sum::<f64>() > 0.1);
            let drawn = systematic(&weights, start);
            prop_assert_eq!(drawn.len(), weights.len());
            prop_assert!(drawn.is_sorted());
            let scale = weights.len() as f64 / weights.iter().sum::<f64>();
            for (row, weight) in weights.iter().enumerate() {
                let found = drawn.iter().filter(|&&one| one == row).count() as f64;
                prop_assert!((found - weight * scale).abs() < 1.0 + 1e-9, "{} of {}", found, weight * scale);
            }
        }
    }
}
