//! A watch on the directory.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::inotify::ReadFlags;
use serde_json::json;

use super::inotify::{Watcher, count, is};
use super::{QUIET, SECOND, print_times};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;
use crate::python::Python;

/// What a program that reloads waits for.
const CHANGED: ReadFlags = ReadFlags::CLOSE_WRITE;

/// "A watch on the directory hears of each change by others within a second, also of keys that nobody has looked at: of a
/// new key `CREATE`, `OPEN`, `MODIFY`, `CLOSE_WRITE`; of a new value `OPEN`, `MODIFY`, `CLOSE_WRITE`; of a removal
/// `DELETE`. Who reads then, reads that value or a later one."
#[test]
fn each_change_by_others_is_heard_and_the_new_value_is_read() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    for key in ["old", "unseen"] {
        store.put(key, json!(0)).unwrap();
    }
    let watcher = Watcher::on(&mounted.path());
    let read = |key: &str| fs::read_to_string(mounted.path().join(key)).unwrap();
    assert_eq!(read("old"), "0\n");
    // What was put just before is told once more.
    watcher.until_quiet(QUIET);
    let mut times = Vec::new();
    for number in 1..=10 {
        for key in ["old", "unseen", "new"] {
            let is_new = key == "new" && number == 1;
            store.put(key, json!(number)).unwrap();
            let began = Instant::now();
            let events = watcher.wait_for(SECOND, is(CHANGED, key));
            times.push(began.elapsed());
            // Nobody looks at "unseen" before the last time.
            if key != "unseen" || number == 10 {
                assert_eq!(read(key), format!("{number}\n"), "{key}: {events:?}");
            }
            assert_eq!(count(&events, ReadFlags::CREATE, key), usize::from(is_new), "{key}: {events:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    for number in 0..3 {
        store.remove("new").unwrap();
        let began = Instant::now();
        watcher.wait_for(SECOND, is(ReadFlags::DELETE, "new"));
        times.push(began.elapsed());
        assert!(!mounted.path().join("new").exists());
        store.put("new", json!(number)).unwrap();
        let events = watcher.wait_for(SECOND, is(CHANGED, "new"));
        assert_eq!(count(&events, ReadFlags::CREATE, "new"), 1, "{events:?}");
        assert_eq!(read("new"), format!("{number}\n"));
    }
    print_times("a change until the directory's watch", times);
    assert_eq!(watcher.until_quiet(QUIET), []);
}

/// The same where a program on the mount has found the new key, or holds the old one open, before watchers hear of it.
#[test]
fn a_new_key_is_created_for_watchers_although_somebody_has_already_found_it() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let watcher = Watcher::on(&mounted.path());
    let mut held = Vec::new();
    for number in 0..5 {
        store.put("key", json!(number)).unwrap();
        held.push(fs::File::open(mounted.path().join("key")).unwrap());
        let events = watcher.wait_for(SECOND, is(CHANGED, "key"));
        assert_eq!(count(&events, ReadFlags::CREATE, "key"), 1, "{events:?}");
        store.remove("key").unwrap();
        assert!(fs::File::open(mounted.path().join("key")).is_err());
        watcher.wait_for(SECOND, is(ReadFlags::DELETE, "key"));
        // Those who hold an old one open are no more than some more events.
        let more = watcher.until_quiet(QUIET);
        assert!(more.len() <= 3 * held.len(), "{number}: {more:?}");
    }
}

