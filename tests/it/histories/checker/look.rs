use std::fmt;

use super::writes::Write;
use crate::histories::event::{Client, Found};

/// One look at one key.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) client: Client,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) found: Found,
    pub(super) number: Option<u64>,
}

impl Look {
    /// Whether it can be this write that was seen.
    pub(super) fn shows(&self, write: &Write) -> bool {
        let fits = match self.found {
            Found::Value(value) => write.value == Some(value),
            Found::Something => write.value.is_some(),
            Found::Nothing => write.value.is_none(),
        };
        let is_another = |(one, other)| one != other;
        fits && !self.number.zip(write.number).is_some_and(is_another)
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Look { client, begin, end, found, number } = self;
        write!(f, "{client:?} saw {found:?}{} in {begin}..{end}", Number(*number))
    }
}

/// A number that may not be known.
pub(super) struct Number(pub(super) Option<u64>);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| write!(f, " with the number {number}"))
    }
}
