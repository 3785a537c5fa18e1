//! What bytes say as a record.

use keyfs::Value;
use keyfs::record::{Record, decode, decode_owned, encode, limits};

/// Whatever is read is written so that it is read again as the same; and what serde_json reads as a record is one.
pub(crate) fn check(bytes: &[u8]) {
    let decoded = decode(bytes);
    assert_eq!(decode_owned(bytes.to_vec()), decoded, "with the bytes given away it is something else");
    let tree = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    match decoded {
        Ok(record) => {
            check_written(&record);
            check_value(&record.value);
            if let Some(tree) = tree {
                check_members(&record, &tree);
            }
        }
        Err(error) => {
            let is_record = |tree: &serde_json::Value| {
                tree["key"].is_string() && tree["bDeleted"].is_boolean() && tree.get("value").is_some()
            };
            assert!(!tree.is_some_and(|tree| is_record(&tree)), "serde_json reads a record: {error}");
        }
    }
}

fn check_written(record: &Record) {
    let value = (!record.deleted).then_some(&record.value);
    let written = encode(&record.key, value);
    assert!(written.is_ascii(), "not every locale can read it");
    let again = decode(&written).expect("what is written is read");
    assert_eq!((&again.key, again.deleted), (&record.key, record.deleted));
    assert_eq!(&again.value, value.unwrap_or(&Value::null()));
    assert_eq!(encode(&again.key, value.map(|_| &again.value)), written, "written once more it is something else");
}

/// The text of a value stands for itself, unless it is nested as deep as only the original writes.
fn check_value(value: &Value) {
    match Value::parse(value.text()) {
        Ok(parsed) => assert_eq!(parsed.text(), value.text()),
        Err(error) => {
            assert_eq!(error.reason(), keyfs::record::Reason::TooDeep { limit: limits::WRITE_DEPTH }, "{error}");
        }
    }
}

fn check_members(record: &Record, tree: &serde_json::Value) {
    assert_eq!(record.key.as_str(), tree["key"].as_str());
    assert_eq!(Some(record.deleted), tree["bDeleted"].as_bool());
    assert_eq!(record.value.deserialize::<serde_json::Value>().ok().as_ref(), tree.get("value"));
}
