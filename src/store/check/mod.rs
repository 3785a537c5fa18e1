//! What is odd in a store's directory, name by name, and repairing what can be repaired without a loss.
//!
//! A check reads each record and writes nothing. A repair removes what no program can need any more: what puts have left
//! that did not come to their end, records that were superseded long ago, and snapshots that nobody can use.

mod beside;
mod oddity;
mod records;
mod repair;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use oddity::{FileKind, Oddity, What};
pub use repair::Repair;

use super::disk::{Disk, Place, Surveyed};
use super::error::{Context, Result};
use super::options::OpenOptions;
use crate::record::Timestamp;

/// How long nobody must have touched a temporary file before it counts as left over: puts take milliseconds.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// What a store holds, and everything that is odd in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// Records that can be read.
    pub records: usize,
    /// Live keys.
    pub keys: usize,
    /// Removed keys whose tombstones are there.
    pub tombstones: usize,
    /// Everything odd, in the order of the paths.
    pub oddities: Vec<Oddity>,
    /// What of that a repair may remove, as it was seen.
    left_over: Vec<(PathBuf, Surveyed)>,
}

impl Check {
    /// Looks at everything in the store directory `path`, and writes nothing.
    ///
    /// Of the options only the clock and the limit of a record count.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) with the path, when a directory cannot be listed.
    pub fn of(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Check> {
        let path = path.as_ref();
        let disk = Disk::open(path, None)?;
        let mut check = Check::default();
        let now = options.clock.now();
        check.look_beside(&disk, now).context("list", path)?;
        check.look_at_records(&disk, options, now).context("list", path.join("d"))?;
        check.oddities.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(check)
    }

    fn note(&mut self, path: impl Into<PathBuf>, what: What) {
        self.oddities.push(Oddity { path: path.into(), what });
    }
}

/// For how long nobody has touched a file; zero when that is in the future.
fn age(file: &Surveyed, now: Timestamp) -> Duration {
    let touched = u128::try_from(file.touched).unwrap_or(0) / 1000;
    now.since(Timestamp::from_micros(touched))
}

/// The path below the store of a name in one of its directories.
fn path_in(place: Place<'_>, file: &Surveyed) -> PathBuf {
    match place {
        Place::Store => PathBuf::from(&file.name),
        Place::Records => Path::new("d").join(&file.name),
        Place::Below(directory) => Path::new(directory).join(&file.name),
    }
}
