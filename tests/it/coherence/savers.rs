//! Others on the same mount save in place, slowly.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use super::progress::Progress;
use super::readers::{is_allowed, read_open};
use super::tally::Tally;
use super::values::{file_length, file_text};
use super::{hang, is_long, wait_and_stop};
use crate::behaviour::{close, foreign_store};
use crate::mounted::Mounted;

/// How often a long test opens, and how many handles it holds.
const LONG_OPENS: u64 = 100_000;
const LONG_HANDLES: u64 = 10_000;

/// Keys that one of the two saves, and keys that both save.
const OWN: usize = 4;
const SHARED: usize = 2;

fn own(place: usize) -> String {
    format!("own {place}")
}

fn shared(place: usize) -> String {
    format!("shared {place}")
}

/// How somebody saves in place.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Opens with `O_TRUNC`, as shells and many editors do.
    Truncate,
    /// Opens for reading and writing, writes over what is there and cuts it at the end: under a lock where others do too.
    ReadWrite,
}

/// Saves in several writes with pauses of up to two milliseconds in between.
fn save(path: &Path, way: Way, text: &str, seed: u64) -> std::io::Result<()> {
    let file = match way {
        Way::Truncate => OpenOptions::new().write(true).create(true).truncate(true).open(path)?,
        Way::ReadWrite => OpenOptions::new().read(true).write(true).open(path)?,
    };
    if way == Way::ReadWrite {
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
    }
    let pieces = 2 + seed % 3;
    let mut written = 0;
    for piece in 1..=pieces {
        let end = text.len() * piece as usize / pieces as usize;
        file.write_all_at(&text.as_bytes()[written..end], written as u64)?;
        written = end;
        std::thread::sleep(Duration::from_micros(seed * 7919 % 2000 * u64::from(piece < pieces)));
    }
    if way == Way::ReadWrite {
        file.set_len(written as u64)?;
    }
    Ok(close(file.into())?)
}

/// Saves its own keys and those of both until it is told to stop.
fn save_all(mount: &Path, saver: usize, progress: &Progress) -> Tally {
    let mut tally = Tally::default();
    for count in 2_u64.. {
        for place in 0..OWN + SHARED {
            if progress.is_stopped() {
                return tally;
            }
            // Of the keys of both, one saves with `O_TRUNC` and the other for reading and writing.
            let way = if (count + place as u64).is_multiple_of(2) { Way::Truncate } else { Way::ReadWrite };
            let seed = count * 13 + place as u64;
            let (name, place) = match place < OWN {
                true => (own(saver * OWN + place), Some(saver * OWN + place)),
                false => (shared(place - OWN), None),
            };
            if let Some(place) = place {
                progress.begin(place, count);
            }
            let saved = save(&mount.join(&name), way, &file_text(count), seed);
            if let Some(place) = place {
                progress.end(place, count);
            }
            tally.note("saves", saved.map_err(|error| format!("{name}: {error}")));
        }
    }
    tally
}

/// Opens, asks for both sizes and reads.
fn read_all(mount: &Path, seed: usize, progress: &Progress) -> Tally {
    let mut tally = Tally::default();
    for round in seed * 3.. {
        if progress.is_stopped() {
            return tally;
        }
        let place = round % (2 * OWN + SHARED);
        let is_own = place < 2 * OWN;
        let name = if is_own { own(place) } else { shared(place - 2 * OWN) };
        let path = mount.join(&name);
        let least = if is_own { progress.reached(place).returned } else { 1 };
        let size = fs::metadata(&path).map(|found| found.len());
        let opened = File::open(&path).map_err(|error| format!("open: {error}"));
        let found = opened.and_then(|file| read_open(&file));
        let most = if is_own { progress.reached(place).begun } else { u64::MAX };
        let in_range = found.and_then(|number| match is_own {
            true => is_allowed(Some(number), least, most),
            false => Ok(()),
        });
        tally.note("fresh opens", in_range.map_err(|wrong| format!("{name}: {wrong}")));
        if is_own {
            let fits = size.as_ref().is_ok_and(|size| (least..=most).any(|number| file_length(number) == *size));
            let complaint = || format!("{name}: stat says {size:?}, none of {least}..={most}");
            tally.note("path stats", if fits { Ok(()) } else { Err(complaint()) });
        }
    }
    tally
}

/// Holds many handles and reads each again and again: it shows the same whole value as long as it is held.
fn hold_all(mount: &Path, progress: &Progress) -> Tally {
    let mut tally = Tally::default();
    while !progress.is_stopped() {
        let files: Vec<_> = (0..2 * OWN)
            .cycle()
            .take(40)
            .map(|place| {
                let least = progress.reached(place).returned;
                let file = File::open(mount.join(own(place))).unwrap();
                (place, least, file)
            })
            .collect();
        let mut numbers = vec![None; files.len()];
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(30) {
            for (at, (place, least, file)) in files.iter().enumerate() {
                let found = read_open(file).and_then(|number| match numbers[at].replace(number) {
                    Some(before) if before != number => Err(format!("{before} has become {number}")),
                    _ => is_allowed(Some(number), *least, progress.reached(*place).begun),
                });
                tally.note("reads of held handles", found.map_err(|wrong| format!("{}: {wrong}", own(*place))));
            }
        }
        files.iter().for_each(|_| tally.count("held handles"));
    }
    tally
}

/// "An unfinished save is seen by nobody else, on the same mount neither: who opens a key while somebody saves it in place
/// gets the last value."
#[test]
fn nobody_sees_the_saves_of_others_unfinished() {
    let Some(mounted) = Mounted::held_for(hang(), None, &[]) else { return };
    let store = foreign_store(&mounted.store_path());
    let names = (0..2 * OWN).map(own).chain((0..SHARED).map(shared));
    let first = serde_json::Value::from(super::values::value(1));
    for name in names {
        store.put(name.as_str(), first.clone()).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let progress = &Progress::create(&directory.path().join("progress"));
    (0..2 * OWN).for_each(|place| progress.begin(place, 1));
    (0..2 * OWN).for_each(|place| progress.end(place, 1));
    let mount = &mounted.path();
    let (saved, read) = std::thread::scope(|scope| {
        let savers: Vec<_> = (0..2).map(|saver| scope.spawn(move || save_all(mount, saver, progress))).collect();
        let mut readers: Vec<_> = (0..3).map(|seed| scope.spawn(move || read_all(mount, seed, progress))).collect();
        readers.push(scope.spawn(move || hold_all(mount, progress)));
        let began = Instant::now();
        wait_and_stop(progress, || began.elapsed().as_secs() > 120);
        let sum = |tallies: Vec<std::thread::ScopedJoinHandle<'_, Tally>>| {
            tallies.into_iter().map(|thread| thread.join().unwrap()).fold(Tally::default(), Tally::add)
        };
        (sum(savers), sum(readers))
    });
    saved.assert_right("savers", &[("saves", 100)]);
    let (opens, handles) = if is_long() { (LONG_OPENS, LONG_HANDLES) } else { (2_000, 100) };
    let tried = [("fresh opens", opens), ("path stats", opens / 2), ("held handles", handles)];
    read.assert_right("readers", &tried);
}
