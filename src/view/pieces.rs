//! The text of a large value, printed piece by piece: nobody holds all of it.

use super::file_text::PRETTY_BYTES;
use super::names::{Names, Passed};
use super::reindent::{Place, reindent_until};
use super::sink::{ByteCount, Sink, Window};
use crate::record::Value;

/// So many bytes of a value lie between two places at which printing can begin.
const PLACES_APART: usize = 64 * 1024;

/// So many bytes of a value are printed before it is looked whether that is enough.
const STEP: usize = 8 * 1024;

/// The text of a value as [`file_text`](super::file_text) gives it, printed piece by piece as it is asked for.
///
/// Beside the value it holds a few bytes for each 64 KiB of that. Asking in order prints each byte about once; asking
/// anywhere else prints a few more.
pub struct FileTextPieces {
    value: Value,
    /// Where printing can begin, and how much of the text is before that; the first is the beginning.
    places: Vec<(u64, Place)>,
    /// The same for where the last piece ended.
    last: (u64, Place),
    len: u64,
}

impl FileTextPieces {
    /// Looks through a value; `None` when its text cannot be printed in order: members of one object have the same name,
    /// or it would be larger than [`PRETTY_BYTES`].
    #[must_use]
    pub fn of(value: Value) -> Option<FileTextPieces> {
        let text = value.text();
        let (mut names, mut counted) = (Names::default(), ByteCount::default());
        let mut places = Vec::with_capacity(text.len() / PLACES_APART + 1);
        let mut place = Place::default();
        while place.at < text.len() {
            places.push((counted.bytes, place));
            let until = boundary(text, place.at + PLACES_APART);
            place = reindent_until(text, place, until, &mut names, &mut counted)?;
        }
        let len = counted.bytes + 1;
        (len <= PRETTY_BYTES).then_some(FileTextPieces { value, places, last: (0, Place::default()), len })
    }

    /// The length of the whole text in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a text ends with a line feed, so none is empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The bytes from `offset` on, at most `length`; fewer at the end of the text.
    pub fn read(&mut self, offset: u64, length: usize) -> Vec<u8> {
        let length = usize::try_from(self.len.saturating_sub(offset)).map_or(length, |rest| rest.min(length));
        let text = self.value.text();
        let (before, mut place) = self.beginning(offset);
        let mut window = Window::new(offset - before, length);
        while !window.is_full() && place.at < text.len() {
            self.last = (before + window.bytes, place);
            let until = boundary(text, place.at + STEP);
            // The names have passed, so it is always some place.
            let Some(next) = reindent_until(text, place, until, &mut Passed, &mut window) else { break };
            place = next;
        }
        if !window.is_full() {
            window.text("\n");
        }
        window.into_taken()
    }

    /// The last place at which printing can begin for what is at `offset`.
    fn beginning(&self, offset: u64) -> (u64, Place) {
        let after = self.places.partition_point(|(before, _)| *before <= offset);
        let kept = after.checked_sub(1).and_then(|at| self.places.get(at)).copied().unwrap_or_default();
        if (kept.0..=offset).contains(&self.last.0) { self.last } else { kept }
    }
}

