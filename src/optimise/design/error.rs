//! Designs that do not exist.

use super::maximin::MOST_MAXIMIN;
use super::sobol::{MOST_SOBOL, MOST_SOBOL_DIMENSIONS};

/// Why a design does not exist. Each message names what does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DesignError {
    /// A maximin hypercube holds the distances of all pairs in memory.
    #[error(
        "`latin_hypercube` with `criterion = maximin` has at most {MOST_MAXIMIN} points, not {count}; without the \
         criterion it takes any count"
    )]
    MaximinCount {
        /// The count that was asked for.
        count: usize,
    },
    /// No orthogonal array has this size.
    #[error(
        "`multi_jittered` in {dimensions} dimensions has p^2 points, p a prime number from {} on, not {count}; {}; \
         `latin_hypercube` takes any count",
        dimensions.saturating_sub(1).max(2),
        nearest(*below, *above)
    )]
    MultiJitteredCount {
        /// The count that was asked for.
        count: usize,
        /// Dimensions of the box.
        dimensions: usize,
        /// The nearest valid count below it, where there is one.
        below: Option<usize>,
        /// The nearest valid count above it.
        above: usize,
    },
    /// The table of direction numbers ends.
    #[error("`sobol` has at most {MOST_SOBOL} points, not {count}; `latin_hypercube` and `random` take any count")]
    SobolCount {
        /// The count that was asked for.
        count: usize,
    },
    /// The table of direction numbers ends.
    #[error(
        "`sobol` has at most {MOST_SOBOL_DIMENSIONS} dimensions, not {dimensions}; `latin_hypercube` and `random` take \
         any number"
    )]
    SobolDimensions {
        /// Dimensions of the box.
        dimensions: usize,
    },
    /// Fewer candidates than points.
    #[error("`screened` leaves {count} points of {of} candidates; `of` must be at least {count}")]
    ScreenedCandidates {
        /// How many points are left.
        count: usize,
        /// How many candidates are drawn.
        of: usize,
    },
}

fn nearest(below: Option<usize>, above: usize) -> String {
    match below {
        Some(below) => format!("the nearest counts are {below} and {above}"),
        None => format!("the lowest count is {above}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_exists() {
        let refused = DesignError::MultiJitteredCount { count: 40, dimensions: 4, below: Some(25), above: 49 };
        assert_eq!(
            refused.to_string(),
            "`multi_jittered` in 4 dimensions has p^2 points, p a prime number from 3 on, not 40; the nearest counts \
             are 25 and 49; `latin_hypercube` takes any count"
        );
        let refused = DesignError::MultiJitteredCount { count: 3, dimensions: 12, below: None, above: 121 };
        assert_eq!(
            refused.to_string(),
            "`multi_jittered` in 12 dimensions has p^2 points, p a prime number from 11 on, not 3; the lowest count is \
             121; `latin_hypercube` takes any count"
        );
        assert_eq!(
            DesignError::SobolCount { count: 70_000 }.to_string(),
            "`sobol` has at most 65536 points, not 70000; `latin_hypercube` and `random` take any count"
        );
    }
}
