//! What the model does when time passes, and when a mount ends.

use std::rc::Rc;

use super::simple::{Scratch, Simple, canonical};
use super::writing::{Handle, Shared};

impl Simple {
    /// Lets the time pass after which what was put off is done.
    pub(crate) fn let_time_pass(&mut self) {
        self.restored.clear();
        for (name, put) in self.departing.clone() {
            let is_written = |file: &Shared| file.borrow().is_draft_of(&name) && file.borrow().writers > 0;
            if !self.writings.iter().any(is_written) {
                self.remove_departed(&name, put);
            }
        }
        self.publish_temporaries();
    }

    /// Whether something will be done when time has passed, or will be done otherwise than now.
    pub(crate) fn waits(&self) -> bool {
        let is_value = |name: &String| match &self.scratch[name] {
            Scratch::File(file) => {
                file.borrow().handles == 0 && canonical(&file.borrow().bytes).is_ok_and(|text| text.is_some())
            }
            Scratch::Link(_) => false,
        };
        !self.departing.is_empty() || !self.restored.is_empty() || self.temporaries.iter().any(is_value)
    }

    /// Saves all that can be saved, and puts nothing off any longer.
    pub(crate) fn save_all(&mut self) {
        for file in self.writings.clone() {
            if file.borrow().writers > 0 {
                // What cannot be saved stays for its writers to finish.
                let _ = self.commit(&file);
            }
        }
        self.restored.clear();
        for (name, put) in self.departing.clone() {
            self.remove_departed(&name, put);
        }
        self.publish_temporaries();
    }

    /// Whether saving all would save two texts under one name: nobody says which comes last.
    pub(crate) fn saves_twice(&self) -> bool {
        let saved = self.writings.iter().filter(|file| {
            let file = file.borrow();
            file.writers > 0 && file.dirty && !file.detached && !file.scratch
        });
        let mut names: Vec<_> = saved.map(|file| file.borrow().name.clone()).collect();
        names.sort_unstable();
        names.windows(2).any(|two| two[0] == two[1])
    }

    /// Ends the mount: the store is there, scratch files with their bytes, links, and refused texts.
    pub(crate) fn crash(&mut self) {
        self.placeholders.clear();
        self.departing.clear();
        self.in_place.clear();
        self.removed.clear();
        self.stood.clear();
        self.restored.clear();
        self.writings.clear();
        for scratch in self.scratch.values() {
            if let Scratch::File(file) = scratch {
                (file.borrow_mut().handles, file.borrow_mut().writers) = (0, 0);
                self.writings.push(Rc::clone(file));
            }
        }
    }

    /// Whether what is written through a handle goes to a file whose name others have put by now. Which of the two is the
    /// later one is told by clocks, which a model has not.
    pub(crate) fn is_overtaken(&self, handle: &Handle) -> bool {
        let Handle::Writing { file, .. } = handle else { return false };
        let name = &file.borrow().name;
        file.borrow().scratch && self.temporaries.contains(name) && self.live(name).is_some()
    }

    fn remove_departed(&mut self, name: &str, put: u64) {
        self.departing.remove(name);
        if self.put_of(name) == put {
            self.keys.remove(name);
        }
    }

    fn publish_temporaries(&mut self) {
        for name in self.temporaries.clone() {
            let closed = matches!(&self.scratch[&name], Scratch::File(file) if file.borrow().handles == 0);
            if closed && self.live(&name).is_none() {
                // What is no value stays, and nothing is said of it.
                let (refused, stood) = (self.refused.clone(), self.stood.clone());
                if self.scratch_to_key(&name, &name).is_err() {
                    (self.refused, self.stood) = (refused, stood);
                }
            }
        }
    }
}
