//! Keys as they are given on the command line.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use keyfs::Key;

use crate::exit::{About, Failure};

/// The key that an argument of `command` is.
pub(crate) fn parse(command: &str, argument: &OsStr) -> Result<Key, Failure> {
    let bytes = argument.as_bytes();
    Key::from_wtf8(bytes).about(&format!("{command} {}", bytes.escape_ascii()))
}
