//! Patterns of keys.

use glob::{MatchOptions, PatternError};
use keyfs::Key;

/// A shell pattern that keys match or not: `*` any text (`/` too), `?` one character, `[a-z]`, `[!a-z]`.
pub(crate) struct Pattern(glob::Pattern);

/// The most asterisks of a pattern: matching recurses at each of them, and the stack is not endless.
const MOST_ASTERISKS: usize = 1000;

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Pattern, PatternError> {
        // Two asterisks mean no more than one, but the crate takes them for a path of any depth, and is strict there.
        let mut single = String::with_capacity(text.len());
        for c in text.chars() {
            if c != '*' || !single.ends_with('*') {
                single.push(c);
            }
        }
        if single.matches('*').count() > MOST_ASTERISKS {
            return Err(PatternError { pos: 0, msg: "more than 1000 asterisks" });
        }
        glob::Pattern::new(&single).map(Pattern)
    }

    pub(crate) fn matches(&self, key: &Key) -> bool {
        let options =
            MatchOptions { case_sensitive: true, require_literal_separator: false, require_literal_leading_dot: false };
        match key.as_str() {
            Some(text) => self.0.matches_with(text, options),
            None => self.0.matches_with(&replace_surrogates(key.as_wtf8()), options),
        }
    }
}

/// The text with one replacement character in the place of each lone surrogate.
fn replace_surrogates(wtf8: &[u8]) -> String {
    let mut text = String::with_capacity(wtf8.len());
    for chunk in wtf8.utf8_chunks() {
        text.push_str(chunk.valid());
        // The other two bytes of a surrogate come as chunks of their own.
        if chunk.invalid().starts_with(b"\xed") {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}
