//! Keeping the memory of a mount small: one arena for all its threads, and large blocks given back at once.
//!
//! The allocator of glibc gives each thread an arena of its own and keeps in each what large values have needed once,
//! in pieces between which small blocks lie. Measured with everything at once in a mount, values of up to 2.5 MB among it:
//! 95 MiB after 23 minutes and growing; with this 35 MiB after ten, and 29 at the end. A save of such a value takes up to
//! half as long again. Its options are read before `main`, so the program is started anew; other allocators do not know them.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// How many arenas there are at most, and from how many bytes on a block is one of its own: environment variables of glibc.
const OPTIONS: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "262144")];

/// The options that whoever started this program has not set.
fn missing() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPTIONS.into_iter().filter(|(variable, _)| std::env::var_os(variable).is_none())
}

/// Has a program start with these options.
pub(crate) fn limit(command: &mut Command) -> &mut Command {
    command.envs(missing())
}

/// Starts this program anew in the same process with the same arguments, if it has not been started so yet.
///
/// Where that cannot be done it goes on as it is: it only needs more memory.
pub(crate) fn start_limited() {
    if missing().next().is_none() {
        return;
    }
    let mut arguments = std::env::args_os();
    let Ok(program) = std::env::current_exe() else { return };
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let error = limit(command.args(arguments)).exec();
    log::debug!("cannot start with less memory: {error}");
}
