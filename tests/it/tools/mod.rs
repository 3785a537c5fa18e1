//! Editors and command-line tools, driven for real: each saves on a mount as it does in a plain directory.
//!
//! A row of the checklist is a tool and what must come of it: the records that appear in the store, what stands in the
//! listing afterwards, and, as the same tool has it in a plain directory, the value, the exit status and all that was printed.
//! Meanwhile the Python original watches in a process of its own, and sees the old value and the new one, nothing else.

mod copying;
mod editors;
mod emacs;
mod group;
mod judge;
mod place;
mod programs;
mod reading;
mod records;
mod refusals;
mod refusals_in_editors;
mod replacing;
mod row;
mod shells;
mod terminal;
mod vim;