/// "Of many changes the last one of each key is heard, and then no more."
#[test]
fn of_a_burst_each_keys_last_change_is_heard_and_then_nothing() {
    const KEYS: usize = 100;
    const PUTS: usize = 1000;
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let watcher = Watcher::on(&mounted.path());
    for number in 0..PUTS {
        store.put(format!("key{}", number % KEYS).as_str(), json!(number)).unwrap();
    }
    let began = Instant::now();
    let mut last_read = vec![String::new(); KEYS];
    let mut events = vec![0; KEYS];
    let mut heard = began;
    loop {
        let batch = watcher.until_quiet(Duration::from_millis(1));
        if batch.is_empty() && heard.elapsed() > 2 * QUIET {
            break;
        }
        for event in batch {
            heard = Instant::now();
            let at: usize = event.name.strip_prefix("key").unwrap().parse().unwrap();
            events[at] += 1;
            if event.what.contains(CHANGED) {
                last_read[at] = fs::read_to_string(mounted.path().join(&event.name)).unwrap();
            }
        }
    }
    println!("{PUTS} puts of {KEYS} keys: the last event after {:?}", heard - began);
    for (at, read) in last_read.iter().enumerate() {
        assert_eq!(*read, format!("{}\n", PUTS - KEYS + at), "what was read in reaction to key{at}'s last event");
    }
    let most = PUTS / KEYS * 2 + 2;
    assert!(events.iter().all(|&count| (3..=most).contains(&count)), "{events:?}");
}

/// "What others do to the store, and other mounts of it, is repeated through the mount by a thread of the daemon, the
/// *poker*, [...]": also what the Python module does.
#[test]
fn changes_through_another_mount_and_by_the_original_are_heard() {
    let Some(mounted) = Mounted::new() else { return };
    let Some(other) = Mounted::of(Some(&mounted.store_path()), &["-i", "other"]) else { return };
    let mut python = Python::start(&mounted.store_path(), Some("python"));
    let watcher = Watcher::on(&mounted.path());
    let mut times = Vec::new();
    for number in 1..=5 {
        fs::write(other.path().join("key"), format!("{number}")).unwrap();
        let began = Instant::now();
        watcher.wait_for(SECOND, is(CHANGED, "key"));
        times.push(began.elapsed());
        assert_eq!(fs::read_to_string(mounted.path().join("key")).unwrap(), format!("{number}\n"));
        python.synchronize();
        python.put("key", &format!("[{number}]"));
        let began = Instant::now();
        watcher.wait_for(SECOND, is(CHANGED, "key"));
        times.push(began.elapsed());
        assert_eq!(fs::read_to_string(mounted.path().join("key")).unwrap(), format!("[\n  {number}\n]\n"));
    }
    fs::remove_file(other.path().join("key")).unwrap();
    watcher.wait_for(SECOND, is(ReadFlags::DELETE, "key"));
    print_times("a change by another mount or the original until the watch", times);
}

/// "Saves and removals through the mount are heard by the directory as on any file system and not announced a second time;
/// [...]"
#[test]
fn own_saves_are_not_told_twice() {
    const SAVES: usize = 300;
    let Some(mounted) = Mounted::new() else { return };
    let watcher = Watcher::on(&mounted.path());
    for number in 0..SAVES {
        fs::write(mounted.path().join(format!("key{}", number % 3)), format!("{number}")).unwrap();
    }
    for number in 0..3 {
        fs::remove_file(mounted.path().join(format!("key{number}"))).unwrap();
    }
    let events = watcher.until_quiet(QUIET);
    let kinds = |what| events.iter().filter(|event| event.what.intersects(what)).count();
    let found = (kinds(ReadFlags::CREATE), kinds(CHANGED), kinds(ReadFlags::DELETE));
    assert_eq!(found, (3, SAVES, 3), "creations, saves, removals");
}

/// "`entr`, `inotifywait` [...] follow at once, [...]": the one that scripts use.
#[test]
fn the_program_inotifywait_hears_of_a_foreign_put() {
    let Some(mounted) = Mounted::new() else { return };
    let mut command = Command::new("inotifywait");
    command.args(["-m", "-q", "-e", "close_write", "--format", "%f"]).arg(mounted.path());
    let mut program = super::programs::Program::start(command.stdin(Stdio::null()));
    // It says nothing when it is ready: it hears at the latest what comes a moment later.
    let store = foreign_store(&mounted.store_path());
    let began = Instant::now();
    let mut number = 0;
    while !program.output().contains("key\n") {
        assert!(began.elapsed() < 5 * SECOND, "{}", program.output());
        number += 1;
        store.put("key", json!(number)).unwrap();
        program.wait_until(SECOND / 2, |output| output.contains("key\n"));
    }
    program.end();
}
