//! Odd keys, both directions.

use keyfs::{Key, Value};

use super::{Directory, assert_agree, shown};

/// Keys that a file system, a shell or a careless encoding would change.
fn odd_keys() -> Vec<Key> {
    let mut keys: Vec<Key> = [
        "",
        " ",
        "/",
        "a/b",
        ".",
        "..",
        ".hidden",
        "-dash",
        "--",
        "~",
        "x~",
        "#x#",
        "%",
        "%2F",
        "\n",
        "a\nb",
        "\r\n",
        "\t",
        "\0",
        "a\0b",
        "\x7f",
        "\x1b[0m",
        "\"",
        "\\",
        "\\n",
        "\u{e9}",
        "e\u{301}",
        "漢字",
        "\u{2028}",
        "\u{feff}",
        "🎉",
        "👩‍👩‍👧",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{80}",
        "d",
        "t.x",
        "1795459718406408",
        "null",
    ]
    .into_iter()
    .map(Key::from)
    .collect();
    keys.push(Key::from("k".repeat(10_000)));
    keys.push(Key::from("🎉".repeat(2_500)));
    // Lone surrogates, alone, at either end, and two that are no pair.
    for wtf8 in [&b"\xed\xa0\x80"[..], b"a\xed\xa0\x80", b"\xed\xbf\xbfz", b"\xed\xb8\x80\xed\xa0\xbd"] {
        keys.push(Key::from_wtf8(wtf8).unwrap());
    }
    keys
}

#[test]
fn odd_keys_of_ours_are_read_by_the_original() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    let keys = odd_keys();
    for (number, key) in keys.iter().enumerate() {
        store.put(key, Value::parse(&number.to_string()).unwrap()).unwrap();
    }
    python.synchronize();
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(python.get(key), Some(number.to_string()), "{key:?}");
    }
    // Sorted by code point in both programs.
    assert_eq!(python.keys(), store.keys().iter().map(Key::to_json).collect::<Vec<_>>());
    for key in &keys {
        assert!(store.remove(key).unwrap(), "{key:?}");
    }
    python.synchronize();
    assert_eq!(python.keys(), [""; 0]);
}

/// "Numbers of records are taken up to 128 bits. The original honours longer ones; to keyfs these are foreign names."
#[test]
fn longer_numbers_count_for_the_original_alone() {
    let directory = Directory::new();
    directory.write_by_hand(u128::MAX, r#"{"key": "k", "bDeleted": false, "value": 1}"#);
    let longer = directory.records_path().join(format!("{}0", u128::MAX));
    std::fs::write(&longer, r#"{"key": "k", "bDeleted": false, "value": 2}"#).unwrap();
    let store = directory.reader();
    assert_eq!(store.get("k").unwrap().unwrap().text(), "1");
    assert_eq!(store.oddities().foreign_names, 1);
    assert_eq!(
        directory.python("python").get("\"k\"").or_else(|| directory.python("other").get("k")).as_deref(),
        Some("2")
    );
}

#[test]
fn odd_keys_of_the_original_are_read_by_us() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("python");
    let keys = odd_keys();
    for (number, key) in keys.iter().enumerate() {
        python.put(key, &number.to_string());
    }
    store.synchronize().unwrap();
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(shown(&store, key), Some(number.to_string()), "{key:?}");
    }
    python.reopen();
    assert_agree(&store, &mut python);
    for key in &keys {
        python.remove(key);
    }
    store.synchronize().unwrap();
    assert!(store.is_empty());
    assert_eq!(store.tombstones(), keys.len());
}
