use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::store::Identifier;
use crate::vfs::Limits;
use crate::view::Suffix;

/// How a store is to be mounted.
#[derive(Clone, Debug)]
pub struct MountOptions {
    pub(super) store: PathBuf,
    pub(super) mount_point: PathBuf,
    pub(super) identifier: Identifier,
    pub(super) read_only: bool,
    pub(super) allow_other: bool,
    pub(super) non_empty: bool,
    pub(super) notify: bool,
    pub(super) sync_interval: Duration,
    pub(super) sandbox: bool,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) umask: Option<u16>,
    pub(super) suffix: Suffix,
    pub(super) limits: Limits,
    pub(super) guardian: Vec<OsString>,
}

/// Why a mount option is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MountOptionError {
    /// There is no such option.
    #[error("{0}: no such mount option")]
    Unknown(String),
    /// The option's value is not what it takes.
    #[error("{name}={value}: {name} takes {takes}")]
    BadValue {
        /// The option.
        name: String,
        /// The value that was given.
        value: String,
        /// What it takes.
        takes: &'static str,
    },
}

impl MountOptions {
    /// Mounts `store` at `mount_point`, writable, for the user who mounts only.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>, mount_point: impl Into<PathBuf>) -> MountOptions {
        MountOptions {
            store: store.into(),
            mount_point: mount_point.into(),
            identifier: Identifier::of_host(),
            read_only: false,
            allow_other: false,
            non_empty: false,
            notify: true,
            sync_interval: Duration::ZERO,
            sandbox: true,
            uid: None,
            gid: None,
            umask: None,
            suffix: Suffix::default(),
            limits: Limits::default(),
            guardian: Vec::new(),
        }
    }

    /// Sets the writer identifier; without it the host's name serves.
    #[must_use]
    pub fn identifier(self, identifier: Identifier) -> MountOptions {
        MountOptions { identifier, ..self }
    }

    /// Sets a program, and arguments for it, that ends the mount when this process is killed; see
    /// [`Guardian`](super::Guardian). Without one, whoever waits for an answer at that moment may wait for ever.
    #[must_use]
    pub fn guardian(self, command: impl IntoIterator<Item = OsString>) -> MountOptions {
        MountOptions { guardian: command.into_iter().collect(), ..self }
    }

    /// Sets whether nothing can be changed through the mount; then nothing at all is written to the store either.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> MountOptions {
        MountOptions { read_only: self.read_only || read_only, ..self }
    }

    /// Takes one option as of `mount -o`, such as `ro`, `allow_other` or `umask=077`.
    ///
    /// What is for mount(8) or for the kernel alone is accepted and means nothing here.
    ///
    /// # Errors
    ///
    /// [`MountOptionError`].
    pub fn option(mut self, option: &str) -> Result<MountOptions, MountOptionError> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "allow_other" => self.allow_other = true,
            "nonempty" => self.non_empty = true,
            "notify" => self.notify = is_auto(name, value)?,
            "sandbox" => self.sandbox = is_auto(name, value)?,
            "sync_interval" => self.sync_interval = interval(value)?,
            "uid" => self.uid = Some(number(name, value, 10)?),
            "gid" => self.gid = Some(number(name, value, 10)?),
            "umask" => self.umask = Some((number(name, value, 8)? & 0o777) as u16),
            "suffix" => self.suffix = suffix(value)?,
            "max_file" => self.limits.file_bytes = file_bytes(value)?,
            "max_drafts" => self.limits.draft_bytes = bytes(name, value)?,
            "max_scratch" => self.limits.scratch_bytes = bytes(name, value)?,
            "max_scratch_files" => self.limits.nameless_files = count(name, value)?,
            "max_open_files" => self.limits.open_files = count(name, value)?,
            "max_rejected" => self.limits.rejected_bytes = bytes(name, value)?,
            "max_rejected_texts" => self.limits.rejected_texts = count(name, value)?,
            _ if IGNORED.contains(&name) || name.starts_with("x-") || name.starts_with("X-") => {}
            _ => return Err(MountOptionError::Unknown(name.to_owned())),
        }
        Ok(self)
    }
}

/// Options that say nothing to this program, but belong in an fstab line or to every FUSE mount.
const IGNORED: [&str; 22] = [
    "",
    "auto",
    "noauto",
    "async",
    "atime",
    "noatime",
    "default_permissions",
    "defaults",
    "dev",
    "nodev",
    "exec",
    "noexec",
    "nofail",
    "_netdev",
    "relatime",
    "suid",
    "nosuid",
    "user",
    "users",
    "nouser",
    "sync",
    "comment",
];

