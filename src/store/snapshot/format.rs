//! The bytes of a snapshot; `docs/format.md` draws them.

use crate::record::limits::READ_DEPTH;
use crate::record::scanner::check;
use crate::record::{Key, Record, Timestamp, Value};
use crate::store::directory::ListedRecord;

/// What a file of this format begins with; the last byte is the version.
const MAGIC: [u8; 8] = *b"keyfs-s\x01";

/// The magic, the hash of all that follows it, and the number of records.
const HEADER_BYTES: usize = MAGIC.len() + HASH_BYTES + 8;
const HASH_BYTES: usize = 32;

/// Number, inode number, where the key begins, and the lengths of key and value.
const ENTRY_BYTES: usize = 16 + 8 + 8 + 4 + 4;

/// The length that says "a tombstone".
const NO_VALUE: u32 = u32::MAX;

/// Values of more bytes are left out: they would be in memory and on disk twice for the sake of one `open`.
const VALUE_BYTES: usize = 4096;

/// A snapshot that has passed its checks.
pub(in crate::store) struct Snapshot {
    bytes: Vec<u8>,
    records: usize,
}

/// An entry of the table.
struct Entry {
    timestamp: Timestamp,
    inode: u64,
    key_start: usize,
    key_bytes: usize,
    /// None for a tombstone.
    value_bytes: Option<usize>,
}

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

    /// Tells the records that a listing shows too from those that must be read. `listed` is sorted, newest first.
    pub(in crate::store) fn split(
        &self,
        listed: Vec<ListedRecord>,
    ) -> (Vec<(ListedRecord, Record)>, Vec<ListedRecord>) {
        let (mut found, mut unknown) = (Vec::with_capacity(self.records), Vec::new());
        let mut at = self.records;
        for entry in listed {
            while at > 0 && self.entry(at - 1).is_some_and(|last| last.timestamp > entry.timestamp) {
                at -= 1;
            }
            let same = at.checked_sub(1).and_then(|at| self.entry(at));
            let same = same.filter(|same| (same.timestamp, same.inode) == (entry.timestamp, entry.inode));
            match same.filter(|_| entry.regular).and_then(|same| self.record(&same)) {
                Some(record) => found.push((entry, record)),
                None => unknown.push(entry),
            }
        }
        (found, unknown)
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let start = HEADER_BYTES + at * ENTRY_BYTES;
        let bytes = self.bytes.get(start..start + ENTRY_BYTES)?;
        let value = u32_at(bytes, 36)?;
        Some(Entry {
            timestamp: Timestamp::from_micros(u128::from_le_bytes(bytes.first_chunk().copied()?)),
            inode: u64_at(bytes, 16)?,
            key_start: usize::try_from(u64_at(bytes, 24)?).ok()?,
            key_bytes: u32_at(bytes, 32)? as usize,
            value_bytes: (value != NO_VALUE).then_some(value as usize),
        })
    }

    /// The record of an entry, checked as if it came from the directory: whoever may write here need not be trusted.
    fn record(&self, entry: &Entry) -> Option<Record> {
        let key_end = entry.key_start.checked_add(entry.key_bytes)?;
        let key = Key::from_wtf8(self.bytes.get(entry.key_start..key_end)?).ok()?;
        let Some(value_bytes) = entry.value_bytes else {
            return Some(Record { key, deleted: true, value: Value::null() });
        };
        let text = std::str::from_utf8(self.bytes.get(key_end..key_end.checked_add(value_bytes)?)?).ok()?;
        check(text, READ_DEPTH).ok()?;
        Some(Record { key, deleted: false, value: Value::from_checked(text) })
    }
}

