//! What SIGTERM and SIGINT do to a daemon.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, is_mounted};

/// Longer than a daemon goes on trying to unmount what is busy.
const PATIENCE: Duration = Duration::from_millis(1500);

#[test]
fn a_signal_unmounts_and_ends_the_daemon_with_status_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let Some(mut mounted) = Mounted::new() else { return };
        fs::write(mounted.path().join("key"), "1").unwrap();
        mounted.signal(signal);
        let status = mounted.wait();
        assert!(status.success(), "{signal:?}: {status}: {}", mounted.said());
        assert!(!is_mounted(&mounted.path()), "{signal:?}");
        assert_eq!(foreign_store(&mounted.store_path()).get("key").unwrap().to_string(), "1");
    }
}

fn write(mounted: &Mounted, name: &str, text: &str) -> File {
    let file = File::create(mounted.path().join(name)).unwrap();
    file.write_all_at(text.as_bytes(), 0).unwrap();
    file
}

/// "SIGTERM/SIGINT unmount after pending saves."
#[test]
fn a_signal_to_a_busy_mount_saves_what_is_complete_and_lets_the_rest_go_on() {
    let Some(mut mounted) = Mounted::new() else { return };
    let complete = write(&mounted, "complete", "[1, 2]");
    let unfinished = write(&mounted, "unfinished", "[1, ");
    mounted.signal(Signal::TERM);
    let store = foreign_store(&mounted.store_path());
    let began = Instant::now();
    while store.get("complete").is_none() {
        assert!(began.elapsed() < Duration::from_secs(5), "it is not saved: {}", mounted.said());
        std::thread::sleep(Duration::from_millis(5));
        store.synchronize().unwrap();
    }
    assert_eq!(store.get("complete").unwrap().to_string(), "[1, 2]");
    std::thread::sleep(PATIENCE);
    assert!(is_mounted(&mounted.path()), "unmounted while files are open");
    assert!(mounted.said().contains("busy"), "{}", mounted.said());
    unfinished.write_all_at(b"3]", 4).unwrap();
    crate::behaviour::close(unfinished.into()).unwrap();
    store.synchronize().unwrap();
    assert_eq!(store.get("unfinished").unwrap().to_string(), "[1, 3]");
    // The second unmounts lazily: who has a file open can finish, and with him the daemon ends.
    mounted.signal(Signal::TERM);
    let began = Instant::now();
    while is_mounted(&mounted.path()) {
        assert!(began.elapsed() < Duration::from_secs(5), "{}", mounted.said());
        std::thread::sleep(Duration::from_millis(5));
    }
    complete.write_all_at(b"[1, 9]", 0).unwrap();
    crate::behaviour::close(complete.into()).unwrap();
    assert!(mounted.wait().success(), "{}", mounted.said());
    store.synchronize().unwrap();
    assert_eq!(store.get("complete").unwrap().to_string(), "[1, 9]");
}

/// Whoever uses the mount for a moment only does not keep it.
#[test]
fn a_signal_waits_for_a_user_who_is_gone_soon() {
    let Some(mut mounted) = Mounted::new() else { return };
    let file = write(&mounted, "key", "1");
    mounted.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(200));
    drop(file);
    assert!(mounted.wait().success(), "{}", mounted.said());
    assert!(!is_mounted(&mounted.path()));
    assert_eq!(foreign_store(&mounted.store_path()).get("key").unwrap().to_string(), "1");
}
