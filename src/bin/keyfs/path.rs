//! `keyfs path`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::Args;

use crate::exit::{About, Failure, Status};
use crate::naming::NamingOptions;
use crate::{key, output};

/// Print the file name that a key has in a mount
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs path people/ada
  keyfs path people/ada --suffix .json
  $EDITOR \"$(keyfs path people/ada --mount ~/settings)\"

With a mount point it is the path of the file below it. The key need not exist.")]
pub(crate) struct PathOfKey {
    /// The key
    key: OsString,
    #[command(flatten)]
    naming: NamingOptions,
    /// End the name with a NUL character instead of a line feed
    #[arg(short = '0', long)]
    null: bool,
}

impl PathOfKey {
    pub(crate) fn run(&self) -> Result<Status, Failure> {
        let key = key::parse("path", &self.key)?;
        let what = format!("path {key}");
        let mounted = self.naming.given().about(&what)?.unwrap_or_default();
        let name = mounted.naming.name_of(&key);
        let path = self.naming.mount.as_deref().unwrap_or(Path::new("")).join(name.as_os_str());
        let end: &[u8] = if self.null { b"\0" } else { b"\n" };
        output::write(|out| out.write_all(&[path.as_os_str().as_bytes(), end].concat())).about(&what)?;
        Ok(Status::Done)
    }
}
