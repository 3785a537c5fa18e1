use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of a record: microseconds since 1970-01-01 00:00 UTC, as in the name of its file.
///
/// Of several records of one key the greatest timestamp wins. A file name may hold a number far beyond any clock (the
/// original honours it), so the type is wider than a clock needs.
///
/// In two halves, the higher one first: a `u128` would have to begin at a multiple of 16 bytes, and there are many of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    high: u64,
    low: u64,
}

impl Timestamp {
    /// The smallest timestamp, 1970-01-01 00:00 UTC.
    pub const ZERO: Timestamp = Timestamp { high: 0, low: 0 };

    /// Makes a timestamp of microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: u128) -> Timestamp {
        Timestamp { high: (micros >> 64) as u64, low: micros as u64 }
    }

    /// The microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }

    /// The clock's time now, rounded down to a microsecond; a clock before 1970 counts as zero.
    #[must_use]
    pub fn now() -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(since.as_micros())
    }

    /// The next timestamp, or `None` above the greatest one.
    #[must_use]
    pub const fn next(self) -> Option<Timestamp> {
        match self.as_micros().checked_add(1) {
            Some(micros) => Some(Timestamp::from_micros(micros)),
            None => None,
        }
    }

    /// The time from `earlier` to this timestamp, zero when it is not later.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        let micros = self.as_micros().saturating_sub(earlier.as_micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The timestamp as a system time, or the latest one that a signed 64-bit count of seconds can hold.
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        /// Seconds to the end of the year 9999: beyond, file systems and formatters disagree.
        const LAST_SECONDS: u128 = 253_402_300_799;
        let micros = self.as_micros();
        let seconds = (micros / 1_000_000).min(LAST_SECONDS);
        let nanos = (micros % 1_000_000) as u32 * 1000;
        UNIX_EPOCH + Duration::new(seconds as u64, nanos)
    }

    /// Reads the name of a record file: a canonical decimal number in ASCII digits.
    ///
    /// `None` for anything else, such as `007`, `+7`, `1_000` or digits of other scripts, which Python's `int()` would
    /// take, and for numbers of more than 128 bits. Such names belong to somebody else.
    #[must_use]
    pub fn from_file_name(name: &[u8]) -> Option<Timestamp> {
        let canonical = name == b"0" || matches!(name.first(), Some(b'1'..=b'9'));
        if !canonical || name.len() > 39 {
            return None;
        }
        if name.len() <= 19 {
            return short_number(name).map(|low| Timestamp { high: 0, low });
        }
        name.iter()
            .try_fold(0u128, |number, &byte| {
                let digit = byte.is_ascii_digit().then(|| u128::from(byte - b'0'))?;
                number.checked_mul(10)?.checked_add(digit)
            })
            .map(Timestamp::from_micros)
    }
}

/// A number of at most 19 digits, which cannot overflow: the case of every real record.
fn short_number(name: &[u8]) -> Option<u64> {
    name.iter().try_fold(0u64, |number, &byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

/// Writes the name of the record file.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_micros().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_decimal_names_are_records() {
        for (name, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("1795459718406408", Some(1_795_459_718_406_408)),
            ("1000000000000000000000000000000", Some(10u128.pow(30))),
            ("340282366920938463463374607431768211455", Some(u128::MAX)),
            ("340282366920938463463374607431768211456", None),
            ("9999999999999999999999999999999999999999", None),
            ("", None),
            ("007", None),
            ("00", None),
            ("+7", None),
            ("-7", None),
            ("1_000", None),
            (" 12", None),
            ("12 ", None),
            ("12\n", None),
            ("1e9", None),
            ("٣", None),
        ] {
            let found = Timestamp::from_file_name(name.as_bytes()).map(Timestamp::as_micros);
            assert_eq!(found, expected, "{name:?}");
        }
    }

    #[test]
    fn names_round_trip() {
        for micros in [0, 1, 9, 10, 1_795_459_718_406_408, 10u128.pow(19), u128::MAX] {
            let timestamp = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::from_file_name(timestamp.to_string().as_bytes()), Some(timestamp));
        }
    }

    #[test]
    fn the_greatest_timestamp_has_no_next() {
        assert_eq!(Timestamp::from_micros(u128::MAX).next(), None);
        assert_eq!(Timestamp::ZERO.next(), Some(Timestamp::from_micros(1)));
    }

    #[test]
    fn system_time_keeps_microseconds_and_never_overflows() {
        let time = Timestamp::from_micros(1_795_459_718_406_408).to_system_time();
        assert_eq!(time.duration_since(UNIX_EPOCH).unwrap(), Duration::from_micros(1_795_459_718_406_408));
        let _ = Timestamp::from_micros(u128::MAX).to_system_time();
    }
}
