//! Kinetic models and estimation problems: plain data.

pub mod expression;
pub mod gradient;
pub mod network;
pub mod problem;
pub mod test_function;
