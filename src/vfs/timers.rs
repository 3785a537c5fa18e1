//! What happens in its own time, without a request of the kernel.

use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use super::Vfs;
use super::engine::Engine;
use super::state::State;

/// After how long the store is looked at, whatever is heard of it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long to wait after an error.
const PAUSE: Duration = Duration::from_secs(1);

impl<E: Engine> Vfs<E> {
    /// Does what is due from time to time, until [`Vfs::close`]; for a thread of its own.
    ///
    /// Without it nothing is lost: keys that were renamed away are removed, and files that only looked temporary are
    /// published, when the mount ends.
    pub fn run_timers(&self) {
        let mut state = self.state.lock();
        while !state.closed {
            let next = MutexGuard::unlocked(&mut state, || self.run_due(Instant::now()));
            // What has come since, the end or something due, has notified nobody.
            if state.closed {
                return;
            }
            match next.into_iter().chain(next_due(&state)).min() {
                Some(next) => {
                    self.timer.wait_until(&mut state, next);
                }
                None => self.timer.wait(&mut state),
            }
        }
    }

    /// Does what is due at this moment, as [`Vfs::run_timers`] does, and returns when something is due next.
    pub fn run_due(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        if let Err(error) = self.remove_departed(&mut state, Some(now)) {
            log::warn!("a key that was renamed away cannot be removed now: {error}");
        }
        drop(state);
        self.publish_temporaries(Some(now));
        next_due(&self.state.lock())
    }

    /// Takes in what others do as soon as they do it, until [`Vfs::close`]; for a thread of its own.
    ///
    /// Opening and listing do not depend on it; only what the kernel answers by itself does.
    pub fn follow_changes(&self) {
        while !self.state.lock().closed {
            let result = match self.engine.wait_for_changes(LONGEST_WAIT) {
                Ok(true) => self.synchronize(),
                Ok(false) => Ok(()),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = result {
                log::debug!("what others have done cannot be seen now: {error}");
                self.pause_after_error();
            }
        }
    }

    /// Waits a moment, or until the end.
    fn pause_after_error(&self) {
        let mut state = self.state.lock();
        if !state.closed {
            self.timer.wait_for(&mut state, PAUSE);
        }
    }

    /// Lets the threads end that serve the file system.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.timer.notify_all();
        self.poked.notify_all();
        self.engine.stop_waiting();
        self.notices.close();
    }
}

/// When something is due next.
fn next_due(state: &State) -> Option<Instant> {
    state.departures.next().into_iter().chain(state.temporaries.next()).min()
}
