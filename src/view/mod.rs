//! What a mount shows of the store: keys as file names, values as file texts.
//!
//! Nothing here touches the disk. Both directions are pure functions: each key has exactly one file name (in mounts of one suffix), and the text
//! of a value depends on the value alone.

mod duplicates;
mod escape;
mod file_name;
mod file_text;
mod names;
mod naming;
mod pieces;
mod printer;
mod reindent;
mod sink;
mod suffix;
mod time;
mod walk;

pub use file_name::{FileName, Name, NameError};
pub use file_text::{PRETTY_BYTES, TextShape, file_text, file_text_shape, parse_file_text};
pub use naming::Naming;
pub use pieces::FileTextPieces;
pub use suffix::{Suffix, SuffixError};
pub use time::rfc3339;
