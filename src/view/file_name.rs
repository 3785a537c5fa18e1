use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;

use super::escape::{escape, unescape};
use crate::record::Key;

/// The most bytes of a file name, as on every Linux file system.
const NAME_BYTES: usize = 255;

/// What stands between the readable beginning of a long key's name and the hash; in no other key's name.
const HASH_MARK: &str = "%~";

/// The hex digits of the hash in a long key's name: the first 16 bytes of BLAKE3.
const HASH_DIGITS: usize = 32;

/// The name of a file in a mount.
///
/// At most 255 bytes of UTF-8, neither `/` nor NUL among them. Cloning a name copies no text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Arc<str>);

/// What a file name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The one name of this key.
    Key(Key),
    /// A name of the form that keys too long for a file name have.
    ///
    /// It holds only a hash of the key: the key, if there is one, is that for which [`FileName::of_key`] gives exactly
    /// this name.
    LongKey(FileName),
    /// A name that is never a key's: it begins with `.`, ends with `~`, or begins and ends with `#`.
    Scratch(FileName),
}

/// Why a file name stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name is not UTF-8.
    #[error("the file name is not UTF-8")]
    NotUtf8,
    /// The name is longer than 255 bytes.
    #[error("the file name is longer than {NAME_BYTES} bytes")]
    TooLong,
    /// The name is neither scratch nor what [`FileName::of_key`] gives for any key.
    #[error("the file name is not the way in which any key is written")]
    NotCanonical,
}

impl FileName {
    /// The one name of a key.
    ///
    /// Every key has a name, and no two keys share one (of keys too long for a name that holds as far as no two of
    /// them share a hash of 128 bits). It is never the name of a scratch file.
    #[must_use]
    pub fn of_key(key: &Key) -> FileName {
        let escaped = escape(key.as_wtf8(), NAME_BYTES);
        if escaped.whole { FileName(escaped.text.into()) } else { FileName::of_long_key(key) }
    }

    fn of_long_key(key: &Key) -> FileName {
        let mut name = escape(key.as_wtf8(), NAME_BYTES - HASH_MARK.len() - HASH_DIGITS).text;
        name.push_str(HASH_MARK);
        name.push_str(&blake3::hash(key.as_wtf8()).to_hex()[..HASH_DIGITS]);
        FileName(name.into())
    }

    /// Finds what a file name stands for.
    ///
    /// When it is [`Name::Key`], [`FileName::of_key`] gives exactly these bytes for that key.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a name that is nobody's.
    pub fn parse(bytes: &[u8]) -> Result<Name, NameError> {
        if bytes.len() > NAME_BYTES {
            return Err(NameError::TooLong);
        }
        let name = std::str::from_utf8(bytes).map_err(|_| NameError::NotUtf8)?;
        if name.contains(['/', '\0']) {
            return Err(NameError::NotCanonical);
        }
        if is_scratch(name) {
            return Ok(Name::Scratch(FileName(name.into())));
        }
        if is_long(name) {
            return Ok(Name::LongKey(FileName(name.into())));
        }
        let key = Key::from_wtf8(&unescape(name)).map_err(|_| NameError::NotCanonical)?;
        let canonical = FileName::of_key(&key).as_str() == name;
        if canonical { Ok(Name::Key(key)) } else { Err(NameError::NotCanonical) }
    }

