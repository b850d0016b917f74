//! Learning: conditional generative models of parameter vectors, their training and the search for their settings.
//!
//! The way of the data: [`data`] scales rows to 0..1 from the problem's bounds; [`kinds`] names the kinds of generators and
//! [`generator`] is the one trait behind them; [`training`] is the loop that all of them share, on [`parameters`] in one flat tensor,
//! with [`adam`], [`batches`] of shuffled rows, [`metrics`] of each epoch and [`checkpoint`]s; [`cvae`],
//! [`transformer_cvae`], [`ccgan`], [`flow_matching`] and [`spline_flow`] are the kinds, the last three on rows of a
//! [`standard`]; [`tune`] draws settings for a search, and [`halving`] says which trials of it go on; [`archive`] is the
//! file format.
//!
//! Every random number (initial weights, shuffles, noise) is drawn in Rust from [`crate::random::Streams`], never from
//! libtorch's global generator, and each training runs on one thread: same settings, data and streams give the same
//! bits, however many trainings run side by side.

pub mod adam;
pub mod archive;
mod average;
pub mod batches;
pub mod ccgan;
pub mod checkpoint;
pub mod cvae;
pub mod data;
pub mod error;
pub mod feasibility;
pub mod flow_matching;
pub mod generator;
pub mod halving;
pub mod kinds;
pub mod metrics;
pub mod parameters;
mod residual;
mod sampling;
pub mod spline_flow;
pub mod standard;
pub mod train_settings;
pub mod training;
pub mod transformer_cvae;
pub mod tune;

pub use checkpoint::{Checkpoints, NoCheckpoints};
pub use data::TrainingData;
pub use error::LearnError;
pub use feasibility::{Classifier, FeasibilityData, FeasibilitySettings};
pub use generator::{Engine, Generator, Session, Trained, train};
pub use kinds::{Kind, Settings, kind, kind_of, kinds, register};

/// The kinds of this library, each a module with its `KIND` and its `ENGINE`. The two lists are apart, so that programs
/// that only name the first need no libtorch.
macro_rules! generators {
    ($($kind:ident),* $(,)?) => {
        const KINDS: &[Kind] = &[$($kind::KIND),*];
        const ENGINES: &[(&str, Engine)] = &[$(($kind::KIND.name, $kind::ENGINE)),*];
    };
}

generators![cvae, transformer_cvae, ccgan, flow_matching, spline_flow];
