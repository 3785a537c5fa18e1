//! The bounds of what the Python original can read and write, measured against version 0.2019.9.17.1 on Python 3.11.

/// The deepest nesting of a value that is accepted for writing.
///
/// The original reads arrays to depth 988 from a shallow stack, fewer when it is called from deep code.
pub const WRITE_DEPTH: usize = 900;

/// The deepest nesting of a value that is read; the original can write up to 991.
pub const READ_DEPTH: usize = 1000;

/// The most digits of an integer; Python refuses to convert longer ones from text.
pub const INTEGER_DIGITS: usize = 4300;

/// The largest record file that is read, in bytes, unless the caller asks for another limit.
pub const RECORD_BYTES: u64 = 256 * 1024 * 1024;
