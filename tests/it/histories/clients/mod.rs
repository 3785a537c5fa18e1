//! Those who act on one store.

mod command;
mod library;
mod mount;
mod original;

pub(super) use command::Command;
pub(super) use library::Library;
pub(super) use mount::Mount;
pub(super) use original::Original;

use super::event::{Sight, What};

/// How many keys there are.
pub(super) const KEYS: usize = 6;

/// What a client can do; whoever looks has taken in first what others have done.
pub(super) trait Actor: Send {
    fn put(&mut self, key: usize, value: u64) -> What;

    /// Removes a key; seeing that it was not there is seeing.
    fn remove(&mut self, key: usize) -> What;

    fn get(&mut self, key: usize) -> Vec<Sight>;

    /// Looks at all keys at once.
    fn list(&mut self) -> Vec<Sight>;
}

pub(super) fn name(key: usize) -> String {
    format!("key {key}")
}

/// What is seen of all keys by somebody who is shown these names.
fn sights_of_names(names: &[String]) -> Vec<Sight> {
    (0..KEYS).map(|key| Sight::listed(key, names.contains(&name(key)))).collect()
}
