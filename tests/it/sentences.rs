//! Each sentence of `docs/semantics.md` is quoted by a test that would fail if it were false.
//!
//! A test quotes in its doc comment, between double quotes and word for word; `[...]` stands for what it leaves out. What
//! one test leaves out another must have: a sentence is held when each of its words is quoted. A quote from a row of a table
//! begins with the row's first cell: `"unlink: removes the key at once"`.

mod page;
mod quotes;

use page::Page;
use quotes::quotes;

use crate::structure::tree::{root, rust_files};

const PAGE: &str = "docs/semantics.md";

/// Sentences about the page itself, which no test can hold.
const ABOUT_THE_PAGE: [&str; 3] = [
    "What each operation does, with its error numbers. Three rules stand above all others",
    "The format of the directory is in `format.md`. This page describes the library, the command and the mount as they are \
        today; under each of its sentences stands a test, which quotes it",
    "Three things differ",
];

/// Sentences that are true and that no test can show, each with the reason.
const NOT_SHOWN: [(&str, &str); 1] =
    [("`wait_for_changes`: `Error::Io`", "poll(2) of an inotify descriptor fails only where the kernel has no memory")];

/// Complaints about what nobody quotes, one for each sentence.
fn not_quoted<'a>(text: &str, quoted: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut page = Page::new(text);
    for quote in quoted {
        // Most quotes are from elsewhere.
        let _ = page.quote(quote);
    }
    let left = page.not_quoted();
    left.into_iter().map(|(line, words)| format!("{PAGE}:{line}: no test says: {words}")).collect()
}

#[test]
fn each_sentence_of_the_page_is_quoted_by_a_test() {
    let text = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let files = rust_files();
    let quoted: Vec<String> = files.iter().flat_map(|file| quotes(&file.text)).collect();
    let excepted = || ABOUT_THE_PAGE.into_iter().chain(NOT_SHOWN.map(|(sentence, _)| sentence));
    assert!(excepted().all(|sentence| Page::new(&text).quote(sentence)), "what is excepted is not on the page");
    let complaints = not_quoted(&text, quoted.iter().map(String::as_str).chain(excepted()));
    assert!(complaints.is_empty(), "\n{}\n{} sentences\n", complaints.join("\n"), complaints.len());
}

#[test]
fn a_sentence_that_is_half_quoted_is_told_with_the_other_half() {
    let text = "# Heading\n\nOne is one. Two is more; three\nis most.\n\n- An entry.\n";
    let complaints = not_quoted(text, ["one is one", "Two is [...] is most", "entry", "three [...] is most"]);
    let left = ["more", "three", "An entry"].map(|words| format!("no test says: {words}"));
    assert!(complaints.iter().zip(&left).all(|(complaint, left)| complaint.ends_with(left)), "{complaints:?}");
    assert_eq!((complaints.len(), &complaints[2][..20]), (3, "docs/semantics.md:6:"));
    assert_eq!(not_quoted(text, ["One is one. Two is more; three is most.", "An entry."]), [""; 0]);
    assert_eq!(
        not_quoted(text, ["most is three", "one one", "is one [...] one is"]).len(),
        4,
        "neither order nor gaps count"
    );
}

#[test]
fn a_row_is_quoted_by_its_name() {
    let text = "| call | errors |\n|---|---|\n| `a`, b | does; | `EROFS` |\n| c | `EROFS`; `EIO` |\n";
    let complaints = not_quoted(text, ["`a`, b: does", "c: `EROFS`", "c: [...] `EIO`", "`EROFS`"]);
    assert_eq!(complaints, ["docs/semantics.md:3: no test says: `a`, b: `EROFS`"]);
}

#[test]
fn only_what_stands_above_a_test_is_a_quote() {
    let file = "/// \"Of a function.\"\nfn function() {}\n/// \"One\n/// two.\" And \"three\".\n#[test]\nfn test() {}\n\
        behaviours! {\n    listed\n}\n/// \"Four.\"\nfn listed() {}\n//! \"Five.\"\n";
    assert_eq!(quotes(file), ["One two.", "three", "Four."]);
}
