//! Reports: from tables and graphs to figures, the blocks of the paper draft and one page of a run. This step draws and
//! writes; it computes nothing new but what drawing needs.

pub mod assemble;
pub mod draft;
pub mod figure;
pub mod files;
pub mod measured;
pub mod page;
pub mod results;
pub mod snapshot;
pub(crate) mod templates;
