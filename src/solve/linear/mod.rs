//! Linear systems `(I - gamma J) x = b` of stiff integrators, for Jacobians `J` whose places are known beforehand.
//!
//! An [`Analysis`] holds what follows from those places alone: it is made once a model and shared by threads. [`Factors`]
//! hold the numbers of one matrix; they reuse their memory, so that neither factoring nor solving allocates once the
//! first matrix of a kind was factored. What comes out depends on the analysis and the matrix alone, never on what was
//! factored before.
//!
//! In reading order: `blocks` finds the parts of a network that do not act back on each other, `order` the order in
//! which the states of a part are eliminated, `plan` writes down every operation that the elimination in that order takes;
//! `fixed` executes it with pivots from the diagonal, which is right for nearly all matrices of kinetic models, and tells
//! where it is not; `pivoting` is the factorisation for those; `dense` that of small or full matrices.
//!
//! # Full or sparse
//! A formula in the counts of states, values and operations estimates the nanoseconds of one factorisation and five solves
//! either way; the lower estimate decides. On 103 models with 2 to 500 states, each third of what `BioModels` has here by
//! size, what is chosen takes 0 to 5 % longer than the better way on average within each range of sizes; full matrices pay
//! where nearly all entries are there.
//!
//! # Measured
//! Microseconds on one core of a server with AMD EPYC that had other work, the least of 15 measurements, gamma = 0.1:
//!
//! | model | states | entries | factor | solve | a lane of 64 | faer sparse: factor, solve | faer dense: factor, solve |
//! |---|---|---|---|---|---|---|---|
//! | Bachmann | 25 | 89 | 0.49 | 0.24 | 0.08 | 3.5, 0.35 | 3.8, 0.92 |
//! | b1yeast | 276 | 5214 | 64 | 5.7 | 1.4 | 580, 18 | 555, 21 |
//! | Chen | 500 | 3597 | 33 | 5.4 | 2.1 | 1100, 17 | 4900, 56 |
//!
//! The analysis of Chen's model takes 2.3 ms. Where pivots of the diagonal lose accuracy, finding that out and choosing
//! others takes some four times as long: 5.3 instead of 1.4 in a model of 54 states (`BIOMD0000000340`, gamma = 1).

mod analysis;
mod blocks;
mod dense;
mod factors;
mod fixed;
mod multiply;
mod order;
mod pivoting;
mod plan;
mod straight;
mod tile;

pub use analysis::Analysis;
pub use factors::{Factors, Singular};
pub use multiply::{multiply, multiply_transposed};
