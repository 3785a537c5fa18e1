//! What `.keyfs/status` tells of the mount.

use keyfs::Store;
use rustix::io::Errno;
use serde_json::{Value, json};

use super::file_system::{FileSystem, READ, READ_WRITE, SAVE, assert_listed, save, text, try_save};
use super::subject::put;

super::unlike_a_plain_directory! {
    the_status_is_about_this_mount
    the_status_tells_what_the_store_holds
    the_status_tells_what_is_open
    the_status_tells_that_the_store_cannot_be_read
    the_status_tells_which_save_has_failed
    the_status_is_made_anew_at_each_open
    the_status_tells_the_limits
    the_status_tells_of_records_from_the_future
}

mod with_a_suffix {
    fn shown(files: &dyn super::FileSystem, _: &keyfs::Store) {
        assert_eq!(super::status(files)["options"], serde_json::json!({"suffix": ".json", "readOnly": false}));
    }

    #[test]
    fn on_the_vfs() {
        crate::behaviour::subject::on_the_vfs_with_suffix(".json", shown);
    }

    #[cfg(all(feature = "cli", feature = "fuse"))]
    #[test]
    fn on_a_mount() {
        crate::behaviour::subject::on_a_mount_with(&["-o", "suffix=.json"], shown);
    }
}

/// "`-o` sets each limit"
#[cfg(all(feature = "cli", feature = "fuse"))]
#[test]
fn the_status_tells_limits_that_were_set() {
    let set = ["-o", "max_file=1K,max_drafts=2K,max_scratch=3K", "-o", "max_scratch_files=4,max_open_files=50"];
    let arguments = [&set[..], &["-o", "max_rejected=6,max_rejected_texts=7"]].concat();
    crate::behaviour::subject::on_a_mount_with(&arguments, |files, _| {
        let expected = json!({
            "fileBytes": 1024, "draftBytes": 2048, "scratchBytes": 3072, "scratchFiles": 4, "openFiles": 50,
            "refusedTextBytes": 6, "refusedTexts": 7,
        });
        assert_eq!(status(files)["limits"], expected);
    });
}

/// "`.keyfs/status` tells the limits." "`max_file`: at most 256 MiB" "`max_drafts`: beyond 1 GiB" "`max_scratch`: beyond 4 GiB"
/// "`max_scratch_files`: beyond 10,000" "`max_open_files`: beyond 65,536" "`max_rejected` and `max_rejected_texts`: beyond 64 MiB
/// and 100"
fn the_status_tells_the_limits(files: &dyn FileSystem, _: &Store) {
    let expected = json!({
        "fileBytes": 256 << 20, "draftBytes": 1_u64 << 30, "scratchBytes": 4_u64 << 30, "scratchFiles": 10_000,
        "openFiles": 65_536, "refusedTextBytes": 64 << 20, "refusedTexts": 100,
    });
    assert_eq!(status(files)["limits"], expected);
}

