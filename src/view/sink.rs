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

/// So many levels have a line of their own in a table.
const LEVELS: usize = 32;

/// How a new line begins at each level.
static LINES: [&str; LEVELS] = beginnings("\n                                                              ");

/// How a new line begins at each level after an element that another one follows.
static LINES_AFTER_COMMA: [&str; LEVELS] =
    beginnings(",\n                                                              ");

/// The beginnings of `deepest`, by two spaces longer each.
const fn beginnings(deepest: &'static str) -> [&'static str; LEVELS] {
    let mut lines = [""; LEVELS];
    let mut depth = LEVELS;
    while depth > 0 {
        depth -= 1;
        lines[depth] = deepest.split_at(deepest.len() - 2 * (LEVELS - 1 - depth)).0;
    }
    lines
}

#[cold]
fn push_deep_line(out: &mut String, comma: bool, depth: usize) {
    out.push_str(if comma { ",\n" } else { "\n" });
    let mut levels = depth;
    while levels > 0 {
        let some = levels.min(LEVELS - 1);
        out.push_str(&LINES[some][1..]);
        levels -= some;
    }
}

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
        self.push_str(text);
        let lines = if comma { &LINES_AFTER_COMMA } else { &LINES };
        match lines.get(depth) {
            Some(line) => self.push_str(line),
            None => push_deep_line(self, comma, depth),
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
