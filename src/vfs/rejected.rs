use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::SystemTime;

/// The most texts that are kept.
const TEXTS: usize = 100;

/// The most bytes of all texts together.
const BYTES: usize = 64 * 1024 * 1024;

/// A text that was refused, and why.
pub(super) struct RejectedText {
    pub(super) name: OsString,
    pub(super) text: Arc<[u8]>,
    pub(super) reason: Arc<[u8]>,
    pub(super) at: SystemTime,
}

/// The texts that were refused, the oldest first; the oldest are dropped when there are too many.
#[derive(Default)]
pub(super) struct Rejected {
    texts: VecDeque<RejectedText>,
    bytes: usize,
}

impl Rejected {
    /// Keeps a text instead of an earlier one of the same name. The reason is lines; the first one tells it in short.
    pub(super) fn add(&mut self, name: OsString, text: Vec<u8>, reason: String) {
        self.remove(&name);
        self.bytes += text.len();
        let reason = reason.into_bytes().into();
        self.texts.push_back(RejectedText { name, text: text.into(), reason, at: SystemTime::now() });
        while self.texts.len() > 1 && (self.texts.len() > TEXTS || self.bytes > BYTES) {
            if let Some(oldest) = self.texts.pop_front() {
                self.bytes -= oldest.text.len();
            }
        }
    }

    /// Drops the text of a name, as when the name was saved well; true when there was one.
    pub(super) fn remove(&mut self, name: &OsStr) -> bool {
        let Some(at) = self.texts.iter().position(|text| text.name == name) else { return false };
        if let Some(removed) = self.texts.remove(at) {
            self.bytes -= removed.text.len();
        }
        true
    }

    pub(super) fn get(&self, name: &OsStr) -> Option<&RejectedText> {
        self.texts.iter().find(|text| text.name == name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RejectedText> {
        self.texts.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_texts_are_dropped_when_there_are_too_many() {
        let mut rejected = Rejected::default();
        for number in 0..TEXTS + 5 {
            rejected.add(number.to_string().into(), vec![0; 10], String::new());
        }
        assert_eq!(rejected.iter().count(), TEXTS);
        assert!(rejected.get(OsStr::new("4")).is_none());
        assert!(rejected.get(OsStr::new("5")).is_some());
        rejected.add("large".into(), vec![0; BYTES], String::new());
        assert_eq!(rejected.iter().count(), 1);
        assert_eq!(rejected.bytes, BYTES);
    }
}
