//! What is done at random.

use proptest::prelude::*;
use proptest::sample::select;
use rustix::fs::OFlags;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    /// As a shell's `>`.
    Save,
    /// As a shell's `>>`.
    Append,
    /// As a shell's `>`, but the file must be new.
    New,
    Write,
    /// For reading and writing, in place.
    Change,
    /// The same, made when it is missing.
    ChangeOrMake,
    /// For reading and writing, emptied.
    Anew,
    /// As mkstemp makes a file.
    Temporary,
}

use Mode::{Anew, Append, Change, ChangeOrMake, New, Read, Save, Temporary, Write};

impl Mode {
    const ALL: [Mode; 9] = [Read, Save, Append, New, Write, Change, ChangeOrMake, Anew, Temporary];

    pub(crate) fn flags(self) -> OFlags {
        match self {
            Read => OFlags::RDONLY,
            Save => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            Append => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
            New => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Write => OFlags::WRONLY,
            Change => OFlags::RDWR,
            ChangeOrMake => OFlags::RDWR | OFlags::CREATE,
            Anew => OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
            Temporary => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        }
    }

    pub(crate) fn reads(self) -> bool {
        matches!(self, Read | Change | ChangeOrMake | Anew | Temporary)
    }

    pub(crate) fn writes(self) -> bool {
        self != Read
    }

    pub(crate) fn makes(self) -> bool {
        !matches!(self, Read | Write | Change)
    }

    pub(crate) fn empties(self) -> bool {
        matches!(self, Save | Anew)
    }

    pub(crate) fn must_be_new(self) -> bool {
        matches!(self, New | Temporary)
    }

    /// Whether all who open a key so share its bytes.
    pub(crate) fn shares(self) -> bool {
        matches!(self, Change | ChangeOrMake)
    }
}

/// How many handles there are.
pub(crate) const SLOTS: usize = 4;

/// Few names, so that they collide: three keys, the backups of one that are a key and a scratch file, a key that looks
/// temporary by its ending, one that often is by how it is made, and a scratch file.
pub(crate) const NAMES: [&str; 8] = ["a", "b", "c", "a.bak", "a~", "b.tmp", "m", ".s"];
const KEYS: [&str; 6] = ["a", "b", "c", "a.bak", "b.tmp", "m"];
const LINKS: [&str; 3] = [".s", "a~", "b"];

/// Texts to save: values of several lengths, a value not in canonical form, blanks, and some that are no JSON.
const TEXTS: [&str; 9] =
    ["1\n", "\"a longer text\"\n", "[\n  1,\n  2\n]\n", " {\"x\":1}", "7", " \n", "", "{", "1 2\n"];

/// Pieces of texts, which may come to a value together.
const PIECES: [&str; 10] = ["1", "23\n", "[", "[1,", "]", "]\n", " ", "\n", "\"x\"", "}"];

/// Values that others put, in canonical form.
const FOREIGN: [&str; 3] = ["null\n", "\"foreign\"\n", "[\n  3\n]\n"];

pub(crate) type Name = &'static str;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Open {
        slot: usize,
        name: Name,
        mode: Mode,
    },
    /// Empties the file and writes the text.
    Save {
        slot: usize,
        text: &'static str,
    },
    /// Writes at an offset, or at the end.
    Write {
        slot: usize,
        offset: Option<u64>,
        piece: &'static str,
    },
    Truncate {
        slot: usize,
        size: u64,
    },
    TruncateName {
        name: Name,
        size: u64,
    },
    Read {
        slot: usize,
        offset: u64,
        length: usize,
    },
    /// Closes a duplicate.
    Flush {
        slot: usize,
    },
    Fsync {
        slot: usize,
    },
    Close {
        slot: usize,
    },
    Rename {
        from: Name,
        to: Name,
        no_replace: bool,
    },
    Unlink {
        name: Name,
    },
    RemoveRefused {
        name: Name,
    },
    Symlink {
        name: Name,
        target: Name,
    },
    Chmod {
        name: Name,
        mode: u16,
    },
    Touch {
        name: Name,
    },
    TimePasses,
    /// What the first signal to end does while somebody uses the mount.
    SaveAll,
    ForeignPut {
        name: Name,
        text: &'static str,
    },
    ForeignRemove {
        name: Name,
    },
    Crash,
    Remount,
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    let slot = || 0..SLOTS;
    let name = || select(&NAMES[..]);
    let key = || select(&KEYS[..]);
    // What was refused at the beginning is often written anew there.
    let offset = || prop_oneof![1 => Just(0), 2 => 0u64..14];
    let mode = select(&Mode::ALL[..]);
    let file = prop_oneof![
        14 => (slot(), name(), mode).prop_map(|(slot, name, mode)| Operation::Open { slot, name, mode }),
        // mkstemp is for new names, and those are seldom free.
        3 => slot().prop_map(|slot| Operation::Open { slot, name: "m", mode: Temporary }),
        9 => (slot(), select(&TEXTS[..])).prop_map(|(slot, text)| Operation::Save { slot, text }),
        6 => (slot(), prop::option::weighted(0.4, offset()), select(&PIECES[..]))
            .prop_map(|(slot, offset, piece)| Operation::Write { slot, offset, piece }),
        1 => (slot(), offset()).prop_map(|(slot, size)| Operation::Truncate { slot, size }),
        1 => (name(), offset()).prop_map(|(name, size)| Operation::TruncateName { name, size }),
        1 => (slot(), offset(), 0usize..20)
            .prop_map(|(slot, offset, length)| Operation::Read { slot, offset, length }),
        2 => slot().prop_map(|slot| Operation::Flush { slot }),
        1 => slot().prop_map(|slot| Operation::Fsync { slot }),
        6 => slot().prop_map(|slot| Operation::Close { slot }),
    ];
    let names = prop_oneof![
        12 => (name(), name(), prop::bool::weighted(0.15))
            .prop_map(|(from, to, no_replace)| Operation::Rename { from, to, no_replace }),
        6 => name().prop_map(|name| Operation::Unlink { name }),
        1 => name().prop_map(|name| Operation::RemoveRefused { name }),
        2 => (select(&LINKS[..]), select(&["a", "m"][..]))
            .prop_map(|(name, target)| Operation::Symlink { name, target }),
        // The owner can always open a scratch file again.
        1 => (name(), select(&[0o600u16, 0o644, 0o755][..])).prop_map(|(name, mode)| Operation::Chmod { name, mode }),
        1 => name().prop_map(|name| Operation::Touch { name }),
    ];
    let world = prop_oneof![
        8 => (key(), select(&FOREIGN[..])).prop_map(|(name, text)| Operation::ForeignPut { name, text }),
        4 => key().prop_map(|name| Operation::ForeignRemove { name }),
        3 => Just(Operation::TimePasses),
        1 => Just(Operation::SaveAll),
        2 => Just(Operation::Crash),
        1 => Just(Operation::Remount),
    ];
    prop_oneof![44 => file, 23 => names, 14 => world]
}
