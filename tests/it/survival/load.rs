use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Writer;
use crate::random::Random;

/// How long a writer rests after a step, at most, when he does; so that something is left that nobody else's sync takes along.
const REST: u64 = 20;

/// Until when a writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until he is told of an error, which must come.
    Error,
    /// Until the mishap.
    Mishap,
}

/// A writer, and how he is called.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) until: Until,
    pub(crate) writer: Box<dyn Writer>,
}

/// Writers at work, each in a thread of his own. Dropping it tells them to stop.
pub(crate) struct Load {
    signs: Arc<Signs>,
    running: Vec<&'static str>,
    ended: Receiver<Ended>,
}

#[derive(Default)]
struct Signs {
    /// Errors are expected.
    mishap: AtomicBool,
    /// The test has failed: nobody is to go on.
    stop: AtomicBool,
}

type Ended = (&'static str, Result<(), String>);

impl Load {
    pub(crate) fn begin(writers: Vec<Named>, random: &mut Random) -> Load {
        let signs = Arc::new(Signs::default());
        let (sender, ended) = mpsc::channel();
        let running = writers.iter().map(|named| named.name).collect();
        for named in writers {
            let (signs, sender) = (Arc::clone(&signs), sender.clone());
            let random = Random(random.below(u64::MAX));
            thread::spawn(move || work(named, &signs, random, &sender));
        }
        Load { signs, running, ended }
    }

    /// Says that the mishap begins: from now on errors are expected.
    pub(crate) fn expect_mishap(&self) {
        self.signs.mishap.store(true, Ordering::SeqCst);
    }

    /// Waits until all writers have ended; says who has failed too early, and who does not end or has ended in a panic.
    pub(crate) fn end(mut self, limit: Duration) -> Result<(), String> {
        let end = Instant::now() + limit;
        let mut first = Ok(());
        while !self.running.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            let Ok((name, result)) = self.ended.recv_timeout(left) else {
                return Err(format!("{limit:?} later these go on, or hang, or have panicked: {:?}", self.running));
            };
            self.running.retain(|running| *running != name);
            if let Err(error) = result {
                self.signs.stop.store(true, Ordering::SeqCst);
                first = first.and(Err(format!("{name}, whom nothing has happened to: {error}")));
            }
        }
        first
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.signs.stop.store(true, Ordering::SeqCst);
    }
}

fn work(named: Named, signs: &Signs, mut random: Random, ended: &Sender<Ended>) {
    let Named { name, until, mut writer } = named;
    let has_happened = || signs.mishap.load(Ordering::SeqCst);
    let rests = random.below(3) == 0;
    let result = loop {
        if until == Until::Mishap && has_happened() || signs.stop.load(Ordering::SeqCst) {
            break Ok(());
        }
        if let Err(error) = writer.step(&mut random) {
            // Whoever expects a mishap says so before it begins.
            break if until == Until::Error && has_happened() { Ok(()) } else { Err(error) };
        }
        if rests {
            thread::sleep(Duration::from_millis(random.below(REST)));
        }
    };
    // Closes what it has open.
    drop(writer);
    // Nobody waits any more when the test has failed.
    let _ = ended.send((name, result));
}
