//! Waiting until somebody has changed the directory.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long to wait before looking again where changes cannot be watched, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Who waits, and whether anybody still may. Guards nothing else; last in the lock order.
pub(super) struct Waiting {
    state: Mutex<State>,
    stopped: Condvar,
}

struct State {
    stopped: bool,
    pause: Duration,
}

impl Default for Waiting {
    fn default() -> Waiting {
        let state = State { stopped: false, pause: FIRST_PAUSE };
        Waiting { state: Mutex::new(state), stopped: Condvar::new() }
    }
}

impl Waiting {
    /// Waits where nothing tells of a change: each time longer; true when it is time to look.
    pub(super) fn pause(&self, timeout: Duration) -> bool {
        let mut state = self.state.lock();
        let pause = state.pause.min(timeout);
        if state.pause <= timeout {
            state.pause = (state.pause * 2).min(LONGEST_PAUSE);
        }
        let end = Instant::now() + pause;
        while !state.stopped {
            if self.stopped.wait_until(&mut state, end).timed_out() {
                return true;
            }
        }
        false
    }

    /// Whether nobody is to wait any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// Has nobody wait any more.
    pub(super) fn stop(&self) {
        self.state.lock().stopped = true;
        self.stopped.notify_all();
    }
}
