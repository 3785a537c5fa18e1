//! After a failed sync the kernel may have forgotten the bytes: none is synced twice, and who asks is told until a record
//! is on disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;

use keyfs::{OpenOptions, Store};

use super::tracer::Tracer;
use crate::actors::shown;
use crate::mounted::Mounted;

/// The file between the first angle brackets of a piece of a log.
fn file(piece: &str) -> Option<&str> {
    piece.split_once('<')?.1.split_once('>').map(|(path, _)| path)
}

/// How many files a log shows as synced; fails when one is synced once more. One that was made since is another one, which may have
/// the number of one that has gone.
#[track_caller]
fn synced_once(log: &str) -> usize {
    let (mut synced, mut count) = (BTreeSet::new(), 0);
    for line in log.lines() {
        if let Some(made) = line.rsplit_once(" = ").filter(|_| line.contains("openat")).and_then(|(_, made)| file(made))
        {
            synced.remove(made);
        } else if let Some(file) = file(line).filter(|_| line.contains("fdatasync(")) {
            assert!(synced.insert(file), "synced twice: {file}\n{log}");
            count += 1;
        }
    }
    count
}

#[test]
fn fsync_fails_until_a_record_is_on_disk_and_no_file_is_synced_twice() {
    let Some(mounted) = Mounted::of(None, &["-i", "me", "--notify=off"]) else { return };
    let path = mounted.path().join("key");
    std::fs::write(&path, "1").unwrap();
    File::open(mounted.path()).unwrap().sync_all().unwrap();
    let store = || Store::open(mounted.store_path(), OpenOptions::read_only()).unwrap();
    let expressions = ["trace=fdatasync,openat".to_owned(), "inject=fdatasync:error=EIO".to_owned()];
    let Some(tracer) = Tracer::follow_with_paths(mounted.process(), &expressions) else { return };
    let mut file = File::create(&path).unwrap();
    file.write_all(b"2").unwrap();
    for _ in 0..3 {
        assert_eq!(file.sync_all().unwrap_err().raw_os_error(), Some(libc::EIO), "it is on no disk");
        assert_eq!(shown(&store(), "key"), Some(2), "visible, and not durable");
    }
    let records = std::fs::read_dir(mounted.store_path().join("d")).unwrap().count();
    assert!(records >= 2, "the last durable record has gone");
    let log = tracer.end();
    assert!(synced_once(&log) >= 3, "{log}");
    file.sync_all().unwrap();
    assert_eq!(shown(&store(), "key"), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
}
