//! Watchers that save in reaction, others that stream, and a foreign writer, all at once: nobody waits for ever.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::inotify::ReadFlags;
use serde_json::json;

use super::SECOND;
use super::inotify::Watcher;
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

const RUN: Duration = Duration::from_secs(10);
const PARTS: usize = 4;

/// What each part has done.
#[derive(Default)]
struct Done {
    heard: [AtomicUsize; PARTS],
    streamed: [AtomicUsize; 2],
}

/// Saves an own key at each event of a key of others, so that there is something to hear of for the other watchers.
fn react(root: &Path, part: usize, heard: &AtomicUsize, ended: &AtomicBool) {
    let watcher = Watcher::on(root);
    while !ended.load(Ordering::Relaxed) {
        for event in watcher.until_quiet(Duration::from_millis(1)) {
            if event.what.contains(ReadFlags::CLOSE_WRITE) && event.name.starts_with("foreign") {
                let number = heard.fetch_add(1, Ordering::Relaxed);
                fs::write(root.join(format!("reaction{part}")), format!("{number}")).unwrap();
            }
        }
    }
}

fn stream(root: &Path, streamed: &AtomicUsize, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        assert!(fs::read(root.join("large")).unwrap().len() > 1_000_000);
        streamed.fetch_add(1, Ordering::Relaxed);
    }
}

/// "Watchers may do what they like in reaction."
#[test]
fn watchers_that_save_readers_and_a_foreign_writer_all_go_on() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let root = mounted.path();
    let large = |number: u64| json!(format!("{number}").repeat(1_000_001));
    store.put("large", large(0)).unwrap();
    let (done, ended) = (Done::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for (part, heard) in done.heard.iter().enumerate() {
            scope.spawn({
                let (root, ended) = (&root, &ended);
                move || react(root, part, heard, ended)
            });
        }
        for streamed in &done.streamed {
            scope.spawn(|| stream(&root, streamed, &ended));
        }
        let began = Instant::now();
        for number in 0.. {
            if began.elapsed() > RUN {
                break;
            }
            store.put(format!("foreign{}", number % 3).as_str(), json!(number)).unwrap();
            if number % 20 == 0 {
                store.put("large", large(number % 10)).unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Nobody has stopped before the end.
        let counts = || done.heard.iter().chain(&done.streamed).map(|count| count.load(Ordering::Relaxed));
        let before: Vec<_> = counts().collect();
        let stop = Instant::now() + 2 * SECOND;
        while counts().zip(&before).any(|(now, before)| now == *before) && Instant::now() < stop {
            store.put("foreign0", json!("more")).unwrap();
            std::thread::sleep(Duration::from_millis(30));
        }
        let after: Vec<_> = counts().collect();
        ended.store(true, Ordering::Relaxed);
        println!("events that were answered with a save, and files read: {before:?}, then {after:?}");
        assert!(after.iter().zip(&before).all(|(after, before)| after > before), "{before:?} {after:?}");
    });
}
