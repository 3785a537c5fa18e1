//! Rust source without its comments and the text of its literals, line numbers kept.

/// The source with each comment and each character of a literal replaced by a space; line feeds stay.
pub(crate) fn strip(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = end_of_hidden(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|&char| if char == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none begins there.
fn end_of_hidden(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let length = match rest {
        ['/', '/', ..] => rest.iter().position(|&char| char == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => quoted(rest, '"'),
        ['\'', ..] => character(rest),
        ['r', '"' | '#', ..] if !in_word(chars, at) => raw_string(rest),
        _ => 0,
    };
    at + length
}

/// True when the character before belongs to the same word; the `b` and `c` of `br""` and `cr""` do not count.
fn in_word(chars: &[char], at: usize) -> bool {
    let is_word = |at: usize| chars[at].is_alphanumeric() || chars[at] == '_';
    let prefix = at > 0 && matches!(chars[at - 1], 'b' | 'c');
    let start = if prefix { at - 1 } else { at };
    start > 0 && is_word(start - 1)
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// A character literal; a lifetime or a label hides nothing.
fn character(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', ..] => quoted(rest, '\''),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

/// `r"..."`, `r#"..."#`; a raw name such as `r#type` hides nothing.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&char| char == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let start = hashes + 2;
    let inside = rest[start..].windows(close.len()).position(|window| window == close);
    inside.map_or(rest.len(), |inside| start + inside + close.len())
}

#[test]
fn comments_and_literals_vanish_and_code_stays() {
    let source = r####"
        let a = "crate::fuse \" // not a comment"; // crate::fuse
        let b = r#"crate::"fuse"#; /* crate /* ::fuse */ fuse */ kept();
        let c = ['"', '\'', '/']; let d: &'static str = br"fuse"; also_kept();
        r#type(); for_r("fuse");
    "####;
    let stripped = strip(source);
    assert!(!stripped.contains("fuse"), "{stripped}");
    assert!(stripped.contains("kept();") && stripped.contains("also_kept();"), "{stripped}");
    assert!(stripped.contains("&'static str") && stripped.contains("r#type()"), "{stripped}");
    assert_eq!(stripped.lines().count(), source.lines().count());
}
