//! `keyfs get`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use clap::Args;
use keyfs::Value;
use keyfs::view::file_text;

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Reason, Status};
use crate::{key, output};

/// Print the value of a key
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs get web
  keyfs get --raw greeting
  keyfs get --compact --default '[]' list

A key that begins with a dash follows after two: keyfs get -- -x")]
pub(crate) struct Get {
    /// The key
    key: OsString,
    /// Print the value on one line
    #[arg(short, long)]
    compact: bool,
    /// Print a string as it is, without quotes and escapes
    #[arg(short, long)]
    raw: bool,
    /// Print this value when there is no such key
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    default: Option<OsString>,
}

impl Get {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let key = key::parse("get", &self.key)?;
        let what = format!("get {key}");
        let default = self.default.as_ref().map(|json| Value::parse_bytes(json.as_bytes()));
        let default = default.transpose().about("get --default")?;
        let store = store.open_for_reading().about(&what)?;
        let found = store.get(&key).about(&what)?;
        if found.is_none() {
            store.check_complete().about(&what)?;
        }
        let value = found.or(default).ok_or(Reason::NoSuchKey).about(&what)?;
        let text = self.text(&value);
        output::write(|out| out.write_all(&text)).about(&what)?;
        Ok(Status::Done)
    }

    fn text(&self, value: &Value) -> Vec<u8> {
        let raw = if self.raw { value.as_string() } else { None };
        let line = raw.or_else(|| self.compact.then(|| value.to_line().into_bytes()));
        match line {
            Some(mut line) => {
                line.push(b'\n');
                line
            }
            None => file_text(value).into_bytes(),
        }
    }
}