fn suffix(value: &str) -> Result<Suffix, MountOptionError> {
    Suffix::new(value).map_err(|_| bad("suffix", value, Suffix::FORM))
}

fn is_auto(name: &str, value: &str) -> Result<bool, MountOptionError> {
    match value {
        "auto" => Ok(true),
        "off" => Ok(false),
        _ => Err(bad(name, value, "auto or off")),
    }
}

/// Seconds, perhaps with a fraction.
fn interval(value: &str) -> Result<Duration, MountOptionError> {
    let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| bad("sync_interval", value, "a number of seconds"))
}

/// The most bytes of one file, which no record can have more of.
fn file_bytes(value: &str) -> Result<u64, MountOptionError> {
    let most = bytes("max_file", value)?;
    if most <= Limits::MOST_FILE_BYTES { Ok(most) } else { Err(bad("max_file", value, "a number of bytes up to 256M")) }
}

/// A number of bytes, perhaps with K, M or G for that many times 1024, its square, or its cube.
fn bytes(name: &str, value: &str) -> Result<u64, MountOptionError> {
    let (digits, unit) = match value.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1 << 10),
        None => match value.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 1 << 20),
            None => value.strip_suffix(['G', 'g']).map_or((value, 1), |digits| (digits, 1 << 30)),
        },
    };
    let number = digits.parse().ok().and_then(|number: u64| number.checked_mul(unit));
    number.ok_or_else(|| bad(name, value, "a number of bytes, also as 64K, 64M or 64G"))
}

fn count(name: &str, value: &str) -> Result<usize, MountOptionError> {
    value.parse().map_err(|_| bad(name, value, "a number"))
}

fn bad(name: &str, value: &str, takes: &'static str) -> MountOptionError {
    MountOptionError::BadValue { name: name.to_owned(), value: value.to_owned(), takes }
}

fn number(name: &str, value: &str, radix: u32) -> Result<u32, MountOptionError> {
    let takes = if radix == 8 { "an octal number" } else { "a number" };
    u32::from_str_radix(value, radix).map_err(|_| bad(name, value, takes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "`-o` sets each limit; a number of bytes can be given as `64K`, `64M` or `64G`."
    #[test]
    fn options_are_taken_ignored_or_refused() {
        let options = || MountOptions::new("/store", "/mnt");
        assert!(options().option("ro").unwrap().read_only);
        assert_eq!(options().option("umask=077").unwrap().umask, Some(0o77));
        assert_eq!(options().option("uid=1000").unwrap().uid, Some(1000));
        assert_eq!(options().option("suffix=.json").unwrap().suffix.as_str(), ".json");
        for ignored in ["_netdev", "x-systemd.automount", "nofail", "defaults", ""] {
            assert!(options().option(ignored).is_ok(), "{ignored}");
        }
        assert_eq!(options().option("speed=9").unwrap_err().to_string(), "speed: no such mount option");
        for bad in ["suffix", "suffix=", "suffix=json", "suffix=.a/b", "suffix=.x~", "suffix=.%41"] {
            let message = options().option(bad).unwrap_err().to_string();
            assert!(message.starts_with("suffix=") && message.contains("suffix takes a dot and 1 to 31"), "{message}");
        }
        let limits = options().option("max_file=64K").unwrap().option("max_scratch=2G").unwrap().limits;
        assert_eq!((limits.file_bytes, limits.scratch_bytes), (64 << 10, 2 << 30));
        let limits = options().option("max_drafts=7").unwrap().option("max_open_files=9").unwrap().limits;
        assert_eq!((limits.draft_bytes, limits.open_files), (7, 9));
        for bad in [
            "max_file=257M",
            "max_file=x",
            "max_drafts=1T",
            "max_scratch=",
            "max_open_files=-1",
            "max_rejected=99999999999G",
        ] {
            let message = options().option(bad).unwrap_err().to_string();
            assert!(message.starts_with(bad) && message.contains(" takes a number"), "{message}");
        }
        assert!(options().sandbox && !options().option("sandbox=off").unwrap().sandbox);
        assert!(options().notify && !options().option("notify=off").unwrap().notify);
        assert_eq!(options().option("notify=no").unwrap_err().to_string(), "notify=no: notify takes auto or off");
        assert_eq!(options().option("sync_interval=1.5").unwrap().sync_interval, Duration::from_millis(1500));
        for bad in ["", "-1", "x", "inf", "1e300"] {
            let message = options().option(&format!("sync_interval={bad}")).unwrap_err().to_string();
            assert_eq!(message, format!("sync_interval={bad}: sync_interval takes a number of seconds"));
        }
        assert_eq!(options().option("umask=9").unwrap_err().to_string(), "umask=9: umask takes an octal number");
    }
}
