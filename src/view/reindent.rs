//! The text of a value that has no two members of one name, in one pass over its bytes.

use super::names::Names;
use super::sink::Sink;
use crate::record::runs::{plain_end, white_space_end};
use crate::record::string::{Style, unescape};

/// A place in a checked text, and what stands before it and is still to be printed.
///
/// What is printed as it stands is handed on in runs as long as possible. Its methods are inlined, or else the compiler
/// keeps the places in memory.
struct Cursor<'a> {
    text: &'a str,
    run: usize,
    at: usize,
}

/// Prints a checked text with an element a line and a line feed at its end, as Python's `indent=2`; `None` when two
/// members of an object may have the same name.
pub(super) fn reindent<S: Sink>(text: &str, mut sink: S) -> Option<S> {
    let bytes = text.as_bytes();
    let mut cursor = Cursor { text, run: 0, at: 0 };
    let mut names = Names::default();
    let mut depth = 0;
    cursor.skip_white_space();
    while let Some(&byte) = bytes.get(cursor.at) {
        match byte {
            b'"' => {
                let start = cursor.at;
                let escaped = cursor.string(&mut sink);
                let end = cursor.at;
                if cursor.colon(&mut sink) {
                    let name = start + 1..end - 1;
                    if escaped { names.take(&unescape(&text[name]))? } else { names.take(&bytes[name])? }
                }
            }
            b',' => {
                sink.line(cursor.take_run(), true, depth);
                cursor.skip_comma();
            }
            b'[' | b'{' => {
                cursor.at += 1;
                let end = skip(bytes, cursor.at);
                if matches!(bytes.get(end), Some(b']' | b'}')) {
                    // Nothing is between the brackets of an empty container.
                    sink.text(cursor.take_run());
                    (cursor.run, cursor.at) = (end, end + 1);
                    continue;
                }
                if byte == b'{' {
                    names.open();
                }
                depth += 1;
                sink.line(cursor.take_run(), false, depth);
                (cursor.run, cursor.at) = (end, end);
            }
            b']' | b'}' => {
                if byte == b'}' {
                    names.close()?;
                }
                depth = usize::saturating_sub(depth, 1);
                sink.line(cursor.take_run(), false, depth);
                cursor.at += 1;
            }
            b' ' | b'\t' | b'\n' | b'\r' => cursor.leave_out_white_space(&mut sink),
            _ => cursor.scalar(),
        }
    }
    sink.text(cursor.take_run());
    sink.text("\n");
    Some(sink)
}

/// Where the white space ends that begins at `at`; mostly there is none.
#[inline(always)]
fn skip(text: &[u8], at: usize) -> usize {
    #[inline(never)]
    fn skip_some(text: &[u8], at: usize) -> usize {
        white_space_end(text, at)
    }
    if text.get(at).is_some_and(|&byte| byte > b' ') { at } else { skip_some(text, at) }
}

impl<'a> Cursor<'a> {
    /// What is to be printed as it stands.
    #[inline(always)]
    fn take_run(&mut self) -> &'a str {
        let run = &self.text[self.run..self.at];
        self.run = self.at;
        run
    }

    /// Goes on behind white space; what was before it is printed already.
    #[inline(always)]
    fn skip_white_space(&mut self) {
        self.at = skip(self.text.as_bytes(), self.at);
        self.run = self.at;
    }

    /// Goes on behind a comma and the white space after it.
    #[inline(always)]
    fn skip_comma(&mut self) {
        if let Some([_, b' ', b'!'..=0xff, ..]) = self.text.as_bytes().get(self.at..) {
            // Mostly one space follows.
            self.at += 2;
            self.run = self.at;
        } else {
            self.at += 1;
            self.skip_white_space();
        }
    }

    /// Takes a number or a literal, or a part of it; what follows is taken likewise.
    #[inline(always)]
    fn scalar(&mut self) {
        self.at += 1;
        while let Some(b'-'..=b'9' | b'a'..=b'z') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn leave_out_white_space<S: Sink>(&mut self, sink: &mut S) {
        sink.text(self.take_run());
        self.skip_white_space();
    }

    /// Takes a string, and says whether there are escapes in it.
    #[inline(always)]
    fn string<S: Sink>(&mut self, sink: &mut S) -> bool {
        self.at = plain_end(self.text.as_bytes(), self.at + 1, Style::Readable);
        let escaped = self.text.as_bytes().get(self.at) == Some(&b'\\');
        if escaped {
            sink.text(self.take_run());
            self.at = sink.rest_of_literal(self.text, self.at);
            self.run = self.at;
        }
        self.at += 1;
        escaped
    }

    /// Takes what is between a name and its value; false when the string before was no name.
    #[inline(always)]
    fn colon<S: Sink>(&mut self, sink: &mut S) -> bool {
        let bytes = self.text.as_bytes();
        if let Some([b':', b' ', b'!'..=0xff, ..]) = bytes.get(self.at..) {
            // Mostly it stands there as it is printed.
            self.at += 2;
            return true;
        }
        let colon = skip(bytes, self.at);
        if bytes.get(colon) != Some(&b':') {
            return false;
        }
        sink.text(self.take_run());
        sink.text(": ");
        self.at = colon + 1;
        self.skip_white_space();
        true
    }
}
