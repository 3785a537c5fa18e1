//! What programs on a mount see while others write as fast as they can.
//!
//! Each writer notes a number before it begins to write and after that has returned, where all processes can read it: so a
//! reader can tell what is older than allowed, whatever else goes on. With `KEYFS_TEST_LONG=1` each test goes on until it
//! has read as often as `LONG_READS` says.

mod counters;
mod figures;
mod foreign;
mod lag;
mod mapping;
mod process;
mod progress;
mod readers;
mod savers;
mod storm;
mod tally;
mod two_mounts;
mod values;
mod workers;
mod writers;

use std::time::{Duration, Instant};

use progress::Progress;

/// How long a test goes on, unless it is a long one.
const SHORT: Duration = Duration::from_secs(15);

/// How long a long one goes on at most.
const LONGEST: Duration = Duration::from_secs(1500);

/// Whether the tests are to go on until they have read very often.
pub(crate) fn is_long() -> bool {
    std::env::var_os("KEYFS_TEST_LONG").is_some_and(|value| value == "1")
}

/// How long a mount is held at most.
fn hang() -> Duration {
    if is_long() { LONGEST + Duration::from_secs(60) } else { Duration::from_secs(60) }
}

/// Waits until the time is over, or in a long test until `enough`; then tells all processes to stop.
fn wait_and_stop(progress: &Progress, mut enough: impl FnMut() -> bool) {
    let began = Instant::now();
    let limit = if is_long() { LONGEST } else { SHORT };
    while began.elapsed() < limit && !(is_long() && enough()) {
        std::thread::sleep(Duration::from_millis(50));
    }
    progress.stop();
}
