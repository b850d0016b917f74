//! kexp: a declarative experiment language and runner for generative models of kinetic parameters.

#![deny(missing_docs)]

pub mod diagnostic;
pub mod graph;
pub mod model;
pub mod plan;
pub mod random;
pub mod schema;
pub mod syntax;
pub mod table;
