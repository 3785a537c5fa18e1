//! What happened, as it is kept.

use serde::Serialize;

/// Who puts, removes and looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Client {
    Library,
    Command,
    Mount,
    OtherMount,
    Original,
}

/// An operation that has returned. Both times are nanoseconds of one clock.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event {
    pub(super) client: Client,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) what: What,
}

/// What was done, or what was seen. Numbers are those of records, where the client can tell them.
#[derive(Clone, Debug, Serialize)]
pub(super) enum What {
    /// No two puts have the same value.
    Put {
        key: usize,
        value: u64,
        number: Option<u64>,
    },
    Remove {
        key: usize,
        number: Option<u64>,
    },
    Saw(Vec<Sight>),
}

/// What was seen of one key.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Sight {
    pub(super) key: usize,
    pub(super) found: Found,
    pub(super) number: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Found {
    Value(u64),
    /// A listing has the key, and does not say its value.
    Something,
    Nothing,
}

impl Sight {
    pub(super) fn new(key: usize, value: Option<u64>, number: Option<u64>) -> Sight {
        Sight { key, found: value.map_or(Found::Nothing, Found::Value), number }
    }

    /// What a listing says of a key.
    pub(super) fn listed(key: usize, is_listed: bool) -> Sight {
        Sight { key, found: if is_listed { Found::Something } else { Found::Nothing }, number: None }
    }
}