    /// The name as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the kernel takes it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::new(&*self.0)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether editors and tools use such a name for their own files.
fn is_scratch(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// Whether the name ends as that of a long key does.
fn is_long(name: &str) -> bool {
    let Some((_, hash)) = name.rsplit_once(HASH_MARK) else { return false };
    hash.len() == HASH_DIGITS && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn assert_name(key: &[u8], name: &str) {
        let key = Key::from_wtf8(key).unwrap();
        assert_eq!(FileName::of_key(&key).as_str(), name, "name of {key:?}");
        assert_eq!(FileName::parse(name.as_bytes()), Ok(Name::Key(key)), "key of {name:?}");
    }

    #[test]
    fn keys_that_need_no_escape_are_their_own_names() {
        for key in
            ["someKey", "naïve 漢字 🎉", "cpu%", "a b", "100% sure", "%x", "%%", "50%5", "%2", "a.b", "a..", "x~y"]
        {
            assert_name(key.as_bytes(), key);
        }
        for key in ["~a", "#x", "x#", "#a#b", "\\", "\u{a0}", "e\u{301}", "\u{e9}", "\u{feff}", "\u{2028}", "\u{d7ff}"]
        {
            assert_name(key.as_bytes(), key);
        }
    }

    #[test]
    fn what_must_be_escaped_is() {
        for (key, name) in [
            (&b"a/b"[..], "a%2Fb"),
            (b"\n", "%0A"),
            (b"\0", "%00"),
            (b"\x7f", "%7F"),
            ("\u{80}\u{9f}".as_bytes(), "%C2%80%C2%9F"),
            (b"a%2Fb", "a%252Fb"),
            (b"a%2fb", "a%252fb"),
            (b"%aF", "%25aF"),
            (b"%25", "%2525"),
            (b"%~x", "%25~x"),
            (b"%~", "%25%7E"),
            (b"%/", "%%2F"),
            (b"%2/", "%2%2F"),
            (b"", "%"),
            (b"%", "%25"),
            (b".", "%2E"),
            (b"..", "%2E."),
            (b".profile", "%2Eprofile"),
            (b"x~", "x%7E"),
            (b"x~~", "x~%7E"),
            (b"~", "%7E"),
            (b"#x#", "%23x#"),
            (b"##", "%23#"),
            (b"#", "%23"),
            (b".~", "%2E%7E"),
            (b"\xed\xa0\x80", "%ED%A0%80"),
            (b"\xed\xa0\x80x\xed\xb0\x80", "%ED%A0%80x%ED%B0%80"),
        ] {
            assert_name(key, name);
        }
    }

    #[test]
    fn names_longer_than_255_bytes_end_in_a_hash() {
        assert_name(&[b'a'; 255], &"a".repeat(255));
        assert_name(&[b'/'; 85], &"%2F".repeat(85));
        let hash = "%~dfce7664ce28f7fdebfdbdb06e9f4513";
        for (key, prefix) in [
            ("a".repeat(256), "a".repeat(221)),
            ("/".repeat(86), "%2F".repeat(73)),
            ("é".repeat(128), "é".repeat(110)),
            ("\u{85}".repeat(50), "%C2%85".repeat(36)),
            (format!(".{}", "a".repeat(254)), format!("%2E{}", "a".repeat(218))),
            (format!("{}%~{}", "a".repeat(220), "0".repeat(33)), "a".repeat(220)),
        ] {
            let name = FileName::of_key(&Key::from(key.as_str()));
            assert_eq!((name.as_str().len(), &name.as_str()[..prefix.len()]), (prefix.len() + hash.len(), &*prefix));
            assert_eq!(FileName::parse(name.as_str().as_bytes()), Ok(Name::LongKey(name)), "{key:?}");
        }
        let name = FileName::of_key(&Key::from("a".repeat(256)));
        assert_eq!(name.as_str(), "a".repeat(221) + hash);
        assert_ne!(name, FileName::of_key(&Key::from("a".repeat(257))));
    }

    #[test]
    fn a_key_that_looks_like_a_long_name_is_escaped() {
        let looks_long = format!("x%~{}", "0".repeat(32));
        assert_name(looks_long.as_bytes(), &format!("x%25~{}", "0".repeat(32)));
        assert!(matches!(FileName::parse(looks_long.as_bytes()), Ok(Name::LongKey(_))));
        for almost in
            [format!("x%~{}", "0".repeat(31)), format!("x%~{}", "0".repeat(33)), format!("x%~{}", "A".repeat(32))]
        {
            assert_eq!(FileName::parse(almost.as_bytes()), Err(NameError::NotCanonical), "{almost}");
        }
    }

    #[test]
    fn scratch_names_are_never_keys() {
        for name in [".", "..", ".profile.swp", "x~", "~", "%~", "#x#", "#", "##", ".a\nb", ".%~"] {
            assert!(matches!(FileName::parse(name.as_bytes()), Ok(Name::Scratch(_))), "{name:?}");
        }
    }

    #[test]
    fn names_that_are_nobodys_are_refused() {
        for name in [
            "",
            "a/b",
            ".a/b",
            "a\0",
            "a\nb",
            "\u{7f}",
            "\u{85}",
            "%41",
            "%2f",
            "%2F%",
            "a%2e",
            "%252f%2f",
            "%%25",
            "x%25",
            "%C3%A9",
            "%FF",
            "%ED%A0%BD%ED%B8%80",
            "%23",
            "%23x",
            "a%7Eb",
            "a%2E",
            "a%~b",
            "%2F%2E",
            "%2525~",
        ] {
            let expected = match name {
                // Canonical or scratch after all: the neighbours of the names that are not.
                "%2F%" => Ok(Name::Key(Key::from("/%"))),
                "%23" => Ok(Name::Key(Key::from("#"))),
                "%2525~" => Ok(Name::Scratch(FileName("%2525~".into()))),
                _ => Err(NameError::NotCanonical),
            };
            assert_eq!(FileName::parse(name.as_bytes()), expected, "{name:?}");
        }
        assert_eq!(FileName::parse(b"a\xff"), Err(NameError::NotUtf8));
        assert_eq!(FileName::parse(b".\xed\xa0\x80"), Err(NameError::NotUtf8));
        assert_eq!(FileName::parse(&[b'a'; 256]), Err(NameError::TooLong));
        assert_eq!(FileName::parse(&[b'.'; 256]), Err(NameError::TooLong));
    }

    /// Pieces that make collisions and special cases likely, in keys as in names.
    const PIECES: [&[u8]; 22] = [
        b"%",
        b"2",
        b"F",
        b"f",
        b"~",
        b"#",
        b".",
        b"/",
        b"a",
        b"\xc3\xa9",
        b"\x7f",
        b"\xc2\x85",
        b"\xed\xa0\x80",
        b"\xed\xb0\x80",
        b"\n",
        b"\0",
        b"%25",
        b"%2F",
        b"%7E",
        b"%ED",
        b"%~0123456789abcdef0123456789abcdef",
        b"\xff",
    ];

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop_oneof![
            8 => prop::collection::vec(prop::sample::select(&PIECES[..]), 0..8),
            1 => prop::collection::vec(prop::sample::select(&PIECES[..]), 60..140),
        ];
        // Padding brings the names to either side of the greatest length.
        let padding = prop_oneof![8 => Just(0), 1 => 200..260usize];
        (pieces, padding).prop_map(|(pieces, padding)| [pieces.concat(), vec![b'b'; padding]].concat())
    }

    fn keys() -> impl Strategy<Value = Key> {
        bytes().prop_filter_map("not WTF-8", |bytes| {
            let bytes: Vec<u8> = bytes.into_iter().filter(|&byte| byte != 0xff).collect();
            Key::from_wtf8(&bytes).ok()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn every_key_is_found_again_by_its_name(key in keys()) {
            let name = FileName::of_key(&key);
            prop_assert!(name.as_str().len() <= 255);
            match FileName::parse(name.as_str().as_bytes()) {
                Ok(Name::Key(found)) => prop_assert_eq!(found, key),
                Ok(Name::LongKey(found)) => {
                    prop_assert!(!escape(key.as_wtf8(), 255).whole);
                    prop_assert_eq!(found, name);
                }
                other => prop_assert!(false, "{:?} of {:?} is {:?}", name, key, other),
            }
        }

        #[test]
        fn different_keys_have_different_names(one in keys(), other in keys(), more in prop::sample::select(&PIECES[..21])) {
            prop_assert_eq!(FileName::of_key(&one) == FileName::of_key(&other), one == other);
            if let Ok(longer) = Key::from_wtf8(&[one.as_wtf8(), more].concat()) {
                prop_assert_ne!(FileName::of_key(&one), FileName::of_key(&longer));
            }
        }

        #[test]
        fn a_key_is_found_by_its_own_name_only(bytes in prop_oneof![bytes(), prop::collection::vec(any::<u8>(), 0..300)]) {
            if let Ok(Name::Key(key)) = FileName::parse(&bytes) {
                let name = FileName::of_key(&key);
                prop_assert_eq!(name.as_str().as_bytes(), bytes.as_slice());
            }
        }
    }

    #[test]
    fn all_short_keys_have_different_names() {
        let letters = &PIECES[..13];
        let mut keys = vec![Vec::new()];
        let mut names = HashSet::new();
        for _ in 0..4 {
            assert!(keys.iter().all(|key| names.insert(FileName::of_key(&Key::from_wtf8(key).unwrap()))));
            keys = keys.iter().flat_map(|key| letters.iter().map(|letter| [key, *letter].concat())).collect();
        }
        assert_eq!(names.len(), 1 + 13 + 13 * 13 + 13 * 13 * 13);
    }
}
