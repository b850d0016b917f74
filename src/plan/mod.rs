//! From syntax trees to a resolved experiment and its plan. Nothing here runs anything.

mod cells;
mod check;
pub mod cost;
pub mod expand;
pub mod explain;
pub mod export;
pub mod key;
pub mod node;
pub mod resolve;
pub mod rows;
pub mod schema;
pub mod stage_settings;
pub mod trial;
pub mod uncertainty;
