//! The paths that a Rust source names, by a plain scan of its words: `use` trees are taken apart, `self::` and
//! `super::` are resolved to `crate::`.

use super::strip::strip;

/// A path as it is named in a source.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) line: usize,
    /// The names; the last is `*` for a glob.
    pub(crate) names: Vec<String>,
    /// True in a module of unit tests: `tests`, or a name that ends with `_tests`.
    pub(crate) in_tests: bool,
}

impl Path {
    pub(crate) fn text(&self) -> String {
        self.names.join("::")
    }
}

struct Word {
    text: String,
    line: usize,
}

/// All paths of two or more names in a source, and all that `use` names; `module` is where the source stands, such as
/// `["crate", "store", "disk"]`.
pub(crate) fn paths(source: &str, module: &[String]) -> Vec<Path> {
    let words = words(&strip(source));
    let mut scan = Scan { words: &words, at: 0, modules: Vec::new(), depth: 0, root: module, found: Vec::new() };
    scan.run();
    scan.found
}

/// Names, `::`, and single other characters.
fn words(stripped: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (index, line) in stripped.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let name_length = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
            let length = match name_length {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                length => length,
            };
            words.push(Word { text: rest[..length].to_owned(), line: index + 1 });
            rest = rest[length..].trim_start();
        }
    }
    words
}

struct Scan<'a> {
    words: &'a [Word],
    at: usize,
    /// The inline modules around this place, and the depth of braces at which each ends.
    modules: Vec<(String, usize)>,
    depth: usize,
    root: &'a [String],
    found: Vec<Path>,
}

impl Scan<'_> {
    fn run(&mut self) {
        while self.at < self.words.len() {
            let used = self.text(0) == "use" && self.text(1) != "<";
            match self.text(0) {
                "{" => self.depth += 1,
                "}" => self.leave(),
                "mod" if self.text(2) == "{" => self.modules.push((self.text(1).to_owned(), self.depth)),
                _ => {}
            }
            if used {
                self.at += 1;
                self.tree(&[]);
            } else if is_name(self.text(0)) && self.text(1) == "::" {
                self.tree(&[]);
            } else {
                self.at += 1;
            }
        }
    }

    fn text(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", |word| &word.text)
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.modules.last().is_some_and(|(_, depth)| *depth == self.depth) {
            self.modules.pop();
        }
    }

    /// Reads a path, or a tree of them in braces, that continues `prefix`.
    fn tree(&mut self, prefix: &[String]) {
        let line = self.words.get(self.at).map_or(0, |word| word.line);
        let mut names = prefix.to_vec();
        loop {
            match self.text(0) {
                "::" => self.at += 1,
                "{" if names.is_empty() || self.words[self.at - 1].text == "::" => return self.branches(&names),
                name if is_name(name) || name == "*" => {
                    names.push(name.to_owned());
                    self.at += 1;
                    if self.text(0) != "::" {
                        break;
                    }
                }
                _ => break,
            }
        }
        self.add(line, names);
    }

    fn branches(&mut self, prefix: &[String]) {
        self.at += 1;
        while self.at < self.words.len() && self.text(0) != "}" {
            self.tree(prefix);
            while !matches!(self.text(0), "," | "}" | "") {
                self.at += 1;
            }
            if self.text(0) == "," {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn add(&mut self, line: usize, mut names: Vec<String>) {
        if names.len() > 1 && names.last().is_some_and(|name| name == "self") {
            names.pop();
        }
        if names.is_empty() {
            return;
        }
        let mut module: Vec<String> = self.root.to_vec();
        module.extend(self.modules.iter().map(|(name, _)| name.clone()));
        let in_tests = is_of_tests(&module);
        self.found.push(Path { line, names: absolute(names, module), in_tests });
    }
}

/// True for a module of unit tests and what is inside it.
pub(crate) fn is_of_tests(module: &[String]) -> bool {
    module.iter().any(|name| name == "tests" || name.ends_with("_tests"))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

fn absolute(names: Vec<String>, mut module: Vec<String>) -> Vec<String> {
    let relative = names.iter().take_while(|name| *name == "self" || *name == "super").count();
    if relative == 0 {
        return names;
    }
    for _ in names[..relative].iter().filter(|name| *name == "super") {
        module.pop();
    }
    module.extend_from_slice(&names[relative..]);
    module
}

#[test]
fn trees_and_relative_paths_are_taken_apart() {
    let source = "
        use crate::{record::{self, Key as K}, view::*};
        use std::fs;
        fn f(x: &super::super::vfs::Node) { if a { b::c(self::d::e) } }
        mod tests { use super::*; fn g() { super::super::h::i(); } }
        fn j<'a>() -> impl Sized + use<'a> { k::l::<M>() }
    ";
    let module = ["crate", "store", "disk"].map(str::to_owned);
    let found: Vec<String> =
        paths(source, &module).iter().map(|path| format!("{} {}", path.line, path.text())).collect();
    let expected = [
        "2 crate::record",
        "2 crate::record::Key",
        "2 crate::view::*",
        "3 std::fs",
        "4 crate::vfs::Node",
        "4 b::c",
        "4 crate::store::disk::d::e",
        "5 crate::store::disk::*",
        "5 crate::store::h::i",
        "6 k::l",
    ];
    assert_eq!(found, expected);
}
