//! The bytes of a snapshot; `docs/format.md` draws them.

use crate::record::{Key, Timestamp};
use crate::store::index::Content;
use crate::store::load::LoadedRecord;

/// What a file of this format begins with; the last byte is the version.
const MAGIC: [u8; 8] = *b"keyfs-s\x03";

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

    /// How many records it tells of.
    pub(in crate::store) fn len(&self) -> usize {
        self.records
    }

    /// The records that it tells of, oldest first; without those that were not measured where that `is_needed`.
    pub(in crate::store) fn records(&self, is_needed: bool) -> impl Iterator<Item = (Timestamp, LoadedRecord)> {
        let entries = (0..self.records).map_while(|at| self.entry(at));
        let entries = entries.filter(move |entry| !(is_needed && entry.content == Content::UNMEASURED));
        entries.filter_map(|entry| Some((entry.timestamp, self.record(&entry)?)))
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
    use crate::store::index::Index;

    const MEASURED: Content = Content::from_bits(10);

    fn kept(number: u128, inode: u64, key: &str, content: Content) -> Kept {
        (Timestamp::from_micros(number), inode, Key::from(key), content)
    }

    fn three() -> Vec<u8> {
        encode(vec![
            kept(7, 70, "é", MEASURED),
            kept(5, 50, "gone", Content::TOMBSTONE),
            kept(u128::MAX, 90, "", Content::UNMEASURED),
        ])
    }

    #[test]
    fn records_are_told_as_they_were_kept_oldest_first() {
        let snapshot = Snapshot::parse(three()).unwrap();
        let shown = |(timestamp, record): (Timestamp, LoadedRecord)| {
            (timestamp.as_micros(), record.inode, record.key.to_string(), record.content)
        };
        let told: Vec<_> = snapshot.records(false).map(shown).collect();
        let tombstone = (5, 50, "gone".to_owned(), Content::TOMBSTONE);
        let others = [(7, 70, "é".to_owned(), MEASURED), (u128::MAX, 90, String::new(), Content::UNMEASURED)];
        assert_eq!(told, [std::slice::from_ref(&tombstone), &others[..]].concat());
        let measured: Vec<_> = snapshot.records(true).map(shown).collect();
        assert_eq!(measured, [tombstone, others[0].clone()], "the other one is to be read where measures are needed");
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
        for at in HEADER_BYTES - 8..whole.len() {
            for byte in [0, 0x22, 0x7f, 0x80, 0xff] {
                let mut forged = whole.clone();
                forged[at] = byte;
                let hash = *blake3::hash(&forged[HEADER_BYTES - 8..]).as_bytes();
                forged[MAGIC.len()..MAGIC.len() + HASH_BYTES].copy_from_slice(&hash);
                let Some(snapshot) = Snapshot::parse(forged) else { continue };
                for (_, record) in snapshot.records(false) {
                    assert!(Key::from_wtf8(record.key.as_wtf8()).is_ok());
                }
                // In whatever order they come.
                let _ = Index::of_records(0, 1, snapshot.len(), snapshot.records(false));
            }
        }
    }
}
