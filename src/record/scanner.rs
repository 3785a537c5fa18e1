//! The scanner of the store's JSON dialect: a pull parser that never recurses and never allocates.
//!
//! The grammar is that of Python's `json.loads`: JSON, and the literals `NaN`, `Infinity` and `-Infinity`; control
//! characters in strings are refused; integers are bounded in digits and nesting in depth (see [`super::limits`]).

use super::limits::{INTEGER_DIGITS, READ_DEPTH};
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
    NextName,
    /// A colon and the value of a member.
    MemberValue,
    AfterValue,
}

/// The kinds of the open containers, one bit each: set for an object.
struct Containers {
    bits: [u64; READ_DEPTH.div_ceil(64)],
    depth: usize,
}

impl Containers {
    fn push(&mut self, object: bool) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.bits[word] = self.bits[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
    }

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
    depth_limit: usize,
}

impl<'a> Scanner<'a> {
    /// Begins to scan `text`, which may nest up to `depth_limit` deep (at most [`READ_DEPTH`]).
    pub(crate) fn new(text: &'a str, depth_limit: usize) -> Scanner<'a> {
        Scanner {
            text: text.as_bytes(),
            at: 0,
            start: 0,
            expect: Expect::Value,
            containers: Containers { bits: [0; READ_DEPTH.div_ceil(64)], depth: 0 },
            depth_limit: depth_limit.min(READ_DEPTH),
        }
    }

    /// The number of containers that are open after the last token.
    pub(crate) fn depth(&self) -> usize {
        self.containers.depth
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
    pub(crate) fn next(&mut self) -> Result<Option<Token>, SyntaxError> {
        self.skip_white_space();
        if self.expect == Expect::AfterValue {
            if self.containers.depth == 0 {
                return if self.at == self.text.len() { Ok(None) } else { Err(self.error(Reason::TrailingText)) };
            }
            if let Some(end) = self.separator_or_end()? {
                return Ok(Some(end));
            }
            self.skip_white_space();
        }
        self.start = self.at;
        match self.expect {
            Expect::FirstName if self.peek() == Some(b'}') => Ok(Some(self.close(Token::EndObject))),
            Expect::FirstElement if self.peek() == Some(b']') => Ok(Some(self.close(Token::EndArray))),
            Expect::FirstName | Expect::NextName => self.name().map(Some),
            Expect::MemberValue => self.member_value().map(Some),
            Expect::Value | Expect::FirstElement | Expect::AfterValue => self.value().map(Some),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn error(&self, reason: Reason) -> SyntaxError {
        let reason = match reason {
            Reason::ExpectedValue
            | Reason::ExpectedName
            | Reason::ExpectedColon
            | Reason::ExpectedCommaOrBracket
            | Reason::ExpectedCommaOrBrace
                if self.at >= self.text.len() =>
            {
                Reason::UnexpectedEnd
            }
            Reason::ExpectedValue if self.at == 0 && self.text.starts_with("\u{feff}".as_bytes()) => {
                Reason::ByteOrderMark
            }
            other => other,
        };
        SyntaxError::at(self.text, self.at, reason)
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// After a value in a container: takes a comma, or gives the token that ends the container.
    fn separator_or_end(&mut self) -> Result<Option<Token>, SyntaxError> {
        self.start = self.at;
        match (self.peek(), self.containers.in_object()) {
            (Some(b','), true) => self.expect = Expect::NextName,
            (Some(b','), false) => self.expect = Expect::Value,
            (Some(b'}'), true) => return Ok(Some(self.close(Token::EndObject))),
            (Some(b']'), false) => return Ok(Some(self.close(Token::EndArray))),
            (_, true) => return Err(self.error(Reason::ExpectedCommaOrBrace)),
            (_, false) => return Err(self.error(Reason::ExpectedCommaOrBracket)),
        }
        self.at += 1;
        Ok(None)
    }

    fn open(&mut self, token: Token, expect: Expect) -> Result<Token, SyntaxError> {
        if self.containers.depth >= self.depth_limit {
            return Err(self.error(Reason::TooDeep { limit: self.depth_limit }));
        }
        self.at += 1;
        self.containers.push(token == Token::BeginObject);
        self.expect = expect;
        Ok(token)
    }

    fn close(&mut self, token: Token) -> Token {
        self.at += 1;
        self.containers.depth -= 1;
        self.expect = Expect::AfterValue;
        token
    }

    fn name(&mut self) -> Result<Token, SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.error(Reason::ExpectedName));
        }
        self.string()?;
        self.expect = Expect::MemberValue;
        Ok(Token::Name)
    }

    fn member_value(&mut self) -> Result<Token, SyntaxError> {
        if self.peek() != Some(b':') {
            return Err(self.error(Reason::ExpectedColon));
        }
        self.at += 1;
        self.skip_white_space();
        self.start = self.at;
        self.value()
    }

    fn value(&mut self) -> Result<Token, SyntaxError> {
        match self.peek() {
            Some(b'{') => return self.open(Token::BeginObject, Expect::FirstName),
            Some(b'[') => return self.open(Token::BeginArray, Expect::FirstElement),
            _ => {}
        }
        let token = match self.peek() {
            Some(b'"') => self.string().map(|()| Token::String),
            Some(b'0'..=b'9') => self.number(),
            Some(b'-') if self.text.get(self.at + 1) == Some(&b'I') => self.literal(b"-Infinity"),
            Some(b'-') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            Some(b'N') => self.literal(b"NaN"),
            Some(b'I') => self.literal(b"Infinity"),
            _ => Err(self.error(Reason::ExpectedValue)),
        }?;
        self.expect = Expect::AfterValue;
        Ok(token)
    }

    fn literal(&mut self, literal: &[u8]) -> Result<Token, SyntaxError> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(literal) {
            let cut = literal.starts_with(rest);
            return Err(self.error(if cut { Reason::UnexpectedEnd } else { Reason::ExpectedValue }));
        }
        self.at += literal.len();
        Ok(Token::Literal)
    }

    fn number(&mut self) -> Result<Token, SyntaxError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        if leading_zero && digits > 1 {
            self.at = self.start;
            return Err(self.error(Reason::BadNumber));
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            integer = false;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
            integer = false;
        }
        if integer && digits > INTEGER_DIGITS {
            self.at = self.start;
            return Err(self.error(Reason::TooManyDigits));
        }
        Ok(Token::Number)
    }

