//! What keyfs should do, in the simplest words: maps of names to texts, and the last valid text wins.

use std::cell::RefCell;
use std::collections::BTreeMap;
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
    in_place: bool,
    writers: u32,
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
    /// New names without a value yet.
    placeholders: BTreeMap<String, Shared>,
    scratch: BTreeMap<String, Shared>,
    /// Who changes the present value of a key in place.
    in_place: BTreeMap<String, Shared>,
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
        live.or_else(|| self.unpublished(name).map(|file| file.borrow().bytes.clone()))
    }

    /// The size that stat shows: that of a change in place, while there is one.
    pub(crate) fn size(&self, name: &str) -> Option<usize> {
        let changed = self.in_place.get(name).map(|file| file.borrow().bytes.len());
        changed.or_else(|| self.text(name).map(|text| text.len()))
    }

    pub(crate) fn names(&self) -> Vec<Vec<u8>> {
        let unpublished = self.placeholders.keys().filter(|name| !self.keys.contains_key(*name));
        let names = self.keys.keys().chain(unpublished).chain(self.scratch.keys());
        let mut names: Vec<_> = names.map(|name| name.clone().into_bytes()).collect();
        names.sort_unstable();
        names
    }

    fn unpublished(&self, name: &str) -> Option<&Shared> {
        self.placeholders.get(name).or_else(|| self.scratch.get(name))
    }

    fn write_anew(&mut self, name: &str, bytes: &[u8], scratch: bool) -> Shared {
        let file = Writing { name: name.to_owned(), bytes: bytes.to_vec(), scratch, ..Writing::default() };
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
            (None, _) => match (self.unpublished(name).cloned(), mode) {
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
        if let Some(file) = self.in_place.get(name) {
            return Rc::clone(file);
        }
        let file = self.write_anew(name, text.as_bytes(), false);
        file.borrow_mut().in_place = true;
        self.in_place.insert(name.to_owned(), Rc::clone(&file));
        file
    }

    fn create(&mut self, name: &str) -> Shared {
        let file = self.write_anew(name, b"", is_scratch(name));
        let names = if is_scratch(name) { &mut self.scratch } else { &mut self.placeholders };
        names.insert(name.to_owned(), Rc::clone(&file));
        file
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

    /// Puts the text of a key, by whomever; `writer` is the file that it came from.
    fn put(&mut self, name: &str, text: String, writer: Option<&Shared>) {
        self.keys.insert(name.to_owned(), text);
        self.in_place.remove(name);
        if let Some(writer) = writer {
            self.placeholders.remove(name);
            if writer.borrow().in_place {
                self.in_place.insert(name.to_owned(), Rc::clone(writer));
            }
        }
    }

    pub(crate) fn foreign_put(&mut self, name: &str, text: &str) {
        self.put(name, text.to_owned(), None);
    }

    pub(crate) fn foreign_remove(&mut self, name: &str) {
        self.keys.remove(name);
        self.in_place.remove(name);
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
        file.borrow_mut().dirty = false;
        self.put(&name, text, Some(file));
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
            // Refused at last: a placeholder goes with its text.
            if !writing.detached && writing.dirty && canonical(&writing.bytes).is_err() {
                writing.bytes.clear();
                writing.dirty = false;
                self.placeholders.remove(&writing.name);
            }
            if self.in_place.get(&writing.name).is_some_and(|other| Rc::ptr_eq(other, &file)) {
                self.in_place.remove(&writing.name);
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
            self.foreign_remove(name);
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
                self.put(to, text, None);
                self.detach(to);
                let file = self.scratch.remove(from).unwrap();
                if file.borrow().writers > 0 {
                    let mut writing = file.borrow_mut();
                    (writing.scratch, writing.dirty, writing.name) = (false, false, to.to_owned());
                }
            }
            (false, true) => {
                self.unlink(from)?;
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
            let file = self.placeholders.remove(from).unwrap();
            file.borrow_mut().name = to.to_owned();
            self.placeholders.insert(to.to_owned(), file);
            return Ok(());
        };
        self.put(to, text, None);
        self.detach(to);
        self.foreign_remove(from);
        self.placeholders.remove(from);
        for file in &self.writings {
            let mut writing = file.borrow_mut();
            if !writing.scratch && !writing.detached && writing.name == from {
                writing.name = to.to_owned();
            }
        }
        Ok(())
    }
}
