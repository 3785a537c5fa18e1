use std::sync::{Arc, Weak};
use std::time::SystemTime;

use super::attributes::InodeNo;
use super::engine::VersionNumber;
use crate::record::{Key, Prefix, SyntaxError, Value};
use crate::view::{FileName, file_text, file_text_len};

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
    Draft(DraftInode),
    Scratch(ScratchInode),
}

/// A directory or file below `.keyfs`.
pub(super) enum ControlInode {
    Directory(ControlDirectory),
    File { text: Arc<[u8]>, modified: SystemTime },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlDirectory {
    Root,
    Rejected,
    Info,
}

/// One version of a key's text. Its content never changes, unless it is opened for changing it in place.
pub(super) struct VersionInode {
    pub(super) name: FileName,
    pub(super) key: Key,
    pub(super) number: VersionNumber,
    pub(super) modified: SystemTime,
    value: Value,
    text_len: u64,
    /// The text, while some handle holds it.
    text: Option<Weak<[u8]>>,
    /// The draft that handles opened for reading and writing share.
    pub(super) in_place: Option<Draft>,
    /// Whether it was changed in place: pages that the kernel holds are not the text of the version.
    pub(super) spoiled: bool,
}

impl VersionInode {
    pub(super) fn new(name: FileName, key: Key, number: VersionNumber, modified: SystemTime, value: Value) -> Self {
        let text_len = file_text_len(&value);
        VersionInode { name, key, number, modified, value, text_len, text: None, in_place: None, spoiled: false }
    }

    /// Whether it was changed in place, and nobody changes it now.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled && self.in_place.is_none()
    }

    /// Lets the inode stand for a later version: the one that a change in place has put.
    pub(super) fn becomes(&mut self, number: VersionNumber, modified: SystemTime, value: Value) {
        self.number = number;
        self.modified = modified;
        self.text_len = file_text_len(&value);
        self.text = None;
        self.value = value;
    }

    /// The whole text; made when it is first needed, shared by all who hold it.
    pub(super) fn text(&mut self) -> Arc<[u8]> {
        if let Some(text) = self.text.as_ref().and_then(Weak::upgrade) {
            return text;
        }
        let text: Arc<[u8]> = file_text(&self.value).into_bytes().into();
        self.text = Some(Arc::downgrade(&text));
        text
    }

    /// The length of what the inode shows: the draft's, while it is changed in place.
    pub(super) fn size(&self) -> u64 {
        self.in_place.as_ref().map_or(self.text_len, |draft| draft.bytes.len() as u64)
    }
}

/// A text on its way to become a value.
pub(super) struct Draft {
    pub(super) bytes: Vec<u8>,
    /// Whether the bytes have changed since they last were a value.
    pub(super) dirty: bool,
    /// Whether these bytes were refused and are kept for the person to see.
    pub(super) refused: bool,
    /// How many handles can write it.
    pub(super) writers: u32,
    /// The name was removed or replaced meanwhile: the text is dropped, as of an unlinked file.
    pub(super) detached: bool,
    /// The check of what was written in order.
    checked: Prefix,
    /// Whether all that was written came in order.
    in_order: bool,
}

/// A draft with an inode of its own: nobody but its writers sees it.
pub(super) struct DraftInode {
    pub(super) name: FileName,
    pub(super) key: Key,
    pub(super) draft: Draft,
    pub(super) modified: SystemTime,
    /// The inode of the version that the draft changes.
    pub(super) shown_inode: Option<InodeNo>,
    /// The key does not exist yet; in this mount its name leads here.
    pub(super) placeholder: bool,
}

/// A file that is never a key.
pub(super) struct ScratchInode {
    pub(super) bytes: Vec<u8>,
    pub(super) modified: SystemTime,
    pub(super) mode: u16,
    /// Whether a name leads here.
    pub(super) linked: bool,
}

impl Inode {
    /// Whether nobody can name the inode any more.
    pub(super) fn is_unused(&self) -> bool {
        let named = match &self.kind {
            InodeKind::Root | InodeKind::Control(ControlInode::Directory(_)) => true,
            InodeKind::Version(_) | InodeKind::Control(ControlInode::File { .. }) => false,
            InodeKind::Draft(draft) => draft.placeholder,
            InodeKind::Scratch(scratch) => scratch.linked,
        };
        !named && self.lookups == 0 && self.handles == 0
    }
}

impl Draft {
    /// A draft that begins with the text of a version.
    pub(super) fn of_text(text: &[u8]) -> Draft {
        Draft { bytes: text.to_vec(), in_order: text.is_empty(), ..Draft::default() }
    }

    /// Writes bytes at an offset, filling a gap with NUL.
    ///
    /// A text that is written in order is checked as it comes. What makes it hopeless is refused, but stays in the
    /// draft: so the text cannot become a value without it.
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), SyntaxError> {
        if !self.dirty && offset == self.bytes.len() && offset != self.checked.accepted() {
            // Appending to the text of a version.
            self.checked = Prefix::new();
            self.in_order = self.checked.push(&self.bytes).is_ok();
        }
        self.in_order &= offset == self.checked.accepted();
        if self.in_order {
            // What was refused here before is written again.
            self.bytes.truncate(offset);
        }
        write_at(&mut self.bytes, offset, bytes);
        self.changed();
        if !self.in_order {
            return Ok(());
        }
        let before = self.checked.clone();
        self.checked.push(bytes).map_err(|(at, reason)| {
            self.checked = before;
            SyntaxError::at(&self.bytes, at, reason)
        })
    }

    /// Cuts the text, or fills it up with NUL.
    pub(super) fn resize(&mut self, size: usize) {
        if size == 0 {
            self.clear();
        } else if self.bytes.len() != size {
            self.bytes.resize(size, 0);
            self.in_order = false;
            self.changed();
        }
    }

    /// Empties the text, as opening with `O_TRUNC` does.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.checked = Prefix::new();
        self.in_order = true;
        self.changed();
    }

    fn changed(&mut self) {
        self.dirty = true;
        self.refused = false;
    }
}

impl Default for Draft {
    fn default() -> Draft {
        let checked = Prefix::new();
        Draft { bytes: Vec::new(), dirty: false, refused: false, writers: 0, detached: false, checked, in_order: true }
    }
}

/// Writes bytes at an offset of a text, filling a gap with NUL.
pub(super) fn write_at(text: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if text.len() < end {
        text.resize(end, 0);
    }
    text[offset..end].copy_from_slice(bytes);
}
