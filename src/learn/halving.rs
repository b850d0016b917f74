//! Successive halving (Jamieson and Talwalkar 2016): many trials train for a few epochs, the best of them for more, and so
//! on. The numbers of trials and epochs are those of a bracket of Hyperband (Li et al. 2018), whose last rung
//! trains to the end.

/// A rung: so many trials, trained until they have so many epochs in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rung {
    /// Trials.
    pub trials: usize,
    /// Epochs that each of them has trained for at the end of the rung, those of earlier rungs included.
    pub epochs: usize,
}

/// More rungs than can be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooManyRungs {
    /// The last one would have no trial.
    #[error("{rungs} rungs that keep one in {eta} need at least {needed} trials, and there are {trials}")]
    Trials {
        /// Rungs, as set.
        rungs: usize,
        /// One trial in so many goes on.
        eta: usize,
        /// The fewest trials that they need.
        needed: usize,
        /// Trials, as set.
        trials: usize,
    },
    /// The first one would have no epoch.
    #[error("{rungs} rungs whose epochs grow {eta} times need at least {needed} epochs in all, and there are {epochs}")]
    Epochs {
        /// Rungs, as set.
        rungs: usize,
        /// Epochs grow so many times from rung to rung.
        eta: usize,
        /// The fewest epochs that they need.
        needed: usize,
        /// Epochs of a whole training.
        epochs: usize,
    },
}

/// The most rungs: as long as the last one has a trial and the first one an epoch.
#[must_use]
pub fn most_rungs(trials: usize, eta: usize, epochs: usize) -> usize {
    let mut left = trials.min(epochs);
    let mut rungs = 0;
    while left > 0 {
        rungs += 1;
        left /= eta.max(2);
    }
    rungs
}

/// The rungs of a bracket, first one first: of `trials`, one in `eta` goes on from each, and epochs grow `eta` times, so
/// that all rungs cost about as much and the last one has trained for `epochs`. Both are rounded down.
///
/// # Errors
/// When the last rung would have no trial, or the first one no epoch.
pub fn bracket(trials: usize, eta: usize, rungs: usize, epochs: usize) -> Result<Vec<Rung>, TooManyRungs> {
    let eta = eta.max(2);
    let power = |exponent: usize| u32::try_from(exponent).ok().and_then(|exponent| eta.checked_pow(exponent));
    let needed = power(rungs.saturating_sub(1)).unwrap_or(usize::MAX);
    if trials < needed {
        return Err(TooManyRungs::Trials { rungs, eta, needed, trials });
    }
    if epochs < needed {
        return Err(TooManyRungs::Epochs { rungs, eta, needed, epochs });
    }
    let share = |whole: usize, exponent: usize| whole / power(exponent).unwrap_or(usize::MAX);
    Ok((0..rungs).map(|rung| Rung { trials: share(trials, rung), epochs: share(epochs, rungs - 1 - rung) }).collect())
}

/// The places of those that go on to the next rung, best first: the `keep` lowest of the losses, of equal ones those that
/// come first. What has no finite loss never goes on, so that there may be fewer.
#[must_use]
pub fn survivors(losses: &[f64], keep: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..losses.len()).filter(|&place| losses[place].is_finite()).collect();
    places.sort_by(|&one, &other| losses[one].total_cmp(&losses[other]));
    places.truncate(keep);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(trials: usize, eta: usize, rungs: usize, epochs: usize) -> Vec<(usize, usize)> {
        let rungs = bracket(trials, eta, rungs, epochs).expect("a bracket");
        rungs.into_iter().map(|rung| (rung.trials, rung.epochs)).collect()
    }

    /// Table 1 of Li et al. 2018: the brackets for at most 81 units of resource and eta = 3.
    #[test]
    fn brackets_are_those_of_the_paper() {
        assert_eq!(shape(81, 3, 5, 81), [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]);
        assert_eq!(shape(27, 3, 4, 81), [(27, 3), (9, 9), (3, 27), (1, 81)]);
        assert_eq!(shape(9, 3, 3, 81), [(9, 9), (3, 27), (1, 81)]);
        assert_eq!(shape(6, 3, 2, 81), [(6, 27), (2, 81)]);
        assert_eq!(shape(5, 3, 1, 81), [(5, 81)]);
        // What does not divide is rounded down.
        assert_eq!(shape(34, 3, 4, 100), [(34, 3), (11, 11), (3, 33), (1, 100)]);
        assert_eq!(shape(16, 4, 3, 300), [(16, 18), (4, 75), (1, 300)]);
    }

    #[test]
    fn rungs_end_where_trials_or_epochs_do() {
        for (trials, eta, epochs) in [(27, 3, 300), (26, 3, 300), (27, 3, 8), (1, 2, 1), (1000, 4, 63), (5, 100_000, 9)]
        {
            let most = most_rungs(trials, eta, epochs);
            let rungs = bracket(trials, eta, most, epochs).expect("a bracket");
            assert!(rungs.iter().all(|rung| rung.trials >= 1 && rung.epochs >= 1), "{rungs:?}");
            assert_eq!(rungs[most - 1].epochs, epochs);
            assert_eq!(rungs[0].trials, trials);
            assert!(bracket(trials, eta, most + 1, epochs).is_err(), "{trials} {eta} {epochs}");
        }
        let few = TooManyRungs::Trials { rungs: 4, eta: 3, needed: 27, trials: 26 };
        assert_eq!(bracket(26, 3, 4, 300), Err(few));
        let short = TooManyRungs::Epochs { rungs: 4, eta: 3, needed: 27, epochs: 8 };
        assert_eq!(bracket(27, 3, 4, 8), Err(short));
        assert!(bracket(27, 3, 100, 300).is_err());
    }

    /// A table of losses by trial (rows) and rung, worked by hand as the published algorithm says: nine, three, one.
    #[test]
    fn survivors_of_a_table_of_losses() {
        let losses = [
            [5.0, 1.0, 0.1], // The best in the end, and the slowest to learn: halving loses it in the first rung.
            [2.0, 1.5, 1.2],
            [f64::NAN, 0.0, 0.0],
            [1.0, 1.4, 1.4],
            [4.0, 0.5, 0.5],
            [2.0, 0.9, 0.8], // As good as trial 1 in the first rung, and after it.
            [f64::INFINITY, 0.0, 0.0],
            [1.5, 1.45, 0.2],
            [3.0, 0.1, 0.1],
        ];
        let rungs = bracket(9, 3, 3, 9).expect("a bracket");
        let mut trials: Vec<usize> = (0..losses.len()).collect();
        let mut kept = Vec::new();
        for (rung, next) in rungs.iter().skip(1).enumerate() {
            assert_eq!(trials.len(), rungs[rung].trials);
            let of_rung: Vec<f64> = trials.iter().map(|&trial| losses[trial][rung]).collect();
            trials = survivors(&of_rung, next.trials).into_iter().map(|place| trials[place]).collect();
            kept.push(trials.clone());
        }
        assert_eq!(kept, [vec![3, 7, 1], vec![3]]);
        // Fewer have a loss than may go on.
        assert_eq!(survivors(&[f64::NAN, 2.0, f64::INFINITY], 2), [1]);
    }
}
