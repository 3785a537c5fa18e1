//! The bytes of a snapshot; `docs/format.md` draws them.

use crate::record::{Key, Timestamp};
use crate::store::directory::ListedRecord;
use crate::store::index::Content;
use crate::store::load::LoadedRecord;

/// What a file of this format begins with; the last byte is the version.
const MAGIC: [u8; 8] = *b"keyfs-s\x02";

/// The magic, the hash of all that follows it, and the number of records.
const HEADER_BYTES: usize = MAGIC.len() + HASH_BYTES + 8;
const HASH_BYTES: usize = 32;

/// Number, inode number, what is known of the value, where the key begins, and how long it is.
const ENTRY_BYTES: usize = 16 + 8 + 8 + 8 + 4;

/// A snapshot that has passed its checks.
pub(in crate::store) struct Snapshot {
    bytes: Vec<u8>,
    records: usize,
}

/// An entry of the table.
struct Entry {
    timestamp: Timestamp,
    inode: u64,
    content: Content,
    key_start: usize,
    key_bytes: usize,
}

/// What a snapshot keeps of a record: its name, its inode, its key, and what is known of its value.
pub(super) type Kept = (Timestamp, u64, Key, Content);

impl Snapshot {
    /// Checks the bytes of a file; `None` when there is any doubt of them.
    pub(in crate::store) fn parse(bytes: Vec<u8>) -> Option<Snapshot> {
        let (header, body) = bytes.split_at_checked(HEADER_BYTES - 8)?;
        let (magic, hash) = header.split_at(MAGIC.len());
        if magic != MAGIC || hash != blake3::hash(body).as_bytes() {
            return None;
        }
        let records = usize::try_from(u64_at(&bytes, HEADER_BYTES - 8)?).ok()?;
        let table = records.checked_mul(ENTRY_BYTES)?;
        (table <= bytes.len() - HEADER_BYTES).then_some(Snapshot { bytes, records })
    }

    /// Tells the records that a listing shows too from those that must be read; those without a measure are, where one is
    /// needed. `listed` is sorted, newest first, and so are both.
    pub(in crate::store) fn split(
        &self,
        listed: Vec<ListedRecord>,
        is_measured: bool,
    ) -> (Vec<(Timestamp, Option<LoadedRecord>)>, Vec<ListedRecord>) {
        let (mut found, mut unknown) = (Vec::with_capacity(self.records.min(listed.len())), Vec::new());
        let mut at = self.records;
        for entry in listed {
            while at > 0 && self.entry(at - 1).is_some_and(|last| last.timestamp > entry.timestamp) {
                at -= 1;
            }
            let same = at.checked_sub(1).and_then(|at| self.entry(at));
            let same = same.filter(|same| (same.timestamp, same.inode) == (entry.timestamp, entry.inode));
            let same = same.filter(|same| !(is_measured && same.content == Content::UNMEASURED));
            match same.filter(|_| entry.regular).and_then(|same| self.record(&same)) {
                Some(record) => found.push((entry.timestamp, Some(record))),
                None => unknown.push(entry),
            }
        }
        (found, unknown)
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let start = HEADER_BYTES + at * ENTRY_BYTES;
        let bytes = self.bytes.get(start..start + ENTRY_BYTES)?;
        Some(Entry {
            timestamp: Timestamp::from_micros(u128::from_le_bytes(bytes.first_chunk().copied()?)),
            inode: u64_at(bytes, 16)?,
            content: Content::from_bits(u64_at(bytes, 24)?),
            key_start: usize::try_from(u64_at(bytes, 32)?).ok()?,
            key_bytes: u32_at(bytes, 40)? as usize,
        })
    }

    /// The record of an entry; its key is checked as if it came from the directory.
    fn record(&self, entry: &Entry) -> Option<LoadedRecord> {
        let key_end = entry.key_start.checked_add(entry.key_bytes)?;
        let key = Key::from_wtf8(self.bytes.get(entry.key_start..key_end)?).ok()?;
        Some(LoadedRecord { inode: entry.inode, key, content: entry.content, value: None })
    }
}

