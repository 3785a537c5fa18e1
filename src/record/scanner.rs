//! The scanner of the store's JSON dialect: a pull parser that never recurses and never allocates.
//!
//! The grammar is that of Python's `json.loads`: JSON, and the literals `NaN`, `Infinity` and `-Infinity`; control
//! characters in strings are refused; integers are bounded in digits and nesting in depth (see [`super::limits`]).

use super::lexemes::{Fault, literal_end, number_end, string_end};
use super::limits::READ_DEPTH;
use super::runs::white_space_end;
use super::syntax_error::{Reason, SyntaxError};

/// What stands at a span of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    BeginArray,
    EndArray,
    BeginObject,
    EndObject,
    /// A member name, quotes included.
    Name,
    /// A string value, quotes included.
    String,
    /// A number as it is written.
    Number,
    /// `true`, `false`, `null`, `NaN`, `Infinity` or `-Infinity`.
    Literal,
}

/// What the grammar allows at this point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    FirstElement,
    FirstName,
    /// The colon and the value of a member.
    MemberValue,
    AfterValue,
}

/// The kinds of the open containers, one bit each: set for an object.
struct Containers {
    bits: [u64; READ_DEPTH.div_ceil(64)],
    depth: usize,
    /// So many may be open at once.
    limit: usize,
}

impl Containers {
    /// Opens the container that begins at `at`.
    #[inline]
    fn open(&mut self, object: bool, at: usize) -> Result<(), Fault> {
        if self.depth >= self.limit {
            return Err(Fault::new(at, Reason::TooDeep { limit: self.limit }));
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.bits[word] = self.bits[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
        Ok(())
    }

    #[inline]
    fn in_object(&self) -> bool {
        let top = self.depth.wrapping_sub(1);
        self.depth > 0 && self.bits[top / 64] >> (top % 64) & 1 == 1
    }
}

/// A scanner at some point of a text.
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    start: usize,
    expect: Expect,
    containers: Containers,
}

impl<'a> Scanner<'a> {
    /// Begins to scan `text`, which may nest up to `depth_limit` deep (at most [`READ_DEPTH`]).
    pub(crate) fn new(text: &'a str, depth_limit: usize) -> Scanner<'a> {
        Scanner {
            text: text.as_bytes(),
            at: 0,
            start: 0,
            expect: Expect::Value,
            containers: Containers { bits: [0; READ_DEPTH.div_ceil(64)], depth: 0, limit: depth_limit.min(READ_DEPTH) },
        }
    }

    /// Where the last token begins.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Where the last token ends.
    pub(crate) fn end(&self) -> usize {
        self.at
    }

    /// Skips the value of the member whose name was the last token; the caller knows that the value ends at `end`.
    pub(crate) fn skip_member_value(&mut self, end: usize) {
        self.at = end;
        self.expect = Expect::AfterValue;
    }

    /// The next token, or `None` at the proper end of the text.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Token>, SyntaxError> {
        self.step().map_err(|fault| self.error(fault))
    }

    /// Takes all of a value, where one is expected, or the colon and the value of a member; afterwards it stands from
    /// [`Scanner::start`] to [`Scanner::end`].
    #[inline]
    pub(crate) fn whole_value(&mut self) -> Result<(), SyntaxError> {
        self.take_value().map_err(|fault| self.error(fault))
    }

    #[cold]
    fn error(&self, Fault { at, reason }: Fault) -> SyntaxError {
        let reason = match reason {
            Reason::ExpectedValue
            | Reason::ExpectedName
            | Reason::ExpectedColon
            | Reason::ExpectedCommaOrBracket
            | Reason::ExpectedCommaOrBrace
                if at >= self.text.len() =>
            {
                Reason::UnexpectedEnd
            }
            Reason::ExpectedValue if at == 0 && self.text.starts_with("\u{feff}".as_bytes()) => Reason::ByteOrderMark,
            other => other,
        };
        SyntaxError::at(self.text, at, reason)
    }