/// Makes the bytes of a snapshot of these records.
pub(super) fn encode(mut records: Vec<(Timestamp, u64, Key, Option<Value>)>) -> Vec<u8> {
    let text = |value: &Option<Value>| value.as_ref().map_or(0, |value| value.text().len());
    records.retain(|(_, _, _, value)| text(value) <= VALUE_BYTES);
    records.sort_unstable_by_key(|(timestamp, ..)| *timestamp);
    let mut start = HEADER_BYTES + records.len() * ENTRY_BYTES;
    let texts: usize = records.iter().map(|(_, _, key, value)| key.as_wtf8().len() + text(value)).sum();
    let mut bytes = Vec::with_capacity(start + texts);
    bytes.extend(MAGIC);
    bytes.extend([0; HASH_BYTES]);
    bytes.extend((records.len() as u64).to_le_bytes());
    for (timestamp, inode, key, value) in &records {
        let key_bytes = key.as_wtf8().len();
        bytes.extend(timestamp.as_micros().to_le_bytes());
        bytes.extend(inode.to_le_bytes());
        bytes.extend((start as u64).to_le_bytes());
        bytes.extend((key_bytes as u32).to_le_bytes());
        bytes.extend(value.as_ref().map_or(NO_VALUE, |value| value.text().len() as u32).to_le_bytes());
        start += key_bytes + text(value);
    }
    for (_, _, key, value) in &records {
        bytes.extend(key.as_wtf8());
        bytes.extend(value.iter().flat_map(|value| value.text().as_bytes()));
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

    type Known = (Timestamp, u64, Key, Option<Value>);

    fn known(number: u128, inode: u64, key: &str, value: Option<&str>) -> Known {
        let value = value.map(|text| Value::parse(text).unwrap());
        (Timestamp::from_micros(number), inode, Key::from(key), value)
    }

    fn listed(number: u128, inode: u64) -> ListedRecord {
        ListedRecord { timestamp: Timestamp::from_micros(number), inode, regular: true }
    }

    fn three() -> Vec<u8> {
        encode(vec![
            known(7, 70, "é", Some("{\"a\": 1.0}")),
            known(5, 50, "gone", None),
            known(u128::MAX, 90, "", Some("\"\"")),
        ])
    }

    #[test]
    fn what_is_listed_with_its_inode_is_found_and_nothing_else() {
        let snapshot = Snapshot::parse(three()).unwrap();
        let all = vec![listed(u128::MAX, 90), listed(8, 80), listed(7, 70), listed(5, 50), listed(1, 10)];
        let (found, unknown) = snapshot.split(all);
        let shown: Vec<_> =
            found.iter().map(|(entry, record)| (entry.inode, record.key.as_str(), record.deleted)).collect();
        assert_eq!(shown, [(90, Some(""), false), (70, Some("é"), false), (50, Some("gone"), true)]);
        assert_eq!(found[1].1.value.text(), "{\"a\": 1.0}");
        assert_eq!(unknown, [listed(8, 80), listed(1, 10)]);
        let (found, unknown) = snapshot.split(vec![listed(7, 71), ListedRecord { regular: false, ..listed(5, 50) }]);
        assert_eq!((found.len(), unknown.len()), (0, 2));
    }

    #[test]
    fn large_values_are_left_out() {
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        let bytes = encode(vec![known(1, 1, "a", Some(&text(4097))), known(2, 2, "b", Some(&text(4096)))]);
        let (found, unknown) = Snapshot::parse(bytes).unwrap().split(vec![listed(2, 2), listed(1, 1)]);
        assert_eq!((found.len(), unknown), (1, vec![listed(1, 1)]));
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
    fn nothing_in_a_forged_snapshot_is_taken_for_a_value_or_panics() {
        let whole = three();
        let all = || vec![listed(u128::MAX, 90), listed(7, 70), listed(5, 50)];
        for at in HEADER_BYTES - 8..whole.len() {
            for byte in [0, 0x22, 0x7f, 0x80, 0xff] {
                let mut forged = whole.clone();
                forged[at] = byte;
                let hash = *blake3::hash(&forged[HEADER_BYTES - 8..]).as_bytes();
                forged[MAGIC.len()..MAGIC.len() + HASH_BYTES].copy_from_slice(&hash);
                let Some(snapshot) = Snapshot::parse(forged) else { continue };
                for (_, record) in snapshot.split(all()).0 {
                    assert!(Value::parse(record.value.text()).is_ok());
                }
            }
        }
    }
}
