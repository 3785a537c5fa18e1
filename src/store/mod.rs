//! The store: a directory of records that any number of programs share.
//!
//! [`Store`] keeps in memory what it has seen of the directory; [`Store::synchronize`] takes in what others have done.
//! All system calls go through one door, the trait [`Directory`]; [`Disk`] is the real one. The format and the protocol
//! are described in `docs/format.md`.

mod change;
mod check;
pub mod directory;
mod disk;
mod durability;
mod error;
mod freshness;
mod identifier;
mod index;
mod load;
mod look;
mod news;
mod oddities;
mod options;
mod pending;
mod pinned;
mod publish;
mod queries;
mod reading;
mod shared;
mod snapshot;
mod stale;
mod superseded;
mod synchronize;
mod waiting;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

pub use change::{Change, Unreadable, UnreadableReason, Version};
pub use check::{Check, FileKind, Oddity, Repair, What};
pub use directory::Directory;
pub use disk::Disk;
pub(crate) use error::is_passing;
pub use error::{Error, Result};
pub use identifier::{Identifier, IdentifierError};
pub use oddities::{FutureRecord, Oddities};
pub use options::{Clock, Durability, Measure, OpenOptions, SystemClock};
pub use pinned::Pinned;

use crate::record::{AsKey, IntoValue, Timestamp};
use shared::{Shared, State};

/// A store that is open for reading, or for reading and writing.
///
/// What there is, and since when, is answered from memory, as the last synchronisation and the own puts have shown it. Values
/// are kept in memory as far as there is room ([`OpenOptions::cached_bytes`]); others are read from their records again.
/// All methods may be called from several threads at once. Dropping the store waits until everything that was put is on
/// disk.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path();
/// use keyfs::{Identifier, OpenOptions, Store};
/// use serde_json::json;
///
/// let store = Store::open(path, OpenOptions::writer(Identifier::new("example")?))?;
/// store.put("someKey", json!({"port": 8080}))?;
/// assert_eq!(store.get("someKey")?.map(|value| value.to_string()).as_deref(), Some(r#"{"port": 8080}"#));
/// store.remove("someKey")?;
/// assert!(!store.contains("someKey"));
/// # Ok(())
/// # }
/// ```
pub struct Store {
    shared: Arc<Shared>,
    /// Guards the background thread, which starts with the first write.
    background: Mutex<Option<JoinHandle<()>>>,
    /// The thread that keeps a snapshot of what opening has shown.
    snapshot: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the store in the directory `path`, which must exist, and synchronises.
    ///
    /// A writer creates `path/d/` where it is missing; a reader writes nothing at all, and sees an empty store until
    /// somebody creates it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the path and the reason.
    pub fn open(path: impl AsRef<Path>, options: OpenOptions) -> Result<Store> {
        let mut disk = Disk::open(path.as_ref(), options.identifier.as_ref())?;
        if let Some(cache) = &options.cache {
            disk = disk.with_cache(cache);
        }
        Store::with_directory(Box::new(disk), options)
    }

    /// Opens a store on another implementation of the directory, and synchronises.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the path and the reason.
    pub fn with_directory(directory: Box<dyn Directory>, options: OpenOptions) -> Result<Store> {
        let shared = Arc::new(Shared {
            state: RwLock::new(State::new(&options)),
            directory,
            options,
            scan: Mutex::default(),
            pending: pending::Pending::default(),
            waiting: waiting::Waiting::default(),
            in_doubt: AtomicBool::new(false),
            not_in_snapshot: AtomicUsize::new(0),
        });
        let mut store = Store { shared, background: Mutex::new(None), snapshot: None };
        store.synchronize()?;
        store.shared.state.write().is_open = true;
        store.snapshot = store.shared.keep_snapshot_in_background();
        Ok(store)
    }

    /// Takes in what other writers have done, and returns what has changed, in no order.
    ///
    /// Where names can be watched it costs one empty `read` of the watch while nothing has changed, else the reading of
    /// what is new. Elsewhere it costs one `stat` while the directory is unchanged and its file system can be trusted to
    /// say so, else a listing. A store open for writing also publishes survivors again that a greater number
    /// endangers, and has records collected that others have left behind.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the directory cannot be listed; what was known stays. Records that cannot be read are no
    /// error: see [`Store::oddities`].
    pub fn synchronize(&self) -> Result<Vec<Change>> {
        let changes = self.shared.synchronize()?;
        if self.shared.has_pending() {
            self.start_background();
        }
        Ok(changes)
    }

    /// Waits until something may have changed since the last synchronisation, or until the time is over; true when it is
    /// worth synchronising.
    ///
    /// No change is missed: one that no synchronisation has taken in yet makes this return at once. Own puts may end the
    /// wait too. Where changes cannot be watched this sleeps for a while, each time longer up to a second, and is true.
    /// Meant for one thread, while others may synchronise.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system refuses to wait.
    pub fn wait_for_changes(&self, timeout: Duration) -> Result<bool> {
        use error::Context;
        self.shared.waiting.wait(timeout).context("wait for changes of", self.shared.directory.path())
    }

    /// Ends the wait of whoever is in [`Store::wait_for_changes`], which from now on is false at once.
    pub fn stop_waiting(&self) {
        self.shared.waiting.stop();
    }

    /// Has a version of a key read anew at the next synchronisation, because its value does not measure what it should.
    pub fn doubt<K: AsKey + ?Sized>(&self, key: &K, timestamp: Timestamp) {
        let sighting = self.shared.state.read().index.sighting(key.as_wtf8());
        if let Some(sighting) = sighting.filter(|sighting| sighting.version.timestamp == timestamp) {
            self.shared.forget_wrong(key.as_wtf8(), sighting);
        }
    }

