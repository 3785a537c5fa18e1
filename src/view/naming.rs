use super::escape::{Tail, escape, unescape};
use super::file_name::{FileName, NAME_BYTES, Name, NameError};
use super::suffix::Suffix;
use crate::record::Key;

/// What stands between the readable beginning of a long key's name and the hash; in no other key's name.
const HASH_MARK: &str = "%~";

/// The hex digits of the hash in a long key's name: the first 16 bytes of BLAKE3.
const HASH_DIGITS: usize = 32;

/// The most bytes that one byte of a key takes in a name: those of an escape.
const ESCAPE_BYTES: usize = 3;

/// How the keys of one mount become file names, and file names keys.
///
/// Every key has exactly one name, which ends with the suffix, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    suffix: Suffix,
}

impl Naming {
    /// Names that end with a suffix.
    #[must_use]
    pub fn with_suffix(suffix: Suffix) -> Naming {
        Naming { suffix }
    }

    /// What all names of keys end with.
    #[must_use]
    pub fn suffix(&self) -> &Suffix {
        &self.suffix
    }

    /// The one name of a key.
    ///
    /// Every key has a name, and no two keys share one (of keys too long for a name that holds as far as no two of
    /// them share a hash of 128 bits). It is never the name of a scratch file.
    #[must_use]
    pub fn name_of(&self, key: &Key) -> FileName {
        let escaped = escape(key.as_wtf8(), self.room(), self.tail());
        let mut name = if escaped.whole { escaped.text } else { self.long_stem(key) };
        name.push_str(self.suffix.as_str());
        FileName::new(name)
    }

    /// Finds what a file name stands for.
    ///
    /// When it is [`Name::Key`], [`Naming::name_of`] gives exactly these bytes for that key.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a name that is nobody's.
    pub fn parse(&self, bytes: &[u8]) -> Result<Name, NameError> {
        if bytes.len() > NAME_BYTES {
            return Err(NameError::TooLong);
        }
        let name = std::str::from_utf8(bytes).map_err(|_| NameError::NotUtf8)?;
        if name.is_empty() || name.contains(['/', '\0']) {
            return Err(NameError::NotCanonical);
        }
        let stem = name.strip_suffix(self.suffix.as_str()).filter(|_| !is_scratch(name));
        let Some(stem) = stem else { return Ok(Name::Scratch(FileName::new(name))) };
        if is_long(stem) {
            return Ok(Name::LongKey(FileName::new(name)));
        }
        let key = Key::from_wtf8(&unescape(stem)).map_err(|_| NameError::NotCanonical)?;
        let canonical = self.name_of(&key).as_str() == name;
        if canonical { Ok(Name::Key(key)) } else { Err(NameError::NotCanonical) }
    }

    /// Whether the name of a key may hold only a hash of it; quickly, and never wrongly false.
    pub(crate) fn may_be_long(&self, key: &Key) -> bool {
        key.as_wtf8().len() > self.room() / ESCAPE_BYTES
    }

    /// The bytes that the suffix leaves.
    fn room(&self) -> usize {
        NAME_BYTES - self.suffix.as_str().len()
    }

    fn tail(&self) -> Tail {
        if self.suffix.is_empty() { Tail::Nothing } else { Tail::Suffix }
    }

    fn long_stem(&self, key: &Key) -> String {
        let mut stem = escape(key.as_wtf8(), self.room() - HASH_MARK.len() - HASH_DIGITS, self.tail()).text;
        stem.push_str(HASH_MARK);
        stem.push_str(&blake3::hash(key.as_wtf8()).to_hex()[..HASH_DIGITS]);
        stem
    }
}

