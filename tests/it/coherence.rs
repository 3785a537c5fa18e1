//! What readers on a mount see while another program writes the store as fast as it can.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keyfs::Store;

use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

const RUN: Duration = Duration::from_secs(3);

/// Few, so that the readers and the writer meet often.
const KEYS: [&str; 3] = ["a", "b", "c"];

/// The number of the last value that was put under each key: a read that begins now sees this one or a later one.
type Put = [AtomicU64; KEYS.len()];

/// What has been read, and what was wrong with it.
#[derive(Debug, Default)]
struct Tally {
    reads: u64,
    wrong: Vec<String>,
}

impl Tally {
    fn complain(&mut self, what: String) {
        if self.wrong.len() < 10 {
            self.wrong.push(what);
        }
    }

    #[track_caller]
    fn assert_right(&self, who: &str) {
        println!("{who}: {} reads", self.reads);
        assert!(self.wrong.is_empty(), "{who}, of {} reads:\n{}", self.reads, self.wrong.join("\n"));
        assert!(self.reads > 100, "{who} read only {} times", self.reads);
    }
}

/// A value whose text has a length of its own and tells its number at both ends: growing, shrinking, over some pages.
fn value(number: u64) -> String {
    let filling = (number * 7919) % 20_000;
    format!("{number}:{}:{number}", "x".repeat(filling as usize))
}

/// Which value a text is, when it is a whole one.
fn number_of(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix('"')?.strip_suffix("\"\n")?;
    let number = text.split(':').next()?.parse().ok()?;
    (text == value(number)).then_some(number)
}

fn put(store: &Store, put: &Put, at: usize, number: u64) {
    store.put(KEYS[at], serde_json::Value::from(value(number))).unwrap();
    put[at].store(number, Ordering::SeqCst);
}

/// Puts values until the time is over.
fn write(store: &Store, last: &Put) {
    let began = Instant::now();
    for number in 2.. {
        if began.elapsed() > RUN {
            return;
        }
        put(store, last, number as usize % KEYS.len(), number);
    }
}

/// Opens, asks for the size and reads until the writer has ended.
fn read(root: &Path, last: &Put, ended: &AtomicBool) -> Tally {
    let mut tally = Tally::default();
    while !ended.load(Ordering::SeqCst) {
        for (at, key) in KEYS.iter().enumerate() {
            let least = last[at].load(Ordering::SeqCst);
            tally.reads += 1;
            if let Err(wrong) = read_once(&root.join(key), least) {
                tally.complain(format!("{key}: {wrong}"));
            }
        }
    }
    tally
}

fn read_once(path: &Path, least: u64) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!("open: {error}"))?;
    let size = file.metadata().map_err(|error| format!("fstat: {error}"))?.size();
    let text = read_in_pieces(&file).map_err(|error| format!("read: {error}"))?;
    if text.len() as u64 != size {
        return Err(format!("fstat says {size} bytes, read gives {}", text.len()));
    }
    match number_of(&text) {
        Some(number) if number >= least => Ok(()),
        Some(number) => Err(format!("value {number} after {least} had been put")),
        None => Err(format!("torn: {:?}...", String::from_utf8_lossy(&text[..text.len().min(40)]))),
    }
}

/// Reads a page at a time, so that the writer gets in between.
fn read_in_pieces(file: &File) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut page = [0; 4096];
    loop {
        match file.read_at(&mut page, text.len() as u64)? {
            0 => return Ok(text),
            read => text.extend_from_slice(&page[..read]),
        }
    }
}

/// "After another process's put [...] has returned, the next `open` [...] see[s] it. What an open file reads is one value
/// from begin to end, never a mixture. `st_size` is always the exact length of the text."
#[test]
fn readers_see_whole_values_of_the_right_size_and_never_an_old_one() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let last = Put::default();
    (0..KEYS.len()).for_each(|at| put(&store, &last, at, 1));
    let ended = AtomicBool::new(false);
    let tallies = std::thread::scope(|scope| {
        let root = mounted.path();
        let (last, ended) = (&last, &ended);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn({
                    let root = root.clone();
                    move || read(&root, last, ended)
                })
            })
            .collect();
        write(&store, last);
        ended.store(true, Ordering::SeqCst);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
    });
    tallies.iter().for_each(|tally| tally.assert_right("a reader"));
}

/// "The next listing through the mount see[s] it, and so does the first look at a name that is new."
#[test]
fn listings_and_new_names_follow_puts_and_removes_at_once() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let began = Instant::now();
    let mut tally = Tally::default();
    for number in 0.. {
        if began.elapsed() > RUN {
            break;
        }
        let key = format!("key {}", number % 10);
        let path = mounted.path().join(&key);
        let listed = || fs::read_dir(mounted.path()).unwrap().any(|entry| entry.unwrap().file_name() == key.as_str());
        if number % 20 < 10 {
            store.put(key.as_str(), serde_json::Value::from(number)).unwrap();
        } else {
            store.remove(key.as_str()).unwrap();
        }
        let live = number % 20 < 10;
        // Only of a name that is new is a bare look exact.
        let found = if live && number % 3 == 0 { path.exists() } else { File::open(&path).is_ok() };
        let is_listed = listed();
        tally.reads += 2;
        if found != live || is_listed != live {
            tally.complain(format!("{key}: live {live}, found {found}, listed {is_listed}"));
        }
    }
    tally.assert_right("the one who looks");
}

/// "An unfinished save is seen by nobody else, on the same mount neither." Two save in place, in two writes each.
#[test]
fn readers_never_see_the_saves_of_others_unfinished() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let last = Put::default();
    (0..KEYS.len()).for_each(|at| put(&store, &last, at, 1));
    let ended = AtomicBool::new(false);
    let root = mounted.path();
    let tallies = std::thread::scope(|scope| {
        let root = &root;
        let ended = &ended;
        let readers: Vec<_> = (0..2)
            .map(|_| {
                // Two savers race, so any value may be the last: none is too old.
                scope.spawn(move || read(root, &Put::default(), ended))
            })
            .collect();
        let savers: Vec<_> = (0..2).map(|saver| scope.spawn(move || save_in_place(root, saver))).collect();
        savers.into_iter().for_each(|saver| saver.join().unwrap());
        ended.store(true, Ordering::SeqCst);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
    });
    tallies.iter().for_each(|tally| tally.assert_right("a reader"));
}

/// Saves as a shell does, with a pause between two halves, until the time is over.
fn save_in_place(root: &Path, saver: u64) {
    let began = Instant::now();
    for number in (saver + 2..).step_by(2) {
        if began.elapsed() > RUN {
            return;
        }
        let path = root.join(KEYS[number as usize / 2 % KEYS.len()]);
        let text = format!("\"{}\"\n", value(number));
        let (first, second) = text.as_bytes().split_at(text.len() / 2);
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
        file.write_all_at(first, 0).unwrap();
        std::thread::yield_now();
        file.write_all_at(second, first.len() as u64).unwrap();
        crate::behaviour::close(file.into()).unwrap();
    }
}