/// The first boundary of characters at or after `at`.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use parking_lot::Mutex;
    use proptest::prelude::*;

    use super::*;
    use crate::view::file_text;

    /// Compares pieces of every length from every place with the whole.
    #[track_caller]
    fn assert_pieces(text: &str, pieces: impl IntoIterator<Item = (u64, usize)>) {
        let value = Value::parse(text).unwrap();
        let whole = file_text(&value).into_bytes();
        let mut text = FileTextPieces::of(value).unwrap();
        assert_eq!(text.len(), whole.len() as u64);
        for (offset, length) in pieces {
            let start = usize::try_from(offset).unwrap().min(whole.len());
            let end = start.saturating_add(length).min(whole.len());
            assert!(text.read(offset, length) == whole[start..end], "{length} bytes from {offset} on");
        }
    }

    #[test]
    fn each_piece_of_a_small_text_is_that_of_the_whole() {
        for text in ["1", "[]", r#"{"a":[1,"é\u00e9\ud800",{}],"b":null}"#, r#""\n""#] {
            let all = (0..80).flat_map(|offset| (0..80).map(move |length| (offset, length)));
            assert_pieces(text, all);
        }
    }

    /// Each in its own way is longer than a step.
    fn long_texts() -> Vec<String> {
        let count = PLACES_APART + 3 * STEP;
        vec![
            format!("\"{}\"", "é".repeat(count)),
            format!("\"a{}\"", "é".repeat(count)),
            format!("\"{}\"", r"\u00e9\ud83c\udf89\n\ud800x".repeat(count / 20)),
            format!("{{\"{}\":1,\"{}\":[2]}}", r"\u00e9".repeat(count), "b".repeat(count)),
            format!("[{}1]", r#"{"a":[1,2.5,{}],"b":"x é"},"#.repeat(count / 20)),
            format!("[{}1]", "7,".repeat(count)),
            format!("{}{}{}", "[".repeat(500), "{},0,".repeat(STEP) + "1", "]".repeat(500)),
            format!("[1,{}2]", " ".repeat(count)),
            format!("[0.{}1]", "0".repeat(count)),
        ]
    }

    #[test]
    fn a_long_text_read_in_order_and_backwards_is_the_whole() {
        for text in long_texts() {
            let value = Value::parse(&text).unwrap();
            let len = file_text(&value).len() as u64;
            for length in [1000, 4096, 128 * 1024, usize::MAX] {
                // Few enough of them, but always the last ones.
                let step = (len / 30).max(length.min(1 << 40) as u64);
                let mut offsets: Vec<u64> = (0..len + 2).step_by(usize::try_from(step).unwrap()).collect();
                offsets.extend([len.saturating_sub(1), len, len + 1, u64::MAX]);
                assert_pieces(&text, offsets.iter().map(|offset| (*offset, length)));
                assert_pieces(&text, offsets.iter().rev().map(|offset| (*offset, length)));
            }
        }
    }

    #[test]
    fn what_cannot_be_printed_in_order_has_no_pieces() {
        let deep = format!("{}{}{}", "[".repeat(800), "0,".repeat(200_000) + "0", "]".repeat(800));
        for text in [r#"{"a":1,"a":2}"#, r#"[{"a":{},"\u0061":2}]"#, &deep] {
            assert!(FileTextPieces::of(Value::parse(text).unwrap()).is_none());
        }
    }

    /// A piece is begun at most a step before what is asked for, when that follows the last one.
    #[test]
    fn reading_in_order_prints_little_twice() {
        let text = format!("[{}1]", "7,".repeat(10 * PLACES_APART));
        let mut pieces = FileTextPieces::of(Value::parse(&text).unwrap()).unwrap();
        let mut offset = 0;
        while offset < pieces.len() {
            let (_, place) = pieces.beginning(offset);
            let read = pieces.read(offset, 5000).len();
            let (before, _) = pieces.beginning(offset + read as u64);
            assert!(pieces.last.1.at >= place.at && offset + read as u64 - before <= 4 * STEP as u64);
            offset += read as u64;
        }
    }

    /// The long texts, whole and in pieces that were read before, here and there.
    static LONG: LazyLock<Vec<(Vec<u8>, Mutex<FileTextPieces>)>> = LazyLock::new(|| {
        let values = long_texts().into_iter().map(|text| Value::parse(&text).unwrap());
        let both = |value: Value| (file_text(&value).into_bytes(), Mutex::new(FileTextPieces::of(value).unwrap()));
        values.map(both).collect()
    });

    proptest! {
        #[test]
        fn any_piece_is_that_of_the_whole(which in 0..9usize, offset in 0..800_000usize, length in 0..200_000usize) {
            let (whole, pieces) = &LONG[which];
            let offset = offset.min(whole.len());
            let end = (offset + length).min(whole.len());
            prop_assert!(pieces.lock().read(offset as u64, length) == whole[offset..end]);
        }
    }
}
