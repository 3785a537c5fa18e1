use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::SystemTime;

use super::Vfs;
use super::engine::Engine;
use super::error::VfsResult;
use super::limits::Limits;
use super::shelf::{Shelf, ShelfFile};
use crate::record::Value;
use crate::view::{file_text, rfc3339};

/// A text that was refused, and why.
pub(super) struct RejectedText {
    pub(super) name: OsString,
    pub(super) size: u64,
    pub(super) reason: Arc<[u8]>,
    pub(super) at: SystemTime,
    /// Which refusal it is, counted from the beginning of the mount.
    number: u64,
    /// The value that stood: a tool that puts it back when it is told of the refusal has not saved anything else.
    stood: Option<Value>,
    text: Text,
}

/// Where a refused text is.
enum Text {
    /// On its way to the shelf.
    Pending(Arc<[u8]>),
    /// In memory, because the shelf did not take it.
    Memory(Arc<[u8]>),
    OnShelf,
}

/// A refused text that was opened.
pub(super) enum OpenText {
    Memory(Arc<[u8]>),
    File(ShelfFile),
}

/// The texts that were refused, the oldest first; the oldest are dropped when there are too many.
pub(super) struct Rejected {
    texts: VecDeque<RejectedText>,
    bytes: u64,
    limits: Limits,
    shelf: Arc<Shelf>,
    last_error: String,
    /// How many texts were added.
    added: u64,
}

impl Rejected {
    /// The texts that earlier mounts have kept on the shelf.
    pub(super) fn new(shelf: &Arc<Shelf>, limits: Limits) -> Rejected {
        let shelf = Arc::clone(shelf);
        let found = shelf.found_refusals();
        let mut rejected =
            Rejected { texts: VecDeque::new(), bytes: 0, limits, shelf, last_error: String::new(), added: 0 };
        for found in found {
            let (name, size, at) = (found.name, found.size, found.at);
            let reason = found.reason.into_bytes().into();
            rejected.push(RejectedText { name, size, reason, at, number: 0, stood: None, text: Text::OnShelf });
        }
        rejected
    }

    /// Keeps a text instead of an earlier one of the same name. The reason is lines; the first one tells it in short.
    /// Returns which refusal this is.
    pub(super) fn add(&mut self, name: OsString, text: Vec<u8>, reason: String, stood: Option<Value>) -> u64 {
        self.remove(&name);
        let size = text.len() as u64;
        let text: Arc<[u8]> = text.into();
        let text = if self.shelf.is_on_disk() { Text::Pending(text) } else { Text::Memory(text) };
        let reason = reason.into_bytes().into();
        self.added += 1;
        let number = self.added;
        self.push(RejectedText { name, size, reason, at: SystemTime::now(), number, stood, text });
        number
    }

    /// Whether the text that is kept under a name is this very refusal.
    pub(super) fn keeps(&self, name: &OsStr, number: u64) -> bool {
        self.get(name).is_some_and(|text| text.number == number)
    }

    /// Notes which value stands now that the text of a name was refused once more.
    pub(super) fn set_stood(&mut self, name: &OsStr, stood: Option<Value>) {
        if let Some(refused) = self.texts.iter_mut().find(|refused| refused.name == name) {
            refused.stood = stood;
        }
    }

    fn push(&mut self, text: RejectedText) {
        self.last_error = line(&text);
        self.bytes += text.size;
        self.texts.push_back(text);
        let Limits { rejected_texts, rejected_bytes, .. } = self.limits;
        while self.texts.len() > 1 && (self.texts.len() > rejected_texts || self.bytes > rejected_bytes) {
            self.remove_at(0);
        }
    }

    /// Drops the text of a name that was saved well, with another value than the one that stood.
    pub(super) fn saved(&mut self, name: &OsStr, value: &Value) {
        let stood = self.get(name).and_then(|refused| refused.stood.as_ref());
        if stood.is_none_or(|stood| file_text(stood) != file_text(value)) {
            self.remove(name);
        }
    }

    /// Drops the text of a name; true when there was one.
    pub(super) fn remove(&mut self, name: &OsStr) -> bool {
        let Some(at) = self.texts.iter().position(|text| text.name == name) else { return false };
        self.remove_at(at);
        true
    }

    fn remove_at(&mut self, at: usize) {
        let Some(removed) = self.texts.remove(at) else { return };
        self.bytes -= removed.size;
        if matches!(removed.text, Text::OnShelf)
            && let Err(error) = self.shelf.remove_refusal(&removed.name)
        {
            log::error!("{error}");
        }
    }

