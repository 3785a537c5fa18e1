use crate::record::string::{Style, rewrite_literal};

/// What takes a text piece by piece: a string, or only its length.
pub(super) trait Sink {
    /// Takes text as it is.
    fn text(&mut self, text: &str);

    /// Takes a checked string literal, quotes included, and writes it readably.
    fn literal(&mut self, raw: &str);

    /// Takes a line feed and two spaces for each level of `depth`.
    fn line(&mut self, depth: usize);
}

impl Sink for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn literal(&mut self, raw: &str) {
        rewrite_literal(self, raw, Style::Readable);
    }

    fn line(&mut self, depth: usize) {
        const LEVELS: &str = "                                                                ";
        self.push('\n');
        let mut spaces = 2 * depth;
        while spaces > 0 {
            let some = spaces.min(LEVELS.len());
            self.push_str(&LEVELS[..some]);
            spaces -= some;
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
    fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
    }

    fn literal(&mut self, raw: &str) {
        if raw.contains('\\') {
            self.literal.clear();
            rewrite_literal(&mut self.literal, raw, Style::Readable);
            self.bytes += self.literal.len() as u64;
        } else {
            self.bytes += raw.len() as u64;
        }
    }

    fn line(&mut self, depth: usize) {
        self.bytes += 1 + 2 * depth as u64;
    }
}
