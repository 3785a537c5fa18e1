//! The names on the shelf that are not simply the names of files.

use std::ffi::OsStr;

/// The most bytes of a name on disk.
const NAME_BYTES: usize = 255;

/// What the file with the reason of a refused text ends with.
pub(super) const ERROR_ENDING: &str = ".error";

/// What stands in front of the hash in the stem of a name that cannot be its own.
const HASH_MARK: &str = "%~";

/// The digits of that hash.
const HASH_DIGITS: usize = 32;

/// The name under which the refused text of `name` is kept; with the ending for the reason it is a name too.
///
/// It is the name itself, but for one that is too long for the ending, or that has it: the text of `x.error` must not
/// be taken for the reason of `x`. No two names share a stem.
pub(super) fn stem(name: &str) -> String {
    let fits = name.len() + ERROR_ENDING.len() <= NAME_BYTES;
    if fits && !name.ends_with(ERROR_ENDING) {
        return name.to_owned();
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let room = NAME_BYTES - ERROR_ENDING.len() - HASH_MARK.len() - HASH_DIGITS;
    format!("{}{HASH_MARK}{}", beginning(name, room), &hash[..HASH_DIGITS])
}

/// A name for a file whose own is taken: never a key's, because it begins with a dot.
pub(super) fn recovered(name: &OsStr, try_no: u32) -> String {
    let ending = if try_no == 1 { ".recovered".to_owned() } else { format!(".recovered.{try_no}") };
    let name = name.to_string_lossy();
    let name = name.trim_start_matches('.');
    // With the ending of a reason it is a name too.
    let room = NAME_BYTES - 1 - ending.len() - ERROR_ENDING.len();
    format!(".{}{ending}", beginning(name, room))
}

/// At most so many bytes of a text.
fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_has_a_stem_of_its_own_that_leaves_room_for_the_ending() {
        let long = "x".repeat(255);
        let wide = "漢".repeat(85);
        let names = [
            "x",
            "x.error",
            "x.error.error",
            ".error",
            &long,
            &long[1..],
            &wide,
            "a%~b",
            &format!("{}.error", &long[6..]),
        ];
        let mut taken = HashSet::new();
        for name in names {
            let stem = stem(name);
            assert!(stem.len() + ERROR_ENDING.len() <= 255 && !stem.ends_with(ERROR_ENDING), "{name}: {stem}");
            assert!(taken.insert(format!("{stem}{ERROR_ENDING}")) && taken.insert(stem), "{name}");
        }
        assert_eq!(stem("x"), "x");
        assert_eq!(stem(&long[6..]), &long[6..]);
    }

    #[test]
    fn a_recovered_file_is_never_a_key() {
        assert_eq!(recovered("x".as_ref(), 1), ".x.recovered");
        assert_eq!(recovered("..x".as_ref(), 2), ".x.recovered.2");
        for name in ["漢".repeat(85), "x".repeat(255)] {
            let name = recovered(name.as_ref(), 4_000_000_000);
            assert!(name.len() <= 249 && name.ends_with(".recovered.4000000000"), "{name}");
        }
    }
}
