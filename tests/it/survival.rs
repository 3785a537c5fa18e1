//! Writers of all kinds at work on one store until something happens to it, and what must be there after that.
//!
//! Each key has an account of what it was given, in order, and of what its writers were told: that everybody sees it, or that
//! it is on disk. Whoever writes to a key holds its account, so the order is known, whoever they are. What a key has after a
//! mishap must be the last that was promised or something later, and whole.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod by_command;
pub(crate) mod by_library;
pub(crate) mod by_python;
pub(crate) mod by_reopening;
pub(crate) mod copy;
pub(crate) mod gathered;
pub(crate) mod in_groups;
pub(crate) mod load;
pub(crate) mod scratch;
pub(crate) mod through_mount;
pub(crate) mod trap;
pub(crate) mod verdict;

use crate::random::Random;
use account::Account;

/// A way to write to keys.
pub(crate) trait Face: Send {
    /// Gives a key something else, and notes what was answered.
    fn write(&mut self, account: &mut Account, random: &mut Random) -> Result<(), String>;
}

/// Who works until something happens.
pub(crate) trait Writer: Send {
    fn step(&mut self, random: &mut Random) -> Result<(), String>;
}

/// A moment in nanoseconds, by a clock that all processes share.
pub(crate) type Moment = u128;

pub(crate) fn now() -> Moment {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    std::time::Duration::new(now.tv_sec as u64, now.tv_nsec as u32).as_nanos()
}

/// The seed of a run: another one each time, because what happens at which moment is another anyway.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("KEYFS_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    given.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0) >> 1)
}

/// How many rounds a run has: as many as a variable says, else a few.
pub(crate) fn rounds(variable: &str, few: u64) -> u64 {
    std::env::var(variable).map_or(few, |rounds| rounds.parse().unwrap())
}
