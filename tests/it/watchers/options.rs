//! Mounts that tell nothing.

use std::fs::{self, File};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::json;

use super::inotify::Watcher;
use super::{QUIET, status};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// "With `--notify=off` (`-o notify=off`), and on a read-only mount, inotify hears nothing of others." "This works on every
/// mount." "`.keyfs/status` has under `watching`: whether others' changes are told (`notify`), [...]"
#[test]
fn without_telling_there_are_no_events_and_poll_works_all_the_same() {
    for arguments in [&["--notify=off"][..], &["-o", "notify=off"], &["-r"]] {
        let Some(mounted) = Mounted::of(None, arguments) else { return };
        let store = foreign_store(&mounted.store_path());
        store.put("key", json!(0)).unwrap();
        let path = mounted.path().join("key");
        let watchers = [Watcher::on(&mounted.path()), Watcher::on(&path)];
        let file = File::open(&path).unwrap();
        assert_eq!(status(&mounted.path())["watching"]["notify"], json!(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                store.put("key", json!(1)).unwrap();
                store.put("new", json!(1)).unwrap();
            });
            let mut asked = [PollFd::new(&file, PollFlags::PRI)];
            let limit = Timespec { tv_sec: 5, tv_nsec: 0 };
            assert_eq!(poll(&mut asked, Some(&limit)).unwrap(), 1, "{arguments:?}");
        });
        assert!(watchers.iter().all(|watcher| watcher.until_quiet(QUIET).is_empty()), "{arguments:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    }
}
