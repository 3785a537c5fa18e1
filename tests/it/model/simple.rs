//! What keyfs should do, in the simplest words: maps of names to texts, and the last valid text wins.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use keyfs::view::{file_text, parse_file_text};
use rustix::io::Errno;

use super::operation::Mode;

/// A file that is being written, shared by all handles that write the same bytes.
#[derive(Default)]
pub(crate) struct Writing {
    name: String,
    bytes: Vec<u8>,
    dirty: bool,
    /// Removed or replaced: what is written is dropped.
    detached: bool,
    scratch: bool,
    /// Which put of the key the bytes began with, or have become.
    base: u64,
    /// What had the name until it was unlinked for this file.
    replaces: Option<String>,
    writers: u32,
}

impl Writing {
    /// Whether others who change the key in place share it.
    fn is_shared(&self, name: &str) -> bool {
        self.writers > 0 && !self.detached && self.name == name
    }
}

type Shared = Rc<RefCell<Writing>>;

/// What a handle reads and writes.
pub(crate) enum Handle {
    Snapshot(String),
    Writing { file: Shared, mode: Mode },
}

/// The one text among those of the operations that no continuation makes JSON.
const HOPELESS: &str = "1 2\n";

/// The store, and the mount over it.
#[derive(Default)]
pub(crate) struct Simple {
    /// The text of each live key.
    pub(crate) keys: BTreeMap<String, String>,
    /// Which put of each key was the last.
    puts: BTreeMap<String, u64>,
    /// New names without a value yet: empty to all who open them.
    placeholders: BTreeSet<String>,
    scratch: BTreeMap<String, Shared>,
    /// What all share who change a key in place.
    in_place: BTreeMap<String, Shared>,
    /// The last texts of keys that were unlinked.
    removed: BTreeMap<String, String>,
    writings: Vec<Shared>,
}

pub(crate) fn is_scratch(name: &str) -> bool {
    name.starts_with('.')
}

/// The text that a key shows after these bytes were saved; none for a blank.
fn canonical(bytes: &[u8]) -> Result<Option<String>, Errno> {
    let value = parse_file_text(bytes).map_err(|_| Errno::INVAL)?;
    Ok(value.map(|value| file_text(&value)))
}

impl Simple {
    /// The text that opening a name shows.
    pub(crate) fn text(&self, name: &str) -> Option<Vec<u8>> {
        let live = self.keys.get(name).map(|text| text.clone().into_bytes());
        let placeholder = || self.placeholders.contains(name).then(Vec::new);
        let scratch = || self.scratch.get(name).map(|file| file.borrow().bytes.clone());
        live.or_else(placeholder).or_else(scratch)
    }

    pub(crate) fn names(&self) -> Vec<Vec<u8>> {
        let unpublished = self.placeholders.iter().filter(|name| !self.keys.contains_key(*name));
        let names = self.keys.keys().chain(unpublished).chain(self.scratch.keys());
        let mut names: Vec<_> = names.map(|name| name.clone().into_bytes()).collect();
        names.sort_unstable();
        names
    }

    fn write_anew(&mut self, name: &str, bytes: &[u8], scratch: bool) -> Shared {
        let base = self.last_put(name);
        let file = Writing { name: name.to_owned(), bytes: bytes.to_vec(), scratch, base, ..Writing::default() };
        let file = Rc::new(RefCell::new(file));
        self.writings.push(Rc::clone(&file));
        file
    }

    pub(crate) fn open(&mut self, name: &str, mode: Mode) -> Result<Handle, Errno> {
        if mode == Mode::New && self.text(name).is_some() {
            return Err(Errno::EXIST);
        }
        let file = match (self.keys.get(name).cloned(), mode) {
            (Some(text), Mode::Read) => return Ok(Handle::Snapshot(text)),
            (Some(text), Mode::Change) => self.change_in_place(name, &text),
            (Some(text), _) => self.write_anew(name, text.as_bytes(), false),
            (None, _) if self.placeholders.contains(name) => match mode {
                Mode::Read => return Ok(Handle::Snapshot(String::new())),
                Mode::Change => self.change_in_place(name, ""),
                _ => self.write_anew(name, b"", false),
            },
            (None, _) => match (self.scratch.get(name).cloned(), mode) {
                (Some(file), _) => file,
                (None, Mode::Save | Mode::New) => self.create(name),
                (None, Mode::Read | Mode::Change | Mode::Write) => return Err(Errno::NOENT),
            },
        };
        let mut writing = file.borrow_mut();
        if mode.empties() {
            writing.bytes.clear();
            writing.dirty = true;
        }
        writing.writers += u32::from(mode != Mode::Read);
        drop(writing);
        Ok(Handle::Writing { file, mode })
    }

    fn change_in_place(&mut self, name: &str, text: &str) -> Shared {
        let last = self.last_put(name);
        if let Some(file) = self.in_place.get(name).filter(|file| file.borrow().is_shared(name)) {
            let mut writing = file.borrow_mut();
            if self.keys.contains_key(name) && !writing.dirty && writing.base != last {
                writing.bytes = text.as_bytes().to_vec();
                writing.base = last;
            }
            return Rc::clone(file);
        }
        let file = self.write_anew(name, text.as_bytes(), false);
        self.in_place.insert(name.to_owned(), Rc::clone(&file));
        file
    }

    fn create(&mut self, name: &str) -> Shared {
        let file = self.write_anew(name, b"", is_scratch(name));
        if is_scratch(name) {
            self.scratch.insert(name.to_owned(), Rc::clone(&file));
        } else {
            self.placeholders.insert(name.to_owned());
            file.borrow_mut().replaces = self.removed.remove(name);
        }
        file
    }

