//! The text of a value that has no two members of one name, in one pass over its bytes.

use super::names::{NameCheck, Names};
use super::sink::Sink;
use crate::record::runs::{plain_end, white_space_end};
use crate::record::string::Style;

/// How far a checked text has been printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// What stands before is printed.
    pub(super) at: usize,
    depth: usize,
    /// Where the literal begins of which only a part has been printed.
    literal: Option<usize>,
}

/// A place in a checked text, and what stands before it and is still to be printed.
///
/// What is printed as it stands is handed on in runs as long as possible. Its methods are inlined, or else the compiler
/// keeps the places in memory.
struct Cursor<'a> {
    text: &'a str,
    run: usize,
    at: usize,
    until: usize,
}

/// How a literal has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Literal {
    Plain,
    /// There are escapes in it.
    Escaped,
    /// It goes on where printing ends for now.
    Unfinished,
}

/// Prints a checked text with an element a line and a line feed at its end, as Python's `indent=2`; `None` when two
/// members of an object may have the same name.
pub(super) fn reindent<S: Sink>(text: &str, mut sink: S) -> Option<S> {
    reindent_until(text, Place::default(), text.len(), &mut Names::default(), &mut sink)?;
    sink.text("\n");
    Some(sink)
}

/// Prints a checked text from a place on, which the names have come to as well, as far as `until`, a boundary of
/// characters, or a few bytes further; `None` when the names do not pass.
pub(super) fn reindent_until<S: Sink, N: NameCheck>(
    text: &str,
    place: Place,
    until: usize,
    names: &mut N,
    sink: &mut S,
) -> Option<Place> {
    let bytes = text.as_bytes();
    let mut cursor = Cursor { text, run: place.at, at: place.at, until };
    let mut depth = place.depth;
    if let Some(start) = place.literal {
        if cursor.rest_of_literal(sink) == Literal::Unfinished {
            return Some(Place { at: cursor.at, ..place });
        }
        cursor.end_of_literal(start, Literal::Escaped, names, sink)?;
    }
    while cursor.at < until {
        match bytes[cursor.at] {
            b'"' => {
                let start = cursor.at;
                let ended = cursor.string(sink);
                if ended == Literal::Unfinished {
                    sink.text(cursor.take_run());
                    return Some(Place { at: cursor.at, depth, literal: Some(start) });
                }
                cursor.end_of_literal(start, ended, names, sink)?;
            }
            b',' => {
                sink.line(cursor.take_run(), true, depth);
                cursor.skip_comma();
            }
            byte @ (b'[' | b'{') => {
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
            byte @ (b']' | b'}') => {
                if byte == b'}' {
                    names.close()?;
                }
                depth = usize::saturating_sub(depth, 1);
                sink.line(cursor.take_run(), false, depth);
                cursor.at += 1;
            }
            b' ' | b'\t' | b'\n' | b'\r' => cursor.leave_out_white_space(sink),
            _ => cursor.scalar(),
        }
    }
    sink.text(cursor.take_run());
    Some(Place { at: cursor.at, depth, literal: None })
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

    /// Takes a string, or as much of it as there is to be printed.
    #[inline(always)]
    fn string<S: Sink>(&mut self, sink: &mut S) -> Literal {
        let bytes = &self.text.as_bytes()[..self.until];
        self.at = plain_end(bytes, self.at + 1, Style::Readable);
        match bytes.get(self.at) {
            Some(b'"') => {
                self.at += 1;
                Literal::Plain
            }
            Some(_) => {
                sink.text(self.take_run());
                self.rest_of_literal(sink)
            }
            None => Literal::Unfinished,
        }
    }

    /// Takes the rest of a string from its first escape on; what was before it is printed already.
    #[inline(always)]
    fn rest_of_literal<S: Sink>(&mut self, sink: &mut S) -> Literal {
        self.at = sink.rest_of_literal(self.text, self.at, self.until);
        self.run = self.at;
        if self.at >= self.until {
            return Literal::Unfinished;
        }
        self.at += 1;
        Literal::Escaped
    }

    /// Takes what follows the string that began at `start` and has just ended, when that is the name of a member.
    #[inline(always)]
    fn end_of_literal<S: Sink, N: NameCheck>(
        &mut self,
        start: usize,
        literal: Literal,
        names: &mut N,
        sink: &mut S,
    ) -> Option<()> {
        let name = start + 1..self.at - 1;
        if self.colon(sink) {
            names.take_written(&self.text[name], literal == Literal::Escaped)?;
        }
        Some(())
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
