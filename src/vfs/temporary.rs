//! Names that look temporary: scratch files for a moment, and keys unless they are renamed or unlinked.
//!
//! Many tools write a temporary file beside the one that they save and rename it over it: `sedAbC123`, `KEY.tmp`. Such a
//! name could be a key's, so it cannot be told from the name alone. What is made in a way that looks temporary waits on
//! the shelf until a moment after its last close; then a text that is JSON is published. A wrong suspicion costs a
//! second, never a value.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use foldhash::fast::RandomState;

use super::Vfs;
use super::attributes::OpenMode;
use super::convert::{Ready, Step};
use super::engine::Engine;
use super::error::VfsResult;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

/// How long after its last close a file that looks temporary waits to be renamed.
const GRACE: Duration = Duration::from_secs(1);

/// The permissions with which mkstemp makes a file, whatever the umask.
const PRIVATE: u16 = 0o600;

/// Endings of names that are mostly renamed in a moment.
const ENDINGS: [&str; 5] = [".tmp", ".lock", ".swp", ".part", ".new"];

/// What `patch` puts between the name of a file and six characters of its own.
const PATCH_MARK: &str = ".o";

struct Temporary {
    key: Key,
    /// When it is to be published; not before it is closed, and not again after it was found to be no value.
    due: Option<Instant>,
}

/// The scratch files whose names are those of keys.
#[derive(Default)]
pub(super) struct Temporaries {
    names: HashMap<FileName, Temporary, RandomState>,
}

impl Temporaries {
    pub(super) fn contains(&self, name: &FileName) -> bool {
        self.names.contains_key(name)
    }

    /// The key whose name a scratch file has.
    pub(super) fn key_of(&self, name: &FileName) -> Option<&Key> {
        self.names.get(name).map(|temporary| &temporary.key)
    }

    pub(super) fn add(&mut self, name: &FileName, key: &Key, due: Option<Instant>) {
        self.names.insert(name.clone(), Temporary { key: key.clone(), due });
    }

    pub(super) fn remove(&mut self, name: &FileName) {
        self.names.remove(name);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.names.values().filter_map(|temporary| temporary.due).min()
    }

    fn set_due(&mut self, name: &FileName, due: Option<Instant>) {
        if let Some(temporary) = self.names.get_mut(name) {
            temporary.due = due;
        }
    }
}

/// Whether a new key's file is made as temporary files are. `asked` are the permissions that the program asked for.
pub(super) fn looks_temporary(name: &FileName, asked: u16, mode: OpenMode, is_live: impl Fn(&str) -> bool) -> bool {
    let name = name.as_str();
    let by_mkstemp = mode.read && mode.write && mode.exclusive && asked & 0o777 == PRIVATE;
    let by_ending = ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending));
    by_mkstemp || by_ending || mode.exclusive && patched_name(name).is_some_and(is_live)
}

/// The name of the file that `patch` would make this one for.
fn patched_name(name: &str) -> Option<&str> {
    let (stem, rest) = name.rsplit_once(PATCH_MARK)?;
    (rest.chars().count() == 6).then_some(stem)
}

impl<E: Engine> Vfs<E> {
    /// Notes that a file that looks temporary was closed by the last who had it open.
    pub(super) fn closed_temporary(&self, state: &mut State, name: &FileName) {
        if state.temporaries.contains(name) {
            state.temporaries.set_due(name, Some(Instant::now() + GRACE));
            self.timer.notify_all();
        }
    }

    /// Publishes the files that only looked temporary: those whose time has come, or all that are closed.
    pub(super) fn publish_temporaries(&self, now: Option<Instant>) {
        let due: Vec<_> = {
            let state = self.state.lock();
            let is_due = |due: Instant| now.is_none_or(|now| due <= now);
            let names = state.temporaries.names.iter();
            names.filter(|(_, temporary)| temporary.due.is_some_and(is_due)).map(|(name, _)| name.clone()).collect()
        };
        for name in due {
            if let Err(error) = self.publish_temporary(&name) {
                log::warn!("{name} cannot be published now: {error}");
                self.state.lock().temporaries.set_due(&name, now.map(|now| now + GRACE));
            }
        }
    }

    fn publish_temporary(&self, name: &FileName) -> VfsResult<()> {
        let mut ready = Ready::Nothing;
        loop {
            let mut guard = self.state.lock();
            let state = &mut *guard;
            let Some(temporary) = state.temporaries.names.get(name).filter(|temporary| temporary.due.is_some()) else {
                return Ok(());
            };
            let key = temporary.key.clone();
            let number = state.find_scratch(name)?;
            if state.inodes.get(number)?.handles > 0 {
                state.temporaries.set_due(name, None);
                return Ok(());
            }
            if self.is_overtaken_by_others(state, name, &key)? || !ready.may_be_a_value() {
                // It stays what it is: a scratch file.
                state.temporaries.set_due(name, None);
                return Ok(());
            }
            match self.scratch_to_key(state, ready, name, name, &key)? {
                Step::Done => {
                    self.note_name(state, name.as_os_str());
                    self.note_names(state);
                    return Ok(());
                }
                step => {
                    drop(guard);
                    ready = self.make_ready(step)?;
                }
            }
        }
    }

    /// Whether somebody else has put the key since the file was written: the later text counts.
    fn is_overtaken_by_others(&self, state: &mut State, name: &FileName, key: &Key) -> VfsResult<bool> {
        let Some(live) = self.live(state, key) else { return Ok(false) };
        let number = state.find_scratch(name)?;
        let written = self.attributes(state, number).map_or(SystemTime::UNIX_EPOCH, |found| found.modified);
        Ok(live.modified > written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str, asked: u16, flags: i32) -> bool {
        let name = crate::view::Naming::default().name_of(&Key::from(name));
        looks_temporary(&name, asked, OpenMode::from_flags(flags), |live| live == "conf" || live == "a.o1")
    }

    /// "made with `O_RDWR`, `O_EXCL` and mode 0600, as mkstemp does." "or ending in `.tmp`, `.lock`, `.swp`, `.part` or
    /// `.new`." "or the name of a live key with `.o` and six characters, made with `O_EXCL`, as patch does."
    #[test]
    fn names_look_temporary_by_how_they_are_made_or_by_their_ending() {
        let (read_write, write, new) = (libc::O_RDWR, libc::O_WRONLY, libc::O_CREAT | libc::O_EXCL);
        assert!(temporary("sedAbC123", 0o600, read_write | new), "mkstemp");
        assert!(!temporary("key", 0o600, write | new), "install, tar, mv from another file system");
        assert!(!temporary("key", 0o666, read_write | new), "python's x+");
        assert!(!temporary("key", 0o600, read_write | libc::O_CREAT), "not exclusive");
        for name in ["key.tmp", "key.lock", "key.swp", "key.part", "key.new"] {
            assert!(temporary(name, 0o666, write | libc::O_CREAT | libc::O_TRUNC), "{name}");
        }
        for name in ["tmp", ".tmp", "key.tmp2", "key.bak", "key.orig", "renew"] {
            assert!(!temporary(name, 0o666, write | libc::O_CREAT), "{name}");
        }
        assert!(temporary("conf.oAbC123", 0o644, write | new), "patch");
        assert!(temporary("a.o1.oAbC123", 0o644, write | new), "patch");
        assert!(!temporary("conf.oAbC123", 0o644, write | libc::O_CREAT), "not exclusive");
        assert!(!temporary("other.oAbC123", 0o644, write | new), "no such key");
        assert!(!temporary("conf.oAbC12", 0o644, write | new), "five characters");
    }
}
