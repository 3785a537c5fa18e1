//! The power is lost in the middle of work: a real file system, on a device of its own, is shut down without writing its log.
//!
//! What was on disk is there when it is mounted again, and nothing else; tests/it/crash.rs proves the same for each single call
//! on a directory in memory. A few rounds run always, where root can mount; `scripts/power-loss` runs hundreds.

mod plug;
mod round;
mod small_disk;

use std::io::Write;
use std::time::Instant;

use crate::mounted::can_mount;
use crate::random::Random;
use crate::survival::{rounds, seed};
use plug::Plug;
use round::Store;
use small_disk::SmallDisk;

const ROUNDS: &str = "KEYFS_TEST_POWER_LOSS_ROUNDS";
const FILE_SYSTEM: &str = "KEYFS_TEST_POWER_LOSS_FILE_SYSTEM";

/// How many rounds the short form has.
const FEW: u64 = 4;

/// After how many rounds a new file system is made: what power losses leave gathers in one.
const SAME: u64 = 25;

/// In every second file system there are so many keys beside that nobody touches: then there is a snapshot.
const STILL: usize = 600;

/// A new file system; none where nobody may mount one, which is told past the capture of what a passing test prints.
fn small_disk() -> Option<SmallDisk> {
    let kind = std::env::var(FILE_SYSTEM).unwrap_or_else(|_| "ext4".to_owned());
    let why = match SmallDisk::new(&kind) {
        Ok(disk) => return Some(disk),
        Err(why) => why,
    };
    let asked = std::env::var_os(ROUNDS).is_some() || std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!asked, "no power can be lost here: {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "!!! NOT RUN, only root can mount a small file system ({why}): {test}");
    None
}

/// "Waits until the record and its name are on disk". Each key has its last durable value or a later one, each scratch file
/// that was synced its bytes.
#[test]
fn a_loss_of_power_takes_nothing_that_was_on_disk() {
    let seed = seed();
    println!("KEYFS_TEST_SEED={seed}");
    let (mut random, began) = (Random(seed), Instant::now());
    let (mut seen, mut durable, mut scratch) = (0, 0, 0);
    let rounds = rounds(ROUNDS, FEW);
    let mut plug = Plug::start();
    for first in (0..rounds).step_by(SAME as usize) {
        if !can_mount() {
            return;
        }
        let Some(disk) = small_disk() else { return };
        let still = if (first / SAME).is_multiple_of(2) { STILL } else { 0 };
        let mut store = Store::prepare(disk, still);
        for round in first..rounds.min(first + SAME) {
            let lived = store.lose_power(&mut plug, &mut random);
            lived.unwrap_or_else(|wrong| panic!("KEYFS_TEST_SEED={seed}, round {round}: {wrong}"));
        }
        let (more_seen, more_durable, more_scratch) = store.end();
        (seen, durable, scratch) = (seen + more_seen, durable + more_durable, scratch + more_scratch);
        let seconds = began.elapsed().as_secs_f64();
        let done = rounds.min(first + SAME);
        println!(
            "{done} rounds in {seconds:.0} s: {seen} acknowledged, {durable} on disk, {scratch} scratch files; none lost"
        );
    }
}
