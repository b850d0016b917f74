//! What runs are worth: pure functions on slices, from fvals and vectors to the numbers of figures and tables.
//!
//! Failed solves are infinite fvals. They are never dropped silently: shares count them, order statistics leave them
//! out and say how many they were. Rows are slices of vectors of equal length. Results depend on the input alone.

pub mod bootstrap;
pub mod calibration;
pub mod chains;
pub mod condition;
pub mod copying;
pub mod correlation;
pub mod coverage;
pub mod density;
pub mod distances;
pub mod embedding;
pub mod feasibility;
pub mod groups;
pub mod matching;
pub mod memorisation;
pub mod minima;
pub mod normal;
pub mod paired;
pub mod profile;
pub mod quantiles;
pub mod reliability;
pub mod reweight;
pub mod success;
pub mod two_sample;
