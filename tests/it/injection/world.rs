//! A mount for rounds of acts, with what its keys hold, and what must be so after each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use keyfs::{OpenOptions, Store};

use super::acts::{ACTS, Act, Done, Holds, Stage};
use super::client::{self, Does};
use crate::actors::shown;
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// How long what has failed may take until nothing of it is left: superseded records are collected after a second.
const LEFT: Duration = Duration::from_secs(10);

/// How long a world may be held.
const HANG: Duration = Duration::from_secs(900);

pub(super) struct World {
    pub(super) mounted: Mounted,
    /// Another program, which nothing happens to.
    others: Store,
    /// The values that keys have, and the ones that they get; each round has others.
    old: i64,
    /// The descriptors of the daemon when all is quiet.
    descriptors: usize,
    pub(super) hung: bool,
}

/// A round in which everything is to go well.
pub(super) const UNDISTURBED: Option<i32> = None;

impl World {
    pub(super) fn new() -> Option<World> {
        let mounted = Mounted::held_for(HANG, None, &["-i", "me"])?;
        let others = foreign_store(&mounted.store_path());
        let mut world = World { mounted, others, old: 0, descriptors: 0, hung: false };
        let complaints = world.undisturbed();
        assert!(complaints.is_empty(), "{complaints:#?}");
        world.descriptors = world.open_descriptors();
        Some(world)
    }

    fn new_value(&self) -> i64 {
        self.old + 1
    }

    /// Gives each key the value that it has before an act.
    pub(super) fn prepare(&mut self) {
        self.old += 10;
        for (key, before, _) in ACTS.iter().flat_map(|act| act.keys) {
            match self.value(*before) {
                Some(value) => drop(self.others.put(*key, serde_json::Value::from(value)).unwrap()),
                None => drop(self.others.remove(*key).unwrap()),
            }
        }
        self.others.put("away", serde_json::Value::from(self.old)).unwrap();
    }

    fn value(&self, holds: Holds) -> Option<i64> {
        match holds {
            Holds::Old => Some(self.old),
            Holds::New => Some(self.new_value()),
            Holds::Nothing => None,
        }
    }

    /// Lets another process do its part; none when the mount hangs.
    fn run(&mut self, does: Does) -> Option<Vec<Done>> {
        let done = client::run(&self.mounted, self.old, self.new_value(), does);
        self.hung |= done.is_none();
        done
    }

    /// Plays all acts; none when the mount hangs.
    pub(super) fn play(&mut self) -> Option<Vec<Done>> {
        self.run(Does::Play)
    }

    /// A round without any failure; what is wrong with it.
    pub(super) fn undisturbed(&mut self) -> Vec<String> {
        self.prepare();
        let Some(done) = self.play() else { return vec!["hangs".to_owned()] };
        let mut complaints = self.judge(&done, UNDISTURBED, false);
        complaints.extend(self.compare());
        complaints
    }

    /// What is wrong with what acts have answered and left, where calls have failed with `errno`. When they fail
    /// `for_ever`, what has failed has changed nothing.
    pub(super) fn judge(&self, done: &[Done], errno: Option<i32>, for_ever: bool) -> Vec<String> {
        let store = Store::open(self.mounted.store_path(), OpenOptions::read_only()).unwrap();
        let stage = Stage::new(&self.mounted.path(), &self.mounted.store_path(), self.old, self.new_value());
        let mut complaints = Vec::new();
        for (act, done) in ACTS.iter().zip(done) {
            if done.errno != 0 && Some(done.errno) != errno {
                complaints.push(format!("{}: error {}", act.name, done.errno));
            }
            let is_old =
                act.name == "follow another" && may_be_left_out(errno) && done.text == format!("{}\n", self.old);
            if done.errno == 0 && !is_old && stage.expected(act.name).is_some_and(|text| text != done.text) {
                complaints.push(format!("{}: read {:?}", act.name, done.text));
            }
            if act.name == "list" && done.errno == 0 {
                complaints.extend(self.missing_in(&done.text));
            }
            complaints.extend(self.wrong_keys(act, done, &store, for_ever));
        }
        complaints
    }

    /// Keys that are never absent and are not listed.
    fn missing_in(&self, listed: &str) -> Option<String> {
        let listed: BTreeSet<_> = listed.lines().collect();
        let steady = ACTS.iter().flat_map(|act| act.keys);
        let steady = steady.filter(|(_, before, after)| ![*before, *after].contains(&Holds::Nothing));
        let missing: Vec<_> = steady.map(|(key, ..)| *key).filter(|key| !listed.contains(key)).collect();
        (!missing.is_empty()).then(|| format!("not listed: {missing:?}"))
    }

    fn wrong_keys(&self, act: &Act, done: &Done, store: &Store, for_ever: bool) -> Vec<String> {
        let allowed = |before: Holds, after: Holds| match done.errno {
            0 => vec![after],
            // What has failed once may be done by the last close, of which nobody hears.
            _ if act.in_steps || !for_ever => vec![before, after],
            _ => vec![before],
        };
        let wrong = act.keys.iter().filter_map(|(key, before, after)| {
            let found = shown(store, key);
            let allowed: Vec<_> = allowed(*before, *after).into_iter().map(|holds| self.value(holds)).collect();
            let what = || format!("{}, error {}: {key} has {found:?}, not {allowed:?}", act.name, done.errno);
            (!allowed.contains(&found)).then(what)
        });
        wrong.collect()
    }

