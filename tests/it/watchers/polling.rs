//! poll and epoll on a key that is open for reading.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use serde_json::json;

use super::{SECOND, print_times, status};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// What says that a value has changed, as for an attribute in sysfs.
const CHANGED: PollFlags = PollFlags::PRI.union(PollFlags::ERR);

/// Waits for a change; what poll says then, nothing when the time is over.
fn wait(file: &File, limit: Duration) -> PollFlags {
    let mut asked = [PollFd::new(file, PollFlags::PRI)];
    poll(&mut asked, Some(&Timespec::try_from(limit).unwrap())).unwrap();
    asked[0].revents()
}

/// How long a waiter has waited for what somebody does.
fn wake_after(path: &Path, change: impl FnOnce()) -> Duration {
    let file = File::open(path).unwrap();
    assert_eq!(wait(&file, Duration::ZERO), PollFlags::empty());
    std::thread::scope(|scope| {
        let woken = scope.spawn(|| (wait(&file, 5 * SECOND), Instant::now()));
        std::thread::sleep(Duration::from_millis(10));
        change();
        let changed = Instant::now();
        let (flags, woken) = woken.join().unwrap();
        assert_eq!(flags, CHANGED);
        // It stays so for this handle.
        assert_eq!(wait(&file, Duration::ZERO), CHANGED);
        let after = woken.saturating_duration_since(changed);
        assert!(after < SECOND, "it was not woken, it looked again at the end: {after:?}");
        after
    })
}

/// "On a key that is open for reading they wake with `POLLPRI` and `POLLERR` when the value has changed or the key was removed, by others, by another mount or by a
/// save on the same one." "A handle that has changed stays so."
#[test]
fn a_waiter_wakes_when_anybody_changes_or_removes_the_key() {
    let Some(mounted) = Mounted::new() else { return };
    let Some(other) = Mounted::of(Some(&mounted.store_path()), &["-i", "other"]) else { return };
    let store = foreign_store(&mounted.store_path());
    let path = mounted.path().join("key");
    let put = |number: i32| assert_ne!(store.put("key", json!(number)).unwrap(), keyfs::Timestamp::ZERO);
    put(0);
    let times = (0..20).map(|number| wake_after(&path, || put(number))).collect();
    print_times("a foreign put until poll returns", times);
    wake_after(&path, || fs::write(other.path().join("key"), "\"other\"").unwrap());
    wake_after(&path, || fs::write(&path, "\"own\"").unwrap());
    wake_after(&path, || {
        fs::write(mounted.path().join(".new"), "\"moved\"").unwrap();
        fs::rename(mounted.path().join(".new"), &path).unwrap();
    });
    wake_after(&path, || assert!(store.remove("key").unwrap()));
    put(1);
    wake_after(&path, || fs::remove_file(&path).unwrap());
    put(2);
    wake_after(&path, || fs::remove_file(other.path().join("key")).unwrap());
}

/// "With timeout 0 the answer counts what others had done when it was asked."
#[test]
fn who_does_not_wait_is_told_of_a_put_that_has_returned() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    for number in 0..200 {
        store.put("key", json!(number)).unwrap();
        let file = File::open(mounted.path().join("key")).unwrap();
        assert_eq!(wait(&file, Duration::ZERO), PollFlags::empty());
        store.put("key", json!("changed")).unwrap();
        assert_eq!(wait(&file, Duration::ZERO), CHANGED, "{number}");
    }
}

/// "They block while only other keys change."
#[test]
fn a_waiter_sleeps_while_others_keys_change() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let file = File::open(mounted.path().join("key")).unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                store.put(format!("other{}", number % 7).as_str(), json!(number)).unwrap();
                fs::write(mounted.path().join("mine"), format!("{number}")).unwrap();
            }
        });
        let polls = || status(&mounted.path())["operationsInMicroseconds"]["poll"]["count"].as_u64().unwrap_or(0);
        let before = polls();
        assert_eq!(wait(&file, 2 * SECOND), PollFlags::empty());
        ended.store(true, Ordering::Relaxed);
        // One when the wait begins, and one when it ends.
        assert!(polls() - before <= 2, "{} wake-ups", polls() - before);
    });
    assert_eq!(wait(&file, Duration::ZERO), PollFlags::empty());
}

