//! What the threads that serve a mount can still reach, once they are in a sandbox of the kernel (landlock): the store, the
//! device that requests come from, and `/proc` for reading, to know which process a thread belongs to.
//!
//! No bug in reading a hostile record leads them to another file, then, nor to another program or to the network. The thread
//! that mounts stays outside, because nobody in a sandbox may unmount, and so does the one that waits for signals; and the
//! poker, which uses the mount: to name that in a rule the kernel would ask the mount, before anybody serves it.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus,
};

/// The newest rules that are known here; an older kernel keeps to those that it knows.
const RULES: ABI = ABI::V5;

/// Has this thread, and those that it starts, reach nothing else from now on.
pub(super) fn enter(store: &Path, read_only: bool) {
    match restrict(store, read_only) {
        Ok(RulesetStatus::FullyEnforced) => log::debug!("in a sandbox"),
        Ok(RulesetStatus::PartiallyEnforced) => log::info!("the kernel is too old for all rules of the sandbox"),
        Ok(RulesetStatus::NotEnforced) => log::info!("the kernel has no sandbox (landlock)"),
        Err(error) => log::warn!("without a sandbox: {error}"),
    }
}

fn restrict(store: &Path, read_only: bool) -> Result<RulesetStatus, RulesetError> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let writing = AccessFs::from_all(RULES) & !AccessFs::Execute;
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let reached: [(&Path, BitFlags<AccessFs>); 3] = [
        (store, if read_only { reading } else { writing }),
        (Path::new("/dev/fuse"), device),
        (Path::new("/proc"), reading),
    ];
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(RULES))?
        .handle_access(AccessNet::from_all(RULES))?
        .create()?;
    // What cannot be opened is not reached, either.
    for (path, access) in reached {
        if let Ok(opened) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind::PermissionDenied;

    use super::*;

    /// What a thread in the sandbox meets; false when this kernel has none, which is told.
    fn in_a_sandbox(read_only: bool, meet: impl FnOnce(&Path, &Path) + Send) {
        let (store, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(store.path().join("old"), "1").unwrap();
        fs::write(other.path().join("secret"), "2").unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let status = restrict(store.path(), read_only).unwrap();
                if status == RulesetStatus::NotEnforced {
                    eprintln!("!!! NOT RUN, this kernel has no landlock");
                } else {
                    meet(store.path(), other.path());
                }
            });
        });
        // Who is not in it goes on as before.
        assert_eq!(fs::read(other.path().join("secret")).unwrap(), b"2");
    }

    /// "Where the kernel has landlock, the threads that serve a mount can reach the store, the device that requests
    /// come from, and `/proc` for reading, and no other file; they can start no program and use no network."
    #[test]
    fn nothing_outside_the_store_is_reached() {
        in_a_sandbox(false, |store, other| {
            fs::write(store.join("new"), "3").unwrap();
            fs::rename(store.join("new"), store.join("newer")).unwrap();
            fs::create_dir(store.join("directory")).unwrap();
            fs::rename(store.join("newer"), store.join("directory/newest")).unwrap();
            assert_eq!(fs::read(store.join("old")).unwrap(), b"1");
            let denied = |what: &str, error: Option<std::io::Error>| {
                assert_eq!(error.map(|error| error.kind()), Some(PermissionDenied), "{what}");
            };
            denied("read", fs::read(other.join("secret")).err());
            denied("list", fs::read_dir(other).err());
            denied("create", fs::write(other.join("new"), "").err());
            denied("remove", fs::remove_file(other.join("secret")).err());
            denied("run", std::process::Command::new("/bin/true").spawn().err());
            std::os::unix::fs::symlink(other.join("secret"), store.join("link")).unwrap();
            denied("read through a link", fs::read(store.join("link")).err());
            denied("connect", std::net::TcpStream::connect("127.0.0.1:9").err());
            assert!(fs::read_to_string("/proc/self/status").unwrap().contains("Tgid"));
        });
    }

    /// "Those of a read-only mount can write nowhere."
    #[test]
    fn a_mount_for_reading_can_write_nowhere() {
        in_a_sandbox(true, |store, _| {
            assert_eq!(fs::read(store.join("old")).unwrap(), b"1");
            for error in [fs::write(store.join("new"), "").err(), fs::remove_file(store.join("old")).err()] {
                assert_eq!(error.map(|error| error.kind()), Some(PermissionDenied));
            }
        });
    }
}