/// "Records that are more than a minute ahead of the clock are told with their keys, 20 at most."
fn the_status_tells_of_records_from_the_future(files: &dyn FileSystem, store: &Store) {
    let now = keyfs::Timestamp::now().as_micros();
    let plant = |seconds: u128, key: &str| {
        let record = format!(r#"{{"key": "{key}", "bDeleted": false, "value": 1}}"#);
        std::fs::write(store.path().join(format!("d/{}", now + seconds * 1_000_000)), record).unwrap();
    };
    plant(50, "soon");
    (0..25).for_each(|number| plant(3600 + number, &format!("far {number}")));
    files.list(b".").unwrap();
    let future = &status(files)["store"]["futureRecords"];
    assert_eq!(future["count"], 25);
    let examples = future["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 20, "not all, if there are many");
    for example in examples {
        let ahead = example["secondsAhead"].as_u64().unwrap();
        let number = ahead.saturating_sub(3500);
        assert!(example["key"].as_str().unwrap().starts_with("far ") && number <= 125, "{example}");
        assert!(example["record"].as_str().unwrap().parse::<u128>().unwrap() > now);
    }
}

#[track_caller]
fn status(files: &dyn FileSystem) -> Value {
    serde_json::from_str(&text(files, b".keyfs/status")).unwrap()
}

/// Asserts the form `2026-11-23T23:56:47.123456Z`.
#[track_caller]
fn assert_time(time: &Value) {
    let form: String = time.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00.000000Z");
}

/// "`status`: JSON, made at each open: version, process, options."
fn the_status_is_about_this_mount(files: &dyn FileSystem, store: &Store) {
    let shown = text(files, b".keyfs/status");
    assert!(shown.starts_with("{\n  \"version\": ") && shown.ends_with("\n}\n"), "{shown}");
    let status = status(files);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(
        status["process"].as_u64().is_some_and(|process| std::path::Path::new(&format!("/proc/{process}")).exists())
    );
    assert_time(&status["mounted"]);
    assert_eq!(status["options"], json!({"suffix": null, "readOnly": false}));
    assert_eq!(status["store"]["path"], store.path().to_str().unwrap());
    assert!(status["store"]["identifier"].is_string());
}

/// "`status`: what the store holds and what cannot be read of it, the last synchronisation." "It names at most 20 of
/// the records that cannot be read." "`status` is as of the last synchronisation, whose own time, duration and error it
/// tells."
fn the_status_tells_what_the_store_holds(files: &dyn FileSystem, store: &Store) {
    for key in ["a", "b", "c"] {
        put(store, key, 1);
    }
    store.remove("b").unwrap();
    for number in 0..30 {
        std::fs::write(store.path().join(format!("d/{}", 100 + number)), "no record").unwrap();
    }
    std::fs::write(store.path().join("d/notes.txt"), "").unwrap();
    files.list(b".").unwrap();
    let status = status(files);
    let store = &status["store"];
    assert_eq!((&store["keys"], &store["tombstones"]), (&json!(2), &json!(1)));
    assert_eq!(store["foreignNames"], json!({"count": 1, "examples": ["notes.txt"]}));
    let unreadable = &store["unreadableRecords"];
    assert_eq!(unreadable["count"], 30);
    let examples = unreadable["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 20, "not all, if there are many");
    assert!(examples.iter().any(|record| record["record"] == "100"), "{examples:?}");
    let reason = examples[0]["reason"].as_str().unwrap();
    assert!(reason.contains("line 1, column 1"), "{reason}");
    let last = &store["lastSynchronisation"];
    assert_time(&last["at"]);
    assert!(last["microseconds"].is_u64() && last["error"].is_null(), "{last}");
    assert!(store["lastFailedSave"].is_null());
}

/// "`status`: what is open."
fn the_status_tells_what_is_open(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "[1]\n");
    save(files, b".scratch", "12345");
    assert_eq!(try_save(files, b"bad", "{no"), Err(Errno::INVAL));
    let reader = files.open(b"key", READ).unwrap();
    let draft = files.open(b"key", SAVE).unwrap();
    draft.write_at(0, b"[2, 3").unwrap();
    let in_place = files.open(b"key", READ_WRITE).unwrap();
    // The kernel tells of the end of a handle a moment after close(2) has returned.
    let mut shown = status(files)["files"].clone();
    for _ in 0..2000 {
        shown = status(files)["files"].clone();
        // With it is the handle through which the status itself is read, but that is opened after it was made.
        if shown["openHandles"] == 3 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(shown["openHandles"], 3);
    assert_eq!(shown["drafts"], json!({"count": 2, "unsaved": 1, "bytes": 6 + "[\n  1\n]\n".len() - 1}));
    assert_eq!(shown["scratchFiles"], json!({"count": 1, "bytes": 5}));
    assert_eq!(shown["refusedTexts"], json!({"count": 1, "bytes": 3}));
    assert!(shown["inodes"].as_u64().is_some_and(|inodes| inodes >= 7), "{shown}");
    drop((reader, in_place));
    draft.write_at(5, b"]").unwrap();
    draft.close().unwrap();
    assert_eq!(status(files)["files"]["drafts"]["unsaved"], 0);
}

/// "`ESTALE` when the store's directory is gone." "What stands below `.keyfs` can be read even when the store cannot: it
/// takes nothing in."
fn the_status_tells_that_the_store_cannot_be_read(files: &dyn FileSystem, store: &Store) {
    put(store, "key", 1);
    assert_listed(files, &["key"]);
    assert!(status(files)["store"]["lastSynchronisation"]["error"].is_null());
    std::fs::remove_dir_all(store.path().join("d")).unwrap();
    assert_eq!(files.open(b"key", READ).err(), Some(Errno::STALE));
    let last = status(files)["store"]["lastSynchronisation"].clone();
    assert_time(&last["at"]);
    assert!(last["error"].as_str().is_some_and(|error| error.starts_with("cannot ")), "{last}");
}

/// "`status`: and the last failed save."
fn the_status_tells_which_save_has_failed(files: &dyn FileSystem, store: &Store) {
    put(store, "key", 1);
    let file = files.open(b"key", SAVE).unwrap();
    file.write_at(0, b"2\n").unwrap();
    assert!(status(files)["store"]["lastFailedSave"].is_null());
    std::fs::remove_dir_all(store.path().join("d")).unwrap();
    assert!(file.fsync().is_err());
    let failed = status(files)["store"]["lastFailedSave"].clone();
    assert_eq!(failed["key"], "key");
    assert_time(&failed["at"]);
    assert!(failed["error"].as_str().is_some_and(|error| error.starts_with("cannot ")), "{failed}");
}

/// "`status`: made at each open."
fn the_status_is_made_anew_at_each_open(files: &dyn FileSystem, store: &Store) {
    for number in 1..4 {
        put(store, &number.to_string(), number);
        files.list(b".").unwrap();
        assert_eq!(status(files)["store"]["keys"], number);
    }
}