/// Several wait, some close, with epoll by edges and levels; the others wake all the same.
#[test]
fn many_wait_with_epoll_and_some_close() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let path = mounted.path().join("key");
    for edge in [epoll::EventFlags::empty(), epoll::EventFlags::ET] {
        let waiters: Vec<_> = (0..10)
            .map(|_| {
                let (queue, file) = (epoll::create(epoll::CreateFlags::CLOEXEC).unwrap(), File::open(&path).unwrap());
                let data = epoll::EventData::new_u64(7);
                epoll::add(&queue, &file, data, epoll::EventFlags::PRI | edge).unwrap();
                (queue, file)
            })
            .collect();
        let events = |queue: &std::os::fd::OwnedFd, limit: Duration| {
            let mut events = Vec::with_capacity(4);
            let limit = Timespec::try_from(limit).unwrap();
            epoll::wait(queue, rustix::buffer::spare_capacity(&mut events), Some(&limit)).unwrap();
            events.iter().map(|event| event.flags).collect::<Vec<_>>()
        };
        let (closing, staying): (Vec<_>, Vec<_>) =
            waiters.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
        drop(closing);
        assert!(staying.iter().all(|(_, (queue, _))| events(queue, Duration::ZERO).is_empty()));
        store.put("key", json!(format!("{edge:?}"))).unwrap();
        for (_, (queue, _)) in &staying {
            assert_eq!(events(queue, SECOND), [epoll::EventFlags::PRI | epoll::EventFlags::ERR]);
            // By levels it stays so, by edges it was told.
            assert_eq!(events(queue, Duration::ZERO).len(), usize::from(edge.is_empty()));
        }
        drop(staying);
    }
}

/// "`.keyfs/status` has under `watching`: [...] and how many handles wait in `poll` (`pollers`)." Nothing is kept for who
/// does not wait any more.
#[test]
fn after_ten_thousand_polls_nothing_is_left() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    for key in 0..10 {
        store.put(format!("key{key}").as_str(), json!(key)).unwrap();
    }
    let pollers = || status(&mounted.path())["watching"]["pollers"].as_u64().unwrap();
    assert_eq!(pollers(), 0);
    let files: Vec<_> = (0..10).map(|key| File::open(mounted.path().join(format!("key{key}"))).unwrap()).collect();
    for number in 0..10_000 {
        let short = Duration::from_micros(10);
        assert_eq!(wait(&files[number % 10], short), PollFlags::empty());
        if number % 100 == 0 {
            assert_eq!(wait(&File::open(mounted.path().join("key0")).unwrap(), short), PollFlags::empty());
        }
    }
    assert!((1..=10).contains(&pollers()), "{} for 10 open files", pollers());
    drop(files);
    let began = Instant::now();
    while pollers() > 0 {
        assert!(began.elapsed() < 5 * SECOND, "{} are left", pollers());
    }
}

/// As people write it.
#[test]
fn a_waiter_in_python_wakes() {
    const SCRIPT: &str = "
import select, sys
for number in range(5):
    with open(sys.argv[1]) as file:
        print(file.read().strip(), flush=True)
        waiting = select.poll()
        waiting.register(file, select.POLLPRI)
        assert waiting.poll(10000) == [(file.fileno(), select.POLLPRI | select.POLLERR)]
";
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let mut command = Command::new("python3");
    command.args(["-I", "-c", SCRIPT]).arg(mounted.path().join("key")).stdin(Stdio::null());
    let mut program = super::programs::Program::start(&mut command);
    for number in 0..5 {
        let line = format!("{number}\n");
        assert!(program.wait_until(5 * SECOND, |output| output.ends_with(&line)), "{}", program.output());
        store.put("key", json!(number + 1)).unwrap();
    }
    program.end();
    assert_eq!(program.output(), "0\n1\n2\n3\n4\n");
}
