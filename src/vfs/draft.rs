//! The bytes of a draft: written, cut, and checked as they come.

use super::error::{VfsError, VfsResult};
use super::room::{DraftBytes, Share};
use crate::record::{Prefix, SyntaxError};

/// A text on its way to become a value.
pub(super) struct Draft {
    pub(super) bytes: Vec<u8>,
    /// Whether the bytes have changed since they last were a value.
    pub(super) dirty: bool,
    /// Which refusal these bytes were, if they were refused.
    pub(super) refused: Option<u64>,
    /// How many handles can write it.
    pub(super) writers: u32,
    /// The name was removed or replaced meanwhile: the text is dropped, as of an unlinked file.
    pub(super) detached: bool,
    /// The check of what was written in order.
    checked: Prefix,
    /// Whether all that was written came in order.
    in_order: bool,
    /// What it has of the bytes that all drafts may have.
    share: Share,
}

impl Draft {
    /// A draft that begins with the text of a version.
    pub(super) fn of_text(text: Vec<u8>) -> Draft {
        let mut draft = Draft { in_order: text.is_empty(), bytes: text, ..Draft::default() };
        draft.share.set(draft.bytes.len());
        draft
    }

    /// Begins again with the text of a newer version.
    pub(super) fn becomes(&mut self, text: Vec<u8>) {
        let (writers, detached, share) = (self.writers, self.detached, std::mem::take(&mut self.share));
        *self = Draft { writers, detached, share, ..Draft::of_text(text) };
        self.share.set(self.bytes.len());
    }

    /// Counts its bytes among those of all drafts of a mount.
    pub(super) fn count_in(&mut self, all: &DraftBytes) {
        self.share.join(all);
    }

    /// Makes room for so many bytes, of which all drafts together may have at most `limit`.
    pub(super) fn make_room(&mut self, size: usize, limit: u64) -> VfsResult<()> {
        let more = size.saturating_sub(self.bytes.len());
        if more > 0 && self.share.others().saturating_add(size as u64) > limit {
            return Err(VfsError::NoRoom);
        }
        self.bytes.try_reserve(more).map_err(|_| VfsError::NoMemory)
    }

    /// Lets the text go that was refused.
    pub(super) fn drop_text(&mut self) {
        self.bytes = Vec::new();
        self.dirty = false;
        self.share.set(0);
    }

    /// Whether the text is a beginning of JSON that more text can complete.
    pub(super) fn is_incomplete(&self) -> bool {
        Prefix::new().push(&self.bytes).is_ok()
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
        self.share.set(self.bytes.len());
        self.dirty = true;
        self.refused = None;
    }
}

impl Default for Draft {
    fn default() -> Draft {
        let checked = Prefix::new();
        let (bytes, share) = (Vec::new(), Share::default());
        Draft { bytes, dirty: false, refused: None, writers: 0, detached: false, checked, in_order: true, share }
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