    fn step(&mut self) -> Result<Option<Token>, Fault> {
        self.at = white_space_end(self.text, self.at);
        if self.expect == Expect::AfterValue {
            if self.containers.depth == 0 {
                let ended = self.at == self.text.len();
                return if ended { Ok(None) } else { Err(Fault::new(self.at, Reason::TrailingText)) };
            }
            self.start = self.at;
            match after_element(self.text, self.at, self.containers.in_object())? {
                Next::End(token) => return Ok(Some(self.close(token))),
                Next::Element(at) => self.at = at,
            }
        }
        self.start = self.at;
        match (self.expect, self.text.get(self.at)) {
            (Expect::FirstName, Some(b'}')) => Ok(Some(self.close(Token::EndObject))),
            (Expect::FirstElement, Some(b']')) => Ok(Some(self.close(Token::EndArray))),
            (Expect::FirstName, _) => self.name(),
            (Expect::AfterValue, _) if self.containers.in_object() => self.name(),
            (Expect::MemberValue, _) => {
                self.start = value_of_member(self.text, self.at)?;
                self.value()
            }
            (Expect::Value | Expect::FirstElement | Expect::AfterValue, _) => self.value(),
        }
    }

    fn name(&mut self) -> Result<Option<Token>, Fault> {
        self.at = name_end(self.text, self.at)?;
        self.expect = Expect::MemberValue;
        Ok(Some(Token::Name))
    }

    /// Takes the value that begins at `start`, or what opens it.
    fn value(&mut self) -> Result<Option<Token>, Fault> {
        let (token, end) = match self.text.get(self.start) {
            Some(b'{') => return self.open(Token::BeginObject, Expect::FirstName),
            Some(b'[') => return self.open(Token::BeginArray, Expect::FirstElement),
            Some(b'"') => (Token::String, string_end(self.text, self.start)?),
            _ => scalar_end(self.text, self.start)?,
        };
        self.at = end;
        self.expect = Expect::AfterValue;
        Ok(Some(token))
    }

    fn open(&mut self, token: Token, expect: Expect) -> Result<Option<Token>, Fault> {
        self.containers.open(token == Token::BeginObject, self.start)?;
        self.at = self.start + 1;
        self.expect = expect;
        Ok(Some(token))
    }

    fn close(&mut self, token: Token) -> Token {
        self.at += 1;
        self.containers.depth -= 1;
        self.expect = Expect::AfterValue;
        token
    }

    /// As `step` until the value has ended, without stopping at tokens: where the next one is known, nothing is asked.
    fn take_value(&mut self) -> Result<(), Fault> {
        let text = self.text;
        let outside = self.containers.depth;
        let mut at = white_space_end(text, self.at);
        if self.expect == Expect::MemberValue {
            at = value_of_member(text, at)?;
        }
        self.start = at;
        'values: loop {
            match text.get(at) {
                Some(b'"') => at = string_end(text, at)?,
                Some(b'{') => {
                    self.containers.open(true, at)?;
                    at = white_space_end(text, at + 1);
                    if text.get(at) != Some(&b'}') {
                        at = member_start(text, at)?;
                        continue 'values;
                    }
                    at += 1;
                    self.containers.depth -= 1;
                }
                Some(b'[') => {
                    self.containers.open(false, at)?;
                    at = white_space_end(text, at + 1);
                    if text.get(at) != Some(&b']') {
                        continue 'values;
                    }
                    at += 1;
                    self.containers.depth -= 1;
                }
                _ => at = scalar_end(text, at)?.1,
            }
            while self.containers.depth > outside {
                at = white_space_end(text, at);
                let in_object = self.containers.in_object();
                match after_element(text, at, in_object)? {
                    Next::Element(next) => {
                        at = if in_object { member_start(text, next)? } else { next };
                        continue 'values;
                    }
                    Next::End(_) => {
                        at += 1;
                        self.containers.depth -= 1;
                    }
                }
            }
            self.at = at;
            self.expect = Expect::AfterValue;
            return Ok(());
        }
    }
}

