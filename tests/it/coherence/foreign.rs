//! Other programs put, add and remove in the store itself.

use super::process::Process;
use super::progress::Progress;
use super::readers::{ALL, FIRST_LOOKS, GONE, LISTINGS, LONG_LISTINGS, OPENS, Reader, add_steady};
use super::tally::Tally;
use super::writers::put_and_remove_in_python;
use super::{hang, is_long, wait_and_stop};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;
use crate::python::Python;

/// Each of these is tried as often in a long test; and at least as often in a short one, on a slow machine.
pub(super) const LONG_READS: u64 = 10_000;
const SHORT_READS: u64 = 50;

/// How long it takes about until all of it was tried as often, alone on two cores.
const LONG: std::time::Duration = std::time::Duration::from_secs(400);

/// "After another process's put, remove or clear has returned, the next `open` and the next listing through the mount see
/// it, and so does the first look at a name that is new [...]. What an open file reads is one value from begin to end,
/// never a mixture. `st_size` is always the exact length of the text."
#[test]
fn threads_and_processes_see_what_other_programs_have_written() {
    let Some(mounted) = Mounted::held_for(hang(), None, &[]) else { return };
    let store = foreign_store(&mounted.store_path());
    add_steady(&store);
    let directory = tempfile::tempdir().unwrap();
    let progress = Progress::create(&directory.path().join("progress"));
    let mut python = Python::start(&mounted.store_path(), Some("python"));
    let writer = Process::writer(&mounted.store_path(), &progress);
    let processes: Vec<_> = (4..6).map(|number| Process::reader(number, &mounted.path(), &progress)).collect();
    let tallies = std::thread::scope(|scope| {
        let (progress, mounted) = (&progress, &mounted);
        let readers: Vec<_> = (0..4)
            .map(|number| scope.spawn(move || Reader::new(&mounted.path(), progress, number, ALL).read_all()))
            .collect();
        let original = scope.spawn(|| put_and_remove_in_python(&mut python, progress));
        // Readers tell only at the end.
        let began = std::time::Instant::now();
        wait_and_stop(progress, || began.elapsed() > LONG);
        let tallies: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        original.join().unwrap().assert_right("the original", &[("put or removed", 50)]);
        tallies
    });
    writer.tally().assert_right("the library", &[("put or removed", 50)]);
    let read = tallies.into_iter().chain(processes.into_iter().map(Process::tally)).fold(Tally::default(), Tally::add);
    let least = if is_long() { LONG_READS } else { SHORT_READS };
    let tried = [OPENS, GONE, LISTINGS, LONG_LISTINGS, FIRST_LOOKS].map(|what| (what, least));
    read.assert_right("readers", &tried);
}
