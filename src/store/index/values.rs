//! The values that are in memory: as many as there is room for.

use foldhash::fast::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use crate::record::{Timestamp, Value};

/// What a value takes beside its text.
const OVERHEAD_BYTES: u64 = 96;

/// The size of a value that the cache reckons with.
const TYPICAL_BYTES: u64 = 1024;

/// Values by the numbers of their records, none of which is needed: each can be read from the directory again.
pub(super) struct Values(Cache<Timestamp, Value, TextBytes, RandomState>);

#[derive(Clone)]
struct TextBytes;

impl Weighter<Timestamp, Value> for TextBytes {
    fn weight(&self, _: &Timestamp, value: &Value) -> u64 {
        value.text().len() as u64 + OVERHEAD_BYTES
    }
}

impl Values {
    /// Room for so many bytes of values.
    pub(super) fn with_room(bytes: u64) -> Values {
        let values = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(1);
        let lifecycle = DefaultLifecycle::default();
        // In one piece, so that a value may have nearly all of the room.
        let options = OptionsBuilder::new().estimated_items_capacity(values).weight_capacity(bytes).shards(1).build();
        let cache = match options {
            Ok(options) => Cache::with_options(options, TextBytes, RandomState::default(), lifecycle),
            Err(_) => Cache::with(values, bytes, TextBytes, RandomState::default(), lifecycle),
        };
        Values(cache)
    }

    pub(super) fn get(&self, timestamp: Timestamp) -> Option<Value> {
        self.0.get(&timestamp)
    }

    pub(super) fn add(&self, timestamp: Timestamp, value: Value) {
        self.0.insert(timestamp, value);
    }

    pub(super) fn remove(&self, timestamp: Timestamp) {
        self.0.remove(&timestamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(micros: u16) -> Timestamp {
        Timestamp::from_micros(micros.into())
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let values = Values::with_room(10_000);
        let value = |bytes: usize| Value::parse(&format!("\"{}\"", "x".repeat(bytes))).unwrap();
        for at in 0..1000 {
            values.add(number(at), value(100));
        }
        let kept = (0..1000).filter(|&at| values.get(number(at)).is_some()).count();
        assert!((10..=50).contains(&kept), "{kept}");
        values.add(number(2000), value(20_000));
        assert!(values.get(number(2000)).is_none(), "larger than all of it");
        values.add(number(2001), value(8_000));
        assert!(values.get(number(2001)).is_some());
        values.remove(number(2001));
        assert!(values.get(number(2001)).is_none());
    }
}
