use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use super::account::Account;
use super::trap::Trap;
use super::{Face, Writer};
use crate::random::Random;

/// The keys that are written to: more than are synced one by one, so that all is synced at once, too.
const WRITTEN: usize = 60;

/// How often a writer writes to one key at most before he takes another: a record may be superseded before its turn.
const RUN: u64 = 4;

/// The accounts of all keys.
pub(crate) struct Accounts {
    keys: Vec<Mutex<Account>>,
    pub(crate) trap: Trap,
}

impl Accounts {
    /// Of the keys that are written to, which do not exist yet, and of others that nobody touches.
    pub(crate) fn with_still(still: usize) -> Arc<Accounts> {
        let written = (0..WRITTEN).map(|number| format!("key {number}"));
        let still = (0..still).map(|number| format!("still {number}"));
        let keys = written.chain(still).map(|key| Mutex::new(Account::new(key))).collect();
        Arc::new(Accounts { keys, trap: Trap::default() })
    }

    /// All of them, one after the other.
    pub(crate) fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Account>> {
        self.keys.iter().map(lock)
    }

    /// Those that are written to.
    pub(crate) fn written(&self) -> impl Iterator<Item = MutexGuard<'_, Account>> {
        self.all().take(WRITTEN)
    }

    /// Those that nobody touches.
    pub(crate) fn still(&self) -> impl Iterator<Item = MutexGuard<'_, Account>> {
        self.all().skip(WRITTEN)
    }

    /// How often it was acknowledged that everybody sees something, and that it is on disk.
    pub(crate) fn acknowledgements(&self) -> (u64, u64) {
        self.all()
            .fold((0, 0), |(seen, durable), account| (seen + account.acknowledgements, durable + account.made_durable))
    }

    /// All keys that nobody else is writing to.
    pub(crate) fn free(&self) -> Vec<MutexGuard<'_, Account>> {
        self.keys[..WRITTEN].iter().filter_map(|account| account.try_lock().ok()).collect()
    }

    /// A key that nobody else is writing to.
    fn any(&self, random: &mut Random) -> MutexGuard<'_, Account> {
        loop {
            match self.keys[random.below(WRITTEN as u64) as usize].try_lock() {
                Ok(account) => return account,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
    }
}

fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Writes to one key after the other.
pub(crate) struct KeyWriter<F> {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) face: F,
}

impl<F: Face> Writer for KeyWriter<F> {
    fn step(&mut self, random: &mut Random) -> Result<(), String> {
        let mut account = self.accounts.any(random);
        (0..=random.below(RUN)).try_for_each(|_| {
            self.face.write(&mut account, random)?;
            self.accounts.trap.spring();
            Ok(())
        })
    }
}
