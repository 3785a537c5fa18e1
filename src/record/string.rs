//! The strings of JSON text, from and to WTF-8 (UTF-8 that may hold lone surrogates).

use std::borrow::Cow;

use super::runs::{must_escape, plain_end};

/// What a string literal means, as WTF-8; `raw` is checked text between the quotes.
///
/// As in Python, an escaped high surrogate followed by an escaped low one is one character, any other is kept alone.
pub(crate) fn unescape(raw: &str) -> Cow<'_, [u8]> {
    let bytes = raw.as_bytes();
    // Nothing but a backslash ends a plain run here.
    let mut at = plain_end(bytes, 0, Style::Readable);
    if at == bytes.len() {
        return Cow::Borrowed(bytes);
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut run = 0;
    while at < bytes.len() {
        decoded.extend_from_slice(&bytes[run..at]);
        let (point, taken) = escaped_point(&raw[at..]);
        push_code_point(&mut decoded, point);
        run = at + taken;
        at = plain_end(bytes, run, Style::Readable);
    }
    decoded.extend_from_slice(&bytes[run..]);
    Cow::Owned(decoded)
}

/// The code point that the escape at the beginning of `rest` means, and how many bytes the escape takes.
fn escaped_point(rest: &str) -> (u32, usize) {
    let simple = match rest.as_bytes().get(1) {
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unicode_point(rest),
        Some(&other) => other,
        None => return (u32::from('\\'), rest.len()),
    };
    (u32::from(simple), 2)
}

fn unicode_point(rest: &str) -> (u32, usize) {
    let unit = code_unit(rest).unwrap_or(0xfffd);
    if (0xd800..0xdc00).contains(&unit) {
        let low = rest.get(6..).and_then(code_unit).filter(|low| (0xdc00..0xe000).contains(low));
        if let Some(low) = low {
            return (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12);
        }
    }
    (unit, 6)
}

/// The code unit of `\uXXXX` at the beginning of `text`.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.as_bytes().strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

/// Appends a code point as generalised UTF-8; surrogates take three bytes.
fn push_code_point(bytes: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => bytes.extend_from_slice(&[
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]),
    }
}

/// A piece of WTF-8: a run of characters, or one lone surrogate.
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Surrogate(u16),
}

/// Cuts well-formed WTF-8 into pieces; `None` at the first place that is not WTF-8.
///
/// A high surrogate directly followed by a low one is not well-formed: it would be one character.
pub(crate) fn pieces(wtf8: &[u8]) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = wtf8;
    let mut after_high = false;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).ok()?,
        };
        if !valid.is_empty() {
            pieces.push(Piece::Text(valid));
            rest = &rest[valid.len()..];
            after_high = false;
            continue;
        }
        let unit = surrogate(rest)?;
        let low = unit >= 0xdc00;
        if after_high && low {
            return None;
        }
        after_high = !low;
        pieces.push(Piece::Surrogate(unit));
        rest = &rest[3..];
    }
    Some(pieces)
}

/// The surrogate that the first three bytes encode.
fn surrogate(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] => {
            Some(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f))
        }
        _ => None,
    }
}

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Pure ASCII, as records are: what Python's `json.dumps(s)` writes.
    Ascii,
    /// Readable: what Python's `json.dumps(s, ensure_ascii=False)` writes, lone surrogates as escapes.
    Readable,
}

/// Appends a string literal, quotes included, that means `wtf8`.
///
/// Bytes that are not WTF-8 cannot occur in a checked key or string; they would become U+FFFD.
pub(crate) fn write_literal(out: &mut String, wtf8: &[u8], style: Style) {
    out.push('"');
    match pieces(wtf8) {
        Some(pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Text(text) => write_text(out, text, style),
                    Piece::Surrogate(unit) => write_unit(out, unit),
                }
            }
        }
        None => write_text(out, &String::from_utf8_lossy(wtf8), style),
    }
    out.push('"');
}

fn write_text(out: &mut String, text: &str, style: Style) {
    let mut rest = text;
    loop {
        let plain = plain_end(rest.as_bytes(), 0, style);
        out.push_str(&rest[..plain]);
        let Some(c) = rest[plain..].chars().next() else { return };
        write_escape(out, c);
        rest = &rest[plain + c.len_utf8()..];
    }
}

fn write_escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                write_unit(out, *unit);
            }
        }
    }
}

fn write_unit(out: &mut String, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[usize::from(unit >> shift & 15)]));
    }
}

