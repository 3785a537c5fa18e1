//! What the library refuses, and what it tells.

use std::sync::{Arc, Mutex};

use keyfs::Durability::Background;
use keyfs::record::Reason;
use keyfs::{Error, Identifier, OpenOptions, Store, Value};

use crate::actors::{number, writer};
use crate::memory_directory::{Call, Effect, MemoryDirectory};

fn me() -> OpenOptions {
    OpenOptions::writer(Identifier::new("me").unwrap())
}

/// "`Store::open`: opens the directory, which must exist [...] a writer creates `d/`; `Error::Io` with the path."
#[test]
fn a_store_is_opened_where_there_is_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    for options in [OpenOptions::read_only(), me()] {
        let error = Store::open(&missing, options).err().unwrap();
        assert!(matches!(&error, Error::Io { path, .. } if path.starts_with(&missing)), "{error:?}");
        assert!(!missing.exists());
    }
    drop(Store::open(directory.path(), OpenOptions::read_only()).unwrap());
    assert!(!directory.path().join("d").exists());
    drop(Store::open(directory.path(), me()).unwrap());
    assert!(directory.path().join("d").is_dir());
    let spoiled = tempfile::tempdir().unwrap();
    std::fs::write(spoiled.path().join("d"), "in the way").unwrap();
    let error = Store::open(spoiled.path(), me()).err().unwrap();
    assert!(matches!(&error, Error::Io { path, .. } if path.starts_with(spoiled.path())), "{error:?}");
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// "Refused, because the original could not read it back: nesting deeper than 900, integers of more than 4300 digits, a
/// byte order mark, control characters in strings, text that is not UTF-8."
#[test]
fn what_the_original_could_not_read_is_refused_and_nothing_else() {
    for good in [nested(900), "9".repeat(4300), format!("-{}", "9".repeat(4300)), "\"\\u0001\\ufeff\"".into()] {
        assert!(Value::parse(&good).is_ok(), "{good:.40}");
    }
    assert_eq!(Value::parse(&nested(901)).unwrap_err().reason(), Reason::TooDeep { limit: 900 });
    assert_eq!(Value::parse(&"9".repeat(4301)).unwrap_err().reason(), Reason::TooManyDigits);
    for bad in ["\u{feff}1", "\"\u{1}\"", "\"\n\"", "\"\u{1f}\""] {
        assert!(Value::parse(bad).is_err(), "{bad:?}");
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xc3\"", b"\"\xed\xa0\x80\""] {
        assert!(Value::parse_bytes(bytes).is_err(), "{}", bytes.escape_ascii());
    }
}

/// "`put`: `Value`; [...] the old value stands."
#[test]
fn a_value_that_cannot_be_stored_is_refused_and_the_old_one_stands() {
    let directory = MemoryDirectory::new();
    let store = writer(&directory, Background);
    store.put("key", number(1)).unwrap();
    let mut deep = serde_json::Value::Null;
    for _ in 0..901 {
        deep = serde_json::Value::Array(vec![deep]);
    }
    assert!(matches!(store.put("key", deep), Err(Error::Value(_))));
    assert_eq!(store.get("key").unwrap().unwrap().text(), "1");
}

/// Keeps what is logged, by any test, for the one that looks for its own key.
struct Log(Mutex<Vec<String>>);

static LOG: Log = Log(Mutex::new(Vec::new()));

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// "dropping the store: logs."
#[test]
fn what_cannot_be_made_durable_at_the_end_is_logged() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Error);
    let directory = MemoryDirectory::new();
    let store = writer(&directory, Background);
    directory.fail(|_, call| Call::syncs(call).then_some((libc::EIO, Effect::None)));
    store.put("the key that is never durable", number(1)).unwrap();
    drop(store);
    let logged = Arc::new(LOG.0.lock().unwrap().join("\n"));
    log::set_max_level(log::LevelFilter::Off);
    let line = logged.lines().find(|line| line.contains("the key that is never durable"));
    assert!(line.is_some_and(|line| line.contains("not known to be on disk")), "{logged}");
}
