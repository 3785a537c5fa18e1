//! File names of keys.

use keyfs::Key;
use keyfs::view::{FileName, Name, NameError, Naming, Suffix};

/// No suffix, and some that hold what names, escapes and scratch files are made of.
const SUFFIXES: [&str; 6] = ["", ".json", "..", ".2F", ".#~x", ".0123456789abcdef0123456789abcde"];

/// A key is found again by its name and by no other, and each name is one that a file can have. The first byte says which
/// suffix names have; the others are a key, and a name.
pub(crate) fn check(bytes: &[u8]) {
    let Some((&suffix, bytes)) = bytes.split_first() else { return };
    let suffix = match SUFFIXES[usize::from(suffix) % SUFFIXES.len()] {
        "" => Suffix::default(),
        suffix => Suffix::new(suffix).unwrap(),
    };
    let naming = Naming::with_suffix(suffix);
    if let Ok(key) = Key::from_wtf8(bytes) {
        check_key(&naming, &key);
    }
    check_name(&naming, bytes);
    let with_suffix = [bytes, naming.suffix().as_str().as_bytes()].concat();
    check_name(&naming, &with_suffix);
}

fn check_key(naming: &Naming, key: &Key) {
    let name = naming.name_of(key);
    let text = name.as_str();
    assert!((1..=255).contains(&text.len()) && !text.contains(['/', '\0']), "no file can have the name {text:?}");
    assert!(text != "." && text != ".." && text.ends_with(naming.suffix().as_str()), "{text:?}");
    match naming.parse(text.as_bytes()) {
        Ok(Name::Key(found)) => assert_eq!(&found, key, "another key has the name {text:?}"),
        Ok(Name::LongKey(found)) => {
            assert_eq!(found, name);
            let room = 255 - naming.suffix().as_str().len();
            assert!(3 * key.as_wtf8().len() > room, "{key:?} is not too long for a name");
        }
        other => panic!("{text:?} of {key:?} is {other:?}"),
    }
}

fn check_name(naming: &Naming, bytes: &[u8]) {
    match naming.parse(bytes) {
        Ok(Name::Key(key)) => {
            assert_eq!(naming.name_of(&key).as_str().as_bytes(), bytes, "{key:?} has two names");
            let stem = &bytes[..bytes.len() - naming.suffix().as_str().len()];
            assert_eq!(key.as_wtf8(), unescaped(stem), "the name says another key");
        }
        Ok(Name::LongKey(name)) => assert_is(&name, bytes),
        Ok(Name::Scratch(name)) => {
            assert_is(&name, bytes);
            let ends_as_keys_do = bytes.ends_with(naming.suffix().as_str().as_bytes());
            assert!(name.is_scratch() || !ends_as_keys_do, "{name} could be a key's");
        }
        Err(NameError::NotUtf8) => assert!(std::str::from_utf8(bytes).is_err()),
        Err(NameError::TooLong) => assert!(bytes.len() > 255),
        Err(_) => {}
    }
}

fn assert_is(name: &FileName, bytes: &[u8]) {
    assert_eq!(name.as_str().as_bytes(), bytes);
    assert!((1..=255).contains(&bytes.len()) && !bytes.contains(&b'/') && !bytes.contains(&0), "{name}");
}

/// The bytes that a name stands for, told in the plainest way.
fn unescaped(name: &[u8]) -> Vec<u8> {
    if name == b"%" {
        return Vec::new();
    }
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < name.len() {
        match &name[at..] {
            [b'%', high, low, ..] if is_digit(high) && is_digit(low) => {
                let digits = std::str::from_utf8(&name[at + 1..at + 3]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                at += 3;
            }
            _ => {
                bytes.push(name[at]);
                at += 1;
            }
        }
    }
    bytes
}
