//! The files of the project, and the modules that they are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the project.
pub(crate) struct File {
    /// Its path from the root of the project, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The layer whose code the file is: `store` for `src/store/...` and `src/store.rs`, `bin` for a binary; none outside `src`.
    pub(crate) fn layer(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        inside.split('/').next().map(|first| first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The module that a file below `src` is, such as `["crate", "store", "disk"]` for `src/store/disk/mod.rs`.
    pub(crate) fn module(&self) -> Vec<String> {
        let inside = self.path.trim_start_matches("src/").trim_start_matches("bin/keyfs/").trim_end_matches(".rs");
        let mut names: Vec<String> = std::iter::once("crate").chain(inside.split('/')).map(str::to_owned).collect();
        if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            names.pop();
        }
        names
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All text files that belong to the project: what git tracks or would add, or all there are without git.
pub(crate) fn files() -> Vec<File> {
    let mut paths = files_of_git().unwrap_or_else(|| walk(root()));
    paths.sort();
    // A file that git tracks may have been removed; a file that is not UTF-8 is no text.
    let read = |path: String| std::fs::read_to_string(root().join(&path)).ok().map(|text| File { path, text });
    let files: Vec<File> = paths.into_iter().filter_map(read).collect();
    assert!(
        files.iter().any(|file| file.path == "src/lib.rs"),
        "{}: src/lib.rs is not among the files",
        root().display()
    );
    files
}

pub(crate) fn rust_files() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

fn files_of_git() -> Option<Vec<String>> {
    if !root().join(".git").exists() {
        return None;
    }
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    let listing = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| listing.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if path.is_symlink() || matches!(name.as_str(), ".git" | ".venv" | "target") {
            continue;
        }
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(name);
        }
    }
    found
}

#[test]
fn without_git_the_same_files_are_found() {
    if let Some(mut of_git) = files_of_git() {
        of_git.retain(|path| path.starts_with("src/") && root().join(path).exists());
        let mut walked = walk(&root().join("src"));
        of_git.sort();
        walked.sort();
        assert_eq!(of_git, walked);
    }
}
