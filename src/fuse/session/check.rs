//! What is checked before mounting, so that each mistake has its own message.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::MountOptions;
use super::error::MountError;
use super::mount_table::{lies_in, mount_at};
use super::unmount::detach;
use crate::fuse::MOUNT_TYPE;

/// The absolute paths of store and mount point, when the one can be mounted on the other.
///
/// A dead mount of the same store is taken away first.
pub(super) fn checked_paths(options: &MountOptions) -> Result<(PathBuf, PathBuf), MountError> {
    let store = canonical(&options.store)?;
    let mount_point = mount_point_path(&options.mount_point)?;
    if let Some(entry) =
        mount_at(&mount_point).map_err(|source| io_error("read the mount table for", &mount_point, source))?
        && entry.kind == MOUNT_TYPE
    {
        if !is_dead(&mount_point) || entry.source != store {
            let source_name = entry.source.display().to_string();
            return Err(MountError::AlreadyMounted { path: mount_point, source_name });
        }
        log::warn!("{}: the daemon of this mount has died; mounting anew", mount_point.display());
        detach(&mount_point)?;
    }
    check_directory(&mount_point, options.non_empty)?;
    if lies_in(&store, &mount_point) {
        return Err(MountError::StoreInsideMount { store, mount_point });
    }
    if lies_in(&mount_point, &store) {
        return Err(MountError::MountInsideStore { store, mount_point });
    }
    check_device()?;
    check_allow_other(options)?;
    warn_of_others(&store);
    Ok((store, mount_point))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> MountError {
    MountError::Io { action, path: path.to_owned(), source }
}

fn canonical(path: &Path) -> Result<PathBuf, MountError> {
    path.canonicalize().map_err(|source| io_error("open", path, source))
}

/// The absolute path of a mount point, without touching what may be a dead mount there.
pub(super) fn mount_point_path(path: &Path) -> Result<PathBuf, MountError> {
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(MountError::NoMountPoint(path.to_owned())),
        Err(error) if says_dead(&error) => {
            let name = path.file_name().unwrap_or(OsStr::new("."));
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(canonical(parent)?.join(name))
        }
        Err(source) => Err(io_error("look at", path, source)),
    }
}

/// Whether nobody answers at a mount point.
fn is_dead(mount_point: &Path) -> bool {
    // Not stat, which the kernel answers itself for as long as it keeps the attributes.
    rustix::fs::statfs(mount_point).is_err_and(|error| says_dead(&error.into()))
}

/// Whether an error is what the kernel says of a mount whose daemon has died, or is just dying.
fn says_dead(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOTCONN | libc::ECONNABORTED))
}

fn check_directory(mount_point: &Path, non_empty: bool) -> Result<(), MountError> {
    let look = |source| io_error("look at", mount_point, source);
    if !std::fs::metadata(mount_point).map_err(look)?.is_dir() {
        return Err(MountError::NotADirectory(mount_point.to_owned()));
    }
    let mut entries = std::fs::read_dir(mount_point).map_err(look)?;
    if !non_empty && entries.next().is_some() {
        return Err(MountError::NotEmpty(mount_point.to_owned()));
    }
    Ok(())
}

fn check_device() -> Result<(), MountError> {
    let opened = std::fs::OpenOptions::new().read(true).write(true).open("/dev/fuse");
    match opened.map_err(|error| error.kind()) {
        Ok(_) => {}
        Err(io::ErrorKind::PermissionDenied) => return Err(MountError::DeviceDenied),
        Err(_) => return Err(MountError::NoDevice),
    }
    if !rustix::process::geteuid().is_root() && find_program("fusermount3").is_none() {
        return Err(MountError::NoFusermount);
    }
    Ok(())
}

/// Root may read everything, and others decide what he is shown here: so he is told.
fn warn_of_others(store: &Path) {
    let is_open = |path: &Path| std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o022 != 0);
    if rustix::process::geteuid().is_root() && [store.to_owned(), store.join("d")].iter().any(|path| is_open(path)) {
        log::warn!("{}: root serves what others may write; better mount it as its owner", store.display());
    }
}

/// fusermount3 refuses it likewise, in words that do not reach whoever asked.
fn check_allow_other(options: &MountOptions) -> Result<(), MountError> {
    let allows = || std::fs::read_to_string("/etc/fuse.conf").is_ok_and(|text| allows_others(&text));
    if options.allow_other && !rustix::process::geteuid().is_root() && !allows() {
        return Err(MountError::AllowOtherDenied);
    }
    Ok(())
}

/// Whether the settings of fusermount3 let ordinary users let others in.
fn allows_others(settings: &str) -> bool {
    settings.lines().any(|line| line.trim() == "user_allow_other")
}

/// The path of a program, searched as the shell does, and where it is when PATH is not set.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::allows_others;

    #[test]
    fn only_a_line_of_its_own_lets_others_in() {
        assert!(allows_others("# a comment\n  user_allow_other \nmount_max = 9\n"));
        assert!(!allows_others("#user_allow_other\n# user_allow_other\nuser_allow_other = 1\n"));
        assert!(!allows_others(""));
    }
}
