use std::collections::HashMap;

use keyfs::Store;

use crate::signed::Signed;

/// What one observer has seen so far.
#[derive(Default)]
pub(super) struct Watched {
    /// The last counter of each writer on each key.
    counters: HashMap<(String, String), u64>,
    /// How often a key was looked at.
    pub(super) looks: usize,
    /// How often it had a value that the look before had not seen.
    pub(super) news: usize,
}

impl Watched {
    /// Looks at a live key: it is there, its value is whole, and no older than what was seen before.
    #[track_caller]
    pub(super) fn check(&mut self, store: &Store, key: &str) -> Signed {
        self.looks += 1;
        let value = store.get(key).unwrap();
        let value = value.unwrap_or_else(|| panic!("{key} is live and was not seen in look {}", self.looks));
        let signed = Signed::read(key, &value).unwrap_or_else(|wrong| panic!("{key}: {wrong}"));
        let last = self.counters.entry((key.to_owned(), signed.writer.clone())).or_default();
        assert!(signed.counter >= *last, "{key} went back from {last} to {}", signed.counter);
        self.news += usize::from(signed.counter > *last);
        *last = signed.counter;
        signed
    }
}
