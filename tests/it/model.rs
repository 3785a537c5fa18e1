//! Random operations on the file system, and what a simple model says to each: the last valid JSON wins.

mod operation;
mod simple;

use keyfs::Store;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::behaviour::{FileSystem, Kernel, OpenFile, foreign_store, read_whole, vfs_of};
use operation::{NAMES, Operation, SLOTS, operations};
use simple::{Handle, Simple};

/// How many sequences are run, of forty operations on average.
const CASES: u32 = 150;

/// A handle of the file system, and what the model has in its place.
type Slot<'a> = Option<(Box<dyn OpenFile + 'a>, Handle)>;

/// The file system beside its model.
struct World<'a> {
    files: &'a dyn FileSystem,
    store: &'a Store,
    model: Simple,
    slots: [Slot<'a>; SLOTS],
}

impl World<'_> {
    fn run(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Open { slot, name, mode } => {
                self.close(slot)?;
                let opened = self.files.open(name.as_bytes(), mode.flags());
                match (opened, self.model.open(name, mode)) {
                    (Ok(file), Ok(handle)) => self.slots[slot] = Some((file, handle)),
                    (opened, expected) => prop_assert_eq!(opened.err(), expected.err()),
                }
            }
            Operation::Write { slot, text } => self.write(slot, text)?,
            Operation::Flush { slot } => {
                if let Some((file, handle)) = &self.slots[slot] {
                    prop_assert_eq!(file.close_duplicate(), self.model.flush(handle));
                }
            }
            Operation::Close { slot } => self.close(slot)?,
            Operation::Rename { from, to } => {
                prop_assert_eq!(self.files.rename(from.as_bytes(), to.as_bytes()), self.model.rename(from, to));
                // The model removes at once what is put off for a moment.
                self.files.let_time_pass();
            }
            Operation::Unlink { name } => {
                prop_assert_eq!(self.files.unlink(name.as_bytes()), self.model.unlink(name));
            }
            Operation::ForeignPut { name, text } => {
                self.store.put(name, keyfs::Value::parse(text).unwrap()).unwrap();
                self.model.foreign_put(name, text);
            }
            Operation::ForeignRemove { name } => {
                self.store.remove(name).unwrap();
                self.model.foreign_remove(name);
            }
        }
        Ok(())
    }

    fn write(&mut self, slot: usize, text: &str) -> Result<(), TestCaseError> {
        let Some((file, handle)) = &self.slots[slot] else { return Ok(()) };
        if file.truncate(0).is_ok() {
            prop_assert_eq!(file.write_at(0, text.as_bytes()), Simple::write(handle, text));
        }
        Ok(())
    }

    fn close(&mut self, slot: usize) -> Result<(), TestCaseError> {
        if let Some((file, handle)) = self.slots[slot].take() {
            prop_assert_eq!(file.close(), self.model.close(handle));
        }
        Ok(())
    }

    /// Compares all that can be seen, here and by others.
    fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.files.list(b".").unwrap(), self.model.names());
        for name in NAMES {
            let found = self.files.open(name.as_bytes(), rustix::fs::OFlags::RDONLY).ok();
            prop_assert_eq!(found.map(|file| read_whole(&*file)), self.model.text(name), "the text of {}", name);
            let size = self.files.stat(name.as_bytes()).ok().map(|stat| stat.size as usize);
            prop_assert_eq!(size, self.model.text(name).map(|text| text.len()), "the size of {}", name);
        }
        for (slot, (file, handle)) in self.slots.iter().enumerate().filter_map(|(at, slot)| Some((at, slot.as_ref()?)))
        {
            if let Some(expected) = Simple::read(handle) {
                prop_assert_eq!(read_whole(&**file), expected, "through handle {}", slot);
            }
        }
        self.store.synchronize().unwrap();
        let found: Vec<_> = self.store.keys().iter().map(ToString::to_string).collect();
        let expected: Vec<_> = self.model.keys.keys().cloned().collect();
        prop_assert_eq!(found, expected, "the keys that others see");
        Ok(())
    }
}

fn check(operations: &[Operation]) -> Result<(), TestCaseError> {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    let files = Kernel::new(&vfs);
    let mut world = World { files: &files, store: &store, model: Simple::default(), slots: Default::default() };
    for (at, operation) in operations.iter().enumerate() {
        let done = world.run(operation).and_then(|()| world.compare());
        done.map_err(|error| TestCaseError::fail(format!("operation {at}, {operation:?}: {error}")))?;
    }
    Ok(())
}

/// `KEYFS_TEST_SEED` runs the operations of an earlier run again.
#[test]
fn random_operations_do_what_the_model_says() {
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into();
    let seed: u64 = std::env::var("KEYFS_TEST_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap());
    println!("KEYFS_TEST_SEED={seed}");
    let config = Config {
        cases: CASES,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&operations(), |operations| check(&operations));
    if let Err(error) = result {
        panic!("KEYFS_TEST_SEED={seed}: {error}");
    }
}
