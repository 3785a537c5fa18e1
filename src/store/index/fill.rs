//! Filling an index with what a snapshot tells, before it is known to be so.

use super::{Difference, Epoch, Index};
use crate::record::Timestamp;
use crate::store::directory::ListedRecord;
use crate::store::load::LoadedRecord;

impl Index {
    /// An index of records that are said to be there, as of a look, oldest first; `None` when they are not in this order.
    ///
    /// Nothing of it is true before [`keep_listed`](Index::keep_listed).
    pub(in crate::store) fn of_records(
        value_bytes: u64,
        epoch: Epoch,
        count: usize,
        records: impl Iterator<Item = (Timestamp, LoadedRecord)>,
    ) -> Option<Index> {
        let mut index = Index { epoch, ..Index::with_room(value_bytes) };
        index.reserve(count);
        let mut last = None;
        for (timestamp, record) in records {
            if last >= Some(timestamp) {
                return None;
            }
            last = Some(timestamp);
            index.insert_new(timestamp, record, epoch);
        }
        Some(index)
    }

    /// Forgets, as if it had never been there, what is not listed as a file with the same inode number; gives what is
    /// listed and not known.
    pub(in crate::store) fn keep_listed(&mut self, listed: &[ListedRecord]) -> Difference {
        listed.iter().filter(|entry| !entry.regular).for_each(|entry| self.remove(entry.timestamp));
        // What is known is of an epoch before this one.
        let Difference { added, removed } = self.difference(listed, Epoch::MAX);
        removed.into_iter().for_each(|timestamp| self.remove(timestamp));
        self.keys.forget_highest();
        Difference { added, removed: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Key;
    use crate::store::index::Content;

    fn at(micros: u128) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn told(records: &[(u128, &str)]) -> Option<Index> {
        let record = |&(number, key): &(u128, &str)| {
            let (inode, content) = (number as u64 * 10, Content::UNMEASURED);
            (at(number), LoadedRecord { inode, key: Key::from(key), content, value: None })
        };
        Index::of_records(0, 1, records.len(), records.iter().map(record))
    }

    fn listed(number: u128, inode: u64) -> ListedRecord {
        ListedRecord { timestamp: at(number), inode, regular: true }
    }

    fn current(index: &Index, key: &str) -> Option<u128> {
        index.current(key.as_bytes()).map(|current| current.timestamp.as_micros())
    }

    #[test]
    fn what_is_listed_with_its_inode_stays_and_nothing_else() {
        let mut index = told(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]).unwrap();
        let irregular = ListedRecord { regular: false, ..listed(4, 40) };
        let all = [listed(9, 90), listed(5, 50), irregular, listed(3, 31), listed(1, 10)];
        let difference = index.keep_listed(&all);
        assert_eq!(difference.added, [listed(9, 90), irregular, listed(3, 31)]);
        assert!(difference.removed.is_empty());
        let found = ["a", "b", "c", "d", "e"].map(|key| current(&index, key));
        assert_eq!(found, [Some(1), None, None, None, Some(5)]);
        assert_eq!((index.live(), index.len()), (2, 2));
    }

    /// What a snapshot tells and no listing shows may never have been.
    #[test]
    fn of_what_is_not_listed_nothing_is_known_any_more() {
        let mut index = told(&[(1, "a"), (2, "a"), (3, "b")]).unwrap();
        assert_eq!((current(&index, "a"), index.crowded().count()), (Some(2), 1));
        index.keep_listed(&[listed(1, 10)]);
        assert_eq!((current(&index, "a"), index.highest(b"a")), (Some(1), Some(at(1))));
        assert_eq!((current(&index, "b"), index.highest(b"b")), (None, None));
        assert_eq!((index.live(), index.len(), index.crowded().count()), (1, 1, 0));
    }

    #[test]
    fn records_out_of_their_order_are_no_index() {
        assert!(told(&[(2, "a"), (1, "b")]).is_none());
        assert!(told(&[(1, "a"), (1, "b")]).is_none());
        assert_eq!(told(&[]).unwrap().len(), 0);
    }
}
