//! What a loss of power may leave.

use std::collections::BTreeMap;

use keyfs::Timestamp;

use super::{MemoryDirectory, State};

/// States that are enumerated at most; a test that needs more is too large, and says so instead of sampling.
const MOST_STATES: usize = 20_000;

impl MemoryDirectory {
    /// The directory as another process finds it when this one has died: all that is live.
    pub(crate) fn after_process_crash(&self) -> MemoryDirectory {
        let state = self.state();
        let live = state.names.iter().map(|(timestamp, file)| (*timestamp, state.files[file].bytes.clone()));
        MemoryDirectory::holding(live)
    }

    /// Each directory that a loss of power may leave.
    ///
    /// A name is as it was at the last sync or as any later step left it, each name for itself; the bytes of a file
    /// that was not synced are empty, cut, or complete.
    pub(crate) fn after_power_loss(&self) -> Vec<MemoryDirectory> {
        let choices = self.state().choices();
        let states = choices.values().map(Vec::len).product::<usize>();
        assert!(states <= MOST_STATES, "{states} states are too many");
        (0..states).map(|state| MemoryDirectory::holding(chosen(&choices, state))).collect()
    }

    fn holding(records: impl Iterator<Item = (Timestamp, Vec<u8>)>) -> MemoryDirectory {
        let directory = MemoryDirectory::new();
        records.for_each(|(timestamp, bytes)| directory.plant_bytes(timestamp.as_micros(), &bytes));
        directory
    }
}

/// What may stand under a name: nothing, or these bytes.
type Choices = BTreeMap<Timestamp, Vec<Option<Vec<u8>>>>;

impl State {
    fn choices(&self) -> Choices {
        let mut choices = Choices::new();
        for timestamp in self.durable_names.keys().chain(self.unsynced_names.keys()) {
            let durable = self.durable_names.get(timestamp).copied();
            let steps = self.unsynced_names.get(timestamp).into_iter().flatten().copied();
            let mut found: Vec<_> =
                std::iter::once(durable).chain(steps).flat_map(|file| self.outcomes(file)).collect();
            found.sort();
            found.dedup();
            choices.insert(*timestamp, found);
        }
        choices
    }

    /// The bytes that a file may have, or nothing where there is none.
    fn outcomes(&self, file: Option<u64>) -> Vec<Option<Vec<u8>>> {
        let Some(file) = file.map(|file| &self.files[&file]) else { return vec![None] };
        let complete = Some(file.bytes.clone());
        if file.synced && !file.lost {
            return vec![complete];
        }
        let cut = file.bytes[..file.bytes.len() / 2].to_vec();
        vec![complete, Some(cut), Some(Vec::new())]
    }
}

/// The combination of choices with this number.
fn chosen(choices: &Choices, mut number: usize) -> impl Iterator<Item = (Timestamp, Vec<u8>)> {
    choices.iter().filter_map(move |(timestamp, found)| {
        let choice = found[number % found.len()].clone();
        number /= found.len();
        Some((*timestamp, choice?))
    })
}
