//! How many descriptors the process of a mount may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many as the administrator does: each scratch file and each large text that somebody has open takes one, and what a
/// shell allows is meant for programs that know a limit of their own.
pub(super) fn allow_all() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        log::debug!("no more than {current:?} descriptors: {error}");
    }
}
