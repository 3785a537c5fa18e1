//! `keyfs put`.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use clap::Args;
use keyfs::Value;
use keyfs::record::limits::RECORD_BYTES;

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Reason, Status};
use crate::key;

/// Put a value under a key
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs put web '{\"port\": 8080}'
  keyfs put --string greeting 'Hello, world'
  jq '.port = 80' web.json | keyfs put web

When the command returns, the value is on disk and every other program sees it.")]
pub(crate) struct Put {
    /// The key
    key: OsString,
    /// The value; `-`, or none, reads it from standard input
    #[arg(allow_hyphen_values = true)]
    json: Option<OsString>,
    /// Take the text as it is for a string, a final line feed of the input included
    #[arg(short, long)]
    string: bool,
}

impl Put {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let key = key::parse("put", &self.key)?;
        let what = format!("put {key}");
        // Before the store is opened: what cannot be stored must leave no trace there.
        let value = self.value().about(&what)?;
        store.open_for_writing().about(&what)?.put(&key, value).about(&what)?;
        Ok(Status::Done)
    }

    fn value(&self) -> Result<Value, Reason> {
        let read;
        let text = match &self.json {
            Some(json) if json != "-" => json.as_bytes(),
            _ => {
                read = read_input()?;
                &read
            }
        };
        if self.string { Value::string_from_wtf8(text).ok_or(Reason::NotText) } else { Ok(Value::parse_bytes(text)?) }
    }
}

/// All of standard input, as long as it could fit into a record.
fn read_input() -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(RECORD_BYTES + 1).read_to_end(&mut bytes).map_err(Reason::Input)?;
    if bytes.len() as u64 > RECORD_BYTES {
        return Err(Reason::InputTooLarge { limit: RECORD_BYTES });
    }
    Ok(bytes)
}
