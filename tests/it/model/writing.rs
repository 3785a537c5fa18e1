//! A file that is being written, and what is open.

use std::cell::RefCell;
use std::rc::Rc;

use keyfs::record::Prefix;
use rustix::io::Errno;

use super::operation::Mode;

/// A file that is being written, shared by all handles that write the same bytes.
#[derive(Default)]
pub(crate) struct Writing {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) dirty: bool,
    /// Removed or replaced: what is written is dropped.
    pub(crate) detached: bool,
    pub(crate) scratch: bool,
    /// Which put of the key the bytes began with, or have become.
    pub(crate) base: u64,
    /// What had the name until it was unlinked for this file.
    pub(crate) replaces: Option<String>,
    pub(crate) handles: u32,
    pub(crate) writers: u32,
    /// Of a scratch file.
    pub(crate) mode: u16,
    /// Whether the time was set, and nothing written since.
    pub(crate) touched: bool,
    /// Whether all was written in order, and how much of it was accepted.
    in_order: bool,
    accepted: usize,
}

pub(crate) type Shared = Rc<RefCell<Writing>>;

/// What a handle reads and writes.
pub(crate) enum Handle {
    Snapshot(String),
    Writing { file: Shared, mode: Mode },
}

impl Writing {
    pub(crate) fn of(name: &str, text: &str) -> Writing {
        let bytes = text.as_bytes().to_vec();
        Writing { name: name.to_owned(), in_order: bytes.is_empty(), bytes, mode: 0o644, ..Writing::default() }
    }

    /// Whether it is a text on its way to become the value of this name.
    pub(crate) fn is_draft_of(&self, name: &str) -> bool {
        !self.scratch && !self.detached && self.name == name
    }

    /// Begins again with another text.
    pub(crate) fn becomes(&mut self, text: &str) {
        self.bytes = text.as_bytes().to_vec();
        (self.in_order, self.accepted) = (text.is_empty(), 0);
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.in_order, self.accepted) = (true, 0);
        self.change();
    }

    pub(crate) fn resize(&mut self, size: usize) {
        if size == 0 {
            self.clear();
        } else if self.bytes.len() != size {
            self.bytes.resize(size, 0);
            self.in_order = false;
            self.change();
        }
        self.touched = false;
    }

    /// Writes; refused as soon as what is written in order cannot become JSON any more, and there all the same.
    pub(crate) fn write(&mut self, offset: usize, piece: &[u8]) -> Result<usize, Errno> {
        if piece.is_empty() {
            return Ok(0);
        }
        if !self.dirty && offset == self.bytes.len() && offset != self.accepted {
            // Appends to a value.
            (self.in_order, self.accepted) = (can_become_json(&self.bytes), offset);
        }
        self.in_order &= offset == self.accepted;
        if self.in_order && !self.scratch {
            // Instead of what was refused here.
            self.bytes.truncate(offset);
        }
        let end = offset + piece.len();
        let size = self.bytes.len().max(end);
        self.bytes.resize(size, 0);
        self.bytes[offset..end].copy_from_slice(piece);
        self.change();
        if self.scratch || !self.in_order {
            return Ok(piece.len());
        }
        if !can_become_json(&self.bytes) {
            return Err(Errno::INVAL);
        }
        self.accepted = end;
        Ok(piece.len())
    }

    fn change(&mut self) {
        (self.dirty, self.touched) = (true, false);
    }
}

fn can_become_json(bytes: &[u8]) -> bool {
    Prefix::new().push(bytes).is_ok()
}

impl Handle {
    pub(crate) fn reads(&self) -> bool {
        match self {
            Handle::Snapshot(_) => true,
            Handle::Writing { mode, .. } => mode.reads(),
        }
    }

    pub(crate) fn writes(&self) -> bool {
        matches!(self, Handle::Writing { mode, .. } if mode.writes())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Handle::Snapshot(text) => text.clone().into_bytes(),
            Handle::Writing { file, .. } => file.borrow().bytes.clone(),
        }
    }
}
