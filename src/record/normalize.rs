//! The one form in which values are written: what Python's `json.dump` would write, numbers as they stand.

use super::runs::{plain_end, white_space_end};
use super::string::{Style, rewrite_rest};

/// Appends the checked JSON `text` on one line, with `", "` and `": "` between, strings in the given style.
///
/// What stands there in this form already, and that is most of a record, is copied in runs as long as possible.
pub(crate) fn write_on_one_line(out: &mut String, text: &str, style: Style) {
    let bytes = text.as_bytes();
    let (mut run, mut at) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = plain_end(bytes, at + 1, style);
                if bytes.get(end) == Some(&b'"') {
                    at = end + 1;
                    continue;
                }
                out.push_str(&text[run..end]);
                run = rewrite_rest(out, text, end, style);
                at = run + 1;
            }
            b',' | b':' if matches!(bytes.get(at + 1..), Some([b' ', b'!'..=0xff, ..])) => at += 2,
            b',' | b':' => {
                out.push_str(&text[run..=at]);
                out.push(' ');
                at = white_space_end(bytes, at + 1);
                run = at;
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.push_str(&text[run..at]);
                at = white_space_end(bytes, at);
                run = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[run..]);
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
