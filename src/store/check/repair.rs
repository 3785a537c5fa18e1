//! Repairing what can be repaired without a loss.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{Check, Oddity, What};
use crate::store::Store;
use crate::store::disk::{Disk, Place};
use crate::store::error::{Context, Error, Result};
use crate::store::options::OpenOptions;
use crate::store::stale::GRACE;

/// For how long superseded records are waited for that do not become fewer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is looked whether superseded records have gone.
const PAUSE: Duration = Duration::from_millis(50);

/// What a repair has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repair {
    /// What was odd and is so no more.
    pub repaired: Vec<Oddity>,
    /// The store after the repair.
    pub after: Check,
}

impl Repair {
    /// Repairs what is safe to repair in the store directory `path`: removes files that puts have left an hour ago or longer,
    /// unfinished and damaged snapshots, and records that were superseded long ago, whose successors it makes durable first.
    ///
    /// Nothing else is touched: neither unreadable records, nor foreign names, nor the newest record of any key.
    ///
    /// # Errors
    ///
    /// Those of [`Check::of`]; [`Error::ReadOnly`] without a writer identifier;
    /// [`Error::NotDurable`] when a successor cannot be made durable: then what it supersedes
    /// stays.
    pub fn of(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Repair> {
        if options.identifier.is_none() {
            return Err(Error::ReadOnly);
        }
        let path = path.as_ref();
        let before = Check::of(path, options)?;
        if before.oddities.iter().any(|oddity| matches!(oddity.what, What::Superseded { .. })) {
            retire(&Store::open(path, options.clone())?)?;
        }
        remove_left_over(path, &before)?;
        let after = Check::of(path, options)?;
        let stays = |oddity: &Oddity| after.oddities.iter().any(|left| left.path == oddity.path);
        let repaired =
            before.oddities.into_iter().filter(|oddity| oddity.what.is_repairable() && !stays(oddity)).collect();
        Ok(Repair { repaired, after })
    }
}

impl What {
    /// Whether a repair may do away with it.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        match self {
            What::Superseded { .. }
            | What::Temporary { .. }
            | What::UnfinishedSnapshot { .. }
            | What::DamagedSnapshot => true,
            What::Foreign(_)
            | What::WrongKind { .. }
            | What::Unreadable(_)
            | What::Future { .. }
            | What::HardLinked { .. }
            | What::Private { .. } => false,
        }
    }
}

/// Has a store retire what was superseded long ago, until no more goes.
fn retire(store: &Store) -> Result<()> {
    let crowded = || store.shared.state.read().index.crowded().count();
    let (mut left, mut since) = (crowded(), Instant::now());
    while left > 0 && since.elapsed() < GRACE + PATIENCE {
        store.synchronize()?;
        store.make_durable()?;
        let now = crowded();
        if now < left {
            (left, since) = (now, Instant::now());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn remove_left_over(path: &Path, check: &Check) -> Result<()> {
    let disk = Disk::open(path, None)?;
    for (below, file) in &check.left_over {
        let place = match below.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(directory) => Place::Below(directory.as_os_str()),
            None => Place::Store,
        };
        disk.remove_surveyed(place, file).context("remove", path.join(below))?;
    }
    Ok(())
}
