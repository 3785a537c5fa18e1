use crate::record::string::{Style, rewrite_until};

/// What takes a text piece by piece: a string, a part of it, or only its length.
pub(super) trait Sink {
    /// Takes text as it is.
    fn text(&mut self, text: &str);

    /// Takes the rest of a string literal in checked text, from its byte at `at` on, as far as it stands before `until`,
    /// writes it readably, and says where its closing quote stands, which it does not take, or how far it has come.
    fn rest_of_literal(&mut self, text: &str, at: usize, until: usize) -> usize;

    /// All bytes so far.
    fn bytes(&self) -> u64;

    /// Takes text as it is, perhaps a comma, a line feed, and two spaces for each level of `depth`.
    #[inline]
    fn line(&mut self, text: &str, comma: bool, depth: usize) {
        self.text(text);
        let lines = if comma { &LINES_AFTER_COMMA } else { &LINES };
        match lines.get(depth) {
            Some(line) => self.text(line),
            None => deep_line(self, comma, depth),
        }
    }
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

/// The same for a level that has no line in the table.
#[cold]
fn deep_line<S: Sink + ?Sized>(sink: &mut S, comma: bool, depth: usize) {
    sink.text(if comma { ",\n" } else { "\n" });
    let mut levels = depth;
    while levels > 0 {
        let some = levels.min(LEVELS - 1);
        sink.text(&LINES[some][1..]);
        levels -= some;
    }
}

/// The most bytes for which there is room before they are there: a read of the kernel asks for no more.
const MOST_AT_ONCE: usize = 1024 * 1024;

/// A part of a text: some bytes are left out, and those that follow are taken as far as there is room.
pub(super) struct Window {
    left_out: u64,
    taken: Vec<u8>,
    room: usize,
    /// All bytes so far, taken or not.
    bytes: u64,
    literal: String,
}

impl Window {
    /// Leaves out `left_out` bytes and takes `length`.
    pub(super) fn new(left_out: u64, length: usize) -> Window {
        let taken = Vec::with_capacity(length.min(MOST_AT_ONCE));
        Window { left_out, taken, room: length, bytes: 0, literal: String::new() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken.len() == self.room
    }

    /// What was taken.
    pub(super) fn into_taken(self) -> Vec<u8> {
        self.taken
    }

    /// Takes text of which nothing is left out, and for which there is room; false when that is not so.
    #[inline]
    fn take(&mut self, text: &str) -> bool {
        let fits = self.left_out == 0 && text.len() <= self.room - self.taken.len();
        if fits {
            self.bytes += text.len() as u64;
            self.taken.extend_from_slice(text.as_bytes());
        }
        fits
    }

    /// Takes what belongs to the part of any text.
    #[inline(never)]
    fn take_part(&mut self, text: &str) {
        self.bytes += text.len() as u64;
        let left_out = self.left_out.min(text.len() as u64);
        self.left_out -= left_out;
        // Not more than the length of the text, so it fits.
        let shown = &text.as_bytes()[left_out as usize..];
        let room = self.room - self.taken.len();
        self.taken.extend_from_slice(&shown[..room.min(shown.len())]);
    }
}

impl Sink for Window {
    #[inline]
    fn text(&mut self, text: &str) {
        if !self.take(text) {
            self.take_part(text);
        }
    }

    fn rest_of_literal(&mut self, text: &str, at: usize, until: usize) -> usize {
        let mut literal = std::mem::take(&mut self.literal);
        literal.clear();
        let end = rewrite_until(&mut literal, text, at, until, Style::Readable);
        self.text(&literal);
        self.literal = literal;
        end
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Sink for String {
    #[inline]
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn rest_of_literal(&mut self, text: &str, at: usize, until: usize) -> usize {
        rewrite_until(self, text, at, until, Style::Readable)
    }

    fn bytes(&self) -> u64 {
        self.len() as u64
    }
}

/// Counts the bytes of a text without keeping it.
#[derive(Default)]
pub(super) struct ByteCount {
    bytes: u64,
    /// One literal at a time, for those that are not written as they stand.
    literal: String,
}

impl Sink for ByteCount {
    #[inline]
    fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
    }

    fn rest_of_literal(&mut self, text: &str, at: usize, until: usize) -> usize {
        self.literal.clear();
        let end = rewrite_until(&mut self.literal, text, at, until, Style::Readable);
        self.bytes += self.literal.len() as u64;
        end
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    #[inline]
    fn line(&mut self, text: &str, comma: bool, depth: usize) {
        self.bytes += (text.len() + usize::from(comma) + 1 + 2 * depth) as u64;
    }
}
