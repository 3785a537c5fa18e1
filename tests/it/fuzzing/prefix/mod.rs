//! Texts that are still being written.

mod completions;

use keyfs::Value;
use keyfs::record::Prefix;

use completions::completions;

/// A text is refused at the very byte after which nothing makes it JSON, in whatever pieces it comes. The first byte says in
/// which; the others are the text.
pub(crate) fn check(bytes: &[u8]) {
    let Some((&pieces, text)) = bytes.split_first() else { return };
    let mut prefix = Prefix::new();
    let whole = Prefix::new().push(text);
    let refused = text.chunks(1 + usize::from(pieces) % 17).find_map(|piece| prefix.push(piece).err());
    assert_eq!(refused, whole.err(), "the pieces make a difference");
    let Some((at, reason)) = refused else {
        assert_eq!(prefix.accepted(), text.len());
        assert!(text.len() > MOST_BYTES || is_begun(text), "nothing that was tried makes it JSON");
        return;
    };
    assert_eq!(prefix.accepted(), at);
    assert_eq!(prefix.push(b"1"), Err((at, reason)), "a refusal does not stay");
    assert!(Value::parse_bytes(text).is_err(), "refused at {at}: {reason}, and it is JSON");
    if at < MOST_BYTES {
        assert!(!is_begun(&text[..=at]), "refused at {at}: {reason}, and it can become JSON");
        assert!(is_begun(&text[..at]), "refused at {at}: {reason}, and there was no hope before");
    }
}

/// The longest text of which all ways of going on are tried: there are a hundred, and each is read from its beginning.
const MOST_BYTES: usize = 200;

/// Whether one of the ways of going on makes it JSON, as far as they are tried.
fn is_begun(text: &[u8]) -> bool {
    Value::parse_bytes(text).is_ok()
        || completions(text).any(|completion| Value::parse_bytes(&[text, &completion].concat()).is_ok())
}
