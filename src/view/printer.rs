use super::sink::Sink;
use crate::record::scanner::Token;

/// How the tokens of a value are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// An element a line, two spaces a level, as Python's `indent=2`.
    Indented,
    /// Everything on one line, as Python without `indent`.
    OneLine,
}

/// What the last token was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// There was none.
    Nothing,
    Begin,
    Name,
    Value,
}

/// Prints a value token by token, as Python's `json.dumps(value, ensure_ascii=False)` would.
pub(super) struct Printer<S> {
    sink: S,
    layout: Layout,
    depth: usize,
    last: Last,
}

impl<S: Sink> Printer<S> {
    /// Begins a text.
    pub(super) fn new(sink: S, layout: Layout) -> Printer<S> {
        Printer { sink, layout, depth: 0, last: Last::Nothing }
    }

    /// Prints the next token, which stands in the checked text as `span`.
    pub(super) fn token(&mut self, token: Token, span: &str) {
        match token {
            Token::EndArray | Token::EndObject => return self.end(span),
            _ => self.separate(),
        }
        match token {
            Token::Name => {
                self.literal(span);
                self.sink.text(": ");
                self.last = Last::Name;
            }
            Token::BeginArray | Token::BeginObject => {
                self.sink.text(span);
                self.depth += 1;
                self.last = Last::Begin;
            }
            Token::String => {
                self.literal(span);
                self.last = Last::Value;
            }
            _ => {
                self.sink.text(span);
                self.last = Last::Value;
            }
        }
    }

    /// Ends the text with a line feed and gives it back.
    pub(super) fn finish(mut self) -> S {
        self.sink.text("\n");
        self.sink
    }

    fn literal(&mut self, span: &str) {
        self.sink.text("\"");
        self.sink.rest_of_literal(span, 1, span.len());
        self.sink.text("\"");
    }

    fn end(&mut self, span: &str) {
        self.depth = self.depth.saturating_sub(1);
        // Nothing is between the brackets of an empty container.
        if self.last != Last::Begin && self.layout == Layout::Indented {
            self.sink.line("", false, self.depth);
        }
        self.sink.text(span);
        self.last = Last::Value;
    }

    /// Prints what stands between the last token and one that ends no container.
    fn separate(&mut self) {
        match (self.last, self.layout) {
            (Last::Nothing | Last::Name, _) | (Last::Begin, Layout::OneLine) => {}
            (Last::Begin, Layout::Indented) => self.sink.line("", false, self.depth),
            (Last::Value, Layout::OneLine) => self.sink.text(", "),
            (Last::Value, Layout::Indented) => self.sink.line("", true, self.depth),
        }
    }
}
