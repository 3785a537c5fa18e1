use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::report::EngineReport;
use crate::record::{Key, Value};
use crate::view::TextShape;

/// What the file system needs of a store: the one door to whatever keeps the values.
///
/// A directory of records is one engine; a distributed store can be another. Methods are called from several threads,
/// and reads must not wait for the disk or the network but for values: they answer with what the last `synchronize` has
/// shown.
pub trait Engine: Send + Sync + 'static {
    /// Takes in what other writers have done up to now, and returns what has changed, in no order.
    ///
    /// Each change is told once, to whoever synchronises first.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when that cannot be found out; then no answer is given rather than an old one.
    fn synchronize(&self) -> Result<Vec<ForeignChange>, EngineError>;

    /// Waits until something may have changed since the last `synchronize`, or until the time is over; true when it is
    /// worth synchronising.
    ///
    /// No change is missed: one that was not taken in yet ends the wait at once. Meant for one thread.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when it is not possible to wait.
    fn wait_for_changes(&self, timeout: Duration) -> Result<bool, EngineError>;

    /// Ends the wait of whoever is in `wait_for_changes`, which from now on is false at once.
    fn stop_waiting(&self);

    /// The live version of a key.
    fn version(&self, key: &Key) -> Option<LiveVersion>;

    /// The value of a version; `None` when that has gone: what follows is known after a `synchronize`.
    ///
    /// This, and what is pinned, are the only reads that may wait for the disk or the network.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when the value cannot be read.
    fn value(&self, key: &Key, number: VersionNumber) -> Result<Option<Value>, EngineError>;

    /// Has a version readable from now on, whatever becomes of it; `None` when it has gone.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when that cannot be had.
    fn pin(&self, key: &Key, number: VersionNumber) -> Result<Option<Arc<dyn Pinned>>, EngineError>;

    /// Notes that a version's value is not as long as it was said to be: the next `synchronize` is to find out.
    fn doubt(&self, key: &Key, number: VersionNumber);

    /// The live keys and their versions' numbers, sorted by key.
    fn list(&self) -> Vec<(Key, VersionNumber)>;

    /// Puts a value so that all others see it, and returns the number of the new version.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; the old value stands.
    fn put(&self, key: &Key, value: &Value) -> Result<VersionNumber, EngineError>;

    /// Removes a key, and returns whether it was live.
    ///
    /// Does not synchronise: the caller has done so, and has seen what has changed.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; the old value stands.
    fn remove(&self, key: &Key) -> Result<bool, EngineError>;

    /// Waits until the newest version of a key is safe from a loss of power.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when it is not.
    fn make_durable(&self, key: &Key) -> Result<(), EngineError>;

    /// Waits until everything that was put or removed is safe from a loss of power.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when something is not.
    fn make_all_durable(&self) -> Result<(), EngineError>;

    /// Fails when the last `synchronize` has left out something of which it is not known whose it is, for want of descriptors
    /// or memory: then what is not known may be there.
    ///
    /// # Errors
    ///
    /// [`EngineError`] of what was wanting.
    fn check_complete(&self) -> Result<(), EngineError>;

    /// The space that is left.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when it cannot be measured.
    fn space(&self) -> Result<Space, EngineError>;

    /// Whether values can be put at all.
    fn is_writable(&self) -> bool;

    /// What the engine has to tell about itself, as of the last `synchronize`; may wait for one that is under way.
    fn report(&self) -> EngineReport;
}

/// A version whose value can be had as long as this lives.
pub trait Pinned: Send + Sync {
    /// The value; `None` when it is not what it was, because somebody has written into what held it.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when the value cannot be read.
    fn value(&self) -> Result<Option<Value>, EngineError>;
}

/// Tells the versions of one key apart: a greater number is a later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionNumber(pub u128);

/// What another writer has done to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignChange {
    /// The key.
    pub key: Key,
    /// The version that was live before; `None` when the key was not live.
    pub before: Option<VersionNumber>,
    /// The version that is live now; `None` when the key is not live.
    pub now: Option<VersionNumber>,
}

/// A live key's newest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveVersion {
    /// The number of the version.
    pub number: VersionNumber,
    /// When it was put.
    pub modified: SystemTime,
    /// The shape of its file text; `None` when the value must be read to know it.
    pub text: Option<TextShape>,
}

/// Why an engine failed, with the number that a system call will answer.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct EngineError {
    /// The error number.
    pub errno: i32,
    /// What happened.
    pub source: Box<dyn StdError + Send + Sync>,
}

/// Space in blocks of `block_size` bytes, and inodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes a block.
    pub block_size: u64,
    /// All blocks.
    pub blocks: u64,
    /// Free blocks.
    pub blocks_free: u64,
    /// Blocks free for ordinary users.
    pub blocks_available: u64,
    /// All inodes.
    pub files: u64,
    /// Free inodes.
    pub files_free: u64,
}
