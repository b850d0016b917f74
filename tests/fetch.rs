//! Downloads, and what stands on them (families of problems, `kexp init`), against a server on this machine that behaves
//! as the public ones do, faults included.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "fetch/archives.rs"]
mod archives;
#[path = "fetch/biomodels.rs"]
mod biomodels;
#[path = "fetch/families.rs"]
mod families;
#[path = "fetch/faults.rs"]
mod faults;
#[path = "fetch/init.rs"]
mod init;
#[path = "fetch/petab.rs"]
mod petab;
#[path = "fetch/pinned.rs"]
mod pinned;
#[path = "fetch/select.rs"]
mod select;
#[path = "support/server.rs"]
mod server;
#[path = "fetch/support.rs"]
mod support;
