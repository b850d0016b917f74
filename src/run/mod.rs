//! Carrying out a plan: the store of artifacts, the journals of unfinished nodes, the executor and the stages.

pub mod context;
pub mod cores;
pub mod error;
pub mod executor;
pub mod journal;
pub mod progress;
pub mod stages;
pub mod store;
pub mod synthetic;

pub use error::RunError;
