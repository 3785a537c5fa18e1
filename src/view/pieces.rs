//! The text of a large value, printed piece by piece: nobody holds all of it.

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
/// Beside the value it holds a few bytes for each 64 KiB of that, and for each member of an open object. Asking in order
/// prints each byte about once; asking anywhere else prints a few more, and what is before it if that was never printed.
pub struct FileTextPieces {
    value: Value,
    len: u64,
    /// Where printing can begin, and how much of the text is before that.
    places: Vec<Known>,
    /// The same for where the last piece ended.
    last: Known,
    /// How far the text has ever been printed: the names of members have passed up to there.
    front: Known,
    names: Names,
}

/// A place, and how much of the text is before it.
#[derive(Clone, Copy, Default)]
struct Known {
    before: u64,
    place: Place,
}

impl FileTextPieces {
    /// Begins with the text of a value that can be printed in order and has this many bytes, as
    /// [`file_text_shape`](super::file_text_shape) has shown; nothing is printed yet.
    #[must_use]
    pub fn new(value: Value, len: u64) -> FileTextPieces {
        let (last, front) = (Known::default(), Known::default());
        FileTextPieces { value, len, places: vec![front], last, front, names: Names::default() }
    }

    /// The bytes from `offset` on, at most `length`; fewer at the end of the text. `None` when it shows that what was said
    /// to be known of the text is not so.
    pub fn read(&mut self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let length = usize::try_from(self.len.saturating_sub(offset)).map_or(length, |rest| rest.min(length));
        let Known { before, mut place } = self.beginning(offset);
        let mut window = Window::new(offset - before, length);
        let whole = self.value.text().len();
        while !window.is_full() && place.at < whole {
            self.last = Known { before: before + window.bytes(), place };
            if place.at == self.front.place.at {
                place = self.advance(&mut window)?;
                continue;
            }
            // To the front and not past it: there the names have not passed yet.
            let until = boundary(self.value.text(), place.at + STEP).min(self.front.place.at);
            place = reindent_until(self.value.text(), place, until, &mut Passed, &mut window)?;
        }
        if !window.is_full() {
            window.text("\n");
        }
        if offset.saturating_add(length as u64) >= self.len && !self.ends_as_said()? {
            return None;
        }
        window.is_full().then(|| window.into_taken())
    }

    /// Whether the text is as long as was said.
    fn ends_as_said(&mut self) -> Option<bool> {
        while self.front.place.at < self.value.text().len() {
            self.advance(&mut ByteCount::default())?;
        }
        Some(self.front.before + 1 == self.len)
    }

    /// Prints on from the front; `None` when members of one object may have the same name.
    fn advance<S: Sink>(&mut self, sink: &mut S) -> Option<Place> {
        let text = self.value.text();
        let until = boundary(text, self.front.place.at + STEP);
        let before = sink.bytes();
        let place = reindent_until(text, self.front.place, until, &mut self.names, sink)?;
        self.front = Known { before: self.front.before + (sink.bytes() - before), place };
        if self.places.last().is_none_or(|last| place.at >= last.place.at + PLACES_APART) {
            self.places.push(self.front);
        }
        Some(place)
    }

    /// The last place at which printing can begin for what is at `offset`.
    fn beginning(&self, offset: u64) -> Known {
        let after = self.places.partition_point(|known| known.before <= offset);
        let kept = after.checked_sub(1).and_then(|at| self.places.get(at)).copied().unwrap_or_default();
        let others = [self.last, self.front].into_iter().filter(|known| known.before <= offset);
        others.chain([kept]).max_by_key(|known| known.place.at).unwrap_or_default()
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
    use crate::view::{TextShape, file_text, file_text_shape};

    fn in_pieces(value: Value) -> FileTextPieces {
        let TextShape { len, in_order } = file_text_shape(&value);
        assert!(in_order);
        FileTextPieces::new(value, len)
    }

    /// Compares pieces of every length from every place with the whole.
    #[track_caller]
    fn assert_pieces(text: &str, pieces: impl IntoIterator<Item = (u64, usize)>) {
        let value = Value::parse(text).unwrap();
        let whole = file_text(&value).into_bytes();
        let mut text = in_pieces(value);
        for (offset, length) in pieces {
            let start = usize::try_from(offset).unwrap().min(whole.len());
            let end = start.saturating_add(length).min(whole.len());
            let read = text.read(offset, length).unwrap();
            assert!(read == whole[start..end], "{length} bytes from {offset} on");
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
            assert!(!file_text_shape(&Value::parse(text).unwrap()).in_order);
        }
    }

    /// Each is found out when it shows, at the latest at the end.
    #[test]
    fn what_is_not_as_it_was_said_to_be_is_no_text() {
        let long = "7,".repeat(100_000);
        let read_all = |text: &str, len: u64| {
            let mut pieces = FileTextPieces::new(Value::parse(text).unwrap(), len);
            let mut offset = 0;
            while let Some(piece) = pieces.read(offset, 100_000) {
                if piece.is_empty() {
                    return true;
                }
                offset += piece.len() as u64;
            }
            false
        };
        let text = format!("[{long}1]");
        let len = file_text(&Value::parse(&text).unwrap()).len() as u64;
        for (said, is_right) in [(len, true), (len - 1, false), (len + 1, false), (100_000, false), (2 * len, false)] {
            assert_eq!(read_all(&text, said), is_right, "{said} of {len}");
        }
        let twice = format!(r#"{{"a":[{long}1],"a":2}}"#);
        assert!(!read_all(&twice, file_text(&Value::parse(&twice).unwrap()).len() as u64));
    }

    /// A piece is begun at most a step before what is asked for, when that follows the last one.
    #[test]
    fn reading_in_order_prints_little_twice() {
        let text = format!("[{}1]", "7,".repeat(10 * PLACES_APART));
        let mut pieces = in_pieces(Value::parse(&text).unwrap());
        let mut offset = 0;
        while offset < pieces.len {
            let read = pieces.read(offset, 5000).unwrap().len();
            let next = pieces.beginning(offset + read as u64);
            assert!(offset + read as u64 - next.before <= 4 * STEP as u64);
            offset += read as u64;
        }
    }

    /// The long texts, whole and in pieces that were read before, here and there.
    static LONG: LazyLock<Vec<(Vec<u8>, Mutex<FileTextPieces>)>> = LazyLock::new(|| {
        let values = long_texts().into_iter().map(|text| Value::parse(&text).unwrap());
        let both = |value: Value| (file_text(&value).into_bytes(), Mutex::new(in_pieces(value)));
        values.map(both).collect()
    });

    proptest! {
        #[test]
        fn any_piece_is_that_of_the_whole(which in 0..9usize, offset in 0..800_000usize, length in 0..200_000usize, begin_again: bool) {
            let (whole, pieces) = &LONG[which];
            let offset = offset.min(whole.len());
            let end = (offset + length).min(whole.len());
            let mut pieces = pieces.lock();
            if begin_again {
                *pieces = FileTextPieces::new(pieces.value.clone(), whole.len() as u64);
            }
            prop_assert!(pieces.read(offset as u64, length).unwrap() == whole[offset..end]);
        }
    }
}