    pub(super) fn get(&self, name: &OsStr) -> Option<&RejectedText> {
        self.texts.iter().find(|text| text.name == name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RejectedText> {
        self.texts.iter()
    }

    /// The last refusal in one line: when, what, why; empty before the first.
    pub(super) fn last_error(&self) -> &str {
        &self.last_error
    }

    /// Opens a text; none when there is none of this name any more.
    pub(super) fn open(&self, name: &OsStr) -> VfsResult<Option<OpenText>> {
        Ok(match self.get(name).map(|refused| &refused.text) {
            None => None,
            Some(Text::Pending(text) | Text::Memory(text)) => Some(OpenText::Memory(Arc::clone(text))),
            Some(Text::OnShelf) => Some(OpenText::File(self.shelf.open_refusal(name)?)),
        })
    }

    fn pending(&self) -> Option<Pending> {
        self.texts.iter().find_map(|refused| match &refused.text {
            Text::Pending(text) => {
                let (name, text, reason) = (refused.name.clone(), Arc::clone(text), Arc::clone(&refused.reason));
                Some(Pending { name, text, reason, at: refused.at })
            }
            Text::Memory(_) | Text::OnShelf => None,
        })
    }

    /// Where a text that was on its way to the shelf is now, unless it was removed or replaced meanwhile.
    fn arrived(&mut self, pending: &Pending, keep: impl FnOnce() -> bool) {
        let is_it = |text: &Text| matches!(text, Text::Pending(text) if Arc::ptr_eq(text, &pending.text));
        if let Some(refused) = self.texts.iter_mut().find(|refused| is_it(&refused.text)) {
            refused.text = if keep() { Text::OnShelf } else { Text::Memory(Arc::clone(&pending.text)) };
        }
    }
}

/// A text on its way to the shelf.
struct Pending {
    name: OsString,
    text: Arc<[u8]>,
    reason: Arc<[u8]>,
    at: SystemTime,
}

impl<E: Engine> Vfs<E> {
    /// Puts the texts that were refused on the shelf; not with the lock held. One that the disk does not take stays in
    /// memory.
    pub(super) fn shelve_refused(&self) {
        loop {
            let Some(pending) = self.state.lock().rejected.pending() else { return };
            let staged = self.shelf.stage_refusal(&pending.name, &pending.text, &pending.reason, pending.at);
            let log = |error| log::error!("{error}; it is kept in memory");
            let staged = staged.unwrap_or_else(|error| {
                log(error);
                None
            });
            // Only names change hands with the lock held.
            self.state.lock().rejected.arrived(&pending, || match staged.map(super::shelf::StagedRefusal::keep) {
                Some(Ok(())) => true,
                Some(Err(error)) => {
                    log(error);
                    false
                }
                None => false,
            });
        }
    }
}

fn line(refused: &RejectedText) -> String {
    let reason = String::from_utf8_lossy(&refused.reason);
    let first = reason.lines().next().unwrap_or_default();
    format!("{} {} {first}\n", rfc3339(refused.at), refused.name.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "`rejected/`: at most 100 and 64 MiB, the oldest go."
    #[test]
    fn the_oldest_texts_are_dropped_when_there_are_too_many() {
        let mut rejected = Rejected::new(&Arc::new(Shelf::default()), Limits::default());
        for number in 0..105 {
            rejected.add(number.to_string().into(), vec![0; 10], String::new(), None);
        }
        assert_eq!(rejected.iter().count(), 100);
        assert!(rejected.get(OsStr::new("4")).is_none());
        assert!(rejected.get(OsStr::new("5")).is_some());
        rejected.add("large".into(), vec![0; 64 << 20], String::new(), None);
        assert_eq!(rejected.iter().count(), 1);
        assert_eq!(rejected.bytes, 64 << 20);
    }

    /// "`last-error`: the last refusal in one line: when (UTC), the name, why; empty before the first."
    #[test]
    fn the_last_error_is_one_line() {
        let mut rejected = Rejected::new(&Arc::new(Shelf::default()), Limits::default());
        assert_eq!(rejected.last_error(), "");
        rejected.add("a b".into(), Vec::new(), "why\n  and where".to_owned(), None);
        let line = rejected.last_error();
        assert!(line.ends_with("Z a b why\n") && line.starts_with("20"), "{line:?}");
        rejected.remove(OsStr::new("a b"));
        assert_ne!(rejected.last_error(), "", "it was refused all the same");
    }
}
