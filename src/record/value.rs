use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::limits::WRITE_DEPTH;
use super::normalize::write_on_one_line;
use super::scanner::check;
use super::string::Style;
use super::syntax_error::{Reason, SyntaxError};

/// A value of the store: any JSON value, as checked text.
///
/// The text is kept as it was found: numbers digit by digit, members in their order. Two values are equal when their
/// texts say the same in the same order; white space and escapes make no difference, `1.0` and `1.00` do. Cloning a
/// value copies no text.
#[derive(Clone)]
pub struct Value(Text);

/// From how many bytes on a text stays in the buffer that it was read into, rather than in a copy without what is around.
const LONG: usize = 64 * 1024;

#[derive(Clone)]
enum Text {
    Short(Arc<str>),
    /// A part of a buffer.
    Long(Arc<String>, Range<usize>),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Short(text) => text,
            Text::Long(buffer, range) => &buffer[range.clone()],
        }
    }
}

/// Why something cannot become a value, or a value cannot become something else.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The text is not JSON that the store can hold.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A serde type cannot be converted.
    #[error(transparent)]
    Convert(#[from] serde_json::Error),
}

impl Value {
    /// Reads a value from JSON text, as a person or a program gives it.
    ///
    /// Accepted is what Python's `json.loads` accepts (so also `NaN`), within the bounds of what the original reads
    /// back: nesting of at most [`WRITE_DEPTH`], integers of at most 4300 digits.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] with line, column and reason.
    pub fn parse(text: &str) -> Result<Value, SyntaxError> {
        check(text, WRITE_DEPTH)?;
        Ok(Value::from_checked(text.trim_matches([' ', '\t', '\n', '\r'])))
    }

    /// As [`Value::parse`], from bytes that ought to be UTF-8.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`], also where the bytes are not UTF-8.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Value, SyntaxError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Value::parse(text),
            Err(error) => Err(SyntaxError::at(bytes, error.valid_up_to(), Reason::NotUtf8)),
        }
    }

    /// Makes a value of text that the scanner has passed, without white space around.
    pub(crate) fn from_checked(text: &str) -> Value {
        Value(Text::Short(text.into()))
    }

    /// The same of a part of `buffer`, which is kept when the part is long and most of it.
    pub(crate) fn from_checked_part(buffer: String, part: Range<usize>) -> Value {
        if part.len() < LONG.max(buffer.capacity() / 2) {
            return Value::from_checked(&buffer[part]);
        }
        Value(Text::Long(Arc::new(buffer), part))
    }

    /// The value `null`.
    #[must_use]
    pub fn null() -> Value {
        Value::from_checked("null")
    }

    /// Makes a value that is the string `text`.
    #[must_use]
    pub fn string(text: &str) -> Value {
        let mut literal = String::with_capacity(text.len() + 2);
        super::string::write_literal(&mut literal, text.as_bytes(), Style::Ascii);
        Value::from_checked(&literal)
    }

    /// Makes a value that is the string which `wtf8` encodes; `None` when the bytes are not well-formed WTF-8.
    ///
    /// The inverse of [`Value::as_string`].
    #[must_use]
    pub fn string_from_wtf8(wtf8: &[u8]) -> Option<Value> {
        super::string::pieces(wtf8)?;
        let mut literal = String::with_capacity(wtf8.len() + 2);
        super::string::write_literal(&mut literal, wtf8, Style::Ascii);
        Some(Value::from_checked(&literal))
    }

    /// Makes a value of any serde type.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when serde refuses, or when the result could not be read back by the original.
    pub fn from_serialize<T: Serialize + ?Sized>(from: &T) -> Result<Value, ValueError> {
        Ok(Value::parse(&serde_json::to_string(from)?)?)
    }

    /// Makes a serde type of the value.
    ///
    /// Numbers become what the type can hold; their exact text is in [`Value::text`].
    ///
    /// # Errors
    ///
    /// [`ValueError`] when the value does not fit the type. `serde_json` cannot hold `NaN`, infinities, lone surrogates
    /// and nesting of more than 127.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        Ok(serde_json::from_str(&self.0)?)
    }

    /// The exact JSON text, as it stands in the record or was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value on one line in pure ASCII, as it is written into a record.
    #[must_use]
    pub fn to_ascii(&self) -> String {
        let mut line = String::with_capacity(self.0.len());
        write_on_one_line(&mut line, &self.0, Style::Ascii);
        line
    }

    /// The value on one line, readable: characters as they are, only what must be escaped is.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(self.0.len());
        write_on_one_line(&mut line, &self.0, Style::Readable);
        line
    }

    /// The string's meaning as WTF-8 when the value is a string.
    #[must_use]
    pub fn as_string(&self) -> Option<Vec<u8>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(super::string::unescape(inner).into_owned())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        *self.0 == *other.0 || self.to_ascii() == other.to_ascii()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<&serde_json::Value> for Value {
    type Error = ValueError;

    fn try_from(tree: &serde_json::Value) -> Result<Value, ValueError> {
        Value::from_serialize(tree)
    }
}

