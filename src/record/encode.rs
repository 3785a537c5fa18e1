use super::normalize::write_on_one_line;
use super::string::{Style, write_literal};
use super::{Key, Value};

/// Writes the bytes of a record file, to the byte what the original's `json.dump` would write.
///
/// Pure ASCII without a line feed at the end, so that the original reads it under any locale; only numbers stay as they
/// stand in `value`. `None` as the value makes a tombstone.
#[must_use]
pub fn encode(key: &Key, value: Option<&Value>) -> Vec<u8> {
    let mut text = String::with_capacity(key.as_wtf8().len() + value.map_or(4, |value| value.text().len()) + 48);
    text.push_str("{\"key\": ");
    write_literal(&mut text, key.as_wtf8(), Style::Ascii);
    text.push_str(", \"bDeleted\": ");
    text.push_str(if value.is_some() { "false" } else { "true" });
    text.push_str(", \"value\": ");
    match value {
        Some(value) => write_on_one_line(&mut text, value.text(), Style::Ascii),
        None => text.push_str("null"),
    }
    text.push('}');
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    #[test]
    fn records_are_what_the_original_writes() {
        let value = Value::parse("{\"a\":[1,2.0]}").unwrap();
        assert_eq!(
            encode(&Key::from("é\n"), Some(&value)),
            br#"{"key": "\u00e9\n", "bDeleted": false, "value": {"a": [1, 2.0]}}"#
        );
        assert_eq!(encode(&Key::from("k"), None), br#"{"key": "k", "bDeleted": true, "value": null}"#);
    }

    #[test]
    fn records_round_trip() {
        for key in [&b""[..], b"a/b", "漢🎉".as_bytes(), b"\0\x01\x7f", b"\xed\xa0\x80"] {
            let key = Key::from_wtf8(key).unwrap();
            let value = Value::parse(r#" {"x": ["\ud800", NaN, 1e400, {}]} "#).unwrap();
            let record = decode(&encode(&key, Some(&value))).unwrap();
            assert_eq!((&record.key, record.deleted, &record.value), (&key, false, &value));
            assert!(encode(&key, Some(&value)).is_ascii());
        }
    }
}
