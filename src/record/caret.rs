//! The line of a text where something is wrong, and a caret under the spot.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most columns of the line that are shown, marks of what is left out included.
const COLUMNS: usize = 76;

/// Bytes on either side of the spot that are looked at: enough for all columns, and little of a line without an end.
const ENOUGH_BYTES: usize = 512;

/// What stands where the line is cut.
const CUT: char = '…';

/// How a tab is shown, wherever it stands.
const TAB: &str = "    ";

/// The line of `text` that holds the byte `offset`, and below it a caret in the column where that byte is shown.
///
/// Two indented lines, each with a line feed. Where the text ends with blank lines, and only its end is wrong, it is the
/// last line before them. `None` when there is nothing to show.
pub(super) fn caret_lines(text: &[u8], offset: usize) -> Option<Box<str>> {
    let (text, offset) = without_blank_end(text, offset)?;
    let (before, after) = line_around(text, offset);
    let cut_before = before.len() > ENOUGH_BYTES;
    let cut_after = after.len() > ENOUGH_BYTES;
    let before = shown(&before[boundary(before, before.len().saturating_sub(ENOUGH_BYTES))..]);
    let after = shown(&after[..boundary(after, after.len().min(ENOUGH_BYTES))]);
    let (before, after) = window(&before, cut_before, &after, cut_after);
    let mut caret = before.width();
    if after.chars().next().is_some_and(|first| first.width() == Some(0)) {
        // A mark that stands over the character before.
        let base = before.chars().rev().filter_map(UnicodeWidthChar::width).find(|&width| width > 0);
        caret = caret.saturating_sub(base.unwrap_or(0));
    }
    let line = before + &after;
    Some(format!("  {}\n  {}^\n", line.trim_end(), " ".repeat(caret)).into())
}

/// The text and the offset; when the offset is in blank lines at the end, the text without these, and its end.
fn without_blank_end(text: &[u8], offset: usize) -> Option<(&[u8], usize)> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let end = text.iter().rposition(|byte| !is_blank(byte))? + 1;
    let other_line = text.get(end..offset).is_some_and(|between| between.contains(&b'\n'));
    Some(if other_line { (&text[..end], end) } else { (text, offset) })
}

/// What stands in the line before an offset, and what from there on, without the end of the line.
fn line_around(text: &[u8], offset: usize) -> (&[u8], &[u8]) {
    let (before, after) = text.split_at(offset.min(text.len()));
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |line_feed| line_feed + 1);
    let after = match after.iter().position(|&byte| byte == b'\n') {
        // A carriage return that is itself the spot is shown.
        Some(end) if end > 1 && after[end - 1] == b'\r' => &after[..end - 1],
        Some(end) => &after[..end],
        None => after,
    };
    (&before[start..], after)
}

/// The first place from `at` on, or the last one before, that is not inside a character.
fn boundary(line: &[u8], at: usize) -> usize {
    let inside = |&at: &usize| line.get(at).is_some_and(|byte| matches!(byte, 0x80..0xc0));
    (at..at + 4).find(|at| !inside(at)).unwrap_or(at)
}

/// The text as a terminal can show it: what would move the cursor, or is not seen, as escapes.
fn shown(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '\t' => line.push_str(TAB),
            _ if c.is_control() || is_invisible(c) => line.extend(c.escape_default()),
            _ => line.push(c),
        }
    }
    line
}

/// Whether a character has no form of its own, or turns the direction in which others are shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// As much of the line on both sides of the spot as is shown.
fn window(before: &str, cut_before: bool, after: &str, cut_after: bool) -> (String, String) {
    let (width_before, width_after) = (before.width(), after.width());
    if width_before + width_after <= COLUMNS && !cut_before && !cut_after {
        return (before.to_owned(), after.to_owned());
    }
    let room_before = (COLUMNS / 2).max(COLUMNS.saturating_sub(width_after + usize::from(cut_after)));
    let before = match cut_before || width_before > room_before {
        true => format!("{CUT}{}", last_columns(before, room_before.saturating_sub(1))),
        false => before.to_owned(),
    };
    let room_after = COLUMNS.saturating_sub(before.width());
    let after = match cut_after || width_after > room_after {
        true => format!("{}{CUT}", first_columns(after, room_after.saturating_sub(1))),
        false => after.to_owned(),
    };
    (before, after)
}

/// The beginning of a text that fits into so many columns.
fn first_columns(text: &str, columns: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    // Widths do not add up: some characters change that of the one before.
    let end = ends.rev().find(|&end| text[..end].width() <= columns).unwrap_or(0);
    &text[..end]
}

