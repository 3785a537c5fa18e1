//! `keyfs umount`.

use std::path::PathBuf;

use clap::Args;

use crate::exit::{About, Failure, Reason, Status};

/// Take a mounted store away again
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyfs umount ~/settings
  keyfs umount --lazy ~/settings")]
pub(crate) struct Umount {
    /// The directory where the store is mounted
    mountpoint: PathBuf,
    /// Take it away even while somebody uses it; it ends when the last one has finished
    #[arg(short = 'z', long)]
    lazy: bool,
}

impl Umount {
    pub(crate) fn run(&self) -> Result<Status, Failure> {
        let what = format!("umount {}", self.mountpoint.display());
        keyfs::fuse::unmount(&self.mountpoint, self.lazy).map_err(Reason::Mount).about(&what)?;
        Ok(Status::Done)
    }
}
