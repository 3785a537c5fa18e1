//! `keyfs check`.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::Args;
use keyfs::store::{Check as Checked, Oddity, Repair};
use serde_json::{Value, json};

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Status, on_one_line};
use crate::output;

/// Look for everything that is odd in a store, and say where and why
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs check -d /srv/settings
  keyfs check --json | jq -r '.odd[] | select(.kind == \"unreadable\") | .path'
  keyfs check --repair

Reads every record and changes nothing. --repair removes what no program can need any more:
files that puts have left an hour ago or longer, unfinished and damaged snapshots, and records
that were superseded long ago. All else is left alone, whatever it is.

Exit status: 0 when nothing odd is left, 1 when something is.")]
pub(crate) struct Check {
    /// Remove what can be removed without a loss
    #[arg(long)]
    repair: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let path = store.path().about("check")?;
        let options = store.writing().about("check")?;
        let found = if self.repair {
            Repair::of(path, &options)
        } else {
            Checked::of(path, &options).map(|after| Repair { repaired: Vec::new(), after })
        };
        let found = found.about("check")?;
        output::write(|out| if self.json { write_json(out, path, &found) } else { write_text(out, &found) })
            .about("check")?;
        Ok(if found.after.oddities.is_empty() { Status::Done } else { Status::No })
    }
}

fn write_text(out: &mut dyn Write, found: &Repair) -> io::Result<()> {
    for Oddity { path, what } in &found.repaired {
        writeln!(out, "{}: removed: {}", shown(path), on_one_line(&what.to_string()))?;
    }
    for Oddity { path, what } in &found.after.oddities {
        writeln!(out, "{}: {}", shown(path), on_one_line(&what.to_string()))?;
    }
    let Checked { records, keys, tombstones, oddities, .. } = &found.after;
    let (odd, removed) = (oddities.len(), found.repaired.len());
    writeln!(out, "keys: {keys}, tombstones: {tombstones}, records: {records}, odd: {odd}, removed: {removed}")
}

fn write_json(out: &mut dyn Write, path: &Path, found: &Repair) -> io::Result<()> {
    let odd = |oddity: &Oddity| -> Value {
        json!({
            "path": shown(&oddity.path),
            "kind": oddity.what.name(),
            "key": oddity.what.key().map(ToString::to_string),
            "reason": oddity.what.to_string(),
        })
    };
    let Checked { records, keys, tombstones, oddities, .. } = &found.after;
    let object = json!({
        "store": shown(path),
        "keys": keys,
        "tombstones": tombstones,
        "records": records,
        "odd": oddities.iter().map(odd).collect::<Vec<_>>(),
        "removed": found.repaired.iter().map(odd).collect::<Vec<_>>(),
    });
    writeln!(out, "{object:#}")
}

/// A path on one line, with what is not UTF-8 or a control character as an escape: names in a store may be any bytes.
fn shown(path: &Path) -> String {
    let chunks = path.as_os_str().as_bytes().utf8_chunks();
    chunks.fold(String::new(), |mut shown, chunk| {
        shown.push_str(&on_one_line(chunk.valid()));
        chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
        shown
    })
}
