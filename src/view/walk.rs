use super::duplicates::Edits;
use crate::record::limits::READ_DEPTH;
use crate::record::scanner::{Scanner, Token};

/// Walks through the tokens of a checked text as the edits rearrange them.
///
/// Every part of the text is scanned at most once: what an edit replaces or drops is jumped over.
pub(super) struct Walk<'a> {
    text: &'a str,
    edits: &'a Edits,
    /// The scanner of the whole text, and on top of it those of values that are printed elsewhere than they stand.
    scans: Vec<Scan<'a>>,
}

/// A scanner of the part of the text that begins at `base`.
struct Scan<'a> {
    scanner: Scanner<'a>,
    base: usize,
}

impl<'a> Walk<'a> {
    /// Begins at the beginning of `text`, to which the edits belong.
    pub(super) fn new(text: &'a str, edits: &'a Edits) -> Walk<'a> {
        Walk { text, edits, scans: vec![Scan { scanner: Scanner::new(text, READ_DEPTH), base: 0 }] }
    }

    /// Takes the edit, if there is one, of the member whose name begins at `start`; false when the member is dropped.
    fn enter_member(&mut self, start: usize) -> bool {
        let (Some(edit), Some(scan)) = (self.edits.get(start), self.scans.last_mut()) else { return true };
        scan.scanner.skip_member_value(edit.end - scan.base);
        let Some(value) = &edit.value else { return false };
        let scanner = Scanner::new(&self.text[value.clone()], READ_DEPTH);
        self.scans.push(Scan { scanner, base: value.start });
        true
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Token, &'a str);

    fn next(&mut self) -> Option<(Token, &'a str)> {
        loop {
            let scan = self.scans.last_mut()?;
            // The text was checked when it became a value: the scanner cannot fail here.
            let Ok(Some(token)) = scan.scanner.next() else {
                self.scans.pop();
                continue;
            };
            let (start, end) = (scan.base + scan.scanner.start(), scan.base + scan.scanner.end());
            if token != Token::Name || self.enter_member(start) {
                return Some((token, &self.text[start..end]));
            }
        }
    }
}