impl TryFrom<&Value> for serde_json::Value {
    type Error = ValueError;

    fn try_from(value: &Value) -> Result<serde_json::Value, ValueError> {
        value.deserialize()
    }
}

/// What a value can be given as when it is put: a [`Value`], or a `serde_json::Value`.
pub trait IntoValue {
    /// The value.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when it could not be read back by the original.
    fn into_value(self) -> Result<Value, ValueError>;
}

impl IntoValue for Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Ok(self)
    }
}

impl IntoValue for &Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Ok(self.clone())
    }
}

impl IntoValue for serde_json::Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Value::try_from(&self)
    }
}

impl IntoValue for &serde_json::Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Value::try_from(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Numbers are kept digit by digit, members in their order."
    #[test]
    fn numbers_and_order_are_kept_as_written() {
        let text = r#"{"z": 1.0, "a": [1e400, -0, 123456789012345678901234567890123456789012345678901234567890]}"#;
        assert_eq!(Value::parse(text).unwrap().text(), text);
        assert_eq!(Value::parse(text).unwrap().to_ascii(), text);
    }

    #[test]
    fn equality_ignores_white_space_and_escapes_only() {
        let value = |text| Value::parse(text).unwrap();
        assert_eq!(value("[1,\"\\u00e9\"]"), value(" [ 1 , \"é\" ] "));
        assert_ne!(value("1.0"), value("1.00"));
        assert_ne!(value(r#"{"a":1,"b":2}"#), value(r#"{"b":2,"a":1}"#));
    }

    #[test]
    fn strings_come_and_go_as_wtf8() {
        for wtf8 in [&b""[..], b"a\n\"", "naïve 🎉".as_bytes(), b"\xed\xa0\x80"] {
            let value = Value::string_from_wtf8(wtf8).unwrap();
            assert_eq!(value.as_string().as_deref(), Some(wtf8));
            assert_eq!(Value::parse(value.text()).unwrap(), value);
        }
        assert!(Value::string_from_wtf8(b"\xff").is_none());
        assert!(Value::null().as_string().is_none());
    }

    #[test]
    fn serde_types_convert_both_ways() {
        let tree = serde_json::json!({"a": [1, 2.5, null, "é"], "b": {}});
        let value = Value::try_from(&tree).unwrap();
        assert_eq!(serde_json::Value::try_from(&value).unwrap(), tree);
        assert_eq!(Value::parse("[1, 2]").unwrap().deserialize::<Vec<u8>>().unwrap(), [1, 2]);
        assert!(Value::parse("NaN").unwrap().deserialize::<f64>().is_err());
    }

    /// "Conversion to `serde` types takes what the type can hold: `serde_json` has no `NaN`, no lone surrogates, at most 127
    /// levels, and turns a number of sixty digits into a float. The exact text is always there (`Value::text`)."
    #[test]
    fn serde_json_holds_less_and_the_text_is_exact() {
        let digits = "123456789012345678901234567890123456789012345678901234567890";
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let (held, deeper) = (nested(127), nested(128));
        let held_by_serde = |text: &str| serde_json::Value::try_from(&Value::parse(text).unwrap());
        assert!(held_by_serde(&held).is_ok());
        for text in ["NaN", "[Infinity]", r#""\ud800""#, &deeper] {
            assert!(held_by_serde(text).is_err(), "{text}");
            assert_eq!(Value::parse(text).unwrap().text(), text);
        }
        assert!(held_by_serde(digits).unwrap().is_f64());
        assert_eq!(Value::parse(digits).unwrap().text(), digits);
    }

    #[test]
    fn nesting_of_serde_values_is_refused_not_recursed_into() {
        let deep = "[".repeat(900) + &"]".repeat(900);
        let value = Value::parse(&deep).unwrap();
        assert!(value.deserialize::<serde_json::Value>().is_err());
        assert_eq!(value.to_ascii(), deep);
    }
}