    /// Where the mount shows something else than what is in the store.
    fn compare(&mut self) -> Vec<String> {
        let keys: Vec<_> = ACTS.iter().flat_map(|act| act.keys).map(|(key, ..)| (*key).to_owned()).collect();
        let Some(shown_there) = self.run(Does::Read(keys.clone())) else { return vec!["hangs".to_owned()] };
        let store = Store::open(self.mounted.store_path(), OpenOptions::read_only()).unwrap();
        let differs = keys.iter().zip(&shown_there).filter_map(|(key, done)| {
            let expected = shown(&store, key).map_or((libc::ENOENT, String::new()), |value| (0, format!("{value}\n")));
            let found = (done.errno, done.text.clone());
            (found != expected).then(|| format!("{key}: the mount shows {found:?}, the store {expected:?}"))
        });
        differs.collect()
    }

    /// What is wrong when nothing fails any more: the mount shows what is in the store, works, and holds nothing.
    pub(super) fn recovered(&mut self) -> Vec<String> {
        let mut complaints = self.compare();
        if !self.hung {
            complaints.extend(self.undisturbed());
        }
        if !self.hung {
            complaints.extend(self.not_calm());
        }
        complaints.extend(self.said_too_much());
        complaints
    }

    fn not_calm(&mut self) -> Vec<String> {
        let Some(done) = self.run(Does::Calm) else { return vec!["hangs".to_owned()] };
        let mut complaints = Vec::new();
        if done[0].name != "calm" {
            complaints.push(format!("handles or drafts are left: {}", done[0].text));
        }
        let began = Instant::now();
        while self.open_descriptors() > self.descriptors {
            if began.elapsed() > LEFT {
                complaints.push(format!("{} descriptors, not {}", self.open_descriptors(), self.descriptors));
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        complaints
    }

    /// Lines of the daemon's log that tell of a bug.
    fn said_too_much(&self) -> Vec<String> {
        let said = self.mounted.said();
        said.lines().filter(|line| line.contains("panicked") || line.contains("a bug")).map(str::to_owned).collect()
    }

    pub(super) fn open_descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.mounted.process())).map_or(0, Iterator::count)
    }

    /// What is left in the store that belongs to nothing, when all had time to go.
    pub(super) fn left_behind(&mut self) -> Vec<String> {
        let began = Instant::now();
        loop {
            // Whoever looks has superseded records collected.
            if self.run(Does::Read(vec!["got".to_owned()])).is_none() {
                return vec!["hangs".to_owned()];
            }
            let left = self.left();
            if left.is_empty() || began.elapsed() > LEFT {
                return left;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn left(&self) -> Vec<String> {
        let store = self.mounted.store_path();
        let reader = Store::open(&store, OpenOptions::read_only()).unwrap();
        let (records, needed) = (names(&store.join("d")).len(), reader.len() + reader.tombstones());
        let mut left = Vec::new();
        if records != needed {
            left.push(format!("{records} records for {needed} keys"));
        }
        left.extend(names(&store.join("keyfs.me/0/staging")).into_iter().map(|name| format!("staging/{name}")));
        left.extend(names(&store.join("t.me")).into_iter().map(|name| format!("t.me/{name}")));
        left
    }

    /// What each key may have after a crash: what was acknowledged, or what somebody was about to give.
    pub(super) fn after_a_crash(&self, done: &[Done]) -> BTreeMap<&'static str, Vec<Option<i64>>> {
        let mut allowed = BTreeMap::new();
        for (act, done) in ACTS.iter().zip(done) {
            for (key, before, after) in act.keys {
                let may: &[Holds] = if done.errno == 0 { &[*after] } else { &[*before, *after] };
                allowed.insert(*key, may.iter().map(|holds| self.value(*holds)).collect());
            }
        }
        allowed
    }

    /// Ends a world whose mount has hung and was ended by force.
    pub(super) fn give_up(mut self) {
        self.mounted.wait();
    }

    /// Mounts again after the daemon was killed, and says what is wrong then.
    pub(super) fn mount_again(&mut self, done: &[Done]) -> Vec<String> {
        self.mounted.mount_again(rustix::process::Signal::KILL);
        let store = Store::open(self.mounted.store_path(), OpenOptions::read_only()).unwrap();
        let mut complaints = Vec::new();
        for (key, allowed) in self.after_a_crash(done) {
            let found = shown(&store, key);
            if !allowed.contains(&found) {
                complaints.push(format!("{key} has {found:?}, not {allowed:?}"));
            }
        }
        if !store.oddities().unreadable.is_empty() {
            complaints.push(format!("{:?}", store.oddities().unreadable));
        }
        complaints.extend(self.recovered());
        complaints
    }
}

/// Whether a record that cannot be read with this error is left out, as any file that is no record: of the others it is known
/// that nothing is wrong with the file.
fn may_be_left_out(errno: Option<i32>) -> bool {
    errno.is_some_and(|errno| ![libc::EMFILE, libc::ENOMEM, libc::EINTR].contains(&errno))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
