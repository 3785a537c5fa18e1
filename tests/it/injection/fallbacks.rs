//! What is done where the system does not know a call: as `docs/format.md` says.

use std::fs;

use super::tracer::Tracer;
use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, save};

/// Where a file cannot be linked that has no name, and where names cannot be watched.
#[test]
fn another_way_is_taken_where_a_call_is_not_known() {
    let cases = [
        ("linkat", "EPERM"),
        ("inotify_init1", "ENOSYS"),
        ("inotify_init1", "EMFILE"),
        ("inotify_add_watch", "ENOSPC"),
    ];
    for (call, errno) in cases {
        let Some(mounted) = Mounted::of(None, &["-i", "me"]) else { return };
        let root = mounted.path();
        save(&root.join("key"), "1").unwrap();
        let expressions = [format!("trace={call}"), format!("inject={call}:error={errno}")];
        let Some(tracer) = Tracer::follow(mounted.process(), &expressions) else { return };
        // Has the watch be set anew.
        fs::write(mounted.store_path().join("d/foreign"), "").unwrap();
        let others = foreign_store(&mounted.store_path());
        for value in 2..5 {
            save(&root.join("key"), &value.to_string()).unwrap();
            assert_eq!(others.synchronize().unwrap().len(), 1, "{call} {errno}");
            assert_eq!(others.get("key").unwrap().unwrap().text(), value.to_string(), "{call} {errno}");
            others.put("other", serde_json::json!(value)).unwrap();
            assert_eq!(fs::read_to_string(root.join("other")).unwrap(), format!("{value}\n"), "{call} {errno}");
        }
        assert!(!tracer.hits().is_empty(), "{call}: not called");
        let left = fs::read_dir(mounted.store_path().join("t.me")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{call} {errno}: temporary files are left");
    }
}

/// Where a temporary file must have a name, it gets it in no directory that somebody else has put there.
#[test]
fn a_link_in_place_of_the_temporary_directory_is_not_followed() {
    let Some(mounted) = Mounted::of(None, &["-i", "me"]) else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    let temporary = mounted.store_path().join("t.me");
    std::os::unix::fs::symlink(elsewhere.path(), &temporary).unwrap();
    let expressions = ["trace=linkat".to_owned(), "inject=linkat:error=EPERM".to_owned()];
    let Some(_tracer) = Tracer::follow(mounted.process(), &expressions) else { return };
    save(&mounted.path().join("key"), "1").unwrap_err();
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert!(fs::symlink_metadata(&temporary).unwrap().is_symlink());
    fs::remove_file(&temporary).unwrap();
    save(&mounted.path().join("key"), "2").unwrap();
    assert_eq!(fs::read_to_string(mounted.path().join("key")).unwrap(), "2\n");
}
