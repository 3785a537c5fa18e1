//! Each call of the store and of the shelf fails, in each way, at each place.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::round::{Injection, Outcome};
use super::world::World;

/// All calls that the acts have the daemon make, but those that it answers the kernel with.
const CALLS: [&str; 24] = [
    "openat",
    "write",
    "pwrite64",
    "pread64",
    "fsync",
    "fdatasync",
    "syncfs",
    "linkat",
    "unlinkat",
    "renameat",
    "renameat2",
    "mkdirat",
    "getdents64",
    "newfstatat",
    "fstat",
    "statx",
    "fstatfs",
    "inotify_init1",
    "inotify_add_watch",
    "symlinkat",
    "readlinkat",
    "ftruncate",
    "fchmod",
    "utimensat",
];

/// Those by which something changes: the short form lets them fail for ever, too.
const CHANGE: [&str; 6] = ["openat", "write", "fdatasync", "linkat", "unlinkat", "renameat"];

const ERRORS: [&str; 8] = ["ENOSPC", "EDQUOT", "EIO", "EMFILE", "EROFS", "ESTALE", "EINTR", "ENOMEM"];

/// What the long form has come to.
#[derive(Debug, Default)]
struct Figures {
    pairs: usize,
    rounds: usize,
    hits: usize,
    hung: usize,
    complaints: Vec<String>,
}

impl Figures {
    fn take(&mut self, injection: &Injection, outcome: Outcome) {
        self.rounds += 1;
        self.hits += outcome.hits;
        self.hung += usize::from(outcome.hung);
        self.complain(injection, outcome.complaints);
    }

    fn complain(&mut self, injection: &Injection, complaints: Vec<String>) {
        let Injection { call, errno, place } = injection;
        for complaint in complaints {
            let complaint = format!("{call} {errno} at {place:?}: {complaint}");
            // At once, for who ends a long form before its time.
            println!("{complaint}");
            self.complaints.push(complaint);
        }
    }
}

/// How long the sweep goes on; none for all there is, and nothing at all when the short form is asked for.
fn asked_for() -> Option<Option<Duration>> {
    let asked = std::env::var("KEYFS_TEST_INJECT").ok().filter(|asked| !asked.is_empty())?;
    Some((asked != "all").then(|| Duration::from_secs_f64(asked.parse().unwrap())))
}

/// In the short form each call fails in one way.
#[test]
fn every_call_fails_and_whoever_asked_is_told() {
    let Some(mut world) = World::new() else { return };
    let mut figures = Figures::default();
    match asked_for() {
        Some(time) => sweep(&mut world, &mut figures, time),
        None => {
            for call in CALLS {
                let errno = if ["write", "linkat", "openat"].contains(&call) { "ENOSPC" } else { "EIO" };
                let places = if CHANGE.contains(&call) { &[Some(1), None][..] } else { &[Some(1)] };
                for place in places {
                    if !play(&mut world, &mut figures, &Injection { call, errno, place: *place }) {
                        return;
                    }
                }
            }
        }
    }
    figures.complain(&Injection { call: "any", errno: "any", place: None }, world.left_behind());
    let Figures { pairs, rounds, hits, hung, complaints } = figures;
    println!(
        "{pairs} calls with an error, {rounds} rounds, {hits} calls failed, {hung} hung, {} wrong",
        complaints.len()
    );
    assert!(hits > 0, "nothing has failed");
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Plays a round, in a new world when the mount hangs; false where nothing can be followed.
fn play(world: &mut World, figures: &mut Figures, injection: &Injection) -> bool {
    let Some(outcome) = injection.play(world) else { return false };
    let hung = outcome.hung;
    figures.take(injection, outcome);
    if hung && let Some(new) = World::new() {
        std::mem::replace(world, new).give_up();
    }
    true
}

/// All calls with all errors in any order, until the time is over.
fn sweep(world: &mut World, figures: &mut Figures, time: Option<Duration>) {
    let began = Instant::now();
    let only = std::env::var("KEYFS_TEST_INJECT_CALL").unwrap_or_default();
    let calls = CALLS.iter().filter(|call| only.is_empty() || only == **call);
    let mut pairs: Vec<_> = calls.flat_map(|call| ERRORS.iter().map(move |errno| (*call, *errno))).collect();
    let order = RandomState::new();
    pairs.sort_by_key(|pair| order.hash_one(pair));
    for (call, errno) in pairs {
        let Some(new) = World::new() else { return };
        *world = new;
        for place in (1..).map(Some) {
            if time.is_some_and(|time| began.elapsed() > time) {
                return;
            }
            let hits = figures.hits;
            if !play(world, figures, &Injection { call, errno, place }) {
                return;
            }
            if figures.hits == hits {
                break;
            }
        }
        // An interruption for ever is none that any system makes: it is tried again.
        if errno != "EINTR" {
            play(world, figures, &Injection { call, errno, place: None });
        }
        figures.pairs += 1;
        println!("{call} {errno}: {} rounds, {} calls failed", figures.rounds, figures.hits);
        figures.complain(&Injection { call, errno, place: None }, world.left_behind());
    }
}
