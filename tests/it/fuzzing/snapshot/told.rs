//! What a snapshot tells of the records that are there, read in the plainest way.

use keyfs::Key;
use keyfs::view::file_text_shape;

use super::directory::{RECORDS, truth};

/// The bytes of an entry of the table.
const ENTRY_BYTES: usize = 44;

/// What stands for a tombstone and for a value that nobody has measured.
const TOMBSTONE: u64 = u64::MAX;
const UNMEASURED: u64 = u64::MAX - 1;

/// What a measure holds beside the length, when the text can be printed in order.
const IN_ORDER: u64 = 1 << 62;

/// An entry about a record that is there.
pub(super) struct Told {
    number: u128,
    inode: u64,
    content: u64,
    key: Key,
}

/// The entries about records that are there; none where all of the file is thrown away.
pub(super) fn told(file: &[u8], magic: &[u8], measures: bool) -> Vec<Told> {
    let entries = entries(file, magic).unwrap_or_default();
    let is_needed = |entry: &Told| !measures || entry.content != UNMEASURED;
    let entries: Vec<Told> = entries.into_iter().filter(is_needed).collect();
    if entries.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        return Vec::new();
    }
    let is_there =
        |entry: &Told| RECORDS.iter().any(|(number, inode, _)| (*number, *inode) == (entry.number, entry.inode));
    entries.into_iter().filter(is_there).collect()
}

/// The entries whose keys are keys; nothing when the file is no snapshot.
fn entries(file: &[u8], magic: &[u8]) -> Option<Vec<Told>> {
    let rest = file.strip_prefix(magic)?;
    let (hash, body) = rest.split_at_checked(32)?;
    if hash != blake3::hash(body).as_bytes() {
        return None;
    }
    let (count, table) = body.split_at_checked(8)?;
    let count = usize::try_from(number_of(count)).ok()?;
    if count.checked_mul(ENTRY_BYTES)? > table.len() {
        return None;
    }
    Some(table.chunks_exact(ENTRY_BYTES).take(count).filter_map(|entry| read_entry(entry, file)).collect())
}

fn read_entry(entry: &[u8], file: &[u8]) -> Option<Told> {
    let start = usize::try_from(number_of(&entry[32..40])).ok()?;
    let end = start.checked_add(usize::try_from(number_of(&entry[40..])).ok()?)?;
    Some(Told {
        number: number_of(&entry[..16]),
        inode: u64::try_from(number_of(&entry[16..24])).ok()?,
        content: u64::try_from(number_of(&entry[24..32])).ok()?,
        key: Key::from_wtf8(file.get(start..end)?).ok()?,
    })
}

/// Little-endian.
fn number_of(bytes: &[u8]) -> u128 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u128::from(byte))
}

/// Whether each entry says what its record says.
pub(super) fn all_are_so(told: &[Told], measures: bool) -> bool {
    told.iter().all(|told| {
        truth(told.number).is_some_and(|record| {
            let shape = file_text_shape(&record.value);
            let measure = shape.len | if shape.in_order { IN_ORDER } else { 0 };
            let is_value = if measures { told.content == measure } else { told.content == UNMEASURED };
            record.key == told.key && if record.deleted { told.content == TOMBSTONE } else { is_value }
        })
    })
}
