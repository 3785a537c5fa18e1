//! The same on a real mount, whose daemon is killed and ended among the operations: there time is real.

use std::time::{Duration, Instant};

use keyfs::Store;
use proptest::prelude::*;
use rustix::process::Signal;

use super::operation::Operation;
use super::simple::Simple;
use super::world::{End, World};
use super::{Numbered, check_operation, failed, run};
use crate::behaviour::{Os, foreign_store};
use crate::coherence::is_long;
use crate::mounted::{Mounted, can_mount};

/// How many operations are run at least, also in a long run.
const STEPS: usize = 1_000;
const LONG_STEPS: usize = 50_000;

/// How many are in a sequence at most.
const LONGEST: usize = 300;

/// How long an agreement may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long one sequence may hold its mount.
const HANG: Duration = Duration::from_secs(600);

/// After how long something that waits for a moment may happen (a temporary name is published a second after its last close):
/// the model does not know when.
const SOON: Duration = Duration::from_millis(900);

/// Something that waits is not left waiting for longer than this, so that it does not happen by itself.
const WAIT: Duration = Duration::from_millis(300);

/// A life is not longer than this while values of unlinked keys are remembered.
const LIFE: Duration = Duration::from_secs(6);

/// When the first of them may be forgotten, which they are after ten seconds.
const FORGOTTEN: Duration = Duration::from_millis(9_500);

impl Simple {
    /// Whether keys are remembered that were unlinked.
    fn remembers(&self) -> bool {
        !self.removed.is_empty()
    }
}

/// How a life went on.
enum Lived {
    Ended(Option<End>),
    /// What waits may have happened by itself: the rest of the sequence tells nothing.
    TooSlowly,
}

/// When the model began to wait, and when the life did.
struct Clock {
    began: Instant,
    waits_since: Option<Instant>,
}

impl Clock {
    fn new() -> Clock {
        Clock { began: Instant::now(), waits_since: None }
    }

    fn has_waited(&self, limit: Duration) -> bool {
        self.waits_since.is_some_and(|since| since.elapsed() > limit)
    }

    /// Whether the mount must end before anything happens by itself.
    fn is_over(&self, model: &Simple) -> bool {
        self.has_waited(WAIT) || model.remembers() && self.began.elapsed() > LIFE
    }
}

/// Runs operations until the mount is to end.
fn live(world: &mut World<'_, '_>, operations: &mut Numbered<'_>) -> Result<Lived, TestCaseError> {
    let mut clock = Clock::new();
    world.compare().map_err(|error| failed("at the beginning", &error))?;
    while !clock.is_over(world.model) {
        let Some((at, operation)) = operations.next() else { return Ok(Lived::Ended(None)) };
        let begin = Instant::now();
        let passes = matches!(operation, Operation::TimePasses);
        let done = check_operation(world, at, operation);
        let waits = clock.waits_since.or_else(|| world.model.waits().then_some(begin));
        let happened = waits.is_some_and(|since| since.elapsed() > SOON) && !passes;
        if happened || world.model.remembers() && clock.began.elapsed() > FORGOTTEN {
            return Ok(Lived::TooSlowly);
        }
        if let Some(end) = done? {
            return Ok(Lived::Ended(Some(end)));
        }
        clock.waits_since = world.model.waits().then(|| clock.waits_since.filter(|_| !passes).unwrap_or(begin));
    }
    Ok(Lived::Ended(Some(End::Unmount)))
}

/// Lives until the daemon is killed in the middle of what is open, or until all is closed and it is told to end.
fn live_once(
    mounted: &mut Mounted,
    store: &Store,
    model: &mut Simple,
    operations: &mut Numbered<'_>,
) -> Result<Lived, TestCaseError> {
    let files = Os::new(mounted.path());
    let mut world =
        World { files: &files, save_all: None, store, model, slots: Default::default(), patience: PATIENCE };
    let lived = live(&mut world, operations)?;
    let signal = match lived {
        Lived::Ended(Some(End::Crash)) => Signal::KILL,
        _ => {
            let closed = world.close_all();
            if matches!(lived, Lived::Ended(_)) {
                closed.and_then(|()| world.compare()).map_err(|error| failed("at the end of a life", &error))?;
            }
            Signal::TERM
        }
    };
    mounted.mount_again(signal);
    match signal {
        // What was put off is done by the next mount, at once.
        Signal::KILL => {
            world.slots = Default::default();
            model.crash();
            model.let_time_pass();
        }
        _ => {
            model.save_all();
            model.crash();
        }
    }
    Ok(lived)
}

fn check(operations: &[Operation]) -> Result<(), TestCaseError> {
    let mut mounted = Mounted::held_for(HANG, None, &[]).unwrap();
    let store = foreign_store(&mounted.store_path());
    let mut model = Simple::default();
    let mut operations = operations.iter().enumerate();
    loop {
        match live_once(&mut mounted, &store, &mut model, &mut operations)? {
            Lived::Ended(Some(_)) => {}
            Lived::Ended(None) => return Ok(()),
            Lived::TooSlowly => {
                println!("too slow: {} operations are left out", operations.len());
                return Ok(());
            }
        }
    }
}

#[test]
fn random_operations_on_a_mount_do_what_the_model_says() {
    if can_mount() {
        run(if is_long() { LONG_STEPS } else { STEPS }, LONGEST, 0, check);
    }
}
