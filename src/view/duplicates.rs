//! Members that share a name: as in Python's dict, the last value counts, where the first member stands.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use crate::record::scanner::Token;
use crate::record::string::unescape;

/// Up to so many members of an object are compared each with each; more are sorted.
const FEW: usize = 12;

/// What to do with a member whose name occurs more than once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// Where the value to print under the name stands, or `None` when the member is dropped.
    pub(super) value: Option<Range<usize>>,
    /// Where the member ends.
    pub(super) end: usize,
}

/// The edits that leave each name once in each object of a text, by the place of the name.
#[derive(Debug, Default)]
pub(super) struct Edits(HashMap<usize, Edit>);

impl Edits {
    /// Whether no name occurred twice.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The edit of the member whose name begins at `start`.
    pub(super) fn get(&self, start: usize) -> Option<&Edit> {
        self.0.get(&start)
    }
}

/// A member of an open object: where its name stands, quotes included, and where its value ends.
#[derive(Clone, Debug)]
struct Member {
    name: Range<usize>,
    end: usize,
    escaped: bool,
}

impl Member {
    fn meaning<'a>(&self, text: &'a str) -> Cow<'a, [u8]> {
        let raw = &text[self.name.start + 1..self.name.end - 1];
        if self.escaped { unescape(raw) } else { Cow::Borrowed(raw.as_bytes()) }
    }
}

/// Finds the members of a text that share a name, token by token.
///
/// It keeps the places of the members of open objects and copies no names.
pub(super) struct DuplicateFinder<'a> {
    text: &'a str,
    /// The members of all open objects, those of the innermost one last.
    members: Vec<Member>,
    /// For each open container where its members begin, `None` for an array.
    open: Vec<Option<usize>>,
    edits: Edits,
}

impl<'a> DuplicateFinder<'a> {
    /// Begins at the beginning of `text`.
    pub(super) fn new(text: &'a str) -> DuplicateFinder<'a> {
        DuplicateFinder { text, members: Vec::new(), open: Vec::new(), edits: Edits::default() }
    }

    /// Takes the next token, which stands at `start..end`.
    pub(super) fn token(&mut self, token: Token, start: usize, end: usize) {
        match token {
            Token::Name => {
                let escaped = self.text.as_bytes()[start..end].contains(&b'\\');
                self.members.push(Member { name: start..end, end, escaped });
            }
            Token::BeginArray => self.open.push(None),
            Token::BeginObject => self.open.push(Some(self.members.len())),
            Token::EndArray | Token::EndObject => {
                if let Some(Some(first)) = self.open.pop() {
                    self.close_object(first);
                }
                self.end_value(end);
            }
            Token::String | Token::Number | Token::Literal => self.end_value(end),
        }
    }

    /// The edits, once all tokens are taken.
    pub(super) fn into_edits(self) -> Edits {
        self.edits
    }

    fn end_value(&mut self, end: usize) {
        if let (Some(Some(_)), Some(member)) = (self.open.last(), self.members.last_mut()) {
            member.end = end;
        }
    }

    /// Compares the members from `first` on, which are those of the object that ends, and forgets them.
    fn close_object(&mut self, first: usize) {
        let text = self.text;
        let members = &mut self.members[first..];
        if members.len() > FEW || any_pair(members, |one, other| same_name(text, one, other)) {
            members.sort_unstable_by(|one, other| by_name_and_place(text, one, other));
            for same in members.chunk_by(|one, other| same_name(text, one, other)) {
                edit(text, same, &mut self.edits);
            }
        }
        self.members.truncate(first);
    }
}

fn any_pair(members: &[Member], same: impl Fn(&Member, &Member) -> bool) -> bool {
    members.iter().enumerate().any(|(at, one)| members[..at].iter().any(|other| same(one, other)))
}

fn same_name(text: &str, one: &Member, other: &Member) -> bool {
    // Names without escapes are equal only when they are equally long.
    let comparable = one.escaped || other.escaped || one.name.len() == other.name.len();
    comparable && one.meaning(text) == other.meaning(text)
}

fn by_name_and_place(text: &str, one: &Member, other: &Member) -> Ordering {
    one.meaning(text).cmp(&other.meaning(text)).then(one.name.start.cmp(&other.name.start))
}

/// Notes what becomes of the members `same`, which share a name and are in the order of the text.
fn edit(text: &str, same: &[Member], edits: &mut Edits) {
    let [first, dropped @ .., last] = same else { return };
    let colon = text[last.name.end..].find(':').unwrap_or_default();
    let value = last.name.end + colon + 1..last.end;
    edits.0.insert(first.name.start, Edit { value: Some(value), end: first.end });
    for member in dropped.iter().chain([last]) {
        edits.0.insert(member.name.start, Edit { value: None, end: member.end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::limits::READ_DEPTH;
    use crate::record::scanner::Scanner;

    fn edits(text: &str) -> Edits {
        let mut scanner = Scanner::new(text, READ_DEPTH);
        let mut finder = DuplicateFinder::new(text);
        while let Some(token) = scanner.next().unwrap() {
            finder.token(token, scanner.start(), scanner.end());
        }
        finder.into_edits()
    }

    #[test]
    fn names_of_different_objects_are_no_duplicates() {
        for text in
            [r#"{"a":{"a":{"a":1}}}"#, r#"[{"a":1},{"a":2}]"#, r#"{"a":[{"b":1},{"b":1}],"b":2}"#, r#"{"a":"a"}"#]
        {
            assert!(edits(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn duplicates_are_found_among_few_and_many_members() {
        for count in [2, FEW, FEW + 1, 1000] {
            let names: Vec<String> = (1..count).map(|number| format!(r#""n{number}":0"#)).collect();
            let unique = format!("{{{}}}", names.join(","));
            let doubled = format!(r#"{{{},"n\u0031":1}}"#, names.join(","));
            assert!(edits(&unique).is_empty());
            let edits = edits(&doubled);
            assert_eq!(edits.0.len(), 2, "{count}");
            assert_eq!(edits.get(1), Some(&Edit { value: Some(doubled.len() - 2..doubled.len() - 1), end: 7 }));
        }
    }
}
