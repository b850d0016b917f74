//! From syntax trees to a resolved experiment and its plan. Nothing here runs anything.

pub mod resolve;
