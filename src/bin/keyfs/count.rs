//! `keyfs count`.

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Status};
use crate::output;

/// Prints the number of live keys.
pub(crate) fn run(store: &StoreOptions) -> Result<Status, Failure> {
    let store = store.open_for_reading().about("count")?;
    store.check_complete().about("count")?;
    output::write(|out| writeln!(out, "{}", store.len())).about("count")?;
    Ok(Status::Done)
}
