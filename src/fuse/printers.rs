//! Threads that answer reads of large texts: to read a large record takes long, and nobody else is to wait for it.

use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use parking_lot::Mutex;

/// Two, so that a piece is printed while another one is sent. Those of one text are printed one after the other, so while
/// a large record is read, both may wait for it, and the readers of other large texts with them.
const THREADS: usize = 2;

/// Makes a piece of a text and answers with it.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// Started with the first large text that is read; they end, and are waited for, with this.
#[derive(Default)]
pub(super) struct Printers(OnceLock<Started>);

struct Started {
    work: Sender<Work>,
    threads: Vec<JoinHandle<()>>,
}

impl Printers {
    /// Has work done by one of the threads; here, when there is none.
    pub(super) fn hand_over(&self, work: Work) {
        if let Err(SendError(work)) = self.0.get_or_init(Started::new).work.send(work) {
            work();
        }
    }
}

impl Started {
    fn new() -> Started {
        let (work, waiting) = channel();
        // Guards who takes the next work, also while there is none.
        let waiting = Arc::new(Mutex::new(waiting));
        let start = |_| {
            let waiting = Arc::clone(&waiting);
            Builder::new().name("keyfs-printer".to_owned()).spawn(move || print(&waiting)).ok()
        };
        Started { work, threads: (0..THREADS).filter_map(start).collect() }
    }
}

fn print(waiting: &Mutex<Receiver<Work>>) {
    loop {
        let next = waiting.lock().recv();
        match next {
            Ok(work) => work(),
            Err(_) => return,
        }
    }
}

impl Drop for Printers {
    fn drop(&mut self) {
        let Some(Started { work, threads }) = self.0.take() else { return };
        drop(work);
        for thread in threads {
            if thread.join().is_err() {
                log::error!("a thread that prints large texts has panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_elsewhere_while_there_is_other_work_and_all_of_it_before_the_end() {
        let printers = Printers::default();
        let (begun, has_begun) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let done = Arc::new(Mutex::new(Vec::new()));
        printers.hand_over(Box::new(move || {
            begun.send(std::thread::current().id()).unwrap();
            let _ = may_go_on.recv();
        }));
        assert_ne!(has_begun.recv().unwrap(), std::thread::current().id());
        let (told, second) = channel();
        printers.hand_over(Box::new(move || told.send(()).unwrap()));
        second.recv().unwrap();
        for number in 0..100 {
            let done = Arc::clone(&done);
            printers.hand_over(Box::new(move || done.lock().push(number)));
        }
        drop(go_on);
        drop(printers);
        assert_eq!(done.lock().len(), 100);
    }
}
