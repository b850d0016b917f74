//! `kexp reference`: the reference page, from the schemas that check every file.

use super::common::{Failure, say};
use crate::plan::schema;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<(), Failure> {
    say(schema::reference().trim_end());
    Ok(())
}
