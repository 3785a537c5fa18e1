//! What the tests of a file quote.

/// The texts between double quotes in the doc comments of the tests of a file.
///
/// A test has the attribute `#[test]`, or is a behaviour whose name stands in a list, on a line of its own.
pub(super) fn quotes(file: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut comment = String::new();
    let mut has_attribute = false;
    for line in file.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
        } else if line.starts_with("#[") {
            has_attribute |= line == "#[test]";
        } else {
            if name_of_function(line).is_some_and(|name| has_attribute || is_listed(file, name)) {
                found.extend(quoted(&comment));
            }
            comment.clear();
            has_attribute = false;
        }
    }
    found
}

fn name_of_function(line: &str) -> Option<&str> {
    let behind = line.strip_prefix("fn ")?;
    behind.split(['(', '<']).next()
}

fn is_listed(file: &str, name: &str) -> bool {
    file.lines().any(|line| line.trim() == name)
}

fn quoted(comment: &str) -> impl Iterator<Item = String> {
    comment.split('"').skip(1).step_by(2).map(|quote| quote.trim().to_owned())
}
