//! From files to a resolved experiment: imports, names, profiles, overrides, schemas, defaults, and every check.

mod experiment;

pub use experiment::{Declaration, Experiment, Origin, ProblemDeclaration, Vary};
