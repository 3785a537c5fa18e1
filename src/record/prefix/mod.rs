//! The incremental check of a text that is still being written: can it still become JSON?
//!
//! It reads each byte once, keeps a few words of state and never recurses. Its verdicts are those of the scanner: a text
//! is refused at the first byte after which no continuation would be accepted.

mod number;

use super::limits::{INTEGER_DIGITS, READ_DEPTH, WRITE_DEPTH};
use super::syntax_error::Reason;
use number::{Number, is_separator};

/// What has been read of the present token, and what may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// A value; white space may come first.
    Value,
    /// The first element of an array, or its end.
    FirstElement,
    /// The first member name of an object, or its end.
    FirstName,
    NextName,
    Colon,
    /// A comma, the end of the container, or of the text.
    AfterValue,
    /// The rest of `true`, `null` and so on, from this byte of it on.
    Literal(&'static [u8]),
    Text(Text),
    Number(Number),
}

/// Where in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Plain,
    Escape,
    /// Hexadecimal digits that are still missing after `\u`.
    Unicode(u8),
}

/// A check in progress.
#[derive(Clone, Debug)]
pub struct Prefix {
    expect: Expect,
    /// Whether the string being read is a member name.
    in_name: bool,
    /// One bit for each open container: set for an object.
    containers: [u64; READ_DEPTH.div_ceil(64)],
    depth: usize,
    /// Digits of the number being read, before a point or exponent.
    digits: usize,
    /// Bytes that have been accepted.
    accepted: usize,
    /// Continuation bytes of a UTF-8 character that are still missing, and the range of the next one.
    continuation: (u8, u8, u8),
    failed: Option<(usize, Reason)>,
}

impl Default for Prefix {
    fn default() -> Prefix {
        Prefix {
            expect: Expect::Value,
            in_name: false,
            containers: [0; READ_DEPTH.div_ceil(64)],
            depth: 0,
            digits: 0,
            accepted: 0,
            continuation: (0, 0x80, 0xbf),
            failed: None,
        }
    }
}

impl Prefix {
    /// Begins with the empty text, which can become anything.
    #[must_use]
    pub fn new() -> Prefix {
        Prefix::default()
    }

