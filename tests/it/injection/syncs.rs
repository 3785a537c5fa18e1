//! After a failed sync the kernel may have forgotten the bytes: none is synced twice, and who asks is told until a record
//! is on disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;

use keyfs::{OpenOptions, Store};

use super::tracer::Tracer;
use crate::actors::shown;
use crate::mounted::Mounted;

/// What is between angle brackets in each line of a log of syncs: the file that was synced.
fn synced(log: &str) -> Vec<&str> {
    let lines = log.lines().filter(|line| line.contains("fdatasync("));
    lines.filter_map(|line| line.split_once('<')?.1.split_once('>').map(|(path, _)| path)).collect()
}

#[test]
fn fsync_fails_until_a_record_is_on_disk_and_no_file_is_synced_twice() {
    let Some(mounted) = Mounted::of(None, &["-i", "me", "--notify=off"]) else { return };
    let path = mounted.path().join("key");
    std::fs::write(&path, "1").unwrap();
    File::open(mounted.path()).unwrap().sync_all().unwrap();
    let store = || Store::open(mounted.store_path(), OpenOptions::read_only()).unwrap();
    let expressions = ["trace=fdatasync".to_owned(), "inject=fdatasync:error=EIO".to_owned()];
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
    let files = synced(&log);
    assert!(files.len() >= 3, "{log}");
    assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len(), "synced twice:\n{log}");
    file.sync_all().unwrap();
    assert_eq!(shown(&store(), "key"), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
}
