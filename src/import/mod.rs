//! Models and problems from the field's exchange formats, as the plain data of [`crate::model`].
//!
//! [`sbml`] reads models, [`petab`] estimation problems around them. Like [`crate::syntax`], they collect everything that
//! is wrong as diagnostics with file and line, and never fail otherwise.

pub mod petab;
pub mod sbml;
