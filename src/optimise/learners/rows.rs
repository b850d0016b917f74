//! What learners learn from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::optimise::bounds::{Bounds, BoundsError};

/// Training rows in columns of one length. Rows whose fval or vector is not finite are there, and are not learned from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingRows {
    /// The vector of each row, on the estimation scale.
    pub vectors: Vec<Vec<f64>>,
    /// Its fval, infinite where the solve failed.
    pub fvals: Vec<f64>,
    /// The descent that it comes from.
    pub descents: Vec<usize>,
    /// Is it the end of its descent?
    pub ends: Vec<bool>,
}

/// Why a learner proposes nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LearnerError {
    /// The columns differ in length.
    #[error("{vectors} vectors, {fvals} fvals, {descents} numbers of descents and {ends} marks of ends")]
    Lengths {
        /// How many vectors.
        vectors: usize,
        /// How many fvals.
        fvals: usize,
        /// How many numbers of descents.
        descents: usize,
        /// How many marks of ends.
        ends: usize,
    },
    /// A vector is not as long as the bounds.
    #[error("row {row} has {found} parameters, the bounds have {wanted}")]
    Dimension {
        /// Index of the row, from 0.
        row: usize,
        /// Its length.
        found: usize,
        /// The length of the bounds.
        wanted: usize,
    },
    /// The bounds are no box.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// A bound is infinite.
    #[error("parameter {index} has no finite bounds")]
    InfiniteBounds {
        /// Index of the parameter, from 0.
        index: usize,
    },
    /// There is nothing to learn from.
    #[error("none of {rows} training rows has a finite fval and a finite vector")]
    NoRows {
        /// How many rows there are.
        rows: usize,
    },
}

impl TrainingRows {
    /// Adds a row.
    pub fn push(&mut self, vector: Vec<f64>, fval: f64, descent: usize, end: bool) {
        self.vectors.push(vector);
        self.fvals.push(fval);
        self.descents.push(descent);
        self.ends.push(end);
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Are there no rows?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The row with the lowest finite fval, the first of several; `None` when no row is finite.
    #[must_use]
    pub fn lowest(&self) -> Option<usize> {
        self.finite().min_by(|&a, &b| self.fvals[a].total_cmp(&self.fvals[b]))
    }

    /// One row for each descent with a finite row, lowest fval first, ties by row: its end, the lowest of several, or,
    /// where no finite row is marked as its end, the lowest of its rows.
    #[must_use]
    pub fn ends(&self) -> Vec<usize> {
        let rank = |row: usize| (!self.ends[row], self.fvals[row]);
        let mut of_descent: BTreeMap<usize, usize> = BTreeMap::new();
        for row in self.finite() {
            let kept = of_descent.entry(self.descents[row]).or_insert(row);
            if rank(row) < rank(*kept) {
                *kept = row;
            }
        }
        let mut ends: Vec<usize> = of_descent.into_values().collect();
        ends.sort_by(|&a, &b| self.fvals[a].total_cmp(&self.fvals[b]).then(a.cmp(&b)));
        ends
    }

    /// Do rows and bounds fit each other, and is there something to learn from?
    ///
    /// # Errors
    /// See [`LearnerError`].
    pub fn check(&self, bounds: &Bounds) -> Result<(), LearnerError> {
        bounds.check()?;
        if let Some(index) = bounds.pairs().position(|(lower, upper)| !(upper - lower).is_finite()) {
            return Err(LearnerError::InfiniteBounds { index });
        }
        let (vectors, fvals, descents, ends) =
            (self.vectors.len(), self.fvals.len(), self.descents.len(), self.ends.len());
        if [fvals, descents, ends] != [vectors; 3] {
            return Err(LearnerError::Lengths { vectors, fvals, descents, ends });
        }
        if let Some(row) = self.vectors.iter().position(|vector| vector.len() != bounds.len()) {
            return Err(LearnerError::Dimension { row, found: self.vectors[row].len(), wanted: bounds.len() });
        }
        self.lowest().map(|_| ()).ok_or(LearnerError::NoRows { rows: vectors })
    }

    fn finite(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&row| self.fvals[row].is_finite() && self.vectors[row].iter().all(|x| x.is_finite()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_end_for_each_descent_lowest_first() {
        let mut rows = TrainingRows::default();
        for (fval, descent, end) in [
            (9.0, 0, false),
            (3.0, 0, true),
            (7.0, 1, false),
            (5.0, 1, false),
            (f64::INFINITY, 2, true),
            (1.0, 3, false),
            (2.0, 3, true),
        ] {
            rows.push(vec![0.0], fval, descent, end);
        }
        assert_eq!(rows.ends(), vec![6, 1, 3]);
        assert_eq!(rows.lowest(), Some(5));
        assert!(TrainingRows::default().lowest().is_none() && TrainingRows::default().is_empty());
    }
}
