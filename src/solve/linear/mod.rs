//! Linear systems `(I - gamma J) x = b` of stiff integrators, for Jacobians `J` whose places are known beforehand.
//!
//! An [`Analysis`] holds what follows from those places alone: it is made once a model and shared by threads. [`Factors`]
//! hold the numbers of one matrix; they reuse their memory, so that neither factoring nor solving allocates once the
//! first matrix of a kind was factored. What comes out depends on the analysis and the matrix alone, never on what was
//! factored before.
//!
//! In reading order: [`blocks`] finds the parts of a network that do not act back on each other, [`order`] the order in
//! which the states of a part are eliminated, `plan` writes down every operation that the elimination in that order takes;
//! `fixed` executes it with pivots from the diagonal, which is right for nearly all matrices of kinetic models, and tells
//! where it is not; `pivoting` is the factorisation for those; `dense` that of small or full matrices.

mod analysis;
mod blocks;
mod dense;
mod factors;
mod fixed;
mod multiply;
mod order;
mod pivoting;
mod plan;
mod tile;

pub use analysis::Analysis;
pub use factors::{Factors, Singular};
pub use multiply::{multiply, multiply_transposed};
