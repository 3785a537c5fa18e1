//! Texts of values, as they are given and as they are shown.

use keyfs::Value;
use keyfs::view::{FileTextPieces, TextShape, file_text, file_text_shape, parse_file_text};

/// What is a value is shown as a text that is read back as that value, is as long as was measured, and comes in pieces as
/// it comes whole; and what serde_json reads is a value.
pub(crate) fn check(bytes: &[u8]) {
    let tree = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let value = match Value::parse_bytes(bytes) {
        Ok(value) => value,
        Err(error) => {
            assert!(tree.is_none(), "serde_json reads it: {error}");
            assert!(error.offset() <= bytes.len());
            return;
        }
    };
    let lines = [value.to_ascii(), value.to_line()];
    assert!(lines[0].is_ascii());
    for line in &lines {
        assert_eq!(Value::parse(line).as_ref(), Ok(&value), "on one line it is something else");
    }
    let text = file_text(&value);
    check_shown(&value, &text);
    if let Some(tree) = &tree {
        let pretty = serde_json::to_string_pretty(tree).unwrap();
        assert!(without_numbers(&text).eq(without_numbers(&pretty)), "serde_json shows it otherwise: {text}");
    }
    for shown in lines.iter().chain([&text]) {
        let is_the_same = |tree: &serde_json::Value| {
            serde_json::from_str::<serde_json::Value>(shown).is_ok_and(|shown| shown == *tree)
        };
        assert!(tree.as_ref().is_none_or(is_the_same), "serde_json reads something else: {shown}");
    }
}

/// The lines, without the numbers at their ends: these serde_json writes in its own way.
fn without_numbers(text: &str) -> impl Iterator<Item = &str> {
    let of_number = |char: char| matches!(char, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
    text.lines().map(move |line| line.trim_end_matches(',').trim_end_matches(of_number))
}

fn check_shown(value: &Value, text: &str) {
    let TextShape { len, in_order } = file_text_shape(value);
    assert_eq!(len, text.len() as u64, "measured wrongly");
    assert!(text.ends_with('\n'));
    let again = parse_file_text(text.as_bytes()).expect("what is shown can be saved").expect("it is not blank");
    assert_eq!(file_text(&again), text, "shown once more it is something else");
    // Of members of one name only the last is shown.
    if in_order {
        assert_eq!(&again, value, "saved as it is shown it is something else");
        check_pieces(value, text);
    }
    assert!(file_text_shape(&again).in_order || text.lines().count() == 1, "shown with a name twice");
}

/// Pieces of some lengths, from the beginning on and from the end on.
fn check_pieces(value: &Value, text: &str) {
    let len = text.len() as u64;
    for length in [1 + text.len() / 7, text.len()] {
        let mut pieces = FileTextPieces::new(value.clone(), len);
        let offsets: Vec<usize> = (0..text.len()).step_by(length).collect();
        for &offset in offsets.iter().chain(offsets.iter().rev()) {
            let end = text.len().min(offset + length);
            let piece = pieces.read(offset as u64, length);
            assert_eq!(piece.as_deref(), Some(&text.as_bytes()[offset..end]), "from {offset} to {end}");
        }
    }
}
