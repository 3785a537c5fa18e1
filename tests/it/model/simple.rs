//! What keyfs should do, in the simplest words: maps of names to texts, and the last valid text wins.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use keyfs::view::{file_text, parse_file_text};
use rustix::io::Errno;

use super::operation::Mode;
use super::writing::{Handle, Shared, Writing};

/// What is kept of a scratch name.
#[derive(Clone)]
pub(crate) enum Scratch {
    File(Shared),
    Link(String),
}

/// What can be seen of a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) size: u64,
    pub(crate) mode: u16,
    pub(crate) is_symlink: bool,
    /// Whether it has the time that was set.
    pub(crate) touched: bool,
}

/// The store, and the mount over it.
#[derive(Default)]
pub(crate) struct Simple {
    /// The text of each live key.
    pub(crate) keys: BTreeMap<String, String>,
    /// Which put of each key was the last.
    puts: BTreeMap<String, u64>,
    last_put: u64,
    /// New names without a value yet: empty to all who open them.
    pub(super) placeholders: BTreeSet<String>,
    pub(super) scratch: BTreeMap<String, Scratch>,
    /// The scratch files that may become keys.
    pub(super) temporaries: BTreeSet<String>,
    /// The keys that were renamed away, and the put that is hidden.
    pub(super) departing: BTreeMap<String, u64>,
    /// Keys that are there again because their new text was refused: who unlinks one now only clears up.
    pub(super) restored: BTreeSet<String>,
    /// What all share who change a key in place.
    pub(super) in_place: BTreeMap<String, Shared>,
    /// The last texts of keys that were unlinked.
    pub(super) removed: BTreeMap<String, String>,
    /// The last refused text of each name.
    pub(crate) refused: BTreeMap<String, Vec<u8>>,
    /// The text that stood when it was refused: who puts that back has saved nothing else.
    pub(super) stood: BTreeMap<String, String>,
    pub(super) writings: Vec<Shared>,
}

fn is_scratch(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~')
}

/// The text that a key shows after these bytes were saved; none for a blank.
pub(super) fn canonical(bytes: &[u8]) -> Result<Option<String>, Errno> {
    let value = parse_file_text(bytes).map_err(|_| Errno::INVAL)?;
    Ok(value.map(|value| file_text(&value)))
}

impl Simple {
    /// The text of a key, as this mount shows it.
    pub(super) fn live(&self, name: &str) -> Option<&String> {
        let departed = self.departing.get(name) == Some(&self.put_of(name));
        self.keys.get(name).filter(|_| !departed)
    }

    pub(super) fn put_of(&self, name: &str) -> u64 {
        self.puts.get(name).copied().unwrap_or_default()
    }

    /// The scratch file or link that a name leads to: what others have put under it comes first.
    pub(super) fn scratch_of(&self, name: &str) -> Option<&Scratch> {
        self.scratch.get(name).filter(|_| self.live(name).is_none())
    }

    /// Whether a file of this name is a key's, or would be.
    pub(super) fn is_key(&self, name: &str) -> bool {
        !is_scratch(name) && self.scratch_of(name).is_none()
    }

    /// Whether a name can only be a key's.
    pub(super) fn is_key_name(name: &str) -> bool {
        !is_scratch(name)
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.live(name).is_some() || self.placeholders.contains(name) || self.scratch_of(name).is_some()
    }

    /// The name that opening a name leads to.
    pub(super) fn follow(&self, name: &str) -> String {
        match self.scratch_of(name) {
            Some(Scratch::Link(target)) => target.clone(),
            _ => name.to_owned(),
        }
    }

