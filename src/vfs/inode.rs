use std::ffi::OsString;
use std::sync::Arc;
use std::time::SystemTime;

use super::attributes::InodeNo;
use super::draft::Draft;
use super::engine::VersionNumber;
use super::scratch::ScratchInode;
use super::text::{Text, WeakText};
use crate::record::{Key, Value};
use crate::view::{FileName, TextShape};

/// An inode that the kernel knows, or that a handle is open on.
pub(super) struct Inode {
    /// How many times the kernel was given this inode and has not forgotten it.
    pub(super) lookups: u64,
    /// How many handles are open on it.
    pub(super) handles: u32,
    pub(super) kind: InodeKind,
}

pub(super) enum InodeKind {
    Root,
    Control(ControlInode),
    Version(VersionInode),
    Placeholder(Placeholder),
    Draft(Box<DraftInode>),
    Scratch(ScratchInode),
}

/// A directory or file below `.keyfs`.
pub(super) enum ControlInode {
    Directory(ControlDirectory),
    File {
        text: Arc<[u8]>,
        modified: SystemTime,
    },
    /// A refused text, read when it is opened.
    Refused {
        name: OsString,
        size: u64,
        modified: SystemTime,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlDirectory {
    Root,
    Rejected,
    Info,
}

/// One version of a key's text. Its content never changes.
pub(super) struct VersionInode {
    pub(super) name: FileName,
    pub(super) key: Key,
    pub(super) number: VersionNumber,
    pub(super) modified: SystemTime,
    pub(super) shape: TextShape,
    /// The text, while some handle holds it.
    text: Option<WeakText>,
}

impl VersionInode {
    pub(super) fn new(name: FileName, key: Key, number: VersionNumber, modified: SystemTime, shape: TextShape) -> Self {
        VersionInode { name, key, number, modified, shape, text: None }
    }

    /// The whole text, if somebody has it.
    pub(super) fn text(&self) -> Option<Text> {
        self.text.as_ref().and_then(WeakText::upgrade)
    }

    /// Lets others share a text as long as somebody has it.
    pub(super) fn share(&mut self, text: &Text) {
        self.text = Some(text.downgrade());
    }
}

/// The empty file of a key that does not exist yet, seen in this mount only.
pub(super) struct Placeholder {
    pub(super) name: FileName,
    pub(super) key: Key,
    pub(super) modified: SystemTime,
    /// Whether the name leads here.
    pub(super) linked: bool,
}

/// A draft has an inode of its own: nobody but its writers sees it.
pub(super) struct DraftInode {
    pub(super) name: FileName,
    pub(super) key: Key,
    pub(super) draft: Draft,
    /// The length of the text that it would begin with, as long as nobody has opened it who empties it: so that text need
    /// not be read.
    pub(super) unopened: Option<u64>,
    pub(super) modified: SystemTime,
    /// The version that the draft began with, or has become; none for a key that did not exist.
    pub(super) base: Option<VersionNumber>,
    /// The inode of that version, or of the placeholder: `stat` shows it, because editors compare it.
    pub(super) shown_inode: InodeNo,
    /// What the name led to before it was unlinked: put back when the text is refused.
    pub(super) replaces: Option<Value>,
}

impl DraftInode {
    /// The length of the file.
    pub(super) fn len(&self) -> u64 {
        self.unopened.unwrap_or(self.draft.bytes.len() as u64)
    }
}

impl Inode {
    /// Whether nobody can name the inode any more.
    pub(super) fn is_unused(&self) -> bool {
        let named = match &self.kind {
            InodeKind::Root | InodeKind::Control(ControlInode::Directory(_)) => true,
            InodeKind::Version(_) | InodeKind::Draft(_) | InodeKind::Control(_) => false,
            InodeKind::Placeholder(placeholder) => placeholder.linked,
            InodeKind::Scratch(scratch) => scratch.linked,
        };
        !named && self.lookups == 0 && self.handles == 0
    }
}
