//! The text of one version as those who have it open share it.

use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::engine::{EngineError, Pinned, VersionNumber};
use crate::record::{Key, Value};
use crate::view::{FileTextPieces, TextShape, file_text};

/// From how many bytes on a text is printed while it is read: smaller ones are made when they are opened.
pub(super) const LARGE_BYTES: u64 = 1024 * 1024;

/// The text of a version.
#[derive(Clone)]
pub(super) enum Text {
    Whole(Arc<[u8]>),
    Large(Arc<LargeText>),
}

/// The same, as long as somebody has it.
pub(super) enum WeakText {
    Whole(Weak<[u8]>),
    Large(Weak<LargeText>),
}

/// A large text: nothing is read before somebody reads it, because the kernel may have all of it, and nobody holds all of
/// it beside the value.
pub(super) struct LargeText {
    /// The version that it is of.
    pub(super) key: Key,
    pub(super) number: VersionNumber,
    shape: TextShape,
    pinned: Arc<dyn Pinned>,
    /// Guards what prints the text, once it was read; taken without any other lock.
    printed: Mutex<Option<Printed>>,
}

/// What gives the pieces of a large text.
enum Printed {
    Pieces(Box<FileTextPieces>),
    Whole(Vec<u8>),
}

impl Text {
    pub(super) fn empty() -> Text {
        Text::Whole(Arc::new([]))
    }

    pub(super) fn downgrade(&self) -> WeakText {
        match self {
            Text::Whole(text) => WeakText::Whole(Arc::downgrade(text)),
            Text::Large(text) => WeakText::Large(Arc::downgrade(text)),
        }
    }
}

impl WeakText {
    pub(super) fn upgrade(&self) -> Option<Text> {
        match self {
            WeakText::Whole(text) => text.upgrade().map(Text::Whole),
            WeakText::Large(text) => text.upgrade().map(Text::Large),
        }
    }
}

impl LargeText {
    /// The text of a version that is pinned.
    pub(super) fn new(key: Key, number: VersionNumber, shape: TextShape, pinned: Arc<dyn Pinned>) -> LargeText {
        LargeText { key, number, shape, pinned, printed: Mutex::new(None) }
    }

    /// The bytes from `offset` on, at most `length`; `None` when it shows that the text is not what was said of it, because
    /// somebody has written into what holds the value.
    pub(super) fn read(&self, offset: u64, length: usize) -> Result<Option<Vec<u8>>, EngineError> {
        let mut printed = self.printed.lock();
        let mut known = match printed.take() {
            Some(known) => known,
            None => match self.pinned.value()?.and_then(|value| Printed::of(value, self.shape)) {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let piece = known.read(offset, length);
        *printed = piece.is_some().then_some(known);
        Ok(piece)
    }
}

impl fmt::Debug for LargeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.shape.len)
    }
}

impl Printed {
    /// `None` when the text is not as long as was said; where it is printed in order, that shows at its end.
    fn of(value: Value, TextShape { len, in_order }: TextShape) -> Option<Printed> {
        if in_order {
            return Some(Printed::Pieces(Box::new(FileTextPieces::new(value, len))));
        }
        let text = file_text(&value).into_bytes();
        (text.len() as u64 == len).then_some(Printed::Whole(text))
    }

    fn read(&mut self, offset: u64, length: usize) -> Option<Vec<u8>> {
        match self {
            Printed::Pieces(pieces) => pieces.read(offset, length),
            Printed::Whole(text) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
                let end = start.saturating_add(length).min(text.len());
                Some(text[start..end].to_vec())
            }
        }
    }
}
