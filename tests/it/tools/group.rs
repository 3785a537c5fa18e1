//! A group of rows: run in a plain directory and on one mount, while the Python original watches the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use keyfs::view::file_text;
use keyfs::{Identifier, OpenOptions, Store, Value};
use serde::Deserialize;
use tempfile::TempDir;

use super::judge::judge;
use super::place::{Place, Ran};
use super::records::{Appeared, Records};
use super::row::{Outcome, Row};
use crate::disk;
use crate::mounted::{Mounted, is_mounted};
use crate::python::Python;

/// What may be put off (the removal of a key that was moved away, the record of a name that looks temporary) has come by then.
const GRACE: Duration = Duration::from_millis(3500);

/// How long a group may go on beginning rows, so that one that hangs is named before its mount is taken away.
const TIME: Duration = Duration::from_secs(35);

/// What the Python original has seen: the texts of each key in order, nothing where it was gone.
#[derive(Deserialize)]
pub(super) struct Seen {
    rounds: u32,
    seen: BTreeMap<String, Vec<Option<String>>>,
}

/// What a row has done.
pub(super) struct Done {
    pub(super) plain: Result<Ran, String>,
    pub(super) mounted: Result<Ran, String>,
    /// How long it took on the mount.
    pub(super) time: Duration,
}

/// All that is known of a group after it has run.
pub(super) struct After {
    pub(super) rows: Vec<Row>,
    pub(super) done: Vec<Done>,
    pub(super) plain: BTreeMap<String, String>,
    pub(super) mount: BTreeMap<String, String>,
    pub(super) rejected: BTreeMap<String, String>,
    /// The live keys, with their values on one line.
    pub(super) live: BTreeMap<String, String>,
    pub(super) seen: BTreeMap<String, Vec<Option<String>>>,
    pub(super) appeared: Vec<Appeared>,
}

/// Runs the rows one after the other, and fails with all that went wrong.
pub(super) fn run(rows: Vec<Row>) {
    let directory = tempfile::Builder::new().prefix("keyfs-tools.").tempdir_in(disk::directory()).unwrap();
    let names: BTreeSet<String> = rows.iter().map(Row::key).collect();
    assert_eq!(names.len(), rows.len(), "two rows share a key");
    for name in ["store", "marks", "plain", "beside-plain", "beside-mount"] {
        fs::create_dir(directory.path().join(name)).unwrap();
    }
    let store = directory.path().join("store");
    seed(&rows, &store, &directory.path().join("plain"));
    let Some(mounted) = Mounted::below(directory.path(), Some(&store), &[]) else { return };
    let after = run_on(rows, &directory, &store, &mounted);
    judge(&after);
}

fn run_on(rows: Vec<Row>, directory: &TempDir, store: &Path, mounted: &Mounted) -> After {
    let plain = Place { directory: directory.path().join("plain"), beside: directory.path().join("beside-plain") };
    let mount = Place { directory: mounted.path(), beside: directory.path().join("beside-mount") };
    let python = Python::start(store, None);
    let records = Records::watch(store, directory.path().join("marks"));
    python.send(r#""watch""#);
    let done = run_all(&rows, &plain, &mount, &records);
    thread::sleep(GRACE);
    assert!(is_mounted(&mount.directory), "the mount has gone: {}", mounted.said());
    let live = live(store);
    // The next request ends the watching.
    python.send(r#""synchronize""#);
    let seen: Seen = serde_json::from_value(python.receive().unwrap()).unwrap();
    python.receive().unwrap();
    assert!(seen.rounds > 100, "the original hardly looked: {} times", seen.rounds);
    let rejected = rejected(&rows, &mount.directory);
    let (plain, mount) = (texts(&plain.directory), texts(&mount.directory));
    After { rows, done, plain, mount, rejected, live, seen: seen.seen, appeared: records.stop() }
}

/// Runs the rows in both places at the same time.
fn run_all(rows: &[Row], plain: &Place, mount: &Place, records: &Records) -> Vec<Done> {
    let began = Instant::now();
    let run = |row: &Row, place: &Place| match began.elapsed() < TIME {
        true => place.run(row),
        false => Err("not run: the rows before took too long".to_owned()),
    };
    // What a plain directory would do, but a mount does not, need not be seen.
    let in_plain = |row: &Row| match row.outcome {
        Outcome::Saved => run(row, plain),
        Outcome::Stands(_) | Outcome::Refused(..) => Ok(Ran::default()),
    };
    thread::scope(|scope| {
        let in_plain = scope.spawn(|| rows.iter().map(in_plain).collect::<Vec<_>>());
        let on_mount = rows.iter().enumerate().map(|(index, row)| {
            records.begin(index);
            let start = Instant::now();
            (run(row, mount), start.elapsed())
        });
        let on_mount: Vec<_> = on_mount.collect();
        let both = on_mount.into_iter().zip(in_plain.join().unwrap());
        both.map(|((mounted, time), plain)| Done { plain, mounted, time }).collect()
    })
}

/// Gives the rows their keys, in the store and in the plain directory.
fn seed(rows: &[Row], store: &Path, plain: &Path) {
    let store = Store::open(store, OpenOptions::writer(Identifier::new("seed").unwrap())).unwrap();
    for row in rows {
        if let Some(text) = row.before {
            let value = Value::parse(text).unwrap();
            fs::write(plain.join(row.key()), file_text(&value)).unwrap();
            store.put(&row.key(), value).unwrap();
        }
    }
}

/// The texts of the files in a directory, by name; a symbolic link shows where it leads.
fn texts(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let text = |path: &Path| match fs::read_link(path) {
        Ok(target) => format!("-> {}", target.display()),
        Err(_) => {
            fs::read(path).map_or_else(|error| error.to_string(), |text| String::from_utf8_lossy(&text).into_owned())
        }
    };
    entries.map(|entry| (entry.file_name().into_string().unwrap(), text(&entry.path()))).collect()
}

/// The texts that were refused, and the reasons, by name.
fn rejected(rows: &[Row], mount: &Path) -> BTreeMap<String, String> {
    let names = rows.iter().flat_map(|row| [row.key(), format!("{}.error", row.key())]);
    let read =
        |name: String| fs::read_to_string(mount.join(".keyfs/rejected").join(&name)).ok().map(|text| (name, text));
    names.filter_map(read).collect()
}

fn live(store: &Path) -> BTreeMap<String, String> {
    let store = Store::open(store, OpenOptions::read_only()).unwrap();
    let name = |key: &keyfs::Key| key.to_json().trim_matches('"').to_owned();
    store.keys().iter().map(|key| (name(key), store.get(key).unwrap().unwrap().to_ascii())).collect()
}
