//! Values that tell their number, and which of the writings under a key remove it.

/// Whether the writing of this number removes the key. What was never written is not there either.
pub(super) fn is_removal(number: u64) -> bool {
    number.is_multiple_of(3)
}

/// Whether any of these writings removes the key.
pub(super) fn any_removal(from: u64, to: u64) -> bool {
    (from..=to).take(3).any(is_removal)
}

/// Texts of 300 B to 200 kB, mostly small, with one in sixteen of many pages; the next one has another length.
pub(super) fn length(number: u64) -> usize {
    let spread = (number * 7919) as usize;
    match number % 16 {
        5 => 40_000 + spread % 160_000,
        2 | 8 | 13 => 4_000 + spread % 36_000,
        _ => 300 + spread % 4_000,
    }
}

/// A value of a length, with its number at both ends and a filling that the next number does not have.
pub(super) fn value_of_length(number: u64, length: usize) -> String {
    let ends = format!("{number}:").len() * 2 + 3;
    let letter = char::from(b'a' + (number % 26) as u8).to_string();
    format!("{number}:{}:{number}", letter.repeat(length.saturating_sub(ends)))
}

pub(super) fn value(number: u64) -> String {
    value_of_length(number, length(number))
}

/// The file of a value.
pub(super) fn file_text(number: u64) -> String {
    format!("\"{}\"\n", value(number))
}

/// How long that is.
pub(super) fn file_length(number: u64) -> u64 {
    file_text(number).len() as u64
}

/// Which value a file's text is, when it is a whole one.
pub(super) fn number_of(text: &[u8]) -> Result<u64, String> {
    let parsed =
        std::str::from_utf8(text).ok().and_then(|text| text.strip_prefix('"')?.split(':').next()?.parse().ok());
    match parsed {
        Some(number) if text == file_text(number).as_bytes() => Ok(number),
        _ => {
            let end = &text[text.len().saturating_sub(20)..];
            let begin = &text[..text.len().min(20)];
            let (begin, end) = (String::from_utf8_lossy(begin), String::from_utf8_lossy(end));
            Err(format!("torn: {} bytes: {begin:?} ... {end:?}", text.len()))
        }
    }
}
