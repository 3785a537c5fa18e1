//! Who watches a real mount hears of what others do to the store: inotify, poll and epoll, and the programs of people.

mod directory;
mod echo;
mod file;
mod inotify;
mod options;
mod polling;
mod pressure;
mod programs;
mod unmounting;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// "Within a second."
const SECOND: Duration = Duration::from_secs(1);

/// After so long without an event there is none any more: more than what the daemon waits for, many times.
const QUIET: Duration = Duration::from_millis(400);

/// What `.keyfs/status` says.
fn status(mount_point: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(mount_point.join(".keyfs/status")).unwrap()).unwrap()
}

/// How many requests the kernel has sent, but those that reading the status itself takes.
fn requests(mount_point: &Path) -> u64 {
    const BY_READING: [&str; 7] = ["lookup", "open", "read", "release", "forget", "getattr", "flush"];
    let status = status(mount_point);
    let operations = status["operationsInMicroseconds"].as_object().unwrap().iter();
    let others = operations.filter(|(name, _)| !BY_READING.contains(&name.as_str()));
    others.map(|(_, operation)| operation["count"].as_u64().unwrap()).sum()
}

/// Prints the middle and the longest of some times.
fn print_times(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let (middle, longest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what}: median {middle:?}, max {longest:?} of {}", times.len());
    middle
}
