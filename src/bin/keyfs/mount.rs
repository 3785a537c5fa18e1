//! `keyfs mount`.

use std::path::PathBuf;

use clap::Args;
use keyfs::fuse::MountOptions;

use crate::arenas;
use crate::arguments::StoreOptions;
use crate::background;
use crate::exit::{About, Failure, Reason, Status};
use crate::guard;

/// Show a store as a file system: each key is a file, its content is the value
#[derive(Args, Debug)]
#[command(after_help = "\
Options for -o: ro, rw, allow_other, nonempty, uid=N, gid=N, umask=OCTAL, suffix=.json (all keys'
file names end with it, and all other names are scratch files), notify=auto|off,
sandbox=auto|off, sync_interval=SECONDS; the most that a mount holds beside the store: max_file=256M (one draft or
scratch file), max_drafts=1G, max_scratch=4G, max_scratch_files=10000, max_open_files=65536,
max_rejected=64M, max_rejected_texts=100. Those for mount(8) alone are accepted and mean nothing.

Examples:
  keyfs mount /srv/settings ~/settings
  keyfs mount --read-only /srv/settings ~/settings
  keyfs mount -f -o umask=077 /srv/settings ~/settings")]
pub(crate) struct Mount {
    /// The directory of the store
    store: PathBuf,
    /// The directory where the files are to appear
    mountpoint: PathBuf,
    /// Let nobody change anything
    #[arg(short, long)]
    read_only: bool,
    /// Whether programs that watch the mount with inotify hear of what others do to the store: auto or off
    #[arg(long, value_name = "WHEN")]
    notify: Option<String>,
    /// On network file systems, look for what others have done at most as often as this
    #[arg(long, value_name = "SECONDS")]
    sync_interval: Option<String>,
    /// Mount options, separated by commas
    #[arg(short, value_name = "OPT,...")]
    options: Vec<String>,
    /// Stay in the foreground
    #[arg(short, long)]
    foreground: bool,
}

impl Mount {
    pub(crate) fn run(&self, store: &StoreOptions) -> Result<Status, Failure> {
        let what = format!("mount {}", self.mountpoint.display());
        let options = self.mount_options(store).about(&what)?;
        if background::is_second() {
            keyfs::fuse::mount(&options, background::announce).map_err(Reason::Mount).about(&what)?;
        } else if self.foreground {
            arenas::start_limited();
            keyfs::fuse::mount(&options, || {}).map_err(Reason::Mount).about(&what)?;
        } else {
            return background::start(&self.mountpoint).about(&what);
        }
        Ok(Status::Done)
    }

    fn mount_options(&self, store: &StoreOptions) -> Result<MountOptions, Reason> {
        let mut options = MountOptions::new(&self.store, &self.mountpoint).identifier(store.writer()?);
        for option in self.options.iter().flat_map(|list| list.split(',')) {
            options = options.option(option)?;
        }
        if let Some(when) = &self.notify {
            options = options.option(&format!("notify={when}"))?;
        }
        if let Some(seconds) = &self.sync_interval {
            options = options.option(&format!("sync_interval={seconds}"))?;
        }
        Ok(options.read_only(self.read_only).guardian(guard::command()))
    }
}
