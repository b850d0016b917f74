//! Models and problems from public collections: downloads, their cache and the lock file that pins them.
//!
//! [`biomodel`] fetches one model of `BioModels`, [`petab_collection`] one problem of the `PEtab` benchmark collection.
//! [`biomodels`] selects models by their features. All look into the lock file first and into the cache next; only what
//! is missing is downloaded, verified, kept and pinned. Nothing that is not whole and verified is ever written: downloads are held in memory until they are.

mod archive;
mod biomodels;
mod cache;
mod client;
mod content;
mod error;
mod lock;
mod names;
mod obtain;
mod petab;
mod select;
mod source;

pub use archive::{ArchivedModel, model as archived_model};
pub use biomodels::{Information, biomodel, information};
pub use cache::Cache;
pub use client::{Client, Limits};
pub use content::Expected;
pub use error::{Cause, FetchError};
pub use lock::{LOCK_FILE, Lock};
pub use obtain::{Fetched, Options};
pub use petab::{petab_collection, petab_files};
pub use select::{Between, Counter, Features, Miss, Progress, Selected, Selection, Selections, biomodels};
pub use source::{Contents, Source, SourceFile};
