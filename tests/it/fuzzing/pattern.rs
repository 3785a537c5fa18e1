//! Patterns of keys.

use keyfs::Key;

#[path = "../../../src/bin/keyfs/pattern.rs"]
mod product;

use product::Pattern;

/// A pattern matches what the plainest matcher says. What is before the first line feed is the pattern, what follows is a key.
pub(crate) fn check(bytes: &[u8]) {
    let Some(at) = bytes.iter().position(|&byte| byte == b'\n') else { return };
    let (Ok(text), Ok(key)) = (std::str::from_utf8(&bytes[..at]), Key::from_wtf8(&bytes[at + 1..])) else { return };
    let pattern = Pattern::new(text);
    let found = pattern.as_ref().ok().map(|pattern| pattern.matches(&key));
    // Which are refused for their brackets, and which for their asterisks, is left to the product.
    if !text.contains('[') && text.matches('*').count() <= 1000 {
        assert_eq!(
            found,
            Some(matches(&characters(text.as_bytes()), &characters(key.as_wtf8()))),
            "{text:?} on {key:?}"
        );
    }
}

/// The characters of WTF-8; a lone surrogate is one.
fn characters(wtf8: &[u8]) -> Vec<&[u8]> {
    let begins = |at: &usize| *at == wtf8.len() || wtf8[*at] & 0xc0 != 0x80;
    let begins: Vec<usize> = (0..=wtf8.len()).filter(begins).collect();
    begins.windows(2).map(|pair| &wtf8[pair[0]..pair[1]]).collect()
}

/// Whether a pattern without brackets matches, asked of each beginning of the key by each beginning of the pattern.
fn matches(pattern: &[&[u8]], key: &[&[u8]]) -> bool {
    let mut matched = vec![false; key.len() + 1];
    matched[0] = true;
    for &character in pattern {
        if character == b"*" {
            for at in 0..key.len() {
                matched[at + 1] |= matched[at];
            }
            continue;
        }
        for at in (0..key.len()).rev() {
            matched[at + 1] = matched[at] && (character == b"?" || character == key[at]);
        }
        matched[0] = false;
    }
    matched[key.len()]
}
