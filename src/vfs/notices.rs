//! What the kernel must be told: names and attributes that it keeps and that are out of date.
//!
//! Telling the kernel takes locks of its own, which whoever waits for an answer of this file system may hold. So one
//! thread does nothing else, holds no lock of this program meanwhile, and nobody who serves a request waits for it: what
//! must come after a notice is handed over to it.

use std::collections::VecDeque;
use std::ffi::OsString;

use parking_lot::{Condvar, Mutex};

use super::Vfs;
use super::engine::Engine;

/// What the kernel must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A name in the root directory leads somewhere else, or nowhere.
    Name(OsString),
    /// The attributes of the root directory have changed: when names came and went.
    Root,
}

/// What follows when the notices before it have been delivered, such as an answer to a request.
pub type Then = Box<dyn FnOnce() + Send>;

enum Job {
    Notice(Notice),
    Then(Then),
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Whether anybody delivers notices.
    open: bool,
    /// Whether one is being delivered.
    busy: bool,
}

/// The notices that wait for delivery.
#[derive(Default)]
pub(super) struct Notices {
    /// Guards the queue. Taken after the lock of the file system; nothing is called with it held.
    queue: Mutex<Queue>,
    wake: Condvar,
}

impl Notices {
    pub(super) fn add(&self, notice: Notice) {
        let mut queue = self.queue.lock();
        if !queue.open || matches!(queue.jobs.back(), Some(Job::Notice(last)) if *last == notice) {
            return;
        }
        queue.jobs.push_back(Job::Notice(notice));
        self.wake.notify_one();
    }

    /// Has something done by whoever delivers notices; not at all when nobody does.
    pub(super) fn add_then(&self, then: Then) {
        let mut queue = self.queue.lock();
        if queue.open {
            queue.jobs.push_back(Job::Then(then));
            self.wake.notify_one();
        }
    }

    fn then(&self, then: Then) {
        let mut queue = self.queue.lock();
        if queue.open && (queue.busy || !queue.jobs.is_empty()) {
            queue.jobs.push_back(Job::Then(then));
            self.wake.notify_one();
        } else {
            drop(queue);
            then();
        }
    }

    /// The next job; waits for one, and `None` when there will be none any more.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue.lock();
        queue.busy = false;
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                queue.busy = true;
                return Some(job);
            }
            if !queue.open {
                return None;
            }
            self.wake.wait(&mut queue);
        }
    }

    pub(super) fn close(&self) {
        self.queue.lock().open = false;
        self.wake.notify_all();
    }
}

impl<E: Engine> Vfs<E> {
    /// Begins to collect notices: from now on somebody must deliver them.
    pub fn begin_notices(&self) {
        self.notices.queue.lock().open = true;
    }

    /// Gives each notice to `deliver`, in order, until [`Vfs::close`]; for a thread of its own.
    pub fn deliver_notices(&self, mut deliver: impl FnMut(&Notice)) {
        while let Some(job) = self.notices.next() {
            match job {
                Job::Notice(notice) => deliver(&notice),
                Job::Then(then) => then(),
            }
        }
    }

    /// Does something once all notices that there are now have been delivered: at once where there are none.
    pub fn after_notices(&self, then: Then) {
        self.notices.then(then);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn name(name: &str) -> Notice {
        Notice::Name(name.into())
    }

    #[test]
    fn what_follows_comes_after_the_notices_before_it_and_nothing_is_lost_at_the_end() {
        let notices = Notices::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let then = |text: &'static str| -> Then {
            let told = Arc::clone(&told);
            Box::new(move || told.lock().push(text.to_owned()))
        };
        notices.add(name("nobody delivers"));
        notices.then(then("at once"));
        notices.queue.lock().open = true;
        notices.add(name("a"));
        notices.add(name("a"));
        notices.then(then("after a"));
        notices.add(Notice::Root);
        notices.close();
        while let Some(job) = notices.next() {
            match job {
                Job::Notice(notice) => told.lock().push(format!("{notice:?}")),
                Job::Then(then) => then(),
            }
        }
        assert_eq!(*told.lock(), ["at once", "Name(\"a\")", "after a", "Root"]);
    }

    #[test]
    fn what_follows_waits_for_the_notice_that_is_being_delivered() {
        let notices = Notices::default();
        notices.queue.lock().open = true;
        notices.add(name("a"));
        assert!(matches!(notices.next(), Some(Job::Notice(_))));
        let told = Arc::new(Mutex::new(false));
        let seen = Arc::clone(&told);
        notices.then(Box::new(move || *seen.lock() = true));
        assert!(!*told.lock(), "the notice is still under way");
        let Some(Job::Then(then)) = notices.next() else { panic!("nothing follows") };
        then();
        assert!(*told.lock());
    }
}