    fn last_put(&self, name: &str) -> u64 {
        self.puts.get(name).copied().unwrap_or_default()
    }

    /// Empties the file and writes the text; refused, it stands in the file all the same.
    pub(crate) fn write(handle: &Handle, text: &str) -> Result<usize, Errno> {
        let Handle::Writing { file, .. } = handle else { return Ok(text.len()) };
        let mut writing = file.borrow_mut();
        writing.bytes = text.as_bytes().to_vec();
        writing.dirty = true;
        if text == HOPELESS && !writing.scratch { Err(Errno::INVAL) } else { Ok(text.len()) }
    }

    pub(crate) fn read(handle: &Handle) -> Option<Vec<u8>> {
        match handle {
            Handle::Snapshot(text) => Some(text.clone().into_bytes()),
            Handle::Writing { file, mode } if mode.reads() => Some(file.borrow().bytes.clone()),
            Handle::Writing { .. } => None,
        }
    }

    /// Puts the text of a key, by whomever.
    pub(crate) fn foreign_put(&mut self, name: &str, text: &str) {
        self.keys.insert(name.to_owned(), text.to_owned());
        *self.puts.entry(name.to_owned()).or_default() += 1;
        self.removed.remove(name);
    }

    /// Puts the text of a key through the mount.
    fn put(&mut self, name: &str, text: &str) {
        self.foreign_put(name, text);
        self.placeholders.remove(name);
    }

    pub(crate) fn foreign_remove(&mut self, name: &str) {
        self.keys.remove(name);
        self.removed.remove(name);
    }

    /// Saves, as closing a descriptor does.
    pub(crate) fn flush(&mut self, handle: &Handle) -> Result<(), Errno> {
        let Handle::Writing { file, mode } = handle else { return Ok(()) };
        let writing = file.borrow();
        if *mode == Mode::Read || writing.scratch || writing.detached || !writing.dirty {
            return Ok(());
        }
        let Some(text) = canonical(&writing.bytes)? else { return Ok(()) };
        let name = writing.name.clone();
        drop(writing);
        self.put(&name, &text);
        let mut writing = file.borrow_mut();
        (writing.dirty, writing.base, writing.replaces) = (false, self.last_put(&name), None);
        Ok(())
    }

    pub(crate) fn close(&mut self, handle: Handle) -> Result<(), Errno> {
        let saved = self.flush(&handle);
        let Handle::Writing { file, mode } = handle else { return saved };
        let mut writing = file.borrow_mut();
        if mode == Mode::Read {
            return saved;
        }
        writing.writers -= 1;
        if writing.writers == 0 && !writing.scratch {
            // Refused at last: a placeholder goes with its text, and what was unlinked for it is back.
            if !writing.detached && writing.dirty && canonical(&writing.bytes).is_err() {
                writing.bytes.clear();
                writing.dirty = false;
                let (name, replaced) = (writing.name.clone(), writing.replaces.take());
                self.placeholders.remove(&name);
                if let Some(text) = replaced.filter(|_| !self.keys.contains_key(&name)) {
                    self.put(&name, &text);
                }
            }
        }
        saved
    }

    fn detach(&mut self, name: &str) {
        self.placeholders.remove(name);
        for file in &self.writings {
            let mut writing = file.borrow_mut();
            writing.detached |= !writing.scratch && writing.name == name;
        }
    }

    pub(crate) fn unlink(&mut self, name: &str) -> Result<(), Errno> {
        self.text(name).ok_or(Errno::NOENT)?;
        if self.scratch.remove(name).is_none() {
            let text = self.keys.get(name).cloned();
            self.foreign_remove(name);
            self.removed.extend(text.map(|text| (name.to_owned(), text)));
            self.detach(name);
        }
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let text = self.text(from).ok_or(Errno::NOENT)?;
        match (is_scratch(from), is_scratch(to)) {
            _ if from == to => {}
            (true, true) => {
                let file = self.scratch.remove(from).unwrap();
                self.scratch.insert(to.to_owned(), file);
            }
            (true, false) => {
                let text = canonical(&text)?.ok_or(Errno::INVAL)?;
                self.put(to, &text);
                self.detach(to);
                let file = self.scratch.remove(from).unwrap();
                if file.borrow().writers > 0 {
                    let mut writing = file.borrow_mut();
                    (writing.scratch, writing.dirty, writing.name, writing.base) = (false, false, to.to_owned(), 0);
                }
            }
            (false, true) => {
                self.unlink(from)?;
                self.removed.remove(from);
                let file = self.write_anew(to, &text, true);
                self.scratch.insert(to.to_owned(), file);
            }
            (false, false) => return self.rename_key(from, to),
        }
        Ok(())
    }

    fn rename_key(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let Some(text) = self.keys.get(from).cloned() else {
            // A placeholder has no value that could replace another.
            if self.keys.contains_key(to) {
                return Err(Errno::INVAL);
            }
            self.detach(to);
            self.placeholders.remove(from);
            self.placeholders.insert(to.to_owned());
            self.rename_writings(from, to);
            return Ok(());
        };
        self.put(to, &text);
        self.detach(to);
        self.foreign_remove(from);
        self.placeholders.remove(from);
        self.rename_writings(from, to);
        Ok(())
    }

    fn rename_writings(&mut self, from: &str, to: &str) {
        for file in &self.writings {
            let mut writing = file.borrow_mut();
            if !writing.scratch && !writing.detached && writing.name == from {
                writing.name = to.to_owned();
            }
        }
        if let Some(shared) = self.in_place.remove(from) {
            self.in_place.insert(to.to_owned(), shared);
        }
    }
}
