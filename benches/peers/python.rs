//! A store of Python in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The running interpreter; it ends with this.
pub(crate) struct Python {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    is_open: bool,
}

/// The Python that has the stores: named by `KEYFS_TEST_PYTHON`, else that of `scripts/install-test-tools`.
fn interpreter() -> PathBuf {
    std::env::var_os("KEYFS_TEST_PYTHON")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python"), PathBuf::from)
}

impl Python {
    /// Starts an interpreter for one of the stores of `peers.py`.
    pub(crate) fn start(store: &str) -> Python {
        let python = interpreter();
        let mut child = Command::new(&python)
            .args(["-c", include_str!("peers.py"), store])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot start {}: {error}; run scripts/install-bench-tools", python.display())
            });
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Python { child, requests, answers, is_open: false }
    }

    /// Has one request done, and gives the seconds that it took by the clock of the interpreter.
    fn ask(&mut self, request: &Value) -> f64 {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{request}").unwrap();
        requests.flush().unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim().parse().expect("the interpreter has said why on standard error")
    }

    /// Makes an instance on the store.
    pub(crate) fn open(&mut self, store: &Path) -> f64 {
        self.is_open = true;
        self.ask(&json!({"operation": "open", "path": store}))
    }

    /// Makes an instance unless there is one.
    pub(crate) fn open_once(&mut self, store: &Path) {
        if !self.is_open {
            self.open(store);
        }
    }

    /// Drops the instance.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
        self.ask(&json!({"operation": "close"}));
    }

    /// Puts many keys at once, where a store can.
    pub(crate) fn fill(&mut self, keys: &[String], value: &str) {
        let value: Value = serde_json::from_str(value).unwrap();
        self.ask(&json!({"operation": "fill", "keys": keys, "value": value}));
    }

    pub(crate) fn put(&mut self, keys: &[String], value: &str) -> f64 {
        let value: Value = serde_json::from_str(value).unwrap();
        self.ask(&json!({"operation": "put", "keys": keys, "value": value}))
    }

    /// Whether each put is to be on disk when it returns, where a store can.
    pub(crate) fn set_sync(&mut self, is_on: bool) {
        self.ask(&json!({"operation": "set_sync", "on": is_on}));
    }

    pub(crate) fn get(&mut self, keys: &[String]) -> f64 {
        self.ask(&json!({"operation": "get", "keys": keys}))
    }

    pub(crate) fn remove(&mut self, keys: &[String]) -> f64 {
        self.ask(&json!({"operation": "remove", "keys": keys}))
    }

    pub(crate) fn synchronize(&mut self) -> f64 {
        self.ask(&json!({"operation": "synchronize"}))
    }

    /// The bytes of memory that the interpreter has in use.
    pub(crate) fn resident(&mut self) -> f64 {
        self.ask(&json!({"operation": "resident"}))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
