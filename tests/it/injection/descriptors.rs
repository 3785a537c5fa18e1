//! A daemon that has no descriptors left says so, takes nothing for absent or old because of it, and recovers.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, save};

/// How many more descriptors the daemon may have than it has.
const MORE: u64 = 6;

fn errno<T>(result: io::Result<T>) -> Option<i32> {
    result.err().map(|error| error.raw_os_error().unwrap())
}

/// Opens scratch files, each of which takes a descriptor, until there is none, not even after a moment.
fn use_up(root: &Path) -> Vec<File> {
    let (mut held, mut refused) = (Vec::new(), 0);
    while refused < 10 {
        match OpenOptions::new().create(true).write(true).truncate(true).open(root.join(format!(".{}", held.len()))) {
            Ok(file) => {
                held.push(file);
                refused = 0;
            }
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                refused += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        assert!(held.len() < 1000, "the limit means nothing");
    }
    held
}

/// "Any operation that does so fails [...] and `EMFILE`, `ENFILE` or `ENOMEM` while a record cannot be read for want of
/// descriptors or memory."
#[test]
fn without_descriptors_nothing_is_taken_for_absent_and_all_is_well_when_there_are_some() {
    let Some(mounted) = Mounted::of(None, &["-i", "me", "--notify=off"]) else { return };
    let (root, others) = (mounted.path(), foreign_store(&mounted.store_path()));
    for key in ["key", "other"] {
        others.put(key, serde_json::json!(1)).unwrap();
        assert_eq!(fs::read_to_string(root.join(key)).unwrap(), "1\n");
    }
    let process = Pid::from_raw(mounted.process() as i32).unwrap();
    let descriptors = || fs::read_dir(format!("/proc/{}/fd", mounted.process())).unwrap().count() as u64;
    let before = descriptors();
    let limit = Rlimit { current: Some(before + MORE), ..getrlimit(Resource::Nofile) };
    let old = prlimit(Some(process), Resource::Nofile, limit).unwrap();
    assert!(old.current.is_none_or(|current| current > before + MORE));
    let held = use_up(&root);
    assert_eq!(save(&root.join("key"), "2"), Err(Errno::MFILE));
    assert_eq!(others.get("key").unwrap().unwrap().text(), "1", "the old value stands");
    assert_eq!(fs::read_to_string(root.join("key")).unwrap(), "1\n", "what is known needs no descriptor");
    // What others have put cannot be read: that is neither absent nor what it was.
    others.put("key", serde_json::json!(3)).unwrap();
    others.put("new", serde_json::json!(4)).unwrap();
    for _ in 0..3 {
        assert_eq!(errno(fs::read_to_string(root.join("new"))), Some(libc::EMFILE));
        assert_eq!(errno(fs::read_to_string(root.join("key"))), Some(libc::EMFILE));
        assert_eq!(errno(fs::read_dir(&root)), Some(libc::EMFILE));
    }
    let status = fs::read_to_string(root.join(".keyfs/status")).unwrap();
    assert!(status.contains("Too many open files"), "{status}");
    drop(held);
    let mut names: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| !name.to_string_lossy().starts_with('.'));
    names.sort();
    assert_eq!(names, ["key", "new", "other"]);
    assert_eq!(fs::read_to_string(root.join("key")).unwrap(), "3\n");
    fs::write(root.join("key"), "5").unwrap();
    others.synchronize().unwrap();
    assert_eq!(others.get("key").unwrap().unwrap().text(), "5");
    let began = Instant::now();
    while descriptors() > before {
        assert!(began.elapsed() < Duration::from_secs(5), "{} descriptors, not {before}", descriptors());
        std::thread::sleep(Duration::from_millis(5));
    }
}
