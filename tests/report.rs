//! Figures, draft and page from synthetic but realistic data.

#[path = "paper/data.rs"]
mod data;
#[path = "paper/draft.rs"]
mod draft;
#[path = "paper/figures.rs"]
mod figures;
#[path = "paper/files.rs"]
mod files;
