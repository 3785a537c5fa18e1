//! The command line, and the store that it names.

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use keyfs::{Durability, Identifier, OpenOptions, Store};

use crate::exit::Reason;
use crate::{check, contains, get, key_of_path, keys, path, put, rm};
#[cfg(feature = "fuse")]
use crate::{guard, mount, umount};

/// Keep JSON values under string keys, in a plain directory that any number of programs share
#[derive(Debug, Parser)]
#[command(name = "keyfs", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  export KEYFS_DIR=/srv/settings
  keyfs put web '{\"port\": 8080}'
  keyfs get web
  keyfs keys 'web*'

Exit status:
  0 done, 1 no such key or false, 2 usage, 3 conflict, 4 not a value or key that can be stored,
  5 store or I/O error, 32 mount failed, 124 timed out, 130 interrupted";

/// Where the snapshots of stores lie that are only read: below the user's cache directory, if he has one.
fn cache_directory() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("keyfs"))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Get(get::Get),
    Put(put::Put),
    Rm(rm::Rm),
    Keys(keys::Keys),
    Contains(contains::Contains),
    Path(path::PathOfKey),
    Key(key_of_path::KeyOfPath),
    /// Print the number of keys
    Count,
    /// Remove all keys
    Clear,
    Check(check::Check),
    #[cfg(feature = "fuse")]
    Mount(mount::Mount),
    #[cfg(feature = "fuse")]
    Umount(umount::Umount),
    #[cfg(feature = "fuse")]
    #[command(hide = true)]
    Guard(guard::Guard),
}

impl Command {
    /// Whether the command goes on for long after it has started.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            #[cfg(feature = "fuse")]
            Command::Mount(_) => true,
            _ => false,
        }
    }
}

const STORE_HEADING: &str = "Store";

/// Which store, and who writes to it.
#[derive(Args, Debug)]
pub(crate) struct StoreOptions {
    /// The directory of the store
    #[arg(
        short,
        long,
        global = true,
        help_heading = STORE_HEADING,
        value_name = "STORE",
        env = "KEYFS_DIR",
        hide_env_values = true
    )]
    dir: Option<OsString>,
    /// Who writes: 1 to 250 of a-z A-Z 0-9 _ + , . - [default: the host's name]
    #[arg(
        short,
        long = "id",
        global = true,
        help_heading = STORE_HEADING,
        value_name = "IDENTIFIER",
        env = "KEYFS_ID",
        hide_env_values = true
    )]
    identifier: Option<String>,
}

impl StoreOptions {
    /// Opens the store for reading, which writes nothing at all.
    pub(crate) fn open_for_reading(&self) -> Result<OpenStore, Reason> {
        self.writer()?;
        let options = OpenOptions::read_only();
        self.open(match cache_directory() {
            Some(cache) => options.cache(cache),
            None => options,
        })
    }

    /// Opens the store for writing; a put or remove returns when it is on disk.
    pub(crate) fn open_for_writing(&self) -> Result<OpenStore, Reason> {
        self.open(self.writing()?)
    }

    /// How the store is opened for writing.
    pub(crate) fn writing(&self) -> Result<OpenOptions, Reason> {
        Ok(OpenOptions::writer(self.writer()?).durability(Durability::Sync))
    }

    /// Who writes: the identifier given, or one made of the host's name.
    pub(crate) fn writer(&self) -> Result<Identifier, Reason> {
        // Not checked while parsing: clap would then refuse a bad KEYFS_ID that an option overrides.
        let given = self.identifier.as_deref().map(Identifier::new).transpose()?;
        Ok(given.unwrap_or_else(Identifier::of_host))
    }

    fn open(&self, options: OpenOptions) -> Result<OpenStore, Reason> {
        OpenStore::open(self.path()?, options)
    }

    /// The directory of the store.
    pub(crate) fn path(&self) -> Result<&Path, Reason> {
        let dir = self.dir.as_ref().filter(|dir| !dir.is_empty()).ok_or(Reason::NoStore)?;
        Ok(Path::new(dir))
    }
}

/// A store until the command ends, and the process with it: so its memory is not freed piece by piece.
pub(crate) struct OpenStore(ManuallyDrop<Store>);

impl OpenStore {
    pub(crate) fn open(path: &Path, options: OpenOptions) -> Result<OpenStore, Reason> {
        Ok(OpenStore(ManuallyDrop::new(Store::open(path, options)?)))
    }
}

impl Deref for OpenStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.0
    }
}

impl Drop for OpenStore {
    fn drop(&mut self) {
        self.0.finish();
    }
}
