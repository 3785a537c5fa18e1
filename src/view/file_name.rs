use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;

use super::naming::Naming;
use crate::record::Key;

/// The most bytes of a file name, as on every Linux file system.
pub(super) const NAME_BYTES: usize = 255;

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
    /// It holds only a hash of the key: the key, if there is one, is that for which [`Naming::name_of`] gives exactly
    /// this name.
    LongKey(FileName),
    /// A name that is never a key's: it begins with `.`, ends with `~`, begins and ends with `#`, or lacks the suffix
    /// that the names of keys have.
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
    /// The name is neither scratch nor what [`Naming::name_of`] gives for any key.
    #[error("the file name is not the way in which any key is written")]
    NotCanonical,
}

impl FileName {
    /// A name of text that is known to be one.
    pub(super) fn new(text: impl Into<Arc<str>>) -> FileName {
        FileName(text.into())
    }

    /// The name of a key where names have no suffix, as of [`Naming::name_of`].
    #[must_use]
    pub fn of_key(key: &Key) -> FileName {
        Naming::default().name_of(key)
    }

    /// Finds what a file name stands for where names have no suffix, as of [`Naming::parse`].
    ///
    /// # Errors
    ///
    /// [`NameError`] for a name that is nobody's.
    pub fn parse(bytes: &[u8]) -> Result<Name, NameError> {
        Naming::default().parse(bytes)
    }

    /// Whether the name is one that no key has.
    #[must_use]
    pub fn is_scratch(&self) -> bool {
        super::naming::is_scratch(&self.0)
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

#[cfg(test)]
mod tests {
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

    /// "The name of a key is its UTF-8 with only what must be escaped written `%XX`: `/`, NUL and all control
    /// characters (U+0000 to U+001F and U+007F to U+009F); a leading `.`; a final `~`; the first `#` of a key that
    /// begins and ends with `#` (also of the key `#`); `%` where two hex digits or `~` follow; each byte of a lone
    /// surrogate."
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

    /// "A name of more than 255 bytes is a prefix of it, `%~`, and 32 hex digits of a hash of the key."
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
}
