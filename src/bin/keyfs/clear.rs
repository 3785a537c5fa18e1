//! `keyfs clear`.

use keyfs::Durability;

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Status};

/// Removes all keys, and waits until that is on disk.
pub(crate) fn run(store: &StoreOptions) -> Result<Status, Failure> {
    let store = store.open_for_writing().about("clear")?;
    for key in store.keys() {
        // To wait for the disk once is much faster than once a key.
        store.remove_with(&key, Durability::Background).about(&format!("clear {key}"))?;
    }
    store.make_durable().about("clear")?;
    store.check_complete().about("clear")?;
    Ok(Status::Done)
}
