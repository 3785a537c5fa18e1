//! Everything at once: nobody may stop making progress, nothing may be wrong, and nothing may be left.
//!
//! `scripts/soak MINUTES` lets it go on for as long, with figures every ten seconds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::figures::Figures;
use super::mapping::MappingReader;
use super::workers::{self, Place, WORKERS};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// How long the short form goes on.
const SHORT: Duration = Duration::from_secs(11);

/// Within this time each worker must have done something.
const WINDOW: Duration = Duration::from_secs(5);

/// How often a long form tells how it is.
const TELLING: Duration = Duration::from_secs(10);

/// When the memory of a long form is taken as a measure: all caches are warm by then.
const WARM: Duration = Duration::from_secs(60);

/// What may be open or known when all have gone: this test's own look, directories, and what the kernel has still.
const FEW: u64 = 60;

fn soak() -> Option<Duration> {
    let minutes = std::env::var("KEYFS_TEST_SOAK_MINUTES").ok()?;
    Some(Duration::from_secs_f64(minutes.parse::<f64>().unwrap() * 60.0))
}

/// What the workers have done, and what has gone wrong.
struct Storm {
    counts: Vec<AtomicU64>,
    errors: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Storm {
    fn work(&self, at: usize, place: &Place) {
        let (name, step) = WORKERS[at];
        for round in 0.. {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = step(place, round) {
                // At once, for who ends a long form before its time.
                println!("{name}: {error}");
                self.errors.lock().unwrap().push(format!("{name}: {error}"));
                thread::sleep(Duration::from_millis(100));
            }
            self.counts[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counts(&self, mapping: &MappingReader) -> Vec<(&'static str, u64)> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let names = WORKERS.iter().map(|(name, _)| *name);
        names.zip(counts).chain([("mapping", mapping.count())]).collect()
    }

    fn errors(&self) -> usize {
        self.errors.lock().unwrap().len()
    }
}

/// Watches until the time is over or somebody stands still; returns who does, and the figures when all was warm.
fn watch(storm: &Storm, mapping: &MappingReader, mounted: &Mounted, time: Duration) -> (Vec<&'static str>, Figures) {
    let began = Instant::now();
    let tells = soak().is_some();
    let (mut before, mut since, mut told) = (storm.counts(mapping), began, began);
    let mut warm = Figures::of(mounted);
    while began.elapsed() < time {
        thread::sleep(Duration::from_millis(100));
        if began.elapsed() < WARM.min(time / 3) || told.elapsed() >= TELLING {
            let figures = Figures::of(mounted);
            if tells && told.elapsed() >= TELLING {
                let counts = storm.counts(mapping);
                println!("{:>5} s: {} errors; {figures}; {counts:?}", began.elapsed().as_secs(), storm.errors());
                told = Instant::now();
            }
            if began.elapsed() < WARM.min(time / 3) {
                warm = warm.greatest(figures);
            }
        }
        if since.elapsed() >= WINDOW {
            let now = storm.counts(mapping);
            let still = before.iter().zip(&now).filter(|(before, now)| before.1 == now.1).map(|(_, now)| now.0);
            let still: Vec<_> = still.collect();
            if !still.is_empty() {
                return (still, warm);
            }
            (before, since) = (now, Instant::now());
        }
    }
    (Vec::new(), warm)
}

/// What the threads of the daemon wait for in the kernel, where that may be read.
fn stacks(process: u32) -> String {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    tasks.map(|task| format!("{}{}\n", read(task.path().join("comm")), read(task.path().join("stack")))).collect()
}

#[test]
fn everything_at_once_makes_progress_and_leaves_nothing() {
    let time = soak().unwrap_or(SHORT);
    let Some(mounted) = Mounted::held_for(time + Duration::from_secs(60), None, &[]) else { return };
    let place = &Place::new(mounted.path(), foreign_store(&mounted.store_path()));
    workers::prepare(place);
    let begin = Figures::of(&mounted);
    let mapping = MappingReader::start(&mounted.path());
    let storm = &Storm {
        counts: WORKERS.iter().map(|_| AtomicU64::new(0)).collect(),
        errors: Mutex::new(Vec::new()),
        stopped: AtomicBool::new(false),
    };
    let (still, warm) = thread::scope(|scope| {
        (0..WORKERS.len()).for_each(|at| drop(scope.spawn(move || storm.work(at, place))));
        let (still, warm) = watch(storm, &mapping, &mounted, time);
        if !still.is_empty() {
            println!("{}", stacks(mounted.process()));
            // So that those who hang get an error and end.
            mounted.signal(Signal::KILL);
        }
        storm.stopped.store(true, Ordering::Relaxed);
        (still, warm)
    });
    println!("{:?}", storm.counts(&mapping));
    let mapped = mapping.end();
    assert_eq!(still, Vec::<&str>::new(), "stood still for {WINDOW:?}");
    let errors = storm.errors.lock().unwrap();
    assert!(errors.is_empty(), "{} errors: {:#?}", errors.len(), &errors[..errors.len().min(10)]);
    assert_eq!(mapped, Ok(()), "the one who maps");
    assert_little_is_left(&mounted, &begin, &warm);
}

/// "The daemon's memory does not grow": what was open is closed, and what was known is forgotten with the kernel's caches.
#[track_caller]
fn assert_little_is_left(mounted: &Mounted, begin: &Figures, warm: &Figures) {
    let limit = Instant::now() + Duration::from_secs(10);
    // Dentries and inodes; only root may, and others cannot see how many inodes stay.
    let dropped = std::fs::write("/proc/sys/vm/drop_caches", "2").is_ok();
    let mut end = Figures::of(mounted);
    while (end.handles > 1 || end.drafts > 0 || end.inodes > FEW && dropped) && Instant::now() < limit {
        thread::sleep(Duration::from_millis(100));
        end = Figures::of(mounted);
    }
    println!("at the beginning: {begin}\nwarm: {warm}\nat the end: {end}");
    assert!(end.handles <= 1 && end.drafts == 0, "left open: {end}");
    assert!(end.inodes <= FEW || !dropped, "inodes are left: {end}");
    assert!(end.descriptors <= begin.descriptors + 8, "descriptors are left: {begin}; {end}");
    assert!(end.resident <= warm.resident + 64 * 1024, "memory has grown: {warm}; {end}");
}