    /// The text that opening a name shows.
    pub(crate) fn text(&self, name: &str) -> Option<Vec<u8>> {
        let name = &self.follow(name);
        match (self.live(name), self.scratch_of(name)) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(Scratch::File(file))) => Some(file.borrow().bytes.clone()),
            (None, _) => self.placeholders.contains(name).then(Vec::new),
        }
    }

    pub(crate) fn seen(&self, name: &str) -> Option<Seen> {
        let regular = |size: usize, mode, touched| Seen { size: size as u64, mode, is_symlink: false, touched };
        match self.scratch_of(name) {
            Some(Scratch::Link(target)) => {
                Some(Seen { size: target.len() as u64, mode: 0o777, is_symlink: true, touched: false })
            }
            Some(Scratch::File(file)) => {
                let file = file.borrow();
                Some(regular(file.bytes.len(), file.mode, file.touched))
            }
            None => self.text(name).map(|text| regular(text.len(), 0o644, false)),
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let all = self.keys.keys().chain(&self.placeholders).chain(self.scratch.keys());
        let names: BTreeSet<_> = all.filter(|name| self.exists(name)).cloned().collect();
        names.into_iter().collect()
    }

    pub(super) fn write_anew(&mut self, name: &str, text: &str) -> Shared {
        let mut file = Writing::of(name, text);
        file.base = self.put_of(name);
        let file = Rc::new(RefCell::new(file));
        self.writings.push(Rc::clone(&file));
        file
    }

    pub(crate) fn open(&mut self, name: &str, mode: Mode) -> Result<Handle, Errno> {
        if mode.must_be_new() && self.exists(name) {
            return Err(Errno::EXIST);
        }
        let name = &self.follow(name);
        let text = self.live(name).cloned().or_else(|| self.placeholders.contains(name).then(String::new));
        let file = match (text, self.scratch_of(name)) {
            (Some(text), _) if mode == Mode::Read => return Ok(Handle::Snapshot(text)),
            (Some(text), _) if mode.shares() => self.change_in_place(name, &text),
            (Some(text), _) => self.write_anew(name, &text),
            (None, Some(Scratch::File(file))) => Rc::clone(file),
            (None, _) if mode.makes() => self.create(name, mode),
            (None, _) => return Err(Errno::NOENT),
        };
        let mut writing = file.borrow_mut();
        if mode.empties() {
            writing.clear();
        }
        writing.handles += 1;
        writing.writers += u32::from(mode.writes());
        drop(writing);
        Ok(Handle::Writing { file, mode })
    }

    fn change_in_place(&mut self, name: &str, text: &str) -> Shared {
        let last = self.put_of(name);
        let is_shared = |file: &Writing| file.writers > 0 && file.is_draft_of(name);
        if let Some(file) = self.in_place.get(name).filter(|file| is_shared(&file.borrow())) {
            let mut writing = file.borrow_mut();
            if self.live(name).is_some() && !writing.dirty && writing.base != last {
                writing.becomes(text);
                writing.base = last;
            }
            return Rc::clone(file);
        }
        let file = self.write_anew(name, text);
        self.in_place.insert(name.to_owned(), Rc::clone(&file));
        file
    }

    fn create(&mut self, name: &str, mode: Mode) -> Shared {
        let is_new = !self.keys.contains_key(name) && !self.removed.contains_key(name);
        let temporary = is_new && !is_scratch(name) && (mode == Mode::Temporary || name.ends_with(".tmp"));
        if temporary {
            self.temporaries.insert(name.to_owned());
        }
        if temporary || is_scratch(name) {
            let file = self.add_scratch(name, "");
            file.borrow_mut().mode = if mode == Mode::Temporary { 0o600 } else { 0o644 };
            return file;
        }
        self.placeholders.insert(name.to_owned());
        let file = if mode.shares() { self.change_in_place(name, "") } else { self.write_anew(name, "") };
        file.borrow_mut().replaces = self.removed.remove(name);
        file
    }

    /// Makes a scratch file in place of what has the name.
    pub(super) fn add_scratch(&mut self, name: &str, text: &str) -> Shared {
        let file = self.write_anew(name, text);
        file.borrow_mut().scratch = true;
        self.scratch.insert(name.to_owned(), Scratch::File(Rc::clone(&file)));
        file
    }

    /// Puts the text of a key, by whomever.
    pub(crate) fn foreign_put(&mut self, name: &str, text: &str) {
        self.keys.insert(name.to_owned(), text.to_owned());
        self.last_put += 1;
        self.puts.insert(name.to_owned(), self.last_put);
        self.removed.remove(name);
    }

    pub(crate) fn foreign_remove(&mut self, name: &str) {
        if self.keys.remove(name).is_some() {
            self.removed.remove(name);
        }
    }

    /// Puts the text of a key through the mount: whatever else had the name is over.
    pub(super) fn put(&mut self, name: &str, text: &str) {
        self.foreign_put(name, text);
        self.placeholders.remove(name);
        self.departing.remove(name);
        self.restored.remove(name);
        if self.stood.get(name).is_none_or(|stood| stood != text) {
            self.refused.remove(name);
        }
        self.drop_temporary(name);
    }

    pub(super) fn drop_temporary(&mut self, name: &str) {
        if self.temporaries.remove(name) {
            self.scratch.remove(name);
        }
    }

    /// Puts what is written, if it is a value and has changed.
    pub(super) fn commit(&mut self, file: &Shared) -> Result<(), Errno> {
        let writing = file.borrow();
        if writing.scratch || writing.detached || !writing.dirty {
            return Ok(());
        }
        let Some(text) = canonical(&writing.bytes)? else { return Ok(()) };
        let name = writing.name.clone();
        drop(writing);
        self.put(&name, &text);
        let mut writing = file.borrow_mut();
        (writing.dirty, writing.base, writing.replaces) = (false, self.put_of(&name), None);
        Ok(())
    }

    /// Saves, as closing a descriptor does; what is refused is kept.
    pub(crate) fn flush(&mut self, handle: &Handle) -> Result<(), Errno> {
        let Handle::Writing { file, .. } = handle else { return Ok(()) };
        if !handle.writes() {
            return Ok(());
        }
        self.commit(file).inspect_err(|_| self.keep_refused(&file.borrow()))
    }

    fn keep_refused(&mut self, writing: &Writing) {
        self.refuse(&writing.name, writing.bytes.clone(), writing.replaces.as_deref());
    }

    /// Keeps a text that was refused; `replaced` is what had the name before.
    pub(super) fn refuse(&mut self, name: &str, bytes: Vec<u8>, replaced: Option<&str>) {
        self.refused.insert(name.to_owned(), bytes);
        match self.keys.get(name).map(String::as_str).or(replaced) {
            Some(stood) => self.stood.insert(name.to_owned(), stood.to_owned()),
            None => self.stood.remove(name),
        };
    }

    pub(crate) fn close(&mut self, handle: Handle) -> Result<(), Errno> {
        let saved = self.flush(&handle);
        let writes = handle.writes();
        let Handle::Writing { file, .. } = handle else { return saved };
        let mut writing = file.borrow_mut();
        writing.handles -= 1;
        writing.writers -= u32::from(writes);
        let refused = writes && writing.writers == 0 && saved.is_err();
        if refused {
            // A placeholder goes with its text, and what was unlinked or renamed away for it is back.
            writing.bytes.clear();
            writing.dirty = false;
            let (name, replaced) = (writing.name.clone(), writing.replaces.take());
            drop(writing);
            self.placeholders.remove(&name);
            self.restored.extend(self.departing.remove(&name).map(|_| name.clone()));
            if let Some(text) = replaced.filter(|_| !self.keys.contains_key(&name)) {
                self.put(&name, &text);
            }
        }
        saved
    }

    pub(crate) fn write(&mut self, handle: &Handle, offset: Option<u64>, piece: &[u8]) -> Result<usize, Errno> {
        let Handle::Writing { file, mode } = handle else { return Err(Errno::BADF) };
        if !mode.writes() {
            return Err(Errno::BADF);
        }
        let mut writing = file.borrow_mut();
        let end = writing.bytes.len();
        let offset = offset.filter(|_| *mode != Mode::Append).map_or(end, |offset| offset as usize);
        writing.write(offset, piece).inspect_err(|_| self.keep_refused(&writing))
    }

    pub(crate) fn truncate(handle: &Handle, size: u64) -> Result<(), Errno> {
        let Handle::Writing { file, .. } = handle else { return Err(Errno::INVAL) };
        if !handle.writes() {
            return Err(Errno::INVAL);
        }
        file.borrow_mut().resize(size as usize);
        Ok(())
    }
}
