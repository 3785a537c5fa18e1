//! Histories of several clients: the library, the command, two mounts and the Python original put, remove, get and list in
//! one store at once, and afterwards it is checked that nobody has seen what he must not.
//!
//! Each operation is kept with when it began and when it had returned, by one clock, and each value is put once: so the
//! `checker` can tell what may have been seen. `scripts/histories OPERATIONS` does as many in a release build.

mod checker;
mod clients;
mod event;
mod pace;
mod recorder;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use checker::check;
use clients::{Actor, Command, KEYS, Library, Mount, Original};
use event::{Client, Event, What};
use pace::Pace;
use recorder::Recorder;

use crate::mounted::Mounted;
use crate::random::Random;

/// How many operations a run without `KEYFS_TEST_HISTORY_OPERATIONS` has.
const OPERATIONS: u64 = 3000;

/// Who takes part, and how many of a hundred operations are his: starting the command takes longest.
const SHARES: [(Client, u64); 5] = [
    (Client::Library, 34),
    (Client::Command, 6),
    (Client::Mount, 20),
    (Client::OtherMount, 20),
    (Client::Original, 20),
];

/// How long a client rests at most after an operation, in microseconds, so that they meet in ever other ways.
const REST: u64 = 400;

/// What a client does until all is done, or another one has failed.
fn act(actor: &mut dyn Actor, at: usize, recorder: &Recorder, pace: &Pace, total: u64) {
    let (client, share) = SHARES[at];
    let operations = operations_of(total, share);
    let _leaving = pace.leave_at_end(at);
    let mut random = Random(seed() + at as u64);
    for done in 0..operations {
        if !pace.wait(at, done, operations) {
            return;
        }
        // The first keys more often than the last.
        let key = random.below(KEYS as u64).min(random.below(KEYS as u64)) as usize;
        let value = (at as u64 + 1) * 1_000_000_000 + done;
        let kind = random.below(100);
        recorder.record(client, || match kind {
            0..35 => actor.put(key, value),
            35..45 => actor.remove(key),
            45..85 => What::Saw(actor.get(key)),
            _ => What::Saw(actor.list()),
        });
        std::thread::sleep(Duration::from_micros(random.below(REST)));
    }
}

fn operations_of(total: u64, share: u64) -> u64 {
    (total * share / 100).max(1)
}

fn seed() -> u64 {
    std::env::var("KEYFS_TEST_SEED").map_or(532_763_132, |seed| seed.parse().unwrap())
}

/// Each key has a value before anybody acts, so that nobody creates one.
fn begin(library: &mut Library, recorder: &Recorder) {
    (0..KEYS).for_each(|key| recorder.record(Client::Library, || library.put(key, key as u64)));
}

/// Looks at each key, and at all.
fn look_at_all(actor: &mut dyn Actor, client: Client, recorder: &Recorder) {
    (0..KEYS).for_each(|key| recorder.record(client, || What::Saw(actor.get(key))));
    recorder.record(client, || What::Saw(actor.list()));
}

/// How often each client did what.
fn tally(history: &[Event]) -> BTreeMap<(Client, &'static str), u64> {
    let mut counts = BTreeMap::new();
    for event in history {
        let what = match event.what {
            What::Put { .. } => "put",
            What::Remove { .. } => "removed",
            What::Saw(_) => "looked",
        };
        *counts.entry((event.client, what)).or_default() += 1;
    }
    counts
}

#[test]
fn nobody_sees_what_was_superseded_before_he_asked() {
    let operations = std::env::var("KEYFS_TEST_HISTORY_OPERATIONS").map_or(OPERATIONS, |given| given.parse().unwrap());
    println!("KEYFS_TEST_SEED={}", seed());
    let hang = Duration::from_secs(60 + operations / 50);
    let Some(mounted) = Mounted::held_for(hang, None, &["-i", "mount"]) else { return };
    let store = mounted.store_path();
    let Some(other) = Mounted::held_for(hang, Some(&store), &["-i", "other"]) else { return };
    let recorder = Recorder::new();
    let mut library = Library::open(&store);
    begin(&mut library, &recorder);
    let mut actors: [Box<dyn Actor>; SHARES.len()] = [
        Box::new(library),
        Box::new(Command::on(&store)),
        Box::new(Mount::at(mounted.path())),
        Box::new(Mount::at(other.path())),
        Box::new(Original::start(&store)),
    ];
    let all_look = |actors: &mut [Box<dyn Actor>]| {
        actors.iter_mut().zip(SHARES).for_each(|(actor, (client, _))| look_at_all(&mut **actor, client, &recorder));
    };
    all_look(&mut actors);
    let pace = Pace::new(&SHARES.map(|(_, share)| operations_of(operations, share)));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (at, actor) in actors.iter_mut().enumerate() {
            let (recorder, pace) = (&recorder, &pace);
            scope.spawn(move || act(&mut **actor, at, recorder, pace, operations));
        }
    });
    let took = began.elapsed();
    all_look(&mut actors);
    let history = recorder.history();
    let verdict = check(&history);
    println!("{} operations in {took:?}: {:?}", history.len(), tally(&history));
    println!("{} times the original has missed what was replaced while it looked", verdict.excused);
    let examples: Vec<_> = verdict.wrong.iter().take(10).map(|(_, what)| what.as_str()).collect();
    assert!(examples.is_empty(), "{} wrong:\n{}", verdict.wrong.len(), examples.join("\n"));
}
