use std::path::Path;
use std::sync::Arc;

use keyfs::store::Result;
use keyfs::{Identifier, OpenOptions, Store};

use super::Writer;
use super::accounts::Accounts;
use crate::random::Random;

/// Puts with the library to so many keys at once that they are made durable together.
pub(crate) struct GroupWriter {
    accounts: Arc<Accounts>,
    store: Store,
}

impl GroupWriter {
    pub(crate) fn open(store: &Path, accounts: &Arc<Accounts>) -> GroupWriter {
        let options = OpenOptions::writer(Identifier::new("group").unwrap());
        GroupWriter { accounts: Arc::clone(accounts), store: Store::open(store, options).unwrap() }
    }

    fn put_group(&self, random: &mut Random) -> Result<()> {
        let mut group = self.accounts.free();
        for account in &mut group {
            let value = account.value("group", random.below(300) as usize);
            self.store.put(account.key(), value)?;
            account.acknowledge();
        }
        self.store.make_durable()?;
        group.iter_mut().for_each(|account| account.acknowledge_durable());
        Ok(())
    }
}

impl Writer for GroupWriter {
    fn step(&mut self, random: &mut Random) -> std::result::Result<(), String> {
        self.put_group(random).map_err(|error| error.to_string())
    }
}
