use std::fmt;

use super::caret::caret_lines;

/// Why a text is not JSON that the store can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The text ends before the value does.
    UnexpectedEnd,
    /// Something else stands where a value must begin.
    ExpectedValue,
    /// Something else stands where a member name in quotes must begin.
    ExpectedName,
    /// A member name is not followed by a colon.
    ExpectedColon,
    /// An element is followed by neither a comma nor the closing bracket of its array.
    ExpectedCommaOrBracket,
    /// A member is followed by neither a comma nor the closing brace of its object.
    ExpectedCommaOrBrace,
    /// More text follows after the value.
    TrailingText,
    /// A number that JSON does not know, such as `01`, `1.` or `-`.
    BadNumber,
    /// An integer has more digits than the original can read.
    TooManyDigits,
    /// Arrays and objects are nested deeper than the original can read.
    TooDeep {
        /// The deepest nesting that is accepted.
        limit: usize,
    },
    /// A control character stands in a string without an escape.
    ControlCharacter(u8),
    /// A backslash is followed by a character that makes no escape.
    BadEscape,
    /// `\u` is not followed by four hexadecimal digits.
    BadUnicodeEscape,
    /// The text begins with a byte order mark.
    ByteOrderMark,
    /// The text is not UTF-8.
    NotUtf8,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::UnexpectedEnd => f.write_str("the text ends too early"),
            Reason::ExpectedValue => f.write_str("a value is expected here"),
            Reason::ExpectedName => f.write_str("a member name in double quotes is expected here"),
            Reason::ExpectedColon => f.write_str("a colon is expected after the member name"),
            Reason::ExpectedCommaOrBracket => f.write_str("a comma or a closing bracket is expected here"),
            Reason::ExpectedCommaOrBrace => f.write_str("a comma or a closing brace is expected here"),
            Reason::TrailingText => f.write_str("nothing may follow after the value"),
            Reason::BadNumber => f.write_str("this is not a number in JSON"),
            Reason::TooManyDigits => {
                write!(f, "an integer may have at most {} digits", super::limits::INTEGER_DIGITS)
            }
            Reason::TooDeep { limit } => write!(f, "values may be nested at most {limit} deep"),
            Reason::ControlCharacter(byte) => {
                write!(f, "the control character 0x{byte:02x} must be escaped in a string")
            }
            Reason::BadEscape => f.write_str("this backslash makes no escape"),
            Reason::BadUnicodeEscape => f.write_str("four hexadecimal digits are expected after \\u"),
            Reason::ByteOrderMark => f.write_str("a byte order mark is not accepted"),
            Reason::NotUtf8 => f.write_str("the text is not UTF-8"),
        }
    }
}

/// Where and why a text is not JSON that the store can hold.
///
/// Displayed as `line 2, column 7: REASON: EXCERPT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    offset: usize,
    line: usize,
    column: usize,
    excerpt: String,
    reason: Reason,
    caret: Option<Box<str>>,
}

/// The most characters of the offending line that an excerpt shows before and after the spot.
const EXCERPT_CHARACTERS: usize = 20;

impl SyntaxError {
    /// Works out line, column and excerpt of the byte `offset` of `text`, which need not be UTF-8.
    pub(crate) fn at(text: &[u8], offset: usize, reason: Reason) -> SyntaxError {
        let offset = offset.min(text.len());
        let before = &text[..offset];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |position| position + 1);
        let line_end = text[offset..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |end| offset + end);
        SyntaxError {
            offset,
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: String::from_utf8_lossy(&text[line_start..offset]).chars().count() + 1,
            excerpt: excerpt(&text[line_start..offset], &text[offset..line_end]),
            reason,
            caret: caret_lines(text, offset),
        }
    }

    /// The offset of the offending byte, from zero; the length of the text when it ends too early.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The line, from one.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from one.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// A piece of the offending line around the spot.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }

    /// The offending line, and below it a caret under the spot; none for a blank text.
    ///
    /// Two lines for people to see, indented, each with a line feed: a long line is cut to at most 76 columns, tabs are
    /// spaces, and what a terminal would not show are escapes.
    #[must_use]
    pub fn caret_lines(&self) -> Option<&str> {
        self.caret.as_deref()
    }

    /// What is wrong there.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

/// The end of `before` and the beginning of `after`, control characters shown as escapes.
fn excerpt(before: &[u8], after: &[u8]) -> String {
    /// Bytes that are enough for the characters wanted, even when each takes four.
    const ENOUGH_BYTES: usize = 4 * EXCERPT_CHARACTERS + 4;
    let before = String::from_utf8_lossy(&before[before.len().saturating_sub(ENOUGH_BYTES)..]);
    let after = String::from_utf8_lossy(&after[..after.len().min(ENOUGH_BYTES)]);
    let skip = before.chars().count().saturating_sub(EXCERPT_CHARACTERS);
    let shown = before.chars().skip(skip).chain(after.chars().take(EXCERPT_CHARACTERS));
    shown.flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)?;
        if self.excerpt.is_empty() { Ok(()) } else { write!(f, ": {}", self.excerpt) }
    }
}

impl std::error::Error for SyntaxError {}
