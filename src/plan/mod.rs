//! From syntax trees to a resolved experiment and its plan. Nothing here runs anything.

mod check;
pub mod resolve;
pub mod schema;
