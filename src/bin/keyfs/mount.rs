//! `keyfs mount`.

use std::path::PathBuf;

use clap::Args;

use crate::arguments::StoreOptions;
use crate::exit::{About, Failure, Reason, Status};

/// Show a store as a file system: each key is a file, its content is the value
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs mount /srv/settings ~/settings
  keyfs mount --read-only /srv/settings ~/settings
  keyfs mount -f -o suffix=.json /srv/settings ~/settings")]
pub(crate) struct Mount {
    /// The directory of the store
    store: PathBuf,
    /// The directory where the files are to appear
    mountpoint: PathBuf,
    /// Let nobody change anything
    #[arg(short, long)]
    read_only: bool,
    /// Mount options, separated by commas
    #[arg(short, value_name = "OPT,...")]
    options: Vec<String>,
    /// Stay in the foreground
    #[arg(short, long)]
    foreground: bool,
}

impl Mount {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let Mount { store: path, mountpoint, read_only, options, foreground } = self;
        let what = format!("mount {}", mountpoint.display());
        let identifier = store.writer().about(&what)?;
        log::debug!("{path:?} {read_only} {options:?} {foreground} {identifier}");
        Err(Reason::Mount("not built in yet".to_owned())).about(&what)
    }
}
