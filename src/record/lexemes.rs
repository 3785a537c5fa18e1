//! The smallest parts of JSON text: each function takes one that begins at a place, and says where it ends.

use super::limits::INTEGER_DIGITS;
use super::runs::plain_end;
use super::string::Style;
use super::syntax_error::Reason;

/// What is wrong, and where; kept small, because each part of a text may be wrong and hardly one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) reason: Reason,
}

impl Fault {
    #[cold]
    pub(super) fn new(at: usize, reason: Reason) -> Fault {
        Fault { at, reason }
    }
}

/// The end of the string at `at`, where a quote stands; the closing quote belongs to it.
#[inline(always)]
pub(super) fn string_end(text: &[u8], at: usize) -> Result<usize, Fault> {
    let mut at = at + 1;
    loop {
        at = plain_end(text, at, Style::Readable);
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape_end(text, at)?,
            Some(&control) => return Err(Fault::new(at, Reason::ControlCharacter(control))),
            None => return Err(Fault::new(at, Reason::UnexpectedEnd)),
        }
    }
}

#[inline(never)]
fn escape_end(text: &[u8], at: usize) -> Result<usize, Fault> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let digits = text[at + 2..].iter().take(4).take_while(|byte| byte.is_ascii_hexdigit());
            if digits.count() == 4 {
                return Ok(at + 6);
            }
            let cut = text.len() < at + 6;
            Err(Fault::new(at, if cut { Reason::UnexpectedEnd } else { Reason::BadUnicodeEscape }))
        }
        Some(_) => Err(Fault::new(at, Reason::BadEscape)),
        None => Err(Fault::new(text.len(), Reason::UnexpectedEnd)),
    }
}

/// The end of the number at `at`, where a digit or a minus stands.
#[inline]
pub(super) fn number_end(text: &[u8], start: usize) -> Result<usize, Fault> {
    let integer = if text.get(start) == Some(&b'-') { start + 1 } else { start };
    let mut at = digits_end(text, integer)?;
    let digits = at - integer;
    if digits > 1 && text[integer] == b'0' {
        return Err(Fault::new(start, Reason::BadNumber));
    }
    let integer_end = at;
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = digits_end(text, at + 1 + usize::from(signed))?;
    }
    if at == integer_end && digits > INTEGER_DIGITS {
        return Err(Fault::new(start, Reason::TooManyDigits));
    }
    Ok(at)
}

/// The end of the digits at `at`; there must be one at least.
#[inline]
fn digits_end(text: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == start {
        let reason = if at >= text.len() { Reason::UnexpectedEnd } else { Reason::BadNumber };
        return Err(Fault::new(at, reason));
    }
    Ok(at)
}

/// The end of the literal at `at`, where a letter or a minus stands.
#[inline]
pub(super) fn literal_end(text: &[u8], at: usize) -> Result<usize, Fault> {
    let rest = text.get(at..).unwrap_or_default();
    let literal: &[u8] = match rest.first() {
        Some(b't') => b"true",
        Some(b'f') => b"false",
        Some(b'n') => b"null",
        Some(b'N') => b"NaN",
        Some(b'I') => b"Infinity",
        Some(b'-') => b"-Infinity",
        _ => return Err(Fault::new(at, Reason::ExpectedValue)),
    };
    if rest.starts_with(literal) {
        return Ok(at + literal.len());
    }
    let cut = literal.starts_with(rest);
    Err(Fault::new(at, if cut { Reason::UnexpectedEnd } else { Reason::ExpectedValue }))
}
