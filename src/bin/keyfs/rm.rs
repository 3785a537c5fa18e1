//! `keyfs rm`.

use std::ffi::{OsStr, OsString};

use clap::Args;
use keyfs::{Durability, Store};

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Status};
use crate::key;

/// Remove keys; it is no error when there is no such key
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs rm web
  keyfs rm one two three
  keyfs keys -0 'old*' | xargs -0 -r keyfs rm --")]
pub(crate) struct Rm {
    /// The keys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<OsString>,
}

impl Rm {
    /// Removes as many of the keys as can be; the first failure gives the status.
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let store = store.open_for_writing().about("rm")?;
        let removed = self.keys.iter().map(|key| remove(&store, key));
        let on_disk = std::iter::once_with(|| store.make_durable().about("rm"));
        let mut status = Status::Done;
        for failure in removed.chain(on_disk).filter_map(Result::err) {
            let failed = failure.report();
            status = if status == Status::Done { failed } else { status };
        }
        Ok(status)
    }
}

/// Removes a key, and leaves the waiting for the disk to be done for all keys at once.
fn remove(store: &Store, argument: &OsStr) -> Result<(), Failure> {
    let key = key::parse("rm", argument)?;
    let what = format!("rm {key}");
    if !store.remove_with(&key, Durability::Background).about(&what)? {
        store.check_complete().about(&what)?;
    }
    Ok(())
}
