//! Many readers at once, while somebody writes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::faces::{Face, name, text};
use super::files::{save_and_rename, try_read};
use super::stage::MountStage;

const READERS: usize = 8;
const FILES: usize = 100;
const WHILE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(2);

/// How many files all readers together read in a second.
pub(super) fn crowd(stage: &mut MountStage, face: Face) -> Vec<f64> {
    let root = stage.faces.root(face);
    let paths: Vec<PathBuf> = (0..FILES.min(stage.faces.keys)).map(|number| root.join(name(number))).collect();
    let is_over = AtomicBool::new(false);
    let (read, took) = thread::scope(|scope| {
        let read = |first: usize| {
            let mut count = 0;
            for at in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let path = &paths[(first + at * 37) % paths.len()];
                match try_read(path) {
                    Ok(()) => count += 1,
                    // It goes by names: who opens a file in the moment of a rename may find none.
                    Err(Errno::NOENT) if face == Face::Bindfs => {}
                    Err(error) => panic!("{}: {error}", path.display()),
                }
            }
            count
        };
        let began = Instant::now();
        let readers: Vec<_> = (0..READERS).map(|first| scope.spawn(move || read(first))).collect();
        let mut writes = 0;
        while began.elapsed() < WHILE {
            save_and_rename(&paths[writes * 7 % paths.len()], &text(writes));
            writes += 1;
            thread::sleep(PAUSE);
        }
        is_over.store(true, Ordering::Relaxed);
        let read: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        (read, began.elapsed())
    });
    vec![read as f64 / took.as_secs_f64()]
}
