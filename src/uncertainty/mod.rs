//! How well parameters are known: samples of the posterior and profiles of the likelihood.
//!
//! A [`Density`] is what is sampled, within bounds; [`Method::sample`] gives one chain of it. A profile is of an
//! [`crate::optimise::Objective`]; [`profile::walk`] gives one side of it. Chains and sides are independent of each
//! other, draw from the streams that they are given alone, and look at no clock.

mod chain;
mod density;
mod logit;
mod method;
mod metropolis;
mod nuts;
pub mod profile;
#[cfg(test)]
mod tests;

pub use chain::{Chain, Draw, SampleError};
pub use density::Density;
pub use logit::Logit;
pub use method::{Method, methods};
