use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long it waits for somebody to spring it.
const LIMIT: Duration = Duration::from_secs(1);

/// Kills a process at the moment when a writer is told that something is done: what is still to be done then is not done.
#[derive(Default)]
pub(crate) struct Trap(AtomicI32);

impl Trap {
    /// Lets the next answer that a writer gets kill a process, and waits for it.
    pub(crate) fn set(&self, process: u32) {
        self.0.store(i32::try_from(process).unwrap(), Ordering::SeqCst);
        let began = Instant::now();
        while self.0.load(Ordering::SeqCst) != 0 && began.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_micros(100));
        }
        self.0.store(0, Ordering::SeqCst);
    }

    /// To be called by a writer that was told something.
    pub(crate) fn spring(&self) {
        if self.0.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Not waited for by anybody as long as the trap is set, so the number is still the process's.
        if let Some(process) = Pid::from_raw(self.0.swap(0, Ordering::SeqCst)) {
            kill_process(process, Signal::KILL).unwrap();
        }
    }
}
