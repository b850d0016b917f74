//! Are predicted probabilities right? Reliability diagrams and the Brier score.

use super::feasibility::{Share, wilson};

/// Predictions of nearly the same probability, and what was observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// The lower end of its predictions.
    pub from: f64,
    /// The upper end of its predictions.
    pub to: f64,
    /// The mean prediction.
    pub predicted: f64,
    /// How often it came true, with Wilson's interval.
    pub observed: Share,
}

/// Predictions in `bins` bins of equal width with how often they came true (reliability diagrams: Murphy and Winkler,
/// Applied Statistics 1977). Empty bins are left out; a prediction of 1 belongs to the last bin.
#[must_use]
pub fn reliability(predicted: &[f64], came_true: &[bool], bins: usize) -> Vec<Bin> {
    let bins = bins.max(1);
    let place = |value: f64| ((value * bins as f64) as usize).min(bins - 1);
    (0..bins)
        .filter_map(|bin| {
            let rows: Vec<usize> =
                (0..predicted.len().min(came_true.len())).filter(|&row| place(predicted[row]) == bin).collect();
            let hits = rows.iter().filter(|&&row| came_true[row]).count();
            wilson(hits as u64, rows.len() as u64).map(|observed| Bin {
                from: bin as f64 / bins as f64,
                to: (bin + 1) as f64 / bins as f64,
                predicted: rows.iter().map(|&row| predicted[row]).sum::<f64>() / rows.len() as f64,
                observed,
            })
        })
        .collect()
}

/// The mean squared difference between probabilities and what came true as 0 or 1 (Brier, Monthly Weather Review 1950): 0
/// for perfect certainty; `None` without predictions.
#[must_use]
pub fn brier(predicted: &[f64], came_true: &[bool]) -> Option<f64> {
    let count = predicted.len().min(came_true.len());
    let squares = predicted.iter().zip(came_true).map(|(p, &truth)| (p - f64::from(u8::from(truth))).powi(2));
    (count > 0).then(|| squares.sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_every_prediction_once() {
        let predicted = [0.0, 0.05, 0.1, 0.95, 1.0, 0.55];
        let truth = [false, true, false, true, true, false];
        let bins = reliability(&predicted, &truth, 10);
        let counts: Vec<(f64, u64, u64)> =
            bins.iter().map(|bin| (bin.from, bin.observed.successes, bin.observed.trials)).collect();
        assert_eq!(counts, vec![(0.0, 1, 2), (0.1, 0, 1), (0.5, 0, 1), (0.9, 2, 2)]);
        assert!((bins[0].predicted - 0.025).abs() < 1e-12);
    }

    #[test]
    fn the_score_is_that_of_brier() {
        assert_eq!(brier(&[], &[]), None);
        assert_eq!(brier(&[1.0, 0.0], &[true, false]), Some(0.0));
        let found = brier(&[0.7, 0.7, 0.4], &[true, false, false]).expect("predictions");
        assert!((found - (0.09 + 0.49 + 0.16) / 3.0).abs() < 1e-12);
    }
}
