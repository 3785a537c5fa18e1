//! The escapes `%XX` of file names.

use std::borrow::Cow;

/// The escaped form of a key, or of as many characters from its beginning as there was room for.
pub(super) struct Escaped {
    /// The escaped characters; never cut inside a character or an escape.
    pub(super) text: String,
    /// True when it is the whole key.
    pub(super) whole: bool,
}

/// What follows the escaped key in the file name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing: what the key ends with is what the name ends with.
    Nothing,
    /// A suffix, which no name of a scratch file ends with.
    Suffix,
}

/// Escapes the characters of a key (well-formed WTF-8) until they are more than `room` bytes.
pub(super) fn escape(key: &[u8], room: usize, tail: Tail) -> Escaped {
    if key.is_empty() {
        return Escaped { text: "%".to_owned(), whole: true };
    }
    let mut name = Vec::with_capacity(key.len().min(room));
    let mut at = 0;
    while at < key.len() {
        let end = key.len().min(at + character_width(key[at]));
        let escaped = must_escape(key, at, tail);
        let size = if escaped { 3 * (end - at) } else { end - at };
        if name.len() + size > room {
            break;
        }
        if escaped {
            key[at..end].iter().for_each(|&byte| push_escape(&mut name, byte));
        } else {
            name.extend_from_slice(&key[at..end]);
        }
        at = end;
    }
    // What is not UTF-8 in a key are its lone surrogates, and those are escaped by now.
    let text = String::from_utf8(name).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Escaped { text, whole: at == key.len() }
}

/// How many bytes the character takes that begins with `first`.
fn character_width(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

/// Whether the character of `key` that begins at `at` is written as escapes, one for each of its bytes.
fn must_escape(key: &[u8], at: usize, tail: Tail) -> bool {
    match key[at..] {
        [0..0x20 | 0x7f | b'/', ..] => true,
        // The control characters U+0080 to U+009F, and lone surrogates.
        [0xc2, 0x80..0xa0, ..] | [0xed, 0xa0..=0xff, ..] => true,
        [b'%'] => key.len() == 1,
        [b'%', b'~', ..] => true,
        [b'%', high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        // Without an escape these would be the names of scratch files.
        [b'.', ..] => at == 0,
        [b'~'] => tail == Tail::Nothing,
        [b'#', ..] => tail == Tail::Nothing && at == 0 && key.ends_with(b"#"),
        _ => false,
    }
}

fn push_escape(name: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    name.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

/// The bytes that an escaped form stands for; total, so it also takes names that [`escape`] never makes.
pub(super) fn unescape(name: &str) -> Cow<'_, [u8]> {
    if name == "%" {
        return Cow::Borrowed(b"");
    }
    if !name.contains('%') {
        return Cow::Borrowed(name.as_bytes());
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match escaped_byte(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Cow::Owned(bytes)
}

/// The byte whose escape stands at the beginning of `text`.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    match *text {
        [b'%', high, low, ..] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    }
}

/// The value of an upper-case hex digit; `escape` writes no others.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_falls_between_characters_and_escapes() {
        for (key, room, expected) in [
            (&b"abc"[..], 3, "abc"),
            (b"abc", 2, "ab"),
            (b"a/b", 3, "a"),
            (b"a/b", 4, "a%2F"),
            ("aé".as_bytes(), 2, "a"),
            ("a\u{85}".as_bytes(), 6, "a"),
            ("a\u{85}".as_bytes(), 7, "a%C2%85"),
            (b"\xed\xa0\x80", 8, ""),
            ("🎉🎉".as_bytes(), 7, "🎉"),
        ] {
            let escaped = escape(key, room, Tail::Nothing);
            assert_eq!((escaped.text.as_str(), escaped.whole), (expected, unescape(expected) == key), "{key:?} {room}");
        }
    }

    #[test]
    fn only_upper_case_escapes_are_escapes() {
        for (name, expected) in [
            ("%", &b""[..]),
            ("%2F", b"/"),
            ("%2f", b"%2f"),
            ("%G0", b"%G0"),
            ("%2", b"%2"),
            ("%%2F", b"%/"),
            ("%252F", b"%2F"),
            ("%FF", b"\xff"),
        ] {
            assert_eq!(&*unescape(name), expected, "{name:?}");
        }
    }
}
