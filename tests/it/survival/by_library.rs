use keyfs::store::Result;
use keyfs::{Durability, Identifier, OpenOptions, Store};

use std::path::Path;

use super::Face;
use super::account::{Account, some_length};
use crate::random::Random;

/// Puts and removes with the library.
pub(crate) struct ByLibrary {
    store: Store,
    name: String,
    durability: Durability,
}

impl ByLibrary {
    pub(crate) fn open(store: &Path, name: &str, durability: Durability) -> ByLibrary {
        let options = OpenOptions::writer(Identifier::new(name).unwrap()).durability(durability);
        ByLibrary { store: Store::open(store, options).unwrap(), name: name.to_owned(), durability }
    }

    fn give(&self, account: &mut Account, random: &mut Random) -> Result<()> {
        if account.is_to_be_removed(random) {
            account.removal();
            self.store.remove(account.key())?;
        } else {
            let value = account.value(&self.name, some_length(random));
            self.store.put(account.key(), value)?;
        }
        match self.durability {
            Durability::Background => account.acknowledge(),
            Durability::Sync => account.acknowledge_durable(),
        }
        Ok(())
    }

    /// Waits now and then until it is on disk.
    fn wait(&self, account: &mut Account, random: &mut Random) -> Result<()> {
        match random.below(24) {
            0 => self.store.make_durable()?,
            1 | 2 => self.store.make_key_durable(account.key())?,
            _ => return Ok(()),
        }
        account.acknowledge_durable();
        Ok(())
    }
}

impl Face for ByLibrary {
    fn write(&mut self, account: &mut Account, random: &mut Random) -> std::result::Result<(), String> {
        let given = self.give(account, random).and_then(|()| self.wait(account, random));
        given.map_err(|error| error.to_string())
    }
}