/// Whether editors and tools use such a name for their own files.
pub(super) fn is_scratch(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// Whether a name without its suffix ends as that of a long key does.
fn is_long(stem: &str) -> bool {
    let Some((_, hash)) = stem.rsplit_once(HASH_MARK) else { return false };
    hash.len() == HASH_DIGITS && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// No suffix, and some that hold what names, escapes and scratch files are made of.
    const SUFFIXES: [&str; 6] = ["", ".json", "..", ".2F", ".#~x", ".0123456789abcdef0123456789abcde"];

    fn naming(suffix: &str) -> Naming {
        let suffix = if suffix.is_empty() { Suffix::default() } else { Suffix::new(suffix).unwrap() };
        Naming::with_suffix(suffix)
    }

    #[track_caller]
    fn assert_name(suffix: &str, key: &[u8], name: &str) {
        let key = Key::from_wtf8(key).unwrap();
        assert_eq!(naming(suffix).name_of(&key).as_str(), name, "name of {key:?}");
        assert_eq!(naming(suffix).parse(name.as_bytes()), Ok(Name::Key(key)), "key of {name:?}");
    }

    #[test]
    fn with_a_suffix_only_its_beginning_can_make_a_name_scratch() {
        for (key, name) in [
            (&b"web"[..], "web.json"),
            (b"web.json", "web.json.json"),
            (b"", "%.json"),
            (b"%", "%25.json"),
            (b"cpu%", "cpu%.json"),
            (b".profile", "%2Eprofile.json"),
            (b".json", "%2Ejson.json"),
            (b"x~", "x~.json"),
            (b"~", "~.json"),
            (b"%~", "%25~.json"),
            (b"#x#", "#x#.json"),
            (b"#", "#.json"),
            (b"a/b", "a%2Fb.json"),
            (b"a%2Fb", "a%252Fb.json"),
            (b"\xed\xa0\x80", "%ED%A0%80.json"),
        ] {
            assert_name(".json", key, name);
        }
        assert_name(".2F", b"%", "%25.2F");
        assert_name(".2F", b"x%", "x%.2F");
    }

    /// "no scratch file's name ends with the suffix."
    #[test]
    fn names_without_the_suffix_are_scratch() {
        for name in ["web", "web.jso", "web.json~", "#web.json#", ".json", ".web.json", "%41", "a\nb", "json", "%", "~"]
        {
            let scratch = Ok(Name::Scratch(FileName::new(name)));
            assert_eq!(naming(".json").parse(name.as_bytes()), scratch, "{name:?}");
        }
        for name in ["", "%41.json", "a\nb.json", "x%7E.json", "%23.json", "a/b", "a/b.json", "a\0.json"] {
            assert_eq!(naming(".json").parse(name.as_bytes()), Err(NameError::NotCanonical), "{name:?}");
        }
        assert_eq!(naming(".json").parse(b"\xff.json"), Err(NameError::NotUtf8));
    }

    /// "A name that is longer with it is a prefix, `%~`, the hash, and the suffix."
    #[test]
    fn the_suffix_counts_among_the_255_bytes() {
        assert_name(".json", &[b'a'; 250], &format!("{}.json", "a".repeat(250)));
        let key = Key::from("a".repeat(251));
        let name = naming(".json").name_of(&key);
        let hash = &blake3::hash(key.as_wtf8()).to_hex()[..32];
        assert_eq!(name.as_str(), format!("{}%~{hash}.json", "a".repeat(216)));
        assert_eq!(naming(".json").parse(name.as_str().as_bytes()), Ok(Name::LongKey(name)));
        assert_eq!(naming(".json").parse(&[b'a'; 256]), Err(NameError::TooLong));
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

    fn namings() -> impl Strategy<Value = Naming> {
        prop::sample::select(&SUFFIXES[..]).prop_map(naming)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8000))]

        #[test]
        fn every_key_is_found_again_by_its_name(naming in namings(), key in keys()) {
            let name = naming.name_of(&key);
            prop_assert!(name.as_str().len() <= 255 && name.as_str().ends_with(naming.suffix().as_str()));
            match naming.parse(name.as_str().as_bytes()) {
                Ok(Name::Key(found)) => prop_assert_eq!(found, key),
                Ok(Name::LongKey(found)) => {
                    prop_assert!(naming.may_be_long(&key));
                    prop_assert!(!escape(key.as_wtf8(), naming.room(), naming.tail()).whole);
                    prop_assert_eq!(found, name);
                }
                other => prop_assert!(false, "{:?} of {:?} is {:?}", name, key, other),
            }
        }

        #[test]
        fn different_keys_have_different_names(
            naming in namings(),
            one in keys(),
            other in keys(),
            more in prop::sample::select(&PIECES[..21]),
        ) {
            prop_assert_eq!(naming.name_of(&one) == naming.name_of(&other), one == other);
            if let Ok(longer) = Key::from_wtf8(&[one.as_wtf8(), more].concat()) {
                prop_assert_ne!(naming.name_of(&one), naming.name_of(&longer));
            }
        }

        #[test]
        fn a_key_is_found_by_its_own_name_only(
            naming in namings(),
            bytes in prop_oneof![bytes(), prop::collection::vec(any::<u8>(), 0..300)],
            suffixed in any::<bool>(),
        ) {
            let suffix = if suffixed { naming.suffix().as_str() } else { "" };
            let bytes = [&bytes[..], suffix.as_bytes()].concat();
            if let Ok(Name::Key(key)) = naming.parse(&bytes) {
                let name = naming.name_of(&key);
                prop_assert_eq!(name.as_str().as_bytes(), bytes.as_slice());
            }
        }
    }

    #[test]
    fn all_short_keys_have_different_names() {
        let letters = &PIECES[..13];
        for suffix in SUFFIXES {
            let mut keys = vec![Vec::new()];
            let mut names = HashSet::new();
            for _ in 0..4 {
                assert!(keys.iter().all(|key| names.insert(naming(suffix).name_of(&Key::from_wtf8(key).unwrap()))));
                keys = keys.iter().flat_map(|key| letters.iter().map(|letter| [key, *letter].concat())).collect();
            }
            assert_eq!(names.len(), 1 + 13 + 13 * 13 + 13 * 13 * 13);
        }
    }
}
