//! `keyfs contains`.

use std::ffi::OsString;

use clap::Args;

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Status};
use crate::key;

/// Say by the exit status whether there is a key: 0 yes, 1 no
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs contains web || keyfs put web '{}'
  if keyfs contains -- -x; then echo yes; fi")]
pub(crate) struct Contains {
    /// The key
    key: OsString,
}

impl Contains {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let key = key::parse("contains", &self.key)?;
        let what = format!("contains {key}");
        let store = store.open_for_reading().about(&what)?;
        if store.contains(&key) {
            return Ok(Status::Done);
        }
        store.check_complete().about(&what)?;
        Ok(Status::No)
    }
}
