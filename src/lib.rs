//! kexp: a declarative experiment language and runner for generative models of kinetic parameters.
//!
//! From text to a paper, in the order in which the data flows:
//!
//! 1. [`syntax`] turns the text of a `.kexp` file into a tree, and formats it;
//! 2. [`plan`] resolves names, settings and profiles, checks everything, and expands it to typed nodes with keys;
//! 3. [`run`] computes the nodes that the store lacks, each by its stage;
//! 4. [`report`] draws figures and tables from the artifacts and fills the blocks of the draft;
//! 5. [`cli`] is the command line around these.
//!
//! The stages call libraries that know nothing of `.kexp` files, plans or stores: [`model`] holds kinetic models and
//! estimation problems, [`import`] reads them from SBML and `PEtab`, [`fetch`] downloads them, [`solve`] compiles and solves them, [`learn`] trains generators, [`optimise`] makes designs and descends,
//! [`uncertainty`] samples posteriors and walks profiles of the likelihood, [`evaluate`] measures what came out. Below everything lie [`diagnostic`], [`schema`], [`table`], [`graph`] and
//! [`random`].

#![deny(missing_docs)]

pub mod cli;
pub mod diagnostic;
pub mod evaluate;
pub mod fetch;
pub mod graph;
pub mod import;
pub mod learn;
pub mod model;
pub mod optimise;
pub mod plan;
pub mod random;
pub mod report;
pub mod run;
pub mod schema;
pub mod solve;
pub mod syntax;
pub mod table;
pub mod uncertainty;
