//! Random operations on the file system, with crashes and remounts among them, and what a simple model says to each: the
//! last valid JSON wins.

mod ending;
mod life;
mod names;
#[cfg(all(feature = "cli", feature = "fuse"))]
mod on_a_mount;
mod operation;
mod simple;
mod world;
mod writing;

use std::cell::Cell;
use std::time::Duration;

use keyfs::Store;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::behaviour::{Kernel, foreign_store};
use life::Life;
use operation::{Operation, operation};
use simple::Simple;
use world::{End, World};

/// How many operations are run at least.
const STEPS: usize = 50_000;

/// How many are in a sequence at most; half of them on average.
const LONGEST: usize = 600;

type Numbered<'o> = std::iter::Enumerate<std::slice::Iter<'o, Operation>>;

/// Runs operations until the file system is to end.
fn live(world: &mut World<'_, '_>, operations: &mut Numbered<'_>) -> Result<Option<End>, TestCaseError> {
    world.compare().map_err(|error| failed("at the beginning", &error))?;
    for (at, operation) in operations {
        if let Some(end) = check_operation(world, at, operation)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// Runs an operation and compares; tells how the file system is to end, if it is.
fn check_operation(world: &mut World<'_, '_>, at: usize, operation: &Operation) -> Result<Option<End>, TestCaseError> {
    let done = world.run(operation).and_then(|end| if end.is_some() { Ok(end) } else { world.compare().map(|()| end) });
    done.map_err(|error| failed(&format!("operation {at}, {operation:?}"), &error))
}

fn failed(what: &str, error: &TestCaseError) -> TestCaseError {
    TestCaseError::fail(format!("{what}: {error}"))
}

/// Lives until a crash, which nothing of what is open survives, or until all is saved and closed.
fn live_once(
    life: &Life,
    store: &Store,
    model: &mut Simple,
    operations: &mut Numbered<'_>,
) -> Result<Option<End>, TestCaseError> {
    let files = Kernel::new(&life.vfs);
    let save_all = || life.vfs.save_all();
    let slots = Default::default();
    let (save_all, patience) = (Some(&save_all as &dyn Fn()), Duration::ZERO);
    let mut world = World { files: &files, save_all, store, model, slots, patience };
    let end = live(&mut world, operations)?;
    if end == Some(End::Crash) {
        std::mem::forget(world.slots);
    } else {
        world.save_all();
        world.close_all()?;
    }
    Ok(end)
}

fn check(operations: &[Operation]) -> Result<(), TestCaseError> {
    let directory = tempfile::tempdir().unwrap();
    let store = foreign_store(directory.path());
    let mut model = Simple::default();
    let mut operations = operations.iter().enumerate();
    loop {
        let life = Life::begin(directory.path());
        let end = live_once(&life, &store, &mut model, &mut operations)?;
        if end == Some(End::Crash) {
            life.crash(directory.path());
        } else {
            life.end();
            model.save_all();
        }
        model.crash();
        if end.is_none() {
            return Ok(());
        }
    }
}

/// The operations of a run without `KEYFS_TEST_SEED`: the same each time, so that a failure is one of what was changed.
const SEED: u64 = 532_763_132;

/// `KEYFS_TEST_SEED` runs other operations, or those of an earlier run again.
fn seed() -> u64 {
    std::env::var("KEYFS_TEST_SEED").map_or(SEED, |seed| seed.parse().unwrap())
}

/// How often a sequence that fails is tried shorter; not where time is real: what fails then may be something else.
const SHORTER: u32 = 5000;

/// Runs sequences until there were so many operations; a failure gives the seed and the sequence, or the shortest one found.
fn run(steps: usize, longest: usize, shorter: u32, check: impl Fn(&[Operation]) -> Result<(), TestCaseError>) {
    let seed = seed();
    println!("KEYFS_TEST_SEED={seed}");
    let config = Config {
        cases: u32::MAX,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: shorter,
        max_shrink_time: 30_000,
        ..Config::default()
    };
    let done = Cell::new(0);
    let mut runner = TestRunner::new(config);
    let sequences = prop::collection::vec(operation(), 1..=longest);
    while done.get() < steps {
        let sequence = sequences.new_tree(&mut runner).unwrap();
        let result = runner.run_one(sequence, |operations| {
            done.set(done.get() + operations.len());
            check(&operations)
        });
        if let Err(error) = result {
            panic!("KEYFS_TEST_SEED={seed}: {error}");
        }
    }
    println!("{} operations", done.get());
}

#[test]
fn random_operations_do_what_the_model_says() {
    run(STEPS, LONGEST, SHORTER, check);
}
