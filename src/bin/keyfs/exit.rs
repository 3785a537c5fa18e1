//! How the command ends: its exit status, and the one line that says what failed and why.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use keyfs::store::IdentifierError;
use keyfs::view::{NameError, SuffixError};
use keyfs::{KeyError, SyntaxError, ValueError};

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, or yes.
    Done,
    /// There is no such key, or no.
    No,
    /// The command line makes no sense.
    Usage,
    /// Not a key or value that can be stored.
    Unstorable,
    /// The store, or input or output, failed.
    Failed,
    /// It could not be mounted or unmounted.
    #[cfg(feature = "fuse")]
    MountFailed,
}

#[cfg(feature = "fuse")]
impl Status {
    /// The status that an exit code stands for.
    pub(crate) fn from_code(code: i32) -> Option<Status> {
        let all = [Status::Done, Status::No, Status::Usage, Status::Unstorable, Status::Failed, Status::MountFailed];
        all.into_iter().find(|status| i32::from(status.code()) == code)
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.code())
    }
}

impl Status {
    fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::No => 1,
            Status::Usage => 2,
            Status::Unstorable => 4,
            Status::Failed => 5,
            #[cfg(feature = "fuse")]
            Status::MountFailed => 32,
        }
    }
}

/// Why something failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Reason {
    #[error("no such key")]
    NoSuchKey,
    #[error("no store is given: use -d STORE or set KEYFS_DIR")]
    NoStore,
    #[error(transparent)]
    NotAnIdentifier(#[from] IdentifierError),
    #[error("not a pattern: {}", .0.msg)]
    NotAPattern(#[from] glob::PatternError),
    #[error(transparent)]
    NotAKey(#[from] KeyError),
    #[error(transparent)]
    NotAName(#[from] NameError),
    #[error("the name of a scratch file, never of a key")]
    Scratch,
    #[error(transparent)]
    NotASuffix(#[from] SuffixError),
    #[error("{}: no keyfs is mounted here", .0.display())]
    NoMount(PathBuf),
    #[error("cannot read {}: {source}", path.display())]
    Status { path: PathBuf, source: io::Error },
    #[error(transparent)]
    NotJson(#[from] SyntaxError),
    #[error("the text is not UTF-8 (lone surrogates as WTF-8)")]
    NotText,
    #[error("the input is larger than the limit of {limit} bytes")]
    InputTooLarge { limit: u64 },
    #[error(transparent)]
    Store(#[from] keyfs::Error),
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[cfg(feature = "fuse")]
    #[error(transparent)]
    Mount(keyfs::fuse::MountError),
    #[cfg(feature = "fuse")]
    #[error(transparent)]
    MountOption(#[from] keyfs::fuse::MountOptionError),
    #[cfg(feature = "fuse")]
    #[error("cannot start the mount in the background: {0}")]
    Background(io::Error),
    #[cfg(feature = "fuse")]
    #[error("cannot guard a mount: {0}")]
    Guard(io::Error),
}

impl Reason {
    /// The line of a text that is not JSON, with a caret under the spot.
    fn caret_lines(&self) -> Option<&str> {
        match self {
            Reason::NotJson(error) | Reason::Store(keyfs::Error::Value(ValueError::Syntax(error))) => {
                error.caret_lines()
            }
            _ => None,
        }
    }

    fn status(&self) -> Status {
        match self {
            Reason::NoSuchKey | Reason::NotAName(_) | Reason::Scratch => Status::No,
            Reason::NoStore | Reason::NotAnIdentifier(_) | Reason::NotAPattern(_) | Reason::NotASuffix(_) => {
                Status::Usage
            }
            Reason::NotAKey(_) | Reason::NotJson(_) | Reason::NotText | Reason::InputTooLarge { .. } => {
                Status::Unstorable
            }
            Reason::Store(keyfs::Error::Value(_) | keyfs::Error::TooLarge { .. }) => Status::Unstorable,
            Reason::Store(_) | Reason::Input(_) | Reason::Output(_) | Reason::NoMount(_) | Reason::Status { .. } => {
                Status::Failed
            }
            #[cfg(feature = "fuse")]
            Reason::MountOption(_) => Status::Usage,
            #[cfg(feature = "fuse")]
            Reason::Mount(_) | Reason::Background(_) | Reason::Guard(_) => Status::MountFailed,
        }
    }
}

/// What failed, and why.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    reason: Box<Reason>,
}

impl Failure {
    /// Says on standard error, in one line, what failed and why, and returns the status that stands for it.
    ///
    /// To people, on a terminal, it also shows where a text is not JSON.
    pub(crate) fn report(&self) -> Status {
        let line = on_one_line(&format!("keyfs: {}: {}", self.what, self.reason));
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(io::stderr(), "{line}");
        if let Some(lines) = self.reason.caret_lines().filter(|_| io::stderr().is_terminal()) {
            let _ = write!(io::stderr(), "{lines}");
        }
        self.reason.status()
    }
}

/// The text with its control characters as escapes: a path may hold any of them.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// Adds to a reason what it is about.
pub(crate) trait About<T> {
    /// Makes a [`Failure`] of `what`, such as `get someKey`.
    fn about(self, what: &str) -> Result<T, Failure>;
}

impl<T, R: Into<Reason>> About<T> for Result<T, R> {
    fn about(self, what: &str) -> Result<T, Failure> {
        self.map_err(|reason| Failure { what: what.to_owned(), reason: Box::new(reason.into()) })
    }
}
