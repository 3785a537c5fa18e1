//! Standard output.

use std::io::{self, BufWriter, ErrorKind, Write};

use crate::exit::Reason;

/// Writes to standard output, and sees to it that all of it has left.
///
/// A reader that has seen enough and gone away, as `head` does, is no error.
pub(crate) fn write(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Reason> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Reason::Output),
    }
}
