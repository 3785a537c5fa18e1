use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use super::event::{Client, Event, What};

/// The one clock, and all that has happened; in a file too, which stays when the test fails.
pub(super) struct Recorder {
    began: Instant,
    path: PathBuf,
    kept: Mutex<(Vec<Event>, BufWriter<File>)>,
}

impl Recorder {
    pub(super) fn new() -> Recorder {
        let name = format!("keyfs-history.{}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let file = BufWriter::new(File::create(&path).unwrap());
        Recorder { began: Instant::now(), path, kept: Mutex::new((Vec::new(), file)) }
    }

    /// Has a client do something, and keeps what it was and when.
    pub(super) fn record(&self, client: Client, operation: impl FnOnce() -> What) {
        let begin = self.now();
        let what = operation();
        let event = Event { client, begin, end: self.now(), what };
        let mut kept = self.kept.lock().unwrap();
        writeln!(kept.1, "{}", serde_json::to_string(&event).unwrap()).unwrap();
        kept.0.push(event);
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    pub(super) fn history(&self) -> Vec<Event> {
        self.kept.lock().unwrap().0.clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the history is kept, an operation a line: {}", self.path.display());
        } else {
            std::fs::remove_file(&self.path).unwrap();
        }
    }
}
