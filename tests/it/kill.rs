//! The daemon of a mount is killed in the middle of work, again and again.
//!
//! What `close` has acknowledged is there then, or something later, also when others write to the store at the same time. A few
//! rounds run always; `scripts/kill-rounds` runs hundreds.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use keyfs::Durability;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::process::Signal;

use crate::ledger::Mishap;
use crate::mounted::Mounted;
use crate::random::Random;
use crate::survival::accounts::{Accounts, KeyWriter};
use crate::survival::by_command::ByCommand;
use crate::survival::by_library::ByLibrary;
use crate::survival::by_python::ByPython;
use crate::survival::copy::Copy;
use crate::survival::gathered::wait_until_collected;
use crate::survival::load::{Load, Named, Until};
use crate::survival::scratch::{ScratchFiles, ScratchWriter};
use crate::survival::through_mount::ThroughMount;
use crate::survival::verdict::{check_mount, check_store};
use crate::survival::{Face, rounds, seed};

const ROUNDS: &str = "KEYFS_TEST_KILL_ROUNDS";

/// How many rounds the short form has.
const FEW: u64 = 5;

/// How long the writers may take to hear of it.
const LIMIT: Duration = Duration::from_secs(30);

/// After how many milliseconds of work the daemon is killed.
const EARLIEST: u64 = 5;
const LATEST: u64 = 400;

/// After how many rounds all that has gathered must be collected.
const GATHERING: u64 = 10;

/// After how many rounds a long run tells how it is.
const TELLING: u64 = 50;

/// Who saves in the mount; so many that requests wait for each other.
const IN_MOUNT: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// What is written to, and what was promised of it.
struct World {
    accounts: Arc<Accounts>,
    scratch: Arc<Mutex<ScratchFiles>>,
}

impl World {
    fn keys<F: Face + 'static>(&self, name: &'static str, until: Until, face: F) -> Named {
        let accounts = Arc::clone(&self.accounts);
        Named { name, until, writer: Box::new(KeyWriter { accounts, face }) }
    }

    /// Some in the mount, and perhaps others who work on the store itself.
    fn writers(&self, mounted: &Mounted, random: &mut Random) -> Vec<Named> {
        let (mount, store) = (mounted.path(), mounted.store_path());
        let in_mount = |name| self.keys(name, Until::Error, ThroughMount::new(mount.clone(), name));
        let scratch = ScratchWriter { mount: mount.clone(), files: Arc::clone(&self.scratch) };
        let mut writers: Vec<_> = IN_MOUNT[..2 + random.below(5) as usize].iter().copied().map(in_mount).collect();
        writers.push(Named { name: "scratch", until: Until::Error, writer: Box::new(scratch) });
        if random.below(2) == 0 {
            let library = ByLibrary::open(&store, "library", Durability::Background);
            writers.push(self.keys("library", Until::Mishap, library));
        }
        if random.below(2) == 0 {
            writers.push(self.keys("command", Until::Mishap, ByCommand::new(&store)));
        }
        if random.below(3) == 0 {
            writers.push(self.keys("python", Until::Mishap, ByPython::start(&store)));
        }
        writers
    }

    /// Works for a moment and kills the daemon; then all that it has acknowledged is there, and when it is mounted again, too.
    fn kill(&self, mounted: &mut Mounted, copy: &mut Copy, random: &mut Random) -> Result<u64, String> {
        let load = Load::begin(self.writers(mounted, random), random);
        thread::sleep(Duration::from_millis(EARLIEST + random.below(LATEST - EARLIEST)));
        load.expect_mishap();
        match random.below(3) {
            0 => {}
            1 => wait_for_a_record(&mounted.store_path()),
            _ => self.accounts.trap.set(mounted.process()),
        }
        mounted.end(Signal::KILL);
        load.end(LIMIT)?;
        check_store(&mounted.store_path(), &self.accounts, copy, Mishap::ProcessDied)?;
        mounted.begin_again();
        check_mount(&mounted.path(), &self.accounts)?;
        self.scratch.lock().unwrap().check(&mounted.path())
    }
}

/// Waits until a record appears: who has not written all of it then does not come to it any more.
fn wait_for_a_record(store: &Path) {
    let queue = inotify::init(CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&queue, store.join("d"), WatchFlags::CREATE | WatchFlags::MOVED_TO).unwrap();
    let mut ready = [PollFd::new(&queue, PollFlags::IN)];
    poll(&mut ready, Some(&Timespec { tv_sec: 1, tv_nsec: 0 })).unwrap();
}

/// What a killed daemon leaves behind does not gather; says how many superseded records were collected.
#[track_caller]
fn expect_nothing_gathered(mounted: &Mounted) -> usize {
    let store = mounted.store_path();
    let collected = wait_until_collected(&mounted.path(), &store).unwrap();
    let names = |path: &Path| -> BTreeSet<String> {
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let shelf = store.join("keyfs.mount");
    assert_eq!(names(&shelf), ["0".to_owned()].into());
    for folder in ["scratch", "staging"] {
        assert_eq!(names(&shelf.join("0").join(folder)), BTreeSet::new(), "{folder}");
    }
    let others: BTreeSet<_> = names(&store).into_iter().filter(|name| !name.starts_with("t.")).collect();
    assert_eq!(others, ["d", "keyfs.mount"].map(str::to_owned).into());
    collected
}

/// "When the daemon is killed, whoever waits for its answer gets an error, and so does who comes later." And all that was
/// acknowledged before is there: "they survive the daemon."
#[test]
fn what_close_has_acknowledged_survives_the_daemon() {
    let seed = seed();
    println!("KEYFS_TEST_SEED={seed}");
    let (mut random, began) = (Random(seed), Instant::now());
    let Some(mut mounted) = Mounted::of(None, &["-i", "mount"]) else { return };
    let mut copy = Copy::new();
    let world = World { accounts: Accounts::with_still(0), scratch: Arc::default() };
    let (rounds, mut scratch, mut collected) = (rounds(ROUNDS, FEW), 0, 0);
    for round in 1..=rounds {
        let lived = world.kill(&mut mounted, &mut copy, &mut random);
        scratch += lived.unwrap_or_else(|wrong| panic!("KEYFS_TEST_SEED={seed}, round {round}: {wrong}"));
        if round % GATHERING == 0 || round == rounds {
            collected += expect_nothing_gathered(&mounted);
        }
        if round % TELLING == 0 || round == rounds {
            let (seen, durable) = world.accounts.acknowledgements();
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{round} rounds in {seconds:.0} s: {seen} acknowledged, {durable} on disk, {scratch} scratch files; \
                 none lost; {collected} superseded records collected"
            );
        }
    }
}
