use crate::record::string::{Style, rewrite_rest};

/// What takes a text piece by piece: a string, or only its length.
pub(super) trait Sink {
    /// Takes text as it is.
    fn text(&mut self, text: &str);

    /// Takes the rest of a string literal in checked text, from its byte at `at` on, writes it readably, and says where
    /// its closing quote stands, which it does not take.
    fn rest_of_literal(&mut self, text: &str, at: usize) -> usize;

    /// Takes text as it is, perhaps a comma, a line feed, and two spaces for each level of `depth`.
    fn line(&mut self, text: &str, comma: bool, depth: usize);
}

/// A comma, a line feed, and the spaces of 32 levels.
const NEW_LINE: &str = ",\n                                                                ";

impl Sink for String {
    #[inline]
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn rest_of_literal(&mut self, text: &str, at: usize) -> usize {
        rewrite_rest(self, text, at, Style::Readable)
    }

    #[inline]
    fn line(&mut self, text: &str, comma: bool, depth: usize) {
        const SPACES: usize = NEW_LINE.len() - 2;
        self.push_str(text);
        let mut spaces = 2 * depth;
        self.push_str(&NEW_LINE[usize::from(!comma)..2 + spaces.min(SPACES)]);
        while spaces > SPACES {
            spaces -= SPACES;
            self.push_str(&NEW_LINE[2..2 + spaces.min(SPACES)]);
        }
    }
}

/// Counts the bytes of a text without keeping it.
#[derive(Default)]
pub(super) struct ByteCount {
    /// The bytes so far.
    pub(super) bytes: u64,
    /// One literal at a time, for those that are not written as they stand.
    literal: String,
}

impl Sink for ByteCount {
    #[inline]
    fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
    }

    fn rest_of_literal(&mut self, text: &str, at: usize) -> usize {
        self.literal.clear();
        let end = rewrite_rest(&mut self.literal, text, at, Style::Readable);
        self.bytes += self.literal.len() as u64;
        end
    }

    #[inline]
    fn line(&mut self, text: &str, comma: bool, depth: usize) {
        self.bytes += (text.len() + usize::from(comma) + 1 + 2 * depth) as u64;
    }
}
