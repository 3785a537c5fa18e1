//! Waiting until somebody has changed the directory.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::directory::Watch;

/// How long to wait before looking again where changes cannot be watched, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// By what a change is awaited, and whether anybody still may wait. Its lock is held for no other and no system call.
pub(super) struct Waiting {
    state: Mutex<State>,
    stopped: Condvar,
}

struct State {
    stopped: bool,
    pause: Duration,
    /// The watch that the synchronisations drain.
    watch: Option<Arc<dyn Watch>>,
}

impl Default for Waiting {
    fn default() -> Waiting {
        let state = State { stopped: false, pause: FIRST_PAUSE, watch: None };
        Waiting { state: Mutex::new(state), stopped: Condvar::new() }
    }
}

impl Waiting {
    /// Waits until there may be something to synchronise; false when there is not, or when nobody is to wait any more.
    pub(super) fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let watch = {
            let state = self.state.lock();
            if state.stopped {
                return Ok(false);
            }
            state.watch.clone()
        };
        match watch {
            Some(watch) => Ok(watch.wait(timeout)? && !self.state.lock().stopped),
            None => Ok(self.pause(timeout)),
        }
    }

    /// Waits where nothing tells of a change: each time longer; true when it is time to look.
    fn pause(&self, timeout: Duration) -> bool {
        let mut state = self.state.lock();
        let pause = state.pause.min(timeout);
        state.pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        let end = Instant::now() + pause;
        while !state.stopped {
            if self.stopped.wait_until(&mut state, end).timed_out() {
                return true;
            }
        }
        false
    }

    /// Says by what changes are awaited from now on; who still waits for the old watch looks anew.
    pub(super) fn set_watch(&self, watch: Option<Arc<dyn Watch>>) {
        let old = {
            let mut state = self.state.lock();
            if watch.is_some() {
                state.pause = FIRST_PAUSE;
            }
            std::mem::replace(&mut state.watch, watch)
        };
        if let Some(old) = old {
            old.wake();
        }
    }

    /// Notes that there were changes: others are likely to follow.
    pub(super) fn has_changed(&self) {
        self.state.lock().pause = FIRST_PAUSE;
    }

    /// Has nobody wait any more.
    pub(super) fn stop(&self) {
        let watch = {
            let mut state = self.state.lock();
            state.stopped = true;
            state.watch.clone()
        };
        self.stopped.notify_all();
        if let Some(watch) = watch {
            watch.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::directory::NameEvent;
    use super::*;

    /// A watch on which nothing ever happens.
    #[derive(Default)]
    struct Quiet {
        woken: Mutex<bool>,
        bell: Condvar,
    }

    impl Watch for Quiet {
        fn drain(&self) -> io::Result<Option<Vec<NameEvent>>> {
            Ok(Some(Vec::new()))
        }

        fn wait(&self, timeout: Duration) -> io::Result<bool> {
            let mut woken = self.woken.lock();
            Ok(!self.bell.wait_while_for(&mut woken, |woken| !*woken, timeout).timed_out())
        }

        fn wake(&self) {
            *self.woken.lock() = true;
            self.bell.notify_all();
        }
    }

    #[test]
    fn who_waits_for_a_watch_that_is_given_up_looks_anew() {
        const LONG: Duration = Duration::from_secs(10);
        for next in [None, Some(Arc::new(Quiet::default()) as Arc<dyn Watch>)] {
            let (waiting, old) = (Waiting::default(), Arc::new(Quiet::default()));
            waiting.set_watch(Some(Arc::clone(&old) as Arc<dyn Watch>));
            std::thread::scope(|scope| {
                let woken = scope.spawn(|| waiting.wait(LONG).unwrap());
                // Until the other thread holds the old watch, too.
                while Arc::strong_count(&old) < 3 {
                    std::thread::yield_now();
                }
                waiting.set_watch(next);
                assert!(woken.join().unwrap(), "asleep with a watch that nobody drains");
            });
            assert_eq!(Arc::strong_count(&old), 1);
            assert!(!waiting.wait(Duration::from_millis(1)).unwrap() || waiting.state.lock().watch.is_none());
        }
    }
}
