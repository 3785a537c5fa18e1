//! `keyfs key`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::Args;
use keyfs::view::{FileName, Name};
use keyfs::{Key, OpenOptions};

use crate::arguments::{OpenStore, StoreOptions};
use crate::exit::{About, Failure, Reason, Status};
use crate::naming::{Mounted, NamingOptions, mounted_at};
use crate::{key, output};

/// Print the key that a file name in a mount stands for
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs key people%2Fada
  keyfs key ~/settings/people%2Fada
  for file in *; do keyfs key \"$file\"; done

Of a path the last part counts. When the directory is a mount, its suffix is known; without a
directory it is the current one. A name that ends in a hash, because the key is too long, is
looked up in the store: that of the mount, or the one given by -d.

The key is printed as by `keyfs keys`. The exit status is 1 for the name of a scratch file and
for a name that no key has.")]
pub(crate) struct KeyOfPath {
    /// The file name, or a path that ends with it
    #[arg(value_name = "FILENAME")]
    path: OsString,
    #[command(flatten)]
    naming: NamingOptions,
    /// End the key with a NUL character, and print it as it is
    #[arg(short = '0', long, conflicts_with = "json")]
    null: bool,
    /// Print a JSON string
    #[arg(long)]
    json: bool,
}

impl KeyOfPath {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let shown = self.path.to_str().map_or_else(|| self.path.as_bytes().escape_ascii().to_string(), str::to_owned);
        let what = format!("key {shown}");
        let key = self.key(store).about(&what)?;
        output::write(|out| self.write(out, &key)).about(&what)?;
        Ok(Status::Done)
    }

    fn key(&self, store: &StoreOptions) -> Result<Key, Reason> {
        let (directory, name) = taken_apart(&self.path);
        let mounted = match self.naming.given()? {
            Some(given) => given,
            None => mounted_at(directory)?.unwrap_or_default(),
        };
        match mounted.naming.parse(name)? {
            Name::Key(key) => Ok(key),
            Name::LongKey(name) => find(&mounted, store, &name),
            Name::Scratch(_) => Err(Reason::Scratch),
        }
    }

    fn write(&self, out: &mut dyn Write, key: &Key) -> io::Result<()> {
        if self.json {
            writeln!(out, "{}", key.to_json())
        } else if self.null {
            out.write_all(&[key.as_wtf8(), b"\0"].concat())
        } else {
            writeln!(out, "{}", key::line(key))
        }
    }
}

/// The directory of the mount in which a file lies, and the file's name.
fn taken_apart(path: &OsStr) -> (&Path, &[u8]) {
    let bytes = path.as_bytes();
    let Some(slash) = bytes.iter().rposition(|&byte| byte == b'/') else { return (Path::new("."), bytes) };
    // The directory `/` keeps its slash.
    let directory = Path::new(OsStr::from_bytes(&bytes[..slash.max(1)]));
    let below = |part: &str| directory.ends_with(part).then(|| directory.ancestors().nth(2)).flatten();
    // What is told of a file and what was refused for it lies under the file's name, too.
    let mount = below(".keyfs/info").or_else(|| below(".keyfs/rejected")).map(or_current);
    (mount.unwrap_or(directory), &bytes[slash + 1..])
}

/// The directory that a path leads to: an empty one to the current.
fn or_current(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// The live key whose name holds only its hash.
fn find(mounted: &Mounted, store: &StoreOptions, name: &FileName) -> Result<Key, Reason> {
    let store = match &mounted.store {
        Some(path) => OpenStore::open(path, OpenOptions::read_only())?,
        None => store.open_for_reading()?,
    };
    let found = store.keys().into_iter().find(|key| mounted.naming.name_of(key) == *name);
    if found.is_none() {
        store.check_complete()?;
    }
    found.ok_or(Reason::NoSuchKey)
}
