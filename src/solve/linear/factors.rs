//! The factors of one matrix.

use super::analysis::{Analysis, Method};
use super::dense::Dense;
use super::fixed::Fixed;
use super::pivoting::Pivoting;

/// A matrix that has no inverse, or whose entries are not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the matrix of a linear system is singular")]
pub struct Singular;

/// The factors of a matrix `I - gamma J`. They reuse their memory from one matrix to the next.
///
/// Until a matrix was factored, they are those of the identity; after one that is [`Singular`], what is solved means
/// nothing.
#[derive(Debug, Clone)]
pub struct Factors(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Dense(Dense),
    Sparse {
        fixed: Fixed,
        /// Made when it is needed first.
        pivoting: Option<Box<Pivoting>>,
        /// Whether the last matrix needed it.
        pivoted: bool,
    },
}

impl Factors {
    /// Memory for the factors of a matrix of that pattern. Other methods take the same analysis.
    #[must_use]
    pub fn new(analysis: &Analysis) -> Self {
        Self(match &analysis.method {
            Method::Dense(_) => Kind::Dense(Dense::new(analysis.states)),
            Method::Sparse(plan) => Kind::Sparse { fixed: Fixed::new(plan), pivoting: None, pivoted: false },
        })
    }

    /// Factors `I - gamma J`, where `jacobian` holds the values of `J` at the places of the analysis.
    ///
    /// # Errors
    /// When a pivot is zero whatever row is taken for it, or something is not finite.
    ///
    /// # Panics
    /// If this is another analysis than that of [`Factors::new`], or `jacobian` is not as long as its pattern.
    pub fn factor(&mut self, analysis: &Analysis, jacobian: &[f64], gamma: f64) -> Result<(), Singular> {
        match (&mut self.0, &analysis.method) {
            (Kind::Dense(dense), Method::Dense(places)) => dense.factor(places, jacobian, gamma),
            (Kind::Sparse { fixed, pivoting, pivoted }, Method::Sparse(plan)) => {
                assert_eq!(jacobian.len(), plan.places.len(), "one value a place");
                *pivoted = false;
                if !jacobian.iter().all(|value| (gamma * value).is_finite()) {
                    return Err(Singular);
                }
                if fixed.factor(plan, jacobian, gamma) {
                    return Ok(());
                }
                let pivoting = pivoting.get_or_insert_with(|| Box::new(Pivoting::new(plan)));
                pivoting.factor(plan, jacobian, gamma)?;
                *pivoted = true;
                Ok(())
            }
            _ => other(),
        }
    }

    /// Whether the last matrix was factored with other pivots than those of the diagonal, because these would have lost
    /// accuracy; dense factors choose pivots always.
    #[must_use]
    pub fn pivoted(&self) -> bool {
        match &self.0 {
            Kind::Dense(_) => true,
            Kind::Sparse { pivoted, .. } => *pivoted,
        }
    }

    /// Solves `(I - gamma J) x = b` in place.
    ///
    /// # Panics
    /// If this is another analysis than that of [`Factors::new`], or `b` does not have its number of states.
    #[inline]
    pub fn solve(&mut self, analysis: &Analysis, b: &mut [f64]) {
        assert_eq!(b.len(), analysis.states, "one value a state");
        match (&mut self.0, &analysis.method) {
            (Kind::Dense(dense), Method::Dense(_)) => dense.solve(b),
            (Kind::Sparse { pivoting: Some(pivoting), pivoted: true, .. }, Method::Sparse(_)) => {
                pivoting.solve(b);
            }
            (Kind::Sparse { fixed, .. }, Method::Sparse(plan)) => fixed.solve(plan, b),
            _ => other(),
        }
    }

    /// Solves `(I - gamma J)ᵀ x = b` in place.
    ///
    /// # Panics
    /// As [`Factors::solve`].
    pub fn solve_transposed(&mut self, analysis: &Analysis, b: &mut [f64]) {
        assert_eq!(b.len(), analysis.states, "one value a state");
        match (&mut self.0, &analysis.method) {
            (Kind::Dense(dense), Method::Dense(_)) => dense.solve_transposed(b),
            (Kind::Sparse { pivoting: Some(pivoting), pivoted: true, .. }, Method::Sparse(_)) => {
                pivoting.solve_transposed(b);
            }
            (Kind::Sparse { fixed, .. }, Method::Sparse(plan)) => fixed.solve_transposed(plan, b),
            _ => other(),
        }
    }

    /// Solves `(I - gamma J) X = B` in place, `B` being states x `columns` by column. Each column becomes, to the bit, what
    /// [`Factors::solve`] makes of it.
    ///
    /// # Panics
    /// As [`Factors::solve`], for the length states x `columns`.
    pub fn solve_many(&mut self, analysis: &Analysis, b: &mut [f64], columns: usize) {
        assert_eq!(b.len(), analysis.states * columns, "states x columns values");
        match (&mut self.0, &analysis.method) {
            _ if analysis.states == 0 => {}
            (Kind::Dense(dense), Method::Dense(_)) => dense.solve_many(b),
            (Kind::Sparse { pivoting: Some(pivoting), pivoted: true, .. }, Method::Sparse(_)) => {
                b.chunks_exact_mut(analysis.states).for_each(|column| pivoting.solve(column));
            }
            (Kind::Sparse { fixed, .. }, Method::Sparse(plan)) => fixed.solve_many(plan, b),
            _ => other(),
        }
    }
}

/// Factors and analysis that do not belong together.
fn other() -> ! {
    panic!("factors are used with the analysis that they were made for")
}
