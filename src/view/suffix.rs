use std::fmt;
use std::sync::Arc;

/// The most bytes of a suffix: what is left of a file name must still tell keys apart.
const SUFFIX_BYTES: usize = 32;

/// What every key's file name ends with in a mount, such as `.json`; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suffix(Arc<str>);

/// A text cannot be the suffix of file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a suffix is {}", Suffix::FORM)]
pub struct SuffixError;

impl Suffix {
    /// What a suffix is, for messages.
    pub const FORM: &str =
        "a dot and 1 to 31 bytes more, without `/`, `%` and control characters, and not ending with `~` or `#`";

    /// Checks a suffix: it begins with a dot, has 2 to 32 bytes, no `/`, no `%`, no control characters, and ends neither
    /// with `~` nor with `#`, which are the marks of scratch files.
    ///
    /// # Errors
    ///
    /// [`SuffixError`] for anything else.
    pub fn new(text: &str) -> Result<Suffix, SuffixError> {
        let fits = (2..=SUFFIX_BYTES).contains(&text.len());
        let plain = !text.contains(|c: char| matches!(c, '/' | '%') || c.is_control());
        if fits && plain && text.starts_with('.') && !text.ends_with(['~', '#']) {
            Ok(Suffix(text.into()))
        } else {
            Err(SuffixError)
        }
    }

    /// The suffix as a string; empty when there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no suffix.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "A suffix is a dot and 1 to 31 bytes more of UTF-8, without `/`, `%` and control characters, and ends neither
    /// with `~` nor with `#`."
    #[test]
    fn a_suffix_has_its_form() {
        for good in [".json", ".j", "..", ".a b", ".é", ".#.~x", ".keyfs", &format!(".{}", "x".repeat(31))] {
            assert_eq!(Suffix::new(good).unwrap().as_str(), good);
        }
        let long = format!(".{}", "x".repeat(32));
        for bad in ["", ".", "json", ".a/b", ".%41", ".x%", ".x~", ".x#", ".\0", ".\n", ".\u{85}", "~.x", &long] {
            assert_eq!(Suffix::new(bad), Err(SuffixError), "{bad:?}");
        }
        assert!(Suffix::default().is_empty());
    }
}
