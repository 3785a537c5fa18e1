//! `keyfs guard`, which a mount starts beside itself.

use std::ffi::OsString;

use clap::Args;

use crate::exit::{About, Failure, Reason, Status};

/// The name of the command.
const NAME: &str = "guard";

#[derive(Args, Debug)]
pub(crate) struct Guard {
    /// The process that serves the mount
    daemon: u32,
    /// The number of the connection
    device: u32,
}

impl Guard {
    pub(crate) fn run(&self) -> Result<Status, Failure> {
        keyfs::fuse::guard(self.daemon, self.device).map_err(Reason::Guard).about(NAME)?;
        Ok(Status::Done)
    }
}

/// What starts it, up to the numbers.
pub(crate) fn command() -> impl Iterator<Item = OsString> {
    // This very program, also when its file has been replaced meanwhile.
    ["/proc/self/exe", NAME].into_iter().map(OsString::from)
}
