use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::string::{Style, pieces, write_literal};

/// A key of the store: any string that Python can hold.
///
/// That is a sequence of Unicode code points, lone surrogates included, of any length, empty too. It is kept as WTF-8
/// (UTF-8 in which a lone surrogate takes three bytes) without normalisation. Keys are ordered by code point, as in
/// Python. Cloning a key copies no bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<[u8]>);

/// Why bytes are not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key must be UTF-8 (lone surrogates as WTF-8)")]
pub struct KeyError;

impl Key {
    /// Makes a key of WTF-8 bytes, such as those of a command line argument.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when the bytes are not well-formed WTF-8.
    pub fn from_wtf8(bytes: &[u8]) -> Result<Key, KeyError> {
        // Mostly it is UTF-8, which is found out without taking it to pieces.
        let is_key = std::str::from_utf8(bytes).is_ok() || pieces(bytes).is_some();
        is_key.then(|| Key(bytes.into())).ok_or(KeyError)
    }

    /// Makes a key of bytes that are known to be well-formed WTF-8.
    pub(crate) fn from_checked_wtf8(bytes: &[u8]) -> Key {
        Key(bytes.into())
    }

    /// The key's WTF-8 bytes.
    #[must_use]
    pub fn as_wtf8(&self) -> &[u8] {
        &self.0
    }

    /// The key as a string, or `None` when it holds a lone surrogate.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The key as a JSON string in pure ASCII, such as `"a\nb"` or `"\ud800"`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.0.len() + 2);
        write_literal(&mut json, &self.0, Style::Ascii);
        json
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Key {
        Key(text.as_bytes().into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Key {
        Key(text.into_bytes().into())
    }
}

/// Lets a map of keys be searched by bytes, without making a key first.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// Writes the key for people: as it is, lone surrogates and control characters as escapes.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) if !text.chars().any(char::is_control) => f.write_str(text),
            _ => f.write_str(&self.to_json()),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// What a key can be given as: a string, or a [`Key`] that is at hand.
pub trait AsKey {
    /// The key's WTF-8 bytes.
    fn as_wtf8(&self) -> &[u8];

    /// The key itself.
    fn to_key(&self) -> Key;
}

impl AsKey for Key {
    fn as_wtf8(&self) -> &[u8] {
        self.as_wtf8()
    }

    fn to_key(&self) -> Key {
        self.clone()
    }
}

impl AsKey for str {
    fn as_wtf8(&self) -> &[u8] {
        self.as_bytes()
    }

    fn to_key(&self) -> Key {
        Key::from(self)
    }
}

impl AsKey for String {
    fn as_wtf8(&self) -> &[u8] {
        self.as_bytes()
    }

    fn to_key(&self) -> Key {
        Key::from(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_by_code_point() {
        let surrogate = Key::from_wtf8(b"\xed\xa0\x80").unwrap();
        let mut keys = vec![Key::from("🎉"), surrogate.clone(), Key::from("\u{ffff}"), Key::from("a"), Key::from("")];
        keys.sort();
        assert_eq!(keys, [Key::from(""), Key::from("a"), surrogate, Key::from("\u{ffff}"), Key::from("🎉")]);
    }

    #[test]
    fn display_shows_control_characters_and_surrogates_as_escapes() {
        assert_eq!(Key::from("naïve 漢字").to_string(), "naïve 漢字");
        assert_eq!(Key::from("a\nb").to_string(), r#""a\nb""#);
        assert_eq!(Key::from_wtf8(b"\xed\xa0\x80").unwrap().to_string(), r#""\ud800""#);
    }

    #[test]
    fn bytes_that_are_no_string_are_no_key() {
        assert_eq!(Key::from_wtf8(b"\xff"), Err(KeyError));
        assert_eq!(Key::from_wtf8(b"\xed\xa0\xbd\xed\xb8\x80"), Err(KeyError));
    }

    #[test]
    fn unicode_is_not_normalised() {
        assert_ne!(Key::from("\u{e9}"), Key::from("e\u{301}"));
    }
}
