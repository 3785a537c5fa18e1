//! The one form in which values are written: what Python's `json.dump` would write, numbers as they stand.

use super::limits::READ_DEPTH;
use super::scanner::{Scanner, Token};
use super::string::{Style, rewrite_literal};

/// Appends the checked JSON `text` on one line, with `", "` and `": "` between, strings in the given style.
pub(crate) fn write_on_one_line(out: &mut String, text: &str, style: Style) {
    let mut scanner = Scanner::new(text, READ_DEPTH);
    let mut first = true;
    // The text was checked when it became a value: the scanner cannot fail here.
    while let Ok(Some(token)) = scanner.next() {
        let span = &text[scanner.start()..scanner.end()];
        let ends = matches!(token, Token::EndArray | Token::EndObject);
        if !first && !ends {
            out.push_str(", ");
        }
        match token {
            Token::Name => {
                rewrite_literal(out, span, style);
                out.push_str(": ");
            }
            Token::String => rewrite_literal(out, span, style),
            _ => out.push_str(span),
        }
        first = matches!(token, Token::BeginArray | Token::BeginObject | Token::Name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_what_python_dumps() {
        for (text, expected) in [
            ("1", "1"),
            (" [ ] ", "[]"),
            ("{ }", "{}"),
            ("[1,2 ,[],{},\"x\"]", "[1, 2, [], {}, \"x\"]"),
            ("{\"a\":{\"b\":[]},\n\"c\":NaN}", "{\"a\": {\"b\": []}, \"c\": NaN}"),
            ("[1E2,1e400,-0,1.0]", "[1E2, 1e400, -0, 1.0]"),
            ("{\"é\":\"漢\\/\"}", "{\"\\u00e9\": \"\\u6f22/\"}"),
        ] {
            let mut out = String::new();
            write_on_one_line(&mut out, text, Style::Ascii);
            assert_eq!(out, expected, "{text:?}");
        }
    }
}