/// Appends the rest of a literal in the given style, from its byte at `at` on, and says where its closing quote stands.
///
/// `text` is checked; more may follow in it, for the words that are looked at may end behind the literal.
pub(crate) fn rewrite_rest(out: &mut String, text: &str, at: usize, style: Style) -> usize {
    rewrite_until(out, text, at, text.len(), style)
}

/// The same as long as the literal stands before `until`, a boundary of characters; an escape is not cut.
pub(crate) fn rewrite_until(out: &mut String, text: &str, at: usize, until: usize, style: Style) -> usize {
    let bytes = &text.as_bytes()[..until];
    let mut at = at;
    loop {
        match bytes.get(at) {
            None | Some(b'"') => return at,
            Some(b'\\') => at += rewrite_escape(out, &text[at..], style),
            Some(&byte) if must_escape(byte, style) => {
                let Some(c) = text[at..].chars().next() else { return at };
                write_escape(out, c);
                at += c.len_utf8();
            }
            Some(_) => {
                let plain = plain_end(bytes, at, style);
                out.push_str(&text[at..plain]);
                at = plain;
            }
        }
    }
}

/// Appends the meaning of the escape at the beginning of `rest`, and says how many bytes the escape takes.
fn rewrite_escape(out: &mut String, rest: &str, style: Style) -> usize {
    let (point, taken) = escaped_point(rest);
    match char::from_u32(point) {
        Some(c) if c.is_ascii() && !must_escape(c as u8, style) => out.push(c),
        Some(c) if !c.is_ascii() && style == Style::Readable => out.push(c),
        Some(c) => write_escape(out, c),
        // A lone surrogate.
        None => write_unit(out, point as u16),
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite_literal(out: &mut String, raw: &str, style: Style) {
        out.push('"');
        let end = rewrite_rest(out, raw, 1, style);
        assert_eq!(end, raw.len() - 1);
        out.push('"');
    }

    #[track_caller]
    fn assert_literal(raw: &str, wtf8: &[u8], ascii: &str, readable: &str) {
        assert_eq!(&*unescape(raw), wtf8, "meaning of {raw:?}");
        for (style, expected) in [(Style::Ascii, ascii), (Style::Readable, readable)] {
            let mut out = String::new();
            rewrite_literal(&mut out, &format!("\"{raw}\""), style);
            assert_eq!(out, format!("\"{expected}\""), "{style:?} of {raw:?}");
        }
    }

    #[test]
    fn literals_are_written_as_python_writes_them() {
        assert_literal("plain", b"plain", "plain", "plain");
        assert_literal("", b"", "", "");
        assert_literal(r#"\"\\\/\b\f\n\r\t"#, b"\"\\/\x08\x0c\n\r\t", r#"\"\\/\b\f\n\r\t"#, r#"\"\\/\b\f\n\r\t"#);
        assert_literal("é\u{7f}", "é\u{7f}".as_bytes(), r"\u00e9\u007f", "é\u{7f}");
        assert_literal(r"\u00E9\u0041", "éA".as_bytes(), r"\u00e9A", "éA");
        assert_literal(r"\u0000", b"\0", r"\u0000", r"\u0000");
        assert_literal("🎉", "🎉".as_bytes(), r"\ud83c\udf89", "🎉");
        assert_literal(r"\ud83c\udf89", "🎉".as_bytes(), r"\ud83c\udf89", "🎉");
    }

    #[test]
    fn lone_surrogates_stay_escapes() {
        assert_literal(r"\ud800", b"\xed\xa0\x80", r"\ud800", r"\ud800");
        assert_literal(r"a\uDFFFb", b"a\xed\xbf\xbfb", r"a\udfffb", r"a\udfffb");
        assert_literal(r"\udc00\ud800", b"\xed\xb0\x80\xed\xa0\x80", r"\udc00\ud800", r"\udc00\ud800");
        assert_literal(r"\ud800\ud83c\udf89", b"\xed\xa0\x80\xf0\x9f\x8e\x89", r"\ud800\ud83c\udf89", r"\ud800🎉");
    }

    #[test]
    fn ill_formed_bytes_are_not_wtf8() {
        for bytes in [&b"\xff"[..], b"\xed\xa0", b"\xed\xa0\x80\xed\xb0\x80", b"a\xc0\x80", b"\xf8\x88\x80\x80\x80"] {
            assert!(pieces(bytes).is_none(), "{bytes:?}");
        }
        assert!(pieces(b"\xed\xa0\x80x\xed\xb0\x80").is_some());
    }
}
