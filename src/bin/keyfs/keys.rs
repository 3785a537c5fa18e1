//! `keyfs keys`.

use std::io::{self, Write};

use clap::Args;
use keyfs::Key;

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Status};
use crate::pattern::Pattern;
use crate::{key, output};

/// List the keys, sorted by code point
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs keys
  keyfs keys 'web/*'
  keyfs keys -0 'old*' | xargs -0 -r keyfs rm --

One key a line. A key that holds control characters or lone surrogates, or begins with a
double quote, is printed as a JSON string, so that each line means exactly one key.")]
pub(crate) struct Keys {
    /// Only the keys that match: `*` any text (`/` too), `?` one character, `[a-z]`, `[!a-z]`
    #[arg(value_name = "GLOB")]
    pattern: Option<String>,
    /// End each key with a NUL character, and print it as it is
    #[arg(short = '0', long, conflicts_with = "json")]
    null: bool,
    /// Print a JSON array of strings
    #[arg(long)]
    json: bool,
}

impl Keys {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let pattern = self.pattern.as_deref().map(|text| Pattern::new(text).about(&format!("keys {text}")));
        let pattern = pattern.transpose()?;
        let store = store.open_for_reading().about("keys")?;
        store.check_complete().about("keys")?;
        let mut keys = store.keys();
        if let Some(pattern) = pattern {
            keys.retain(|key| pattern.matches(key));
        }
        output::write(|out| self.write(out, &keys)).about("keys")?;
        Ok(Status::Done)
    }

    fn write(&self, out: &mut dyn Write, keys: &[Key]) -> io::Result<()> {
        if self.json {
            let array: Vec<_> = keys.iter().map(Key::to_json).collect();
            return writeln!(out, "[{}]", array.join(", "));
        }
        for key in keys {
            if self.null {
                out.write_all(key.as_wtf8())?;
                out.write_all(b"\0")?;
            } else {
                writeln!(out, "{}", key::line(key))?;
            }
        }
        Ok(())
    }
}
