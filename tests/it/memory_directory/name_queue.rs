//! The events that wait for somebody who watches the names.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use keyfs::store::directory::NameEvent;

#[derive(Default)]
pub(super) struct NameQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<NameEvent>,
    missed: bool,
    woken: bool,
}

impl NameQueue {
    pub(super) fn push(&self, event: NameEvent) {
        self.state.lock().unwrap().events.push(event);
        self.changed.notify_all();
    }

    /// Something has happened that is not in the queue.
    pub(super) fn miss(&self) {
        self.state.lock().unwrap().missed = true;
        self.changed.notify_all();
    }

    pub(super) fn drain(&self) -> Option<Vec<NameEvent>> {
        let mut state = self.state.lock().unwrap();
        let events = std::mem::take(&mut state.events);
        (!std::mem::take(&mut state.missed)).then_some(events)
    }

    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let state = self.state.lock().unwrap();
        let quiet = |state: &mut State| state.events.is_empty() && !state.missed && !state.woken;
        !self.changed.wait_timeout_while(state, timeout, quiet).unwrap().1.timed_out()
    }

    pub(super) fn wake(&self) {
        self.state.lock().unwrap().woken = true;
        self.changed.notify_all();
    }
}