/// What follows an element or a member.
enum Next {
    /// Another one, after a comma.
    Element(usize),
    /// The end of the container.
    End(Token),
}

#[inline(always)]
fn after_element(text: &[u8], at: usize, in_object: bool) -> Result<Next, Fault> {
    match (text.get(at), in_object) {
        (Some(b','), _) => Ok(Next::Element(white_space_end(text, at + 1))),
        (Some(b'}'), true) => Ok(Next::End(Token::EndObject)),
        (Some(b']'), false) => Ok(Next::End(Token::EndArray)),
        (_, true) => Err(Fault::new(at, Reason::ExpectedCommaOrBrace)),
        (_, false) => Err(Fault::new(at, Reason::ExpectedCommaOrBracket)),
    }
}

#[inline(always)]
fn name_end(text: &[u8], at: usize) -> Result<usize, Fault> {
    if text.get(at) == Some(&b'"') { string_end(text, at) } else { Err(Fault::new(at, Reason::ExpectedName)) }
}

/// Where the value of a member begins whose name ends at `at`, or before white space that ends there.
#[inline(always)]
fn value_of_member(text: &[u8], at: usize) -> Result<usize, Fault> {
    if text.get(at) == Some(&b':') {
        Ok(white_space_end(text, at + 1))
    } else {
        Err(Fault::new(at, Reason::ExpectedColon))
    }
}

/// Where the value of the member begins whose name begins at `at`.
#[inline(always)]
fn member_start(text: &[u8], at: usize) -> Result<usize, Fault> {
    let name_end = name_end(text, at)?;
    value_of_member(text, white_space_end(text, name_end))
}

/// What a value that is neither string nor container is, and where it ends.
#[inline(always)]
fn scalar_end(text: &[u8], at: usize) -> Result<(Token, usize), Fault> {
    let number = match text.get(at) {
        Some(b'0'..=b'9') => true,
        Some(b'-') => text.get(at + 1) != Some(&b'I'),
        _ => false,
    };
    if number { Ok((Token::Number, number_end(text, at)?)) } else { Ok((Token::Literal, literal_end(text, at)?)) }
}

/// Checks a whole text without keeping anything of it.
pub(crate) fn check(text: &str, depth_limit: usize) -> Result<(), SyntaxError> {
    let mut scanner = Scanner::new(text, depth_limit);
    scanner.whole_value()?;
    // Nothing may follow.
    scanner.next().map(|_| ())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The verdict token by token.
    fn check_by_tokens(text: &str, depth_limit: usize) -> Result<(), SyntaxError> {
        let mut scanner = Scanner::new(text, depth_limit);
        while scanner.next()?.is_some() {}
        Ok(())
    }

    /// Texts in which almost anything can stand beside anything.
    fn texts() -> impl Strategy<Value = String> {
        const PIECES: &str =
            r#"{ } [ ] , : " "a" "\\ \n \u00e9" \u12 1 0 - . e + true fals null NaN -Infinity Infinit x {"a": [1, 1.5"#;
        let mut pieces: Vec<&str> = PIECES.split(' ').collect();
        pieces.extend([
            " ",
            "\n  ",
            "\r\t",
            "é",
            "\u{1}",
            "\u{feff}",
            "[[",
            "]]",
            "\"a long plain string\"",
            "{\"b\" : 2}",
        ]);
        prop::collection::vec(prop::sample::select(pieces), 0..14).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whole_values_and_tokens_give_one_verdict(text in texts(), depth_limit in 1..4usize) {
            prop_assert_eq!(check(&text, depth_limit), check_by_tokens(&text, depth_limit));
            let record = format!(r#"{{"a" : 1, "b":{text}}}"#);
            prop_assert_eq!(check(&record, 3), check_by_tokens(&record, 3));
        }
    }
}