    /// Takes one digit or more and says how many.
    fn digits(&mut self) -> Result<usize, SyntaxError> {
        let rest = &self.text[self.at..];
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        if digits == 0 {
            let reason = if rest.is_empty() { Reason::UnexpectedEnd } else { Reason::BadNumber };
            return Err(self.error(reason));
        }
        self.at += digits;
        Ok(digits)
    }

    /// Takes a string, the closing quote included.
    fn string(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.iter().position(|&byte| STOPS[byte as usize]).unwrap_or(rest.len());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(control) => return Err(self.error(Reason::ControlCharacter(control))),
                None => return Err(self.error(Reason::UnexpectedEnd)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.text[self.at + 2..].iter().take(4).take_while(|byte| byte.is_ascii_hexdigit());
                if digits.count() < 4 {
                    let cut = self.text.len() < self.at + 6;
                    return Err(self.error(if cut { Reason::UnexpectedEnd } else { Reason::BadUnicodeEscape }));
                }
                self.at += 6;
            }
            Some(_) => return Err(self.error(Reason::BadEscape)),
            None => {
                self.at = self.text.len();
                return Err(self.error(Reason::UnexpectedEnd));
            }
        }
        Ok(())
    }
}

/// The bytes at which the plain part of a string ends.
static STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        stops[control] = true;
        control += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};

/// Checks a whole text without keeping anything of it.
pub(crate) fn check(text: &str, depth_limit: usize) -> Result<(), SyntaxError> {
    let mut scanner = Scanner::new(text, depth_limit);
    while scanner.next()?.is_some() {}
    Ok(())
}
