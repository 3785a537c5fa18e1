use std::fs;
use std::path::{Path, PathBuf};

use super::mount_table::lies_in;

/// The most processes that a message names.
const NAMED_HOLDERS: usize = 5;

/// A process that keeps a mount busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process id.
    pub process: u32,
    /// The name of its program.
    pub program: String,
}

/// The processes that have a working directory or an open file below a path, as far as this user may see them.
///
/// Looks only at links in `/proc`, never at the mount itself.
#[must_use]
pub fn holders(mount_point: &Path) -> Vec<Holder> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holds = numbers.filter(|&process: &u32| uses(process, mount_point));
    holds.map(|process| Holder { process, program: program_name(process) }).collect()
}

fn uses(process: u32, mount_point: &Path) -> bool {
    let directory = PathBuf::from(format!("/proc/{process}"));
    let open_files = fs::read_dir(directory.join("fd")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut links = ["cwd", "root", "exe"].map(|name| directory.join(name)).into_iter().chain(open_files);
    links.any(|link| fs::read_link(link).is_ok_and(|target| lies_in(&target, mount_point)))
}

fn program_name(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).map_or_else(|_| "?".to_owned(), |name| name.trim().to_owned())
}

/// The holders as the end of a message: nothing, or a colon and their names.
pub(super) fn describe(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return String::new();
    }
    let named = holders.iter().take(NAMED_HOLDERS).map(|holder| format!("{} ({})", holder.program, holder.process));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = holders.len().saturating_sub(NAMED_HOLDERS);
    if more == 0 { format!(": used by {named}") } else { format!(": used by {named} and {more} more") }
}
