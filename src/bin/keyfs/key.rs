//! Keys as they are given on the command line, and as they are printed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use keyfs::Key;

use crate::exit::{About, Failure};

/// The key that an argument of `command` is.
pub(crate) fn parse(command: &str, argument: &OsStr) -> Result<Key, Failure> {
    let bytes = argument.as_bytes();
    Key::from_wtf8(bytes).about(&format!("{command} {}", bytes.escape_ascii()))
}

/// The line that stands for a key, and for no other one.
pub(crate) fn line(key: &Key) -> String {
    match key.as_str() {
        Some(text) if text.starts_with('"') => key.to_json(),
        _ => key.to_string(),
    }
}
