//! Bytes and what they mean: the JSON dialect of the store, keys, values, timestamps, and the record that binds them.
//!
//! Nothing here touches the disk. The verdicts are those of Python's `json` module, which the original uses: what it
//! reads is read, what it ignores is refused, and [`Value::parse`] refuses what it could not read back.

mod caret;
mod decode;
mod encode;
mod key;
mod lexemes;
pub mod limits;
mod normalize;
mod prefix;
pub(crate) mod runs;
pub(crate) mod scanner;
pub(crate) mod string;
mod syntax_error;
mod timestamp;
mod value;

pub use decode::{RecordError, decode, decode_owned};
pub use encode::encode;
pub use key::{AsKey, Key, KeyError};
pub use prefix::Prefix;
pub use syntax_error::{Reason, SyntaxError};
pub use timestamp::Timestamp;
pub use value::{IntoValue, Value, ValueError};

/// One record: what a file in `d/` says about a key.
///
/// A tombstone is a record with `deleted` set; its value is kept as it was found, and means nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The key that the record is about.
    pub key: Key,
    /// True for a tombstone: the key was removed.
    pub deleted: bool,
    /// The value; `null` in the tombstones that this crate and the original write.
    pub value: Value,
}
