//! What is known of a record's value while the value itself is not in memory.

use crate::record::Value;
use crate::store::options::Measure;

/// Whether a record has a value, and what the value measures; in one word, because there is one for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Content(u64);

impl Content {
    /// A tombstone has no value.
    pub(in crate::store) const TOMBSTONE: Content = Content(u64::MAX);
    /// A value of which nothing was measured.
    pub(in crate::store) const UNMEASURED: Content = Content(u64::MAX - 1);

    /// That of a value, or of a tombstone when there is none.
    pub(in crate::store) fn of(value: Option<&Value>, measure: Option<Measure>) -> Content {
        match (value, measure) {
            (None, _) => Content::TOMBSTONE,
            (Some(_), None) => Content::UNMEASURED,
            (Some(value), Some(measure)) => Content(measure(value).min(Content::UNMEASURED.0 - 1)),
        }
    }

    pub(in crate::store) fn is_live(self) -> bool {
        self != Content::TOMBSTONE
    }

    /// What the value measures, where that is known.
    pub(in crate::store) fn measure(self) -> Option<u64> {
        (self.0 < Content::UNMEASURED.0).then_some(self.0)
    }

    pub(in crate::store) fn to_bits(self) -> u64 {
        self.0
    }

    pub(in crate::store) const fn from_bits(bits: u64) -> Content {
        Content(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_kept_and_never_taken_for_something_else() {
        let of = |measure: Measure| Content::of(Some(&Value::null()), Some(measure));
        for (content, kept) in [(of(|_| 0), 0), (of(|_| 7), 7), (of(|_| u64::MAX), u64::MAX - 2)] {
            assert!(content.is_live());
            assert_eq!(Content::from_bits(content.to_bits()).measure(), Some(kept));
        }
        let unmeasured = Content::of(Some(&Value::null()), None);
        assert_eq!((unmeasured.is_live(), unmeasured.measure()), (true, None));
        let tombstone = Content::of(None, Some(|_| 7));
        assert_eq!((tombstone.is_live(), tombstone.measure()), (false, None));
    }
}
