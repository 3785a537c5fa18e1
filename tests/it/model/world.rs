//! The file system beside its model.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keyfs::Store;
use keyfs::view::file_text;
use proptest::prelude::*;
use rustix::io::Errno;

use super::operation::{Mode, NAMES, Operation, SLOTS};
use super::simple::{Seen, Simple};
use super::writing::Handle;
use crate::behaviour::{FileSystem, OpenFile, Stat, read_whole};

/// A handle of the file system, and what the model has in its place.
type Slot<'a> = Option<(Box<dyn OpenFile + 'a>, Handle)>;

type Checked = Result<(), TestCaseError>;

/// The patience while something waits for its moment: a difference is known to be one before that has come.
const SHORT_PATIENCE: Duration = Duration::from_millis(400);

/// How a life of the file system ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Crash,
    Unmount,
}

pub(crate) struct World<'a, 'm> {
    pub(crate) files: &'a dyn FileSystem,
    /// Does what the first signal to end does; none where that cannot be had at any moment.
    pub(crate) save_all: Option<&'a dyn Fn()>,
    pub(crate) store: &'a Store,
    pub(crate) model: &'m mut Simple,
    pub(crate) slots: [Slot<'a>; SLOTS],
    /// For how long what is seen may be late: the kernel keeps attributes until it is told, and tells of the last close
    /// of a file when that has returned.
    pub(crate) patience: Duration,
}

/// The time that files are given.
fn touched() -> SystemTime {
    UNIX_EPOCH + Duration::new(1_000_000_000, 5000)
}

fn seen(stat: Stat) -> Seen {
    Seen { size: stat.size, mode: stat.mode, is_symlink: stat.is_symlink, touched: stat.modified == touched() }
}

impl World<'_, '_> {
    /// Does an operation; tells how the file system is to end, if it is.
    pub(crate) fn run(&mut self, operation: &Operation) -> Result<Option<End>, TestCaseError> {
        match *operation {
            Operation::Crash => return Ok(Some(End::Crash)),
            Operation::Remount => return Ok(Some(End::Unmount)),
            Operation::Open { slot, name, mode } => self.open(slot, name, mode)?,
            Operation::Close { slot } => self.close(slot)?,
            Operation::TimePasses => self.let_time_pass(),
            Operation::SaveAll => self.save_all(),
            Operation::ForeignPut { name, text } => {
                self.store.put(name, keyfs::Value::parse(text).unwrap()).unwrap();
                self.model.foreign_put(name, text);
            }
            Operation::ForeignRemove { name } => {
                self.store.remove(name).unwrap();
                self.model.foreign_remove(name);
            }
            _ => {
                self.run_on_handle(operation)?;
                self.run_on_name(operation)?;
            }
        }
        Ok(None)
    }

    fn run_on_handle(&mut self, operation: &Operation) -> Checked {
        let slot = match *operation {
            Operation::Save { slot, .. } | Operation::Write { slot, .. } | Operation::Truncate { slot, .. } => slot,
            Operation::Read { slot, .. } | Operation::Flush { slot } | Operation::Fsync { slot } => slot,
            _ => return Ok(()),
        };
        let Some((file, handle)) = &self.slots[slot] else { return Ok(()) };
        let overtaken = self.model.is_overtaken(handle);
        match *operation {
            Operation::Save { text, .. } if !overtaken => {
                let emptied = Simple::truncate(handle, 0);
                prop_assert_eq!(file.truncate(0), emptied);
                if emptied.is_ok() {
                    prop_assert_eq!(
                        file.write_at(0, text.as_bytes()),
                        self.model.write(handle, Some(0), text.as_bytes())
                    );
                }
            }
            Operation::Write { offset, piece, .. } if !overtaken => {
                let at = offset.unwrap_or(handle.bytes().len() as u64);
                let expected = self.model.write(handle, offset, piece.as_bytes());
                prop_assert_eq!(file.write_at(at, piece.as_bytes()), expected);
            }
            Operation::Truncate { size, .. } if !overtaken => {
                prop_assert_eq!(file.truncate(size), Simple::truncate(handle, size));
            }
            Operation::Read { offset, length, .. } => {
                let from = |bytes: Vec<u8>| bytes.into_iter().skip(offset as usize).take(length).collect::<Vec<u8>>();
                let expected = if handle.reads() { Ok(from(handle.bytes())) } else { Err(Errno::BADF) };
                prop_assert_eq!(file.read_at(offset, length), expected);
            }
            Operation::Flush { .. } => prop_assert_eq!(file.close_duplicate(), self.model.flush(handle)),
            Operation::Fsync { .. } => prop_assert_eq!(file.fsync(), self.model.flush(handle)),
            _ => {}
        }
        Ok(())
    }

    fn run_on_name(&mut self, operation: &Operation) -> Checked {
        let Self { files, model, .. } = self;
        let (done, expected) = match *operation {
            Operation::TruncateName { name, size } => {
                (files.truncate(name.as_bytes(), size), model.truncate_name(name, size))
            }
            Operation::Rename { from, to, no_replace } => {
                let (old, new) = (from.as_bytes(), to.as_bytes());
                let done = if no_replace { files.rename_no_replace(old, new) } else { files.rename(old, new) };
                (done, model.rename(from, to, no_replace))
            }
            Operation::Unlink { name } => (files.unlink(name.as_bytes()), model.unlink(name)),
            Operation::RemoveRefused { name } => {
                let expected = model.refused.remove(name).map(|_| ()).ok_or(Errno::NOENT);
                (files.unlink(&refused_path(name)), expected)
            }
            Operation::Symlink { name, target } => {
                (files.symlink(name.as_bytes(), target.as_bytes()), model.symlink(name, target))
            }
            Operation::Chmod { name, mode } => (files.chmod(name.as_bytes(), mode), model.chmod(name, mode)),
            Operation::Touch { name } => (files.set_modified(name.as_bytes(), touched()), model.touch(name)),
            _ => return Ok(()),
        };
        prop_assert_eq!(done, expected);
        Ok(())
    }

