//! Two mounts of one store, each with a daemon of its own.

use std::ops::Range;

use super::progress::Progress;
use super::readers::{GONE, LISTINGS, LONG_LISTINGS, OPENS, Reader, add_steady};
use super::tally::Tally;
use super::writers::save_and_unlink;
use super::{hang, is_long, wait_and_stop};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// The keys that are saved in each.
const ONES: Range<usize> = 0..12;
const OTHERS: Range<usize> = 12..24;

/// What is saved in one mount is read in the other, both ways at once.
#[test]
fn what_is_saved_in_one_mount_is_read_in_the_other() {
    let Some(one) = Mounted::held_for(hang(), None, &["-i", "one"]) else { return };
    let Some(other) = Mounted::held_for(hang(), Some(&one.store_path()), &["-i", "other"]) else { return };
    let store = foreign_store(&one.store_path());
    add_steady(&store);
    let directory = tempfile::tempdir().unwrap();
    let progress = &Progress::create(&directory.path().join("progress"));
    let (one, other) = (one.path(), other.path());
    let (read, saved) = std::thread::scope(|scope| {
        let savers = [
            scope.spawn(|| save_and_unlink(&one, ONES, progress)),
            scope.spawn(|| save_and_unlink(&other, OTHERS, progress)),
        ];
        // In the mount where it is saved, a key that is new is an empty file until it is.
        let readers: Vec<_> = [(&one, OTHERS), (&other, ONES), (&one, OTHERS), (&other, ONES)]
            .into_iter()
            .enumerate()
            .map(|(number, (mount, keys))| scope.spawn(move || Reader::new(mount, progress, number, keys).read_all()))
            .collect();
        let began = std::time::Instant::now();
        wait_and_stop(progress, || began.elapsed().as_secs() > 120);
        let read = readers.into_iter().map(|reader| reader.join().unwrap()).fold(Tally::default(), Tally::add);
        (read, savers.map(|saver| saver.join().unwrap()).into_iter().fold(Tally::default(), Tally::add))
    });
    saved.assert_right("savers", &[("saved or removed", 100)]);
    let least = if is_long() { 10_000 } else { 200 };
    read.assert_right("readers", &[OPENS, GONE, LISTINGS, LONG_LISTINGS].map(|what| (what, least)));
}
