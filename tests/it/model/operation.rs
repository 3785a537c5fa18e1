//! What is done at random.

use proptest::prelude::*;
use rustix::fs::OFlags;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    /// As a shell's `>`.
    Save,
    /// The same, but the file must be new.
    New,
    Write,
    /// For reading and writing, in place.
    Change,
}

impl Mode {
    pub(crate) fn flags(self) -> OFlags {
        match self {
            Mode::Read => OFlags::RDONLY,
            Mode::Save => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            Mode::New => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Mode::Write => OFlags::WRONLY,
            Mode::Change => OFlags::RDWR,
        }
    }

    pub(crate) fn empties(self) -> bool {
        self == Mode::Save
    }

    pub(crate) fn reads(self) -> bool {
        matches!(self, Mode::Read | Mode::Change)
    }
}

/// How many handles there are.
pub(crate) const SLOTS: usize = 5;

/// Few names, so that they collide: three keys, two scratch files.
pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", ".s", ".t"];
const KEYS: [&str; 3] = ["a", "b", "c"];

/// Texts to save: values of several lengths, a value not in canonical form, a blank, and two that are no JSON.
const TEXTS: [&str; 7] = ["1\n", "\"a longer text\"\n", "[\n  1,\n  2\n]\n", " {\"x\":1}", " \n", "{", "1 2\n"];

/// Values that others put, in canonical form.
pub(crate) const FOREIGN: [&str; 3] = ["null\n", "\"foreign\"\n", "[\n  3\n]\n"];

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Open {
        slot: usize,
        name: &'static str,
        mode: Mode,
    },
    /// Empties the file and writes the text.
    Write {
        slot: usize,
        text: &'static str,
    },
    Flush {
        slot: usize,
    },
    Close {
        slot: usize,
    },
    Rename {
        from: &'static str,
        to: &'static str,
    },
    Unlink {
        name: &'static str,
    },
    ForeignPut {
        name: &'static str,
        text: &'static str,
    },
    ForeignRemove {
        name: &'static str,
    },
}

pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let slot = || 0..SLOTS;
    let name = || prop::sample::select(&NAMES[..]);
    let key = || prop::sample::select(&KEYS[..]);
    let mode = prop::sample::select(&[Mode::Read, Mode::Save, Mode::New, Mode::Write, Mode::Change][..]);
    let operation = prop_oneof![
        6 => (slot(), name(), mode).prop_map(|(slot, name, mode)| Operation::Open { slot, name, mode }),
        6 => (slot(), prop::sample::select(&TEXTS[..])).prop_map(|(slot, text)| Operation::Write { slot, text }),
        1 => slot().prop_map(|slot| Operation::Flush { slot }),
        3 => slot().prop_map(|slot| Operation::Close { slot }),
        3 => (name(), name()).prop_map(|(from, to)| Operation::Rename { from, to }),
        1 => name().prop_map(|name| Operation::Unlink { name }),
        2 => (key(), prop::sample::select(&FOREIGN[..]))
            .prop_map(|(name, text)| Operation::ForeignPut { name, text }),
        1 => key().prop_map(|name| Operation::ForeignRemove { name }),
    ];
    prop::collection::vec(operation, 1..80)
}