    fn open(&mut self, slot: usize, name: &str, mode: Mode) -> Checked {
        self.close(slot)?;
        let opened = match mode {
            Mode::Temporary => self.files.make_temporary(name.as_bytes()),
            _ => self.files.open(name.as_bytes(), mode.flags()),
        };
        match (opened, self.model.open(name, mode)) {
            (Ok(file), Ok(handle)) => self.slots[slot] = Some((file, handle)),
            (opened, expected) => prop_assert_eq!(opened.err(), expected.err()),
        }
        Ok(())
    }

    pub(crate) fn close(&mut self, slot: usize) -> Checked {
        if let Some((file, handle)) = self.slots[slot].take() {
            prop_assert_eq!(file.close(), self.model.close(handle), "closing handle {}", slot);
        }
        Ok(())
    }

    pub(crate) fn close_all(&mut self) -> Checked {
        (0..SLOTS).try_for_each(|slot| self.close(slot))
    }

    fn let_time_pass(&mut self) {
        // Where time is real it is not waited for in vain.
        if self.patience.is_zero() || self.model.waits() {
            self.files.let_time_pass();
            self.model.let_time_pass();
        }
    }

    pub(crate) fn save_all(&mut self) {
        if let Some(save_all) = self.save_all.filter(|_| !self.model.saves_twice()) {
            save_all();
            self.model.save_all();
        }
    }

    /// Compares all that can be seen, here and by others, until it agrees or has had its time.
    pub(crate) fn compare(&self) -> Checked {
        let (began, short) = (Instant::now(), SHORT_PATIENCE.min(self.patience));
        let patience = if self.model.waits() { short } else { self.patience };
        loop {
            match self.compare_now() {
                Err(_) if began.elapsed() < patience => std::thread::sleep(Duration::from_millis(1)),
                compared => return compared,
            }
        }
    }

    fn compare_now(&self) -> Checked {
        prop_assert_eq!(strings(self.files.list(b".").unwrap()), self.model.names(), "the names");
        for name in NAMES {
            let file = self.files.open(name.as_bytes(), rustix::fs::OFlags::RDONLY).ok();
            let found = file.as_ref().map(|file| read_whole(&**file));
            let expected = self.model.text(name);
            prop_assert_eq!(&found, &expected, "the text of {}", name);
            let size = file.map(|file| file.stat().unwrap().size as usize);
            prop_assert_eq!(size, expected.map(|text| text.len()), "the size of {} by fstat", name);
        }
        self.compare_handles()?;
        self.compare_what_others_see()?;
        let refused: Vec<_> = self.model.refused.keys().cloned().collect();
        prop_assert_eq!(strings(self.files.list(b".keyfs/rejected").unwrap()), refused, "the refused texts");
        for (name, text) in &self.model.refused {
            let found = read_whole(&*self.files.open(&refused_path(name), rustix::fs::OFlags::RDONLY).unwrap());
            prop_assert_eq!(&found, text, "the refused text of {}", name);
        }
        self.compare_attributes()
    }

    fn compare_handles(&self) -> Checked {
        for (slot, (file, handle)) in self.slots.iter().enumerate().filter_map(|(at, slot)| Some((at, slot.as_ref()?)))
        {
            if handle.reads() {
                prop_assert_eq!(read_whole(&**file), handle.bytes(), "through handle {}", slot);
            }
            let size = file.stat().unwrap().size as usize;
            prop_assert_eq!(size, handle.bytes().len(), "the size through handle {}", slot);
        }
        Ok(())
    }

    fn compare_what_others_see(&self) -> Checked {
        self.store.synchronize().unwrap();
        let keys = self.store.keys();
        let found: Vec<_> =
            keys.iter().map(|key| (key.to_string(), file_text(&self.store.get(key).unwrap().unwrap()))).collect();
        let expected: Vec<_> = self.model.keys.clone().into_iter().collect();
        prop_assert_eq!(found, expected, "what others see");
        Ok(())
    }

    fn compare_attributes(&self) -> Checked {
        let listed = self.files.list_with_attributes(b".").unwrap();
        for (name, stat) in &listed {
            let name = std::str::from_utf8(name).unwrap();
            prop_assert_eq!(Some(seen(*stat)), self.model.seen(name), "listed: {}", name);
        }
        prop_assert_eq!(listed.len(), self.model.names().len());
        for name in NAMES {
            let found = self.files.stat(name.as_bytes()).ok().map(seen);
            prop_assert_eq!(found, self.model.seen(name), "of {}", name);
            let is_link = self.model.seen(name).is_some_and(|seen| seen.is_symlink);
            if is_link {
                prop_assert_eq!(self.files.read_link(name.as_bytes()), self.model.read_link(name));
            }
        }
        Ok(())
    }
}

fn refused_path(name: &str) -> Vec<u8> {
    format!(".keyfs/rejected/{name}").into_bytes()
}

fn strings(names: Vec<Vec<u8>>) -> Vec<String> {
    names.into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
}