    /// The number of bytes that were accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    /// Takes the next bytes of the text; a failure stays.
    ///
    /// # Errors
    ///
    /// The offset of the first byte after which the text cannot become JSON any more, and why.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), (usize, Reason)> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        for &byte in bytes {
            if let Err(reason) = self.take(byte) {
                let failed = (self.accepted, reason);
                self.failed = Some(failed);
                return Err(failed);
            }
            self.accepted += 1;
        }
        Ok(())
    }

    fn take(&mut self, byte: u8) -> Result<(), Reason> {
        match self.expect {
            Expect::Text(text) => self.take_text(text, byte),
            Expect::Number(number) => self.take_number(number, byte),
            Expect::Literal(rest) => self.take_literal(rest, byte),
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => Ok(()),
            Expect::FirstElement if byte == b']' => self.close(),
            Expect::FirstName if byte == b'}' => self.close(),
            Expect::Value | Expect::FirstElement => self.begin_value(byte),
            Expect::FirstName | Expect::NextName if byte == b'"' => {
                self.in_name = true;
                self.expect = Expect::Text(Text::Plain);
                Ok(())
            }
            Expect::FirstName | Expect::NextName => Err(Reason::ExpectedName),
            Expect::Colon if byte == b':' => {
                self.expect = Expect::Value;
                Ok(())
            }
            Expect::Colon => Err(Reason::ExpectedColon),
            Expect::AfterValue => self.after_value(byte),
        }
    }

    fn begin_value(&mut self, byte: u8) -> Result<(), Reason> {
        self.expect = match byte {
            b'"' => {
                self.in_name = false;
                Expect::Text(Text::Plain)
            }
            b'[' => return self.open(false, Expect::FirstElement),
            b'{' => return self.open(true, Expect::FirstName),
            b'-' => Expect::Number(Number::Minus),
            b'0'..=b'9' => return self.take_number(Number::Minus, byte),
            b't' => Expect::Literal(b"rue"),
            b'f' => Expect::Literal(b"alse"),
            b'n' => Expect::Literal(b"ull"),
            b'N' => Expect::Literal(b"aN"),
            b'I' => Expect::Literal(INFINITY),
            0xef if self.accepted == 0 => return Err(Reason::ByteOrderMark),
            _ => return Err(Reason::ExpectedValue),
        };
        Ok(())
    }

    fn open(&mut self, object: bool, expect: Expect) -> Result<(), Reason> {
        if self.depth >= WRITE_DEPTH {
            return Err(Reason::TooDeep { limit: WRITE_DEPTH });
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.containers[word] = self.containers[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
        self.expect = expect;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Reason> {
        self.depth -= 1;
        self.expect = Expect::AfterValue;
        Ok(())
    }

    fn after_value(&mut self, byte: u8) -> Result<(), Reason> {
        let Some(top) = self.depth.checked_sub(1) else { return Err(Reason::TrailingText) };
        let object = self.containers[top / 64] >> (top % 64) & 1 == 1;
        match (byte, object) {
            (b',', true) => self.expect = Expect::NextName,
            (b',', false) => self.expect = Expect::Value,
            (b'}', true) | (b']', false) => return self.close(),
            (_, true) => return Err(Reason::ExpectedCommaOrBrace),
            (_, false) => return Err(Reason::ExpectedCommaOrBracket),
        }
        Ok(())
    }

    fn take_number(&mut self, number: Number, byte: u8) -> Result<(), Reason> {
        if number == Number::Minus {
            self.digits = 0;
        }
        if let Some(next) = number.after(byte) {
            self.digits += usize::from(next == Number::Integer);
            self.expect = Expect::Number(next);
            return Ok(());
        }
        if number == Number::Minus && byte == b'I' {
            self.expect = Expect::Literal(INFINITY);
            return Ok(());
        }
        // A separator ends the number; what it may be depends on where the number stands.
        if !number.may_end() || !is_separator(byte) {
            return Err(Reason::BadNumber);
        }
        if number == Number::Integer && self.digits > INTEGER_DIGITS {
            return Err(Reason::TooManyDigits);
        }
        self.expect = Expect::AfterValue;
        self.take(byte)
    }

    fn take_literal(&mut self, rest: &'static [u8], byte: u8) -> Result<(), Reason> {
        match rest {
            [first, rest @ ..] if *first == byte => {
                self.expect = if rest.is_empty() { Expect::AfterValue } else { Expect::Literal(rest) };
                Ok(())
            }
            _ => Err(Reason::ExpectedValue),
        }
    }

    fn take_text(&mut self, text: Text, byte: u8) -> Result<(), Reason> {
        let next = match (text, byte) {
            (Text::Plain, _) if self.continuation.0 > 0 || byte >= 0x80 => return self.take_character(byte),
            (Text::Plain, b'"') => {
                self.expect = if self.in_name { Expect::Colon } else { Expect::AfterValue };
                return Ok(());
            }
            (Text::Plain, b'\\') => Text::Escape,
            (Text::Plain, 0..0x20) => return Err(Reason::ControlCharacter(byte)),
            (Text::Plain, _) => Text::Plain,
            (Text::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Text::Plain,
            (Text::Escape, b'u') => Text::Unicode(4),
            (Text::Escape, _) => return Err(Reason::BadEscape),
            (Text::Unicode(_), _) if !byte.is_ascii_hexdigit() => return Err(Reason::BadUnicodeEscape),
            (Text::Unicode(1), _) => Text::Plain,
            (Text::Unicode(missing), _) => Text::Unicode(missing - 1),
        };
        self.expect = Expect::Text(next);
        Ok(())
    }

    /// Takes a byte of a character that is not ASCII.
    fn take_character(&mut self, byte: u8) -> Result<(), Reason> {
        let (missing, low, high) = self.continuation;
        self.continuation = if missing > 0 {
            if !(low..=high).contains(&byte) {
                return Err(Reason::NotUtf8);
            }
            (missing - 1, 0x80, 0xbf)
        } else {
            // The second byte's range keeps out overlong forms, surrogates, and what lies beyond U+10FFFF.
            match byte {
                0xc2..=0xdf => (1, 0x80, 0xbf),
                0xe0 => (2, 0xa0, 0xbf),
                0xe1..=0xec | 0xee..=0xef => (2, 0x80, 0xbf),
                0xed => (2, 0x80, 0x9f),
                0xf0 => (3, 0x90, 0xbf),
                0xf1..=0xf3 => (3, 0x80, 0xbf),
                0xf4 => (3, 0x80, 0x8f),
                _ => return Err(Reason::NotUtf8),
            }
        };
        Ok(())
    }
}

/// What follows the `I` of `Infinity`.
const INFINITY: &[u8] = b"nfinity";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scanner::check;
    use super::*;

    #[track_caller]
    fn assert_refused(text: &str, offset: usize, reason: Reason) {
        for piece in [1, 3, text.len()] {
            let mut prefix = Prefix::new();
            let failed = text.as_bytes().chunks(piece).map(|bytes| prefix.push(bytes)).find_map(Result::err);
            assert_eq!(failed, Some((offset, reason)), "{text:?} in pieces of {piece}");
            assert_eq!(prefix.push(b"1"), Err((offset, reason)), "a failure stays");
        }
    }

    #[test]
    fn a_text_is_refused_at_the_first_byte_that_makes_it_hopeless() {
        assert_refused("{bad", 1, Reason::ExpectedName);
        assert_refused("hello", 0, Reason::ExpectedValue);
        assert_refused("[1, 2,]", 6, Reason::ExpectedValue);
        assert_refused("[1}", 2, Reason::ExpectedCommaOrBracket);
        assert_refused("{\"a\":1]", 6, Reason::ExpectedCommaOrBrace);
        assert_refused("{\"a\" 1", 5, Reason::ExpectedColon);
        assert_refused("01", 1, Reason::BadNumber);
        assert_refused("1.x", 2, Reason::BadNumber);
        assert_refused("1 2", 2, Reason::TrailingText);
        assert_refused("nul1", 3, Reason::ExpectedValue);
        assert_refused("-Infinite", 8, Reason::ExpectedValue);
        assert_refused("\"a\n", 2, Reason::ControlCharacter(b'\n'));
        assert_refused("\"\\x", 2, Reason::BadEscape);
        assert_refused("\"\\u12g", 5, Reason::BadUnicodeEscape);
        assert_refused("\u{feff}1", 0, Reason::ByteOrderMark);
        assert_refused("[1\0", 2, Reason::BadNumber);
        assert_refused(&"[".repeat(901), 900, Reason::TooDeep { limit: 900 });
        assert_refused(&format!("{} ", "9".repeat(4301)), 4301, Reason::TooManyDigits);
    }

    #[test]
    fn bytes_that_are_no_characters_are_refused() {
        for (bytes, offset) in [
            (&b"\"\xff"[..], 1),
            (b"\"\xc3\"", 2),
            (b"\"\xed\xa0", 2),
            (b"\"\xf4\x90", 2),
            (b"\"\xe0\x80", 2),
            (b"\"\xc0", 1),
        ] {
            assert_eq!(Prefix::new().push(bytes), Err((offset, Reason::NotUtf8)), "{bytes:?}");
        }
    }

    #[test]
    fn what_may_still_become_json_is_accepted() {
        for text in [
            "",
            " \n",
            "-",
            "-Inf",
            "1e",
            "[",
            "{\"a",
            "\"\\u00",
            "\"é漢🎉",
            "nul",
            &"9".repeat(5000),
            "{\"a\": [1, 2]} \n",
        ] {
            let mut prefix = Prefix::new();
            for end in 1..=text.len() {
                assert_eq!(prefix.push(&text.as_bytes()[end - 1..end]), Ok(()), "{text:?} up to {end}");
            }
        }
    }

    /// Texts in which almost anything can stand beside anything.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\\",
            "\\n",
            "\\u00e9",
            "1",
            "0",
            "-",
            ".",
            "e",
            "+",
            "true",
            "fals",
            "null",
            "NaN",
            "Infinity",
            "-Infinity",
            " ",
            "\n",
            "é",
            "x",
            "\u{1}",
            "{\"a\":",
            "[1,",
            "1.5",
        ];
        let pieces = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12);
        pieces.prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_verdict_is_that_of_the_scanner(text in texts()) {
            let scanned = check(&text, WRITE_DEPTH).map_err(|error| error.reason());
            match Prefix::new().push(text.as_bytes()) {
                Ok(()) => prop_assert!(matches!(scanned, Ok(()) | Err(Reason::UnexpectedEnd)), "{scanned:?}"),
                Err((offset, _)) => {
                    prop_assert!(!matches!(scanned, Ok(()) | Err(Reason::UnexpectedEnd)), "{offset}: {scanned:?}");
                    // Before that byte there was still hope.
                    prop_assert_eq!(Prefix::new().push(&text.as_bytes()[..offset]), Ok(()));
                }
            }
        }
    }
}
