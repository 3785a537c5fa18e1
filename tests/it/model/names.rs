//! What the model does with names.

use rustix::io::Errno;

use super::simple::{Scratch, Simple, canonical};

impl Simple {
    /// Lets what is still written to a key's file be dropped.
    pub(super) fn detach(&mut self, name: &str) {
        self.placeholders.remove(name);
        for file in &self.writings {
            let is_draft = file.borrow().is_draft_of(name);
            file.borrow_mut().detached |= is_draft;
        }
    }

    pub(crate) fn unlink(&mut self, name: &str) -> Result<(), Errno> {
        if !self.exists(name) {
            return Err(Errno::NOENT);
        }
        let text = self.live(name).cloned();
        if self.is_key(name) {
            if text.is_some() && self.restored.contains(name) {
                self.departing.insert(name.to_owned(), self.put_of(name));
            } else if text.is_some() {
                self.foreign_remove(name);
            }
            self.removed.extend(text.map(|text| (name.to_owned(), text)));
            self.detach(name);
        }
        self.temporaries.remove(name);
        self.scratch.remove(name);
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str, no_replace: bool) -> Result<(), Errno> {
        if !self.exists(from) {
            return Err(Errno::NOENT);
        }
        if no_replace && self.exists(to) {
            return Err(Errno::EXIST);
        }
        if from == to {
            return Ok(());
        }
        match (self.is_key(from), Simple::is_key_name(to)) {
            (true, true) => self.key_to_key(from, to),
            (true, false) => {
                self.key_to_scratch(from, to);
                Ok(())
            }
            (false, true) => self.scratch_to_key(from, to),
            (false, false) => {
                self.temporaries.remove(from);
                let moved = self.scratch.remove(from).unwrap();
                if let Scratch::File(file) = &moved {
                    file.borrow_mut().name = to.to_owned();
                }
                self.scratch.insert(to.to_owned(), moved);
                Ok(())
            }
        }
    }

    pub(super) fn scratch_to_key(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let Some(Scratch::File(file)) = self.scratch.get(from).cloned() else { return Err(Errno::INVAL) };
        let bytes = file.borrow().bytes.clone();
        let text = canonical(&bytes).inspect_err(|_| {
            self.refuse(to, bytes, None);
        })?;
        self.put(to, &text.ok_or(Errno::INVAL)?);
        self.detach(to);
        self.scratch.remove(from);
        self.temporaries.remove(from);
        let mut writing = file.borrow_mut();
        if writing.writers > 0 {
            // What is still written is a text on its way to the key.
            let text = String::from_utf8(writing.bytes.clone()).unwrap();
            writing.becomes(&text);
            (writing.scratch, writing.dirty, writing.name, writing.base) = (false, false, to.to_owned(), 0);
        }
        Ok(())
    }

    fn key_to_scratch(&mut self, from: &str, to: &str) {
        let text = self.live(from).cloned();
        self.add_scratch(to, text.as_deref().unwrap_or_default());
        self.detach(from);
        self.drop_temporary(from);
        if text.is_some() {
            self.departing.insert(from.to_owned(), self.put_of(from));
        }
    }

    fn key_to_key(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        match self.live(from).cloned() {
            Some(text) => {
                self.put(to, &text);
                self.detach(to);
                // As editors do before they make it again.
                if to.strip_prefix(from).is_some_and(|rest| rest.starts_with('.')) {
                    self.departing.insert(from.to_owned(), self.put_of(from));
                } else {
                    self.foreign_remove(from);
                }
                self.drop_temporary(from);
                self.placeholders.remove(from);
            }
            // A placeholder has no value that could replace another.
            None if self.live(to).is_some() => return Err(Errno::INVAL),
            None => {
                self.detach(to);
                self.drop_temporary(to);
                self.placeholders.remove(from);
                self.placeholders.insert(to.to_owned());
            }
        }
        for file in &self.writings {
            let mut writing = file.borrow_mut();
            if writing.is_draft_of(from) {
                // What the old name had is not put back under the new one.
                (writing.name, writing.replaces) = (to.to_owned(), None);
            }
        }
        let shared = self.in_place.remove(from);
        self.in_place.extend(shared.map(|shared| (to.to_owned(), shared)));
        Ok(())
    }

    pub(crate) fn truncate_name(&mut self, name: &str, size: u64) -> Result<(), Errno> {
        let name = &self.follow(name);
        let size = size as usize;
        if let (None, Some(Scratch::File(file))) = (self.live(name), self.scratch_of(name)) {
            file.borrow_mut().resize(size);
            return Ok(());
        }
        let mut bytes = self.text(name).ok_or(Errno::NOENT)?;
        if bytes.len() == size {
            return Ok(());
        }
        bytes.resize(size, 0);
        if let Some(text) = canonical(&bytes)? {
            self.put(name, &text);
        }
        Ok(())
    }

    pub(crate) fn symlink(&mut self, name: &str, target: &str) -> Result<(), Errno> {
        if self.exists(name) {
            return Err(Errno::EXIST);
        }
        if Simple::is_key_name(name) {
            return Err(Errno::PERM);
        }
        self.scratch.insert(name.to_owned(), Scratch::Link(target.to_owned()));
        Ok(())
    }

    pub(crate) fn read_link(&self, name: &str) -> Result<Vec<u8>, Errno> {
        match self.scratch_of(name) {
            Some(Scratch::Link(target)) => Ok(target.clone().into_bytes()),
            _ if self.exists(name) => Err(Errno::INVAL),
            _ => Err(Errno::NOENT),
        }
    }

    pub(crate) fn chmod(&mut self, name: &str, mode: u16) -> Result<(), Errno> {
        let name = &self.follow(name);
        if let Some(Scratch::File(file)) = self.scratch_of(name) {
            file.borrow_mut().mode = mode & !0o022;
        }
        self.exists(name).then_some(()).ok_or(Errno::NOENT)
    }

    pub(crate) fn touch(&mut self, name: &str) -> Result<(), Errno> {
        let name = &self.follow(name);
        if let Some(Scratch::File(file)) = self.scratch_of(name) {
            file.borrow_mut().touched = true;
        }
        self.exists(name).then_some(()).ok_or(Errno::NOENT)
    }
}