    /// Puts a value under a key, with the durability that the store was opened with, and returns its timestamp.
    ///
    /// When this returns, every other program sees the value at its next synchronisation.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`], [`Error::Value`], [`Error::TooLarge`], [`Error::NoTimestampLeft`], or [`Error::Io`]: then
    /// the old value stands. After [`Error::NotDurable`] the new one is visible, but not known to be on disk.
    pub fn put<K: AsKey + ?Sized>(&self, key: &K, value: impl IntoValue) -> Result<Timestamp> {
        self.put_with(key, value, self.shared.options.durability)
    }

    /// As [`Store::put`], with the given durability.
    ///
    /// # Errors
    ///
    /// Those of [`Store::put`].
    pub fn put_with<K: AsKey + ?Sized>(
        &self,
        key: &K,
        value: impl IntoValue,
        durability: Durability,
    ) -> Result<Timestamp> {
        let value = value.into_value()?;
        self.start_background();
        self.shared.publish(&key.to_key(), Some(&value), durability)
    }

    /// Removes a key, and returns whether it was live.
    ///
    /// Synchronises first, so that a key is removed that only others have seen. A key that is not live is left as it
    /// is: tombstones are not written again.
    ///
    /// # Errors
    ///
    /// Those of [`Store::put`] and of [`Store::synchronize`].
    pub fn remove<K: AsKey + ?Sized>(&self, key: &K) -> Result<bool> {
        self.remove_with(key, self.shared.options.durability)
    }

    /// As [`Store::remove`], with the given durability.
    ///
    /// # Errors
    ///
    /// Those of [`Store::remove`].
    pub fn remove_with<K: AsKey + ?Sized>(&self, key: &K, durability: Durability) -> Result<bool> {
        self.check_writer()?;
        self.synchronize()?;
        self.remove_without_synchronizing(key, durability)
    }

    /// As [`Store::remove_with`] for somebody who has synchronised himself, and so has seen what has changed.
    ///
    /// A key that others have put since is left as it is when it was not live before.
    ///
    /// # Errors
    ///
    /// Those of [`Store::put`].
    pub fn remove_without_synchronizing<K: AsKey + ?Sized>(&self, key: &K, durability: Durability) -> Result<bool> {
        self.check_writer()?;
        if !self.contains(key) {
            return Ok(false);
        }
        self.start_background();
        self.shared.publish(&key.to_key(), None, durability)?;
        Ok(true)
    }

    /// Removes all live keys, and returns how many there were. Synchronises first.
    ///
    /// # Errors
    ///
    /// Those of [`Store::remove`]; keys that were removed before the error stay removed.
    pub fn clear(&self) -> Result<usize> {
        self.check_writer()?;
        self.synchronize()?;
        let mut removed = 0;
        for key in self.keys() {
            removed += usize::from(self.remove_without_synchronizing(&key, self.shared.options.durability)?);
        }
        Ok(removed)
    }

    /// Waits until everything that was put or removed is on disk; what could not be made durable is written again.
    ///
    /// # Errors
    ///
    /// [`Error::NotDurable`] for a key whose newest record could not be made durable.
    pub fn make_durable(&self) -> Result<()> {
        self.start_background();
        self.shared.make_all_durable()
    }

    /// Waits until the newest record of a key is on disk, as far as this store has written it.
    ///
    /// # Errors
    ///
    /// [`Error::NotDurable`] when it could not be made durable.
    pub fn make_key_durable<K: AsKey + ?Sized>(&self, key: &K) -> Result<()> {
        self.start_background();
        self.shared.make_key_durable(&key.to_key())
    }

    /// The space of the file system that holds the store.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system refuses.
    pub fn space(&self) -> Result<directory::Space> {
        use error::Context;
        self.shared.directory.space().context("measure the space of", self.shared.directory.path())
    }

    /// Whether the store was opened for writing.
    #[must_use]
    pub fn is_writer(&self) -> bool {
        self.shared.options.identifier.is_some()
    }

    /// Who writes, or `None` when the store was opened for reading only.
    #[must_use]
    pub fn identifier(&self) -> Option<&Identifier> {
        self.shared.options.identifier.as_ref()
    }

    /// The path of the store's directory, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        let records = self.shared.directory.path();
        records.parent().unwrap_or(records)
    }

    fn check_writer(&self) -> Result<()> {
        if self.is_writer() { Ok(()) } else { Err(Error::ReadOnly) }
    }

    /// Sees to it that what waits to be made durable is: by a thread that starts once, or here where none can be had.
    fn start_background(&self) {
        if !self.is_writer() {
            return;
        }
        let mut background = self.background.lock();
        if background.is_none() {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("keyfs-durability".to_owned());
            match thread.spawn(move || shared.run_durability()) {
                Ok(thread) => *background = Some(thread),
                Err(error) => {
                    log::error!("cannot start the thread that makes records durable: {error}");
                    self.shared.make_waiting_durable();
                }
            }
        }
    }
}

impl Store {
    /// Does what dropping does and keeps the memory, for a process that ends anyway: freeing a large store takes a while.
    ///
    /// Dropping it after that does nothing more.
    pub fn finish(&mut self) {
        if let Some(thread) = self.background.lock().take() {
            self.shared.stop_durability();
            if thread.join().is_err() {
                log::error!("the thread that makes records durable has panicked");
            }
        }
        self.shared.make_waiting_durable();
        if self.snapshot.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that keeps a snapshot has panicked");
        }
        self.shared.keep_snapshot();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.finish();
    }
}
