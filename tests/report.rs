//! Figures, draft and page from synthetic but realistic data.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "paper/data.rs"]
mod data;
#[path = "paper/draft.rs"]
mod draft;
#[path = "paper/figures.rs"]
mod figures;
#[path = "paper/files.rs"]
mod files;
