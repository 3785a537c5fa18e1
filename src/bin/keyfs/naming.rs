//! Which mount's file names are meant: found from the mount itself, or given.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use keyfs::view::{Naming, Suffix};

use crate::exit::Reason;

/// The most bytes of a mount's status that are read.
const STATUS_BYTES: u64 = 1 << 20;

/// Which mount's file names are meant.
#[derive(Args, Debug)]
pub(crate) struct NamingOptions {
    /// The directory where the store is mounted, whose files are meant
    #[arg(long, value_name = "MOUNTPOINT", conflicts_with = "suffix")]
    pub(crate) mount: Option<PathBuf>,
    /// The suffix of a mount with `-o suffix=SUFFIX`, such as `.json`
    #[arg(long, value_name = "SUFFIX")]
    suffix: Option<String>,
}

/// How file names are made, and the store that is mounted, when that is known.
#[derive(Debug, Default)]
pub(crate) struct Mounted {
    pub(crate) naming: Naming,
    pub(crate) store: Option<PathBuf>,
}

impl NamingOptions {
    /// What the options say, or none when there are none.
    pub(crate) fn given(&self) -> Result<Option<Mounted>, Reason> {
        if let Some(mount) = &self.mount {
            let found = mounted_at(mount)?;
            return found.map(Some).ok_or_else(|| Reason::NoMount(mount.clone()));
        }
        let suffix = match self.suffix.as_deref() {
            None => return Ok(None),
            Some("") => Suffix::default(),
            Some(suffix) => Suffix::new(suffix)?,
        };
        Ok(Some(Mounted { naming: Naming::with_suffix(suffix), store: None }))
    }
}

/// What is mounted at a directory, asked of the mount; none when it is no mount of keyfs.
pub(crate) fn mounted_at(mount: &Path) -> Result<Option<Mounted>, Reason> {
    let path = mount.join(".keyfs/status");
    let mut text = Vec::new();
    match std::fs::File::open(&path).and_then(|file| file.take(STATUS_BYTES).read_to_end(&mut text)) {
        Ok(_) => Ok(read_status(&text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(Reason::Status { path, source }),
    }
}

fn read_status(text: &[u8]) -> Option<Mounted> {
    let status: serde_json::Value = serde_json::from_slice(text).ok()?;
    let suffix = match status.get("options")?.get("suffix")? {
        serde_json::Value::Null => Suffix::default(),
        suffix => Suffix::new(suffix.as_str()?).ok()?,
    };
    let store = status.get("store")?.get("path")?.as_str()?;
    Some(Mounted { naming: Naming::with_suffix(suffix), store: Some(store.into()) })
}
