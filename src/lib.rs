//! kexp: a declarative experiment language and runner for generative models of kinetic parameters.

#![deny(missing_docs)]

pub mod diagnostic;
pub mod evaluate;
pub mod graph;
pub mod learn;
pub mod model;
pub mod optimise;
pub mod random;
pub mod report;
pub mod schema;
pub mod solve;
pub mod syntax;
pub mod table;
