//! Runs of bytes that need no attention, found eight at a time.
//!
//! What is asked for each token is inlined: a call would take as long as a short string.

use super::string::Style;

/// A word of eight times `byte`.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte.
const HIGH: u64 = eight(0x80);

/// The eight bytes at `at`, the first one lowest, unless the text ends before.
#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    let bytes = text.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// Marks the bytes at which the plain part of a string literal ends.
///
/// A mark is right only where none is below it, because a subtraction borrows from the byte above, an addition carries.
#[inline(always)]
fn ends_of_plain(word: u64, style: Style) -> u64 {
    // The bit that tells a quote from a space is flipped: what must be escaped below 0x80, but the backslash, is then
    // what is below 0x21.
    let below = (word ^ eight(b'"' ^ b' ')).wrapping_sub(eight(0x21));
    let backslash = (word ^ eight(b'\\')).wrapping_sub(eight(1));
    let marks = (below | backslash) & !word;
    match style {
        Style::Readable => marks & HIGH,
        Style::Ascii => (marks | word | word.wrapping_add(eight(1))) & HIGH,
    }
}

/// Whether the character that begins with `byte` is written as an escape.
#[inline]
pub(super) fn must_escape(byte: u8, style: Style) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\' || (style == Style::Ascii && byte >= 0x7f)
}

/// Where the bytes from `at` on end that stand in a string literal of the style as they are.
#[inline(always)]
pub(crate) fn plain_end(text: &[u8], at: usize, style: Style) -> usize {
    let mut at = at;
    while let Some(word) = word(text, at) {
        let ends = ends_of_plain(word, style);
        if ends != 0 {
            return at + ends.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    plain_end_by_bytes(text, at, style)
}

/// The same for the last few bytes of a text, kept out of the way of the rest.
#[inline(never)]
fn plain_end_by_bytes(text: &[u8], at: usize, style: Style) -> usize {
    let mut at = at;
    while text.get(at).is_some_and(|&byte| !must_escape(byte, style)) {
        at += 1;
    }
    at
}

/// Where the white space from `at` on ends, for `at` within the text.
#[inline(always)]
pub(crate) fn white_space_end(text: &[u8], at: usize) -> usize {
    let mut at = at;
    loop {
        match text.get(at) {
            // A new line is often indented.
            Some(b'\n') => at = spaces_end(text, at + 1),
            Some(b' ' | b'\t' | b'\r') => at += 1,
            _ => return at,
        }
    }
}

#[inline(never)]
fn spaces_end(text: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(word) = word(text, at) {
        let others = word ^ eight(b' ');
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every byte at every place of a word, among bytes of every neighbourhood.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let special = prop::sample::select(b" \t\r\n\"\\!#[]\x00\x1f\x7f\x80\xff~".to_vec());
        let byte = prop_oneof![3 => Just(b'a'), 1 => special.clone(), 1 => any::<u8>()];
        let spaces = prop_oneof![6 => Just(b' '), 1 => special];
        prop_oneof![prop::collection::vec(byte, 0..40), prop::collection::vec(spaces, 0..40)]
    }

    /// The first place from `at` on at which a byte is not as it should be.
    fn first_other(text: &[u8], at: usize, inside: impl Fn(u8) -> bool) -> usize {
        (at..text.len()).find(|&at| !inside(text[at])).unwrap_or(text.len())
    }

    #[test]
    fn each_byte_alone_ends_a_run_or_not() {
        for byte in 0..=255 {
            for at in 0..20 {
                let mut text = [b'a'; 20];
                text[at] = byte;
                for style in [Style::Ascii, Style::Readable] {
                    let expected = if must_escape(byte, style) { at } else { text.len() };
                    assert_eq!(plain_end(&text, 0, style), expected, "{byte:#x} at {at}, {style:?}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn runs_end_where_they_end_byte_by_byte(text in texts()) {
            for at in 0..=text.len() {
                for style in [Style::Ascii, Style::Readable] {
                    let expected = first_other(&text, at, |byte| !must_escape(byte, style));
                    prop_assert_eq!(plain_end(&text, at, style), expected);
                }
                let expected = first_other(&text, at, |byte| b" \t\r\n".contains(&byte));
                prop_assert_eq!(white_space_end(&text, at), expected);
            }
        }
    }
}
