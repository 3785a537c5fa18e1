//! A small file system of its own in a file, which only root can mount.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::mount::UnmountFlags;
use tempfile::TempDir;

use crate::disk;

/// How long it may be busy: other tests start processes, which inherit every descriptor until they are their program.
const BUSY: Duration = Duration::from_secs(10);

/// The size of the file, of which little is ever written.
const BYTES: u64 = 400 << 20;

/// A file system that is mounted, or was until its power was lost.
pub(super) struct SmallDisk {
    kind: String,
    directory: TempDir,
}

impl SmallDisk {
    /// A new one, mounted; or why there is none.
    pub(super) fn new(kind: &str) -> Result<SmallDisk, String> {
        let directory = tempfile::Builder::new().prefix("keyfs-power-loss.").tempdir_in(disk::directory()).unwrap();
        let disk = SmallDisk { kind: kind.to_owned(), directory };
        std::fs::create_dir(disk.path()).unwrap();
        std::fs::File::create(disk.image()).unwrap().set_len(BYTES).unwrap();
        let format = format!("mkfs.{kind}");
        // Each asks before it writes into a file, or into one that holds something.
        let force = if kind == "ext4" { "-F" } else { "-f" };
        run(Command::new(&format).args(["-q", force]).arg(disk.image()))?;
        disk.mount()?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    pub(super) fn mount(&self) -> Result<(), String> {
        run(Command::new("mount").args(["-t", &self.kind, "-o", "loop"]).arg(self.image()).arg(self.path()))
    }

    /// Unmounts it as soon as nobody uses it.
    pub(super) fn unmount(&self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            match rustix::mount::unmount(self.path(), UnmountFlags::empty()) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::BUSY) if began.elapsed() < BUSY => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(format!("{}: {error}: {}", self.path().display(), users(&self.path()))),
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.path(), UnmountFlags::DETACH);
    }
}

/// Runs a command of the system to its end; an error says what it has said.
fn run(command: &mut Command) -> Result<(), String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = command.env("PATH", format!("{path}:/usr/sbin:/sbin")).output();
    let Output { status, stderr, .. } = output.map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let said = String::from_utf8_lossy(&stderr);
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}: {}", said.trim())) }
}

/// Who has something open there.
fn users(path: &Path) -> String {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let uses = |process: &PathBuf| {
        let open = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        open.map(|file| file.path())
            .chain([process.join("cwd")])
            .any(|file| std::fs::read_link(file).is_ok_and(|target| target.starts_with(path)))
    };
    let name = |process: PathBuf| std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    processes.filter(uses).map(name).collect::<Vec<_>>().join(" ")
}