/// The end of a text that fits into so many columns; no mark without its character.
fn last_columns(text: &str, columns: usize) -> &str {
    let mut starts = text.char_indices().map(|(at, _)| at);
    let start = starts.find(|&start| text[start..].width() <= columns).unwrap_or(text.len());
    text[start..].trim_start_matches(|c: char| c.width() == Some(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::Value;

    /// Asserts what is shown of a text's mistake.
    #[track_caller]
    fn assert_shown(text: impl AsRef<[u8]>, line: &str, caret: &str) {
        let error = Value::parse_bytes(text.as_ref()).unwrap_err();
        assert_eq!(error.caret_lines(), Some(format!("  {line}\n  {caret}\n").as_str()), "{error}");
    }

    #[test]
    fn the_caret_stands_under_the_spot() {
        assert_shown("{\"a\": tru}", "{\"a\": tru}", "      ^");
        assert_shown("{\n  \"a\": 1,\n}\n", "}", "^");
        assert_shown("[1 2]", "[1 2]", "   ^");
        assert_shown("nope", "nope", "^");
    }

    /// "Where the text ends too early with blank lines, it is the last line before them."
    #[test]
    fn the_end_of_the_text_is_after_its_last_character() {
        assert_shown("[1,", "[1,", "   ^");
        assert_shown("[1, ", "[1,", "    ^");
        assert_shown("{\"a\": [1,\n\n \n", "{\"a\": [1,", "         ^");
        assert_shown("{\n\"a\":\r\n", "\"a\":", "    ^");
        assert_shown("\"abc", "\"abc", "    ^");
        for blank in ["", " ", "\n\r\n\t"] {
            assert_eq!(Value::parse(blank).unwrap_err().caret_lines(), None);
        }
    }

    /// "a tab is four spaces."
    #[test]
    fn tabs_take_four_columns_wherever_they_stand() {
        assert_shown("{\n\t\t\"a\":\ttru\n}", "        \"a\":    tru", "                ^");
        assert_shown("[\"a\tb\"]", "[\"a    b\"]", "   ^");
    }

    /// "wide characters take two columns."
    #[test]
    fn wide_characters_take_two_columns() {
        assert_shown("{\"漢字\": tru}", "{\"漢字\": tru}", "         ^");
        assert_shown("{\"🎉\": tru}", "{\"🎉\": tru}", "       ^");
        assert_shown("[漢]", "[漢]", " ^");
        // A family of four: one picture made of seven code points.
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        assert_shown(format!("[\"{family}\" 1]"), &format!("[\"{family}\" 1]"), "      ^");
    }

    #[test]
    fn combining_marks_take_no_column() {
        assert_shown("[\"e\u{301}o\u{308}\" 1]", "[\"e\u{301}o\u{308}\" 1]", "      ^");
        // The mark itself is what is wrong: it is seen over the quote.
        assert_shown("[\"a\"\u{301}]", "[\"a\"\u{301}]", "   ^");
    }

    #[test]
    fn lines_may_end_with_a_carriage_return() {
        assert_shown("{\r\n  \"a\": tru\r\n}\r\n", "  \"a\": tru", "       ^");
        assert_shown("{\"a\": \"b\r\n\"}", "{\"a\": \"b\\r", "        ^");
        assert_shown("{\"a\": \"b\n\"}", "{\"a\": \"b", "        ^");
        assert_shown("[1,\rtru]", "[1,\\rtru]", "     ^");
    }

    /// "and what a terminal would not show are escapes."
    #[test]
    fn what_is_not_seen_is_shown_as_an_escape() {
        assert_shown("[\"\u{1b}[31m\"]", "[\"\\u{1b}[31m\"]", "  ^");
        assert_shown("\u{feff}1", "\\u{feff}1", "^");
        assert_shown("[\"\u{202e}\", x]", "[\"\\u{202e}\", x]", "             ^");
        assert_shown(b"[\"a\xffb\"]", "[\"a\u{fffd}b\"]", "   ^");
    }

    /// "The line with the caret is for people: it is cut to 76 columns around the spot (`…` where it was cut)."
    #[test]
    fn a_long_line_is_cut_to_a_window_around_the_spot() {
        let ones = "1, ".repeat(100_000);
        assert_shown(
            format!("[{ones}x, {ones}]"),
            "… 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, x, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1…",
            &format!("{}^", " ".repeat(38)),
        );
        assert_shown(
            format!("[x, {ones}]"),
            "[x, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,…",
            " ^",
        );
        assert_shown(
            format!("[{ones}"),
            "…1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,",
            &format!("{}^", " ".repeat(76)),
        );
        let wide = "漢".repeat(1000);
        let line = format!("…{}\" x]", "漢".repeat(35));
        assert_shown(format!("[\"{wide}\" x]"), &line, &format!("{}^", " ".repeat(73)));
    }

    #[test]
    fn marks_without_an_end_are_cut_too() {
        let text = format!("[\"a{}\" x, \"b{}\"]", "\u{301}".repeat(9000), "\u{301}".repeat(9000));
        let shown = Value::parse(&text).unwrap_err().caret_lines().unwrap().to_owned();
        assert!(shown.len() < 4000 && shown.contains("\" x, \"b"), "{}", shown.len());
    }

    /// What changes the width of its neighbours, or has none, or two columns, or is no character at all.
    const PIECES: [&[u8]; 14] = [
        b"a",
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\x1b",
        b"\xff",
        "\u{301}".as_bytes(),
        "\u{200d}".as_bytes(),
        "\u{fe0f}".as_bytes(),
        "\u{2764}".as_bytes(),
        "漢".as_bytes(),
        "👩".as_bytes(),
        "\u{202e}".as_bytes(),
    ];

    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let pieces = || prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12);
        // Repeated, so that it is too long in either way.
        (pieces(), 1..150usize, pieces())
            .prop_map(|(one, times, other)| [one.concat().repeat(times), other.concat()].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn any_line_fits_with_its_caret(text in texts(), offset in 0..2000usize) {
            let Some(shown) = caret_lines(&text, offset) else { return Ok(()) };
            let lines: Vec<_> = shown.lines().collect();
            prop_assert_eq!(lines.len(), 2, "{:?}", shown);
            // Where the two sides of the spot meet, a mark may make its character wider.
            prop_assert!(lines[0].width() <= 2 + COLUMNS + 2, "{:?}", shown);
            prop_assert!(lines[1].trim_start() == "^" && lines[1].len() <= 2 + COLUMNS + 1, "{:?}", shown);
        }
    }
}
