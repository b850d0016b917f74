//! Figures, draft and page from synthetic but realistic data.

#[path = "paper/data.rs"]
mod data;
#[path = "paper/figures.rs"]
mod figures;
