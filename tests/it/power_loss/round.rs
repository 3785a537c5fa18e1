use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use keyfs::Durability;
use rustix::process::Signal;

use super::plug::Plug;
use super::small_disk::SmallDisk;
use crate::behaviour::foreign_store;
use crate::ledger::Mishap;
use crate::mounted::Mounted;
use crate::random::Random;
use crate::survival::accounts::{Accounts, KeyWriter};
use crate::survival::by_command::ByCommand;
use crate::survival::by_library::ByLibrary;
use crate::survival::by_reopening::ByReopening;
use crate::survival::copy::Copy;
use crate::survival::gathered::wait_until_collected;
use crate::survival::in_groups::GroupWriter;
use crate::survival::load::{Load, Named, Until};
use crate::survival::scratch::{ScratchFiles, ScratchWriter};
use crate::survival::through_mount::ThroughMount;
use crate::survival::verdict::{check_mount, check_store};
use crate::survival::{Face, Writer};

/// How long the writers may take to hear of it.
const LIMIT: Duration = Duration::from_secs(30);

/// After how many milliseconds of work the power is lost.
const EARLIEST: u64 = 5;
const LATEST: u64 = 400;

/// A store on a file system whose power is lost again and again.
pub(super) struct Store {
    disk: SmallDisk,
    accounts: Arc<Accounts>,
    scratch: Arc<Mutex<ScratchFiles>>,
    /// How many of them were found again.
    kept: u64,
    copy: Copy,
}

impl Store {
    pub(super) fn prepare(disk: SmallDisk, still: usize) -> Store {
        let path = disk.path().join("store");
        std::fs::create_dir(&path).unwrap();
        let accounts = Accounts::with_still(still);
        let store = foreign_store(&path);
        for mut account in accounts.still() {
            let value = account.value("still", 40);
            store.put(account.key(), value).unwrap();
        }
        // With the name of the store itself.
        drop(store);
        let everything = std::fs::File::open(disk.path()).unwrap();
        rustix::fs::syncfs(everything).unwrap();
        accounts.still().for_each(|mut account| account.acknowledge_durable());
        Store { disk, accounts, scratch: Arc::default(), kept: 0, copy: Copy::new() }
    }

    fn path(&self) -> PathBuf {
        self.disk.path().join("store")
    }

    /// Works for a moment, loses the power, and looks at what is left.
    pub(super) fn lose_power(&mut self, plug: &mut Plug, random: &mut Random) -> Result<(), String> {
        let mut mounted = self.mount()?;
        plug.hold(&self.disk.path());
        let load = Load::begin(self.writers(&mounted.path(), random), random);
        thread::sleep(Duration::from_millis(EARLIEST + random.below(LATEST - EARLIEST)));
        load.expect_mishap();
        let at = plug.pull();
        load.end(LIMIT)?;
        self.accounts.all().for_each(|mut account| account.power_was_lost(at));
        self.scratch.lock().unwrap().power_was_lost(at);
        self.expect_refusals(&mounted)?;
        mounted.signal(if random.below(2) == 0 { Signal::KILL } else { Signal::TERM });
        mounted.wait();
        drop(mounted);
        self.disk.unmount()?;
        self.disk.mount()?;
        check_store(&self.path(), &self.accounts, &mut self.copy, Mishap::PowerLost)
    }

    /// Mounts the store, which shows what was found after the last loss.
    fn mount(&mut self) -> Result<Mounted, String> {
        let mounted = Mounted::of(Some(&self.path()), &["-i", "mount"]).ok_or("nothing can be mounted")?;
        check_mount(&mounted.path(), &self.accounts)?;
        self.kept += self.scratch.lock().unwrap().check(&mounted.path())?;
        Ok(mounted)
    }

    /// Some of all the kinds of writers, at least one.
    fn writers(&self, mount: &Path, random: &mut Random) -> Vec<Named> {
        let store = self.path();
        let library = |name, durability| self.keys(ByLibrary::open(&store, name, durability));
        let make: [&dyn Fn() -> Box<dyn Writer>; 9] = [
            &|| self.keys(ThroughMount::new(mount.to_owned(), "one")),
            &|| self.keys(ThroughMount::new(mount.to_owned(), "two")),
            &|| library("library", Durability::Background),
            &|| library("other", Durability::Background),
            &|| library("sync", Durability::Sync),
            &|| self.keys(ByCommand::new(&store)),
            &|| self.keys(ByReopening::new(&store)),
            &|| Box::new(GroupWriter::open(&store, &self.accounts)),
            &|| Box::new(ScratchWriter { mount: mount.to_owned(), files: Arc::clone(&self.scratch) }),
        ];
        let names = [
            "one in the mount",
            "two in the mount",
            "library",
            "other library",
            "sync",
            "command",
            "reopener",
            "groups",
            "scratch",
        ];
        let always = random.below(make.len() as u64) as usize;
        let chosen = (0..make.len()).filter(|&at| at == always || random.below(2) == 0);
        chosen.map(|at| Named { name: names[at], until: Until::Error, writer: make[at]() }).collect()
    }

    fn keys<F: Face + 'static>(&self, face: F) -> Box<dyn Writer> {
        Box::new(KeyWriter { accounts: Arc::clone(&self.accounts), face })
    }

    /// Nothing can be put any more, and that is told at once.
    fn expect_refusals(&self, mounted: &Mounted) -> Result<(), String> {
        let mut account = self.accounts.written().next().unwrap();
        if ByCommand::new(&self.path()).put(&mut account, 0).is_ok() {
            return Err("the command has put something after the power was lost".to_owned());
        }
        let value = account.value("late", 0);
        match ThroughMount::new(mounted.path(), "late").save(&mut account, &value, false) {
            Ok(()) => Err("something was saved after the power was lost".to_owned()),
            Err(_) => Ok(()),
        }
    }

    /// Looks once more; how much was acknowledged, of that as being on disk, and how many scratch files were found again.
    pub(super) fn end(mut self) -> (u64, u64, u64) {
        let mounted = self.mount().unwrap_or_else(|wrong| panic!("at the end: {wrong}"));
        wait_until_collected(&mounted.path(), &self.path()).unwrap();
        drop(mounted);
        self.disk.unmount().unwrap();
        let (seen, durable) = self.accounts.acknowledgements();
        (seen, durable, self.kept)
    }
}
