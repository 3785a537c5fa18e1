use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A line of the kernel's mount table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountEntry {
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// The type, such as `fuse.keyfs`.
    pub kind: String,
    /// What is mounted: for keyfs, the path of the store.
    pub source: PathBuf,
    /// The number of the mount; another one may have it when this one has gone.
    pub(super) number: u32,
    /// The minor number of its device, which for FUSE is the number of the connection.
    pub(super) device: u32,
}

/// What is mounted at exactly this absolute path, the uppermost where there are several; never touches the path itself.
///
/// # Errors
///
/// Those of reading `/proc/self/mountinfo`.
pub fn mount_at(mount_point: &Path) -> io::Result<Option<MountEntry>> {
    let table = std::fs::read("/proc/self/mountinfo")?;
    Ok(entries(&table).filter(|entry| entry.mount_point == mount_point).last())
}

/// The FUSE mount with this device number, the uppermost where there are several.
pub(super) fn mount_of_device(device: u32) -> io::Result<Option<MountEntry>> {
    let table = std::fs::read("/proc/self/mountinfo")?;
    Ok(entries(&table).filter(|entry| entry.device == device && entry.kind.starts_with("fuse")).last())
}

/// Reads the table; lines that do not have its form are passed over.
fn entries(table: &[u8]) -> impl Iterator<Item = MountEntry> {
    table.split(|&byte| byte == b'\n').filter_map(|line| {
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
        // Optional fields stand before a lone dash.
        let dash = fields.iter().position(|&field| field == b"-")?;
        let field = |at: usize| std::str::from_utf8(fields.get(at)?).ok();
        Some(MountEntry {
            number: field(0)?.parse().ok()?,
            device: field(2)?.split_once(':')?.1.parse().ok()?,
            mount_point: unescape(fields.get(4)?),
            kind: String::from_utf8_lossy(fields.get(dash + 1)?).into_owned(),
            source: unescape(fields.get(dash + 2)?),
        })
    })
}

/// Undoes the octal escapes of the table.
fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        let digits =
            after.get(..3).filter(|digits| *first == b'\\' && digits.iter().all(|digit| (b'0'..b'8').contains(digit)));
        match digits {
            Some(digits) => {
                bytes.push(digits.iter().fold(0u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0')));
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Whether a path lies below another, or is it.
pub(super) fn lies_in(path: &Path, directory: &Path) -> bool {
    path.as_os_str().as_bytes() == directory.as_os_str().as_bytes() || path.starts_with(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_escapes_and_optional_fields_are_read() {
        let table = b"36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 - fuse.keyfs /srv/s\\134t rw\nnonsense\n\
            37 35 98:1 / /x rw - ext4 /dev/root rw";
        let found: Vec<_> = entries(table).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].mount_point, Path::new("/mnt/a b"));
        assert_eq!((found[0].kind.as_str(), found[0].source.as_path()), ("fuse.keyfs", Path::new("/srv/s\\t")));
        assert_eq!((found[0].number, found[0].device), (36, 0));
        assert_eq!((found[1].kind.as_str(), found[1].number, found[1].device), ("ext4", 37, 1));
    }
}
