//! Records that two writers leave behind when each supersedes what the other has just published.

use keyfs::Durability::{Background, Sync};

use crate::actors::{NOON, TestClock, number, shown, try_writer};
use crate::memory_directory::MemoryDirectory;

/// "A record that could not go because another writer had superseded its successor goes when the next own record of the key is on
/// disk." A key that several change without pause would else have ever more records, since only what rests is collected.
#[test]
fn what_could_not_go_goes_with_the_next_own_record() {
    let directory = MemoryDirectory::new();
    let clock = TestClock::at(NOON);
    let one = try_writer(&directory, Background, clock.clone()).unwrap();
    let other = try_writer(&directory, Sync, clock).unwrap();
    one.put("key", number(1)).unwrap();
    one.make_durable().unwrap();
    one.put("key", number(2)).unwrap();
    other.synchronize().unwrap();
    // What it supersedes is unlinked before the first writer knows it to be on disk.
    other.put("key", number(3)).unwrap();
    one.make_durable().unwrap();
    assert_eq!(directory.names().len(), 2, "the durable record stays while its successor has gone");
    one.synchronize().unwrap();
    one.put("key", number(4)).unwrap();
    one.make_durable().unwrap();
    assert_eq!(directory.names().len(), 1);
    other.synchronize().unwrap();
    assert_eq!((shown(&one, "key"), shown(&other, "key")), (Some(4), Some(4)));
}
