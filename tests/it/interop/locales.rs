//! Readers under other locales: the original opens records in the encoding of the locale.

use keyfs::{Key, Value};

use super::Directory;
use crate::python::{Python, Surroundings};

/// Puts what an encoding could spoil, and checks that a reader in these surroundings sees it right.
fn assert_read_right(surroundings: &Surroundings<'_>) {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let keys = [Key::from("naïve 漢字 🎉\u{7f}"), Key::from_wtf8(b"\xed\xa0\x80").unwrap()];
    let text = "{\"é\":[\"漢字 🎉\u{80}\u{ff}\",\"\\ud800\"]}";
    for key in &keys {
        store.put(key, Value::parse(text).unwrap()).unwrap();
    }
    let mut python = Python::start_in(directory.path(), None, surroundings);
    let expected = Value::parse(text).unwrap().to_ascii();
    for key in &keys {
        assert_eq!(python.get(key).as_ref(), Some(&expected), "{key:?}");
    }
    assert_eq!(python.keys(), store.keys().iter().map(Key::to_json).collect::<Vec<_>>());
}

/// Without these two Python would take UTF-8 where the locale asks for ASCII.
const AS_THE_LOCALE_SAYS: [(&str, &str); 2] = [("PYTHONCOERCECLOCALE", "0"), ("PYTHONUTF8", "0")];

#[test]
fn our_records_are_read_under_the_locale_c() {
    let [coercion, utf8] = AS_THE_LOCALE_SAYS;
    let variables = [("LC_ALL", "C"), coercion, utf8];
    let surroundings = Surroundings { variables: &variables, encoding: None };
    let directory = Directory::new();
    let mut python = Python::start_in(directory.path(), None, &surroundings);
    assert_eq!(python.ask(r#""encoding""#).unwrap(), "ANSI_X3.4-1968", "the locale has no effect");
    assert_read_right(&surroundings);
}

#[test]
fn our_records_are_read_under_a_locale_of_utf_8() {
    assert_read_right(&Surroundings { variables: &[("LC_ALL", "C.UTF-8")], encoding: None });
}

#[test]
fn our_records_are_read_under_a_locale_of_one_byte_or_two_a_character() {
    assert_read_right(&Surroundings { variables: &[], encoding: Some("iso-8859-1") });
    assert_read_right(&Surroundings { variables: &[], encoding: Some("cp1252") });
    assert_read_right(&Surroundings { variables: &[], encoding: Some("euc_jp") });
}

#[test]
fn the_surroundings_would_notice_a_record_that_is_not_ascii() {
    let directory = Directory::new();
    directory.write_by_hand(1, "{\"key\": \"é\", \"bDeleted\": false, \"value\": 1}");
    assert_eq!(directory.reader().keys(), [Key::from("é")]);
    let surroundings = Surroundings { variables: &[], encoding: Some("iso-8859-1") };
    let mut python = Python::start_in(directory.path(), None, &surroundings);
    assert_eq!(python.keys(), ["\"\\u00c3\\u00a9\""]);
}