/// Makes the bytes of a snapshot of these records.
pub(super) fn encode(mut records: Vec<Kept>) -> Vec<u8> {
    records.sort_unstable_by_key(|(timestamp, ..)| *timestamp);
    let mut start = HEADER_BYTES + records.len() * ENTRY_BYTES;
    let keys: usize = records.iter().map(|(_, _, key, _)| key.as_wtf8().len()).sum();
    let mut bytes = Vec::with_capacity(start + keys);
    bytes.extend(MAGIC);
    bytes.extend([0; HASH_BYTES]);
    bytes.extend((records.len() as u64).to_le_bytes());
    for (timestamp, inode, key, content) in &records {
        let key_bytes = key.as_wtf8().len();
        bytes.extend(timestamp.as_micros().to_le_bytes());
        bytes.extend(inode.to_le_bytes());
        bytes.extend(content.to_bits().to_le_bytes());
        bytes.extend((start as u64).to_le_bytes());
        bytes.extend((key_bytes as u32).to_le_bytes());
        start += key_bytes;
    }
    for (_, _, key, _) in &records {
        bytes.extend(key.as_wtf8());
    }
    let hash = blake3::hash(&bytes[HEADER_BYTES - 8..]);
    bytes[MAGIC.len()..MAGIC.len() + HASH_BYTES].copy_from_slice(hash.as_bytes());
    bytes
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: Content = Content::from_bits(10);

    fn kept(number: u128, inode: u64, key: &str, content: Content) -> Kept {
        (Timestamp::from_micros(number), inode, Key::from(key), content)
    }

    fn listed(number: u128, inode: u64) -> ListedRecord {
        ListedRecord { timestamp: Timestamp::from_micros(number), inode, regular: true }
    }

    fn three() -> Vec<u8> {
        encode(vec![
            kept(7, 70, "é", MEASURED),
            kept(5, 50, "gone", Content::TOMBSTONE),
            kept(u128::MAX, 90, "", Content::UNMEASURED),
        ])
    }

    #[test]
    fn what_is_listed_with_its_inode_is_found_and_nothing_else() {
        let snapshot = Snapshot::parse(three()).unwrap();
        let all = vec![listed(u128::MAX, 90), listed(8, 80), listed(7, 70), listed(5, 50), listed(1, 10)];
        let (found, unknown) = snapshot.split(all, false);
        let shown: Vec<_> = found
            .iter()
            .flat_map(|(_, found)| found)
            .map(|record| (record.inode, record.key.as_str(), record.content))
            .collect();
        let tombstone = (50, Some("gone"), Content::TOMBSTONE);
        assert_eq!(shown, [(90, Some(""), Content::UNMEASURED), (70, Some("é"), MEASURED), tombstone]);
        assert_eq!(unknown, [listed(8, 80), listed(1, 10)]);
        let others = vec![listed(7, 71), ListedRecord { regular: false, ..listed(5, 50) }];
        let (found, unknown) = snapshot.split(others, false);
        assert_eq!((found.len(), unknown.len()), (0, 2));
    }

    /// "A mount reads again what somebody has put into a snapshot who needs no sizes."
    #[test]
    fn what_was_not_measured_is_read_where_a_measure_is_needed() {
        let snapshot = Snapshot::parse(three()).unwrap();
        let all = vec![listed(u128::MAX, 90), listed(7, 70), listed(5, 50)];
        let (found, unknown) = snapshot.split(all, true);
        assert_eq!((found.len(), unknown), (2, vec![listed(u128::MAX, 90)]));
    }

    #[test]
    fn every_changed_bit_and_every_cut_throws_it_away() {
        let whole = three();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(Snapshot::parse(changed).is_none(), "byte {at}");
            assert!(Snapshot::parse(whole[..at].to_vec()).is_none(), "cut to {at}");
        }
    }

    /// Whoever can write the file can also make its hash.
    #[test]
    fn nothing_in_a_forged_snapshot_is_taken_for_a_key_or_panics() {
        let whole = three();
        let all = || vec![listed(u128::MAX, 90), listed(7, 70), listed(5, 50)];
        for at in HEADER_BYTES - 8..whole.len() {
            for byte in [0, 0x22, 0x7f, 0x80, 0xff] {
                let mut forged = whole.clone();
                forged[at] = byte;
                let hash = *blake3::hash(&forged[HEADER_BYTES - 8..]).as_bytes();
                forged[MAGIC.len()..MAGIC.len() + HASH_BYTES].copy_from_slice(&hash);
                let Some(snapshot) = Snapshot::parse(forged) else { continue };
                for record in snapshot.split(all(), false).0.into_iter().filter_map(|(_, found)| found) {
                    assert!(Key::from_wtf8(record.key.as_wtf8()).is_ok());
                }
            }
        }
    }
}
