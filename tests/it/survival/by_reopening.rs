use std::path::{Path, PathBuf};

use keyfs::store::Result;
use keyfs::{Identifier, OpenOptions, Store};

use super::Face;
use super::account::Account;
use crate::random::Random;

/// From so many records on that are new, closing a store of some hundred keys keeps a snapshot.
const RECORDS: u64 = 90;

/// Opens a store for each key, and closes it again, which keeps a snapshot of a large one.
pub(crate) struct ByReopening(PathBuf);

impl ByReopening {
    pub(crate) fn new(store: &Path) -> ByReopening {
        ByReopening(store.to_owned())
    }

    fn put_often(&self, account: &mut Account, random: &mut Random) -> Result<()> {
        let store = Store::open(&self.0, OpenOptions::writer(Identifier::new("reopened").unwrap()))?;
        for _ in 0..RECORDS {
            let value = account.value("reopened", random.below(300) as usize);
            store.put(account.key(), value)?;
            account.acknowledge();
        }
        store.make_durable()?;
        account.acknowledge_durable();
        // So that what others have just put, and is not on disk yet, would stand in the snapshot.
        store.synchronize()?;
        Ok(())
    }
}

impl Face for ByReopening {
    fn write(&mut self, account: &mut Account, random: &mut Random) -> std::result::Result<(), String> {
        self.put_often(account, random).map_err(|error| error.to_string())
    }
}
