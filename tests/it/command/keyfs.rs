//! A directory with a store, and the command that is run on it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyfs::{Identifier, Key, OpenOptions, Store};
use tempfile::TempDir;

/// A directory that is a store, empty at first; it vanishes with the test.
pub(super) struct Directory(TempDir);

impl Directory {
    pub(super) fn new() -> Directory {
        Directory(TempDir::new().unwrap())
    }

    /// A store that holds the keys, each with the value `null`.
    pub(super) fn with_keys<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Directory {
        let directory = Directory::new();
        let store = directory.store();
        for key in keys {
            store.put(&Key::from_wtf8(key).unwrap(), keyfs::Value::null()).unwrap();
        }
        drop(store);
        directory
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The store, opened with the library for writing.
    pub(super) fn store(&self) -> Store {
        Store::open(self.path(), OpenOptions::writer(Identifier::new("test").unwrap())).unwrap()
    }

    /// The names in the directory itself, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = self.path().read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command with `-d` and this directory.
    pub(super) fn keyfs<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Keyfs {
        Keyfs::new([]).argument("-d").argument(self.path()).arguments(arguments)
    }

    /// What `keyfs get -c KEY` prints.
    pub(super) fn get(&self, key: &str) -> String {
        let output = self.keyfs(["get", "-c", "--", key]).run();
        assert_eq!(output.status.code(), Some(0), "get {key}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

/// A run of the command that is being prepared; no variable of the surroundings reaches it.
pub(super) struct Keyfs {
    command: Command,
    input: Option<Vec<u8>>,
}

impl Keyfs {
    pub(super) fn new<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Keyfs {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyfs"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for variable in ["KEYFS_DIR", "KEYFS_ID", "RUST_LOG"] {
            command.env_remove(variable);
        }
        Keyfs { command, input: None }.arguments(arguments)
    }

    pub(super) fn arguments<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Keyfs {
        arguments.into_iter().fold(self, Keyfs::argument)
    }

    pub(super) fn argument(mut self, argument: impl AsRef<OsStr>) -> Keyfs {
        self.command.arg(argument);
        self
    }

    /// An argument that may be any bytes but NUL.
    pub(super) fn bytes(self, argument: &[u8]) -> Keyfs {
        self.argument(OsString::from_vec(argument.to_vec()))
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Keyfs {
        self.command.env(name, value);
        self
    }

    /// Sets what the command reads from standard input.
    pub(super) fn input(mut self, bytes: impl AsRef<[u8]>) -> Keyfs {
        self.command.stdin(Stdio::piped());
        self.input = Some(bytes.as_ref().to_vec());
        self
    }

    /// The command itself, for what is not said here.
    pub(super) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs the command to its end.
    pub(super) fn run(mut self) -> Output {
        let mut child = self.command.spawn().unwrap();
        if let (Some(bytes), Some(mut stdin)) = (self.input, child.stdin.take()) {
            // A command that fails early does not read its input.
            let _ = stdin.write_all(&bytes);
        }
        child.wait_with_output().unwrap()
    }

    /// Runs the command, which must be done and print exactly this, and nothing on standard error.
    #[track_caller]
    pub(super) fn prints(self, expected: impl AsRef<[u8]>) {
        let output = self.run();
        assert_eq!(text(&output.stderr), "", "standard error");
        assert_eq!(text(&output.stdout), text(expected.as_ref()), "standard output");
        assert_eq!(output.status.code(), Some(0), "exit status");
    }

    /// Runs the command, which must be done and print nothing.
    #[track_caller]
    pub(super) fn succeeds(self) {
        self.prints("");
    }

    /// Runs the command, which must end with `status` and say nothing but one line `keyfs: LINE`.
    #[track_caller]
    pub(super) fn fails(self, status: i32, line: &str) {
        let output = self.run();
        assert_eq!(text(&output.stderr), text(format!("keyfs: {line}\n").as_bytes()), "standard error");
        assert_eq!(text(&output.stdout), "", "standard output");
        assert_eq!(output.status.code(), Some(status), "exit status");
    }

    /// Runs the command, which must end with status 2 and help that names `hint`.
    #[track_caller]
    pub(super) fn misuses(self, hint: &str) {
        let output = self.run();
        assert!(text(&output.stderr).contains(hint), "{:?} lacks {hint:?}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "standard output");
        assert_eq!(output.status.code(), Some(2), "exit status");
    }
}

/// Bytes as text that shows every difference: what is not printable ASCII, as escapes.
fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
