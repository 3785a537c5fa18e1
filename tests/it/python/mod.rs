//! The Python original in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use keyfs::{AsKey, Value};
use serde::Deserialize;
use serde_json::Value as Json;

/// The version that is driven: the one whose behaviour the store follows.
const VERSION: &str = "0.2019.9.17.1";

/// How long an answer may take, on a machine that is busy with other tests; a process that hangs fails the test.
const LIMIT: Duration = Duration::from_secs(60);

/// A running Python process with one instance of the original. It is killed when this is dropped.
pub(crate) struct Python {
    child: Child,
    /// Lines on their way to the process; a thread writes them, so that a process that reads nothing blocks nobody.
    requests: Option<Sender<String>>,
    answers: Receiver<String>,
}

/// How the process is started.
#[derive(Default)]
pub(crate) struct Surroundings<'a> {
    /// Environment variables.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// The encoding that a locale would give to text files.
    pub(crate) encoding: Option<&'a str>,
}

/// What an operation of the original has raised.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Raised {
    /// The class of the exception.
    pub(crate) raised: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Answer { answer: Json },
    Raised(Raised),
}

impl Python {
    /// Starts a process and opens the store in it, for reading only without an identifier.
    pub(crate) fn start(store: &Path, identifier: Option<&str>) -> Python {
        Python::start_in(store, identifier, &Surroundings::default())
    }

    /// The same, in given surroundings.
    pub(crate) fn start_in(store: &Path, identifier: Option<&str>, surroundings: &Surroundings<'_>) -> Python {
        let mut command = Command::new(interpreter());
        command.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/driver.py"));
        command.args(identifier.map(|identifier| format!("--identifier={identifier}")));
        command.args(surroundings.encoding.map(|encoding| format!("--encoding={encoding}")));
        command.arg(store).envs(surroundings.variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start Python");
        let requests = Some(write_requests(child.stdin.take().unwrap()));
        let answers = read_answers(child.stdout.take().unwrap());
        let python = Python { child, requests, answers };
        let version = python.receive().expect("open the store with the original");
        assert_eq!(version, VERSION, "another version of jk_keyvaluestore: run scripts/install-test-tools");
        python
    }

    /// Puts a value that is given as JSON text.
    ///
    /// Of a key that the instance has created itself, the original writes the record and raises `KeyError` all the
    /// same; that counts as done here.
    pub(crate) fn put<K: AsKey + ?Sized>(&mut self, key: &K, json: &str) {
        written(self.try_put(key, json));
    }

    /// Puts a value, and says what the original has raised.
    pub(crate) fn try_put<K: AsKey + ?Sized>(&mut self, key: &K, json: &str) -> Result<(), Raised> {
        self.ask(&format!(r#""put", "key": {}, "value": {json}"#, key.to_key().to_json())).map(drop)
    }

    /// Removes a key, which the original does only when it knows of it.
    pub(crate) fn remove<K: AsKey + ?Sized>(&mut self, key: &K) {
        written(self.ask(&format!(r#""remove", "key": {}"#, key.to_key().to_json())));
    }

    /// Removes all keys that the instance knows of.
    pub(crate) fn clear(&mut self) {
        self.ask(r#""clear""#).unwrap();
    }

    /// Takes in the changes of others.
    pub(crate) fn synchronize(&mut self) {
        self.ask(r#""synchronize""#).unwrap();
    }

    /// Makes a new instance in the same process, which knows only what is on disk now.
    pub(crate) fn reopen(&mut self) {
        self.ask(r#""open""#).unwrap();
    }

    /// The text of a live key's value.
    pub(crate) fn get<K: AsKey + ?Sized>(&mut self, key: &K) -> Option<String> {
        let text = self.ask(&format!(r#""get", "key": {}"#, key.to_key().to_json())).unwrap();
        serde_json::from_value(text).unwrap()
    }

    /// What the original says that it contains, removed keys included.
    pub(crate) fn contains(&mut self, key: &str) -> bool {
        self.ask(&format!(r#""contains", "key": {}"#, key.to_key().to_json())).unwrap() == true
    }

    /// The live keys as JSON texts, sorted by the original.
    pub(crate) fn keys(&mut self) -> Vec<String> {
        serde_json::from_value(self.ask(r#""keys""#).unwrap()).unwrap()
    }

    /// The live keys and their values as JSON texts.
    pub(crate) fn everything(&mut self) -> Vec<(String, String)> {
        serde_json::from_value(self.ask(r#""everything""#).unwrap()).unwrap()
    }

    /// What Python makes of JSON texts when it reads them and writes them again.
    pub(crate) fn normalise(&mut self, texts: &[&str]) -> Vec<String> {
        let texts: Vec<_> = texts.iter().map(|text| Value::string(text).to_ascii()).collect();
        let texts = format!("[{}]", texts.join(", "));
        serde_json::from_value(self.ask(&format!(r#""normalise", "texts": {texts}"#)).unwrap()).unwrap()
    }

    /// Stops the clock of the process at a number of microseconds.
    pub(crate) fn stop_clock(&mut self, micros: u128) {
        self.ask(&format!(r#""clock", "micros": {micros}"#)).unwrap();
    }

    /// Lets the clock of the process run ahead, or behind where negative.
    pub(crate) fn set_clock_off(&mut self, seconds: i32) {
        self.ask(&format!(r#""clock_offset", "seconds": {seconds}"#)).unwrap();
    }

    /// Asks for any operation of the driver, given as its name and arguments in the syntax of JSON members.
    pub(crate) fn ask(&mut self, operation: &str) -> Result<Json, Raised> {
        self.send(operation);
        self.receive()
    }

    /// Begins an operation without waiting for its end.
    pub(crate) fn send(&self, operation: &str) {
        let line = format!("{{\"do\": {operation}}}\n");
        assert!(!line[..line.len() - 1].contains('\n'), "a request must be one line");
        self.requests.as_ref().unwrap().send(line).expect("the Python process has ended");
    }

    /// Waits for the end of an operation.
    pub(crate) fn receive(&self) -> Result<Json, Raised> {
        let line = self.answers.recv_timeout(LIMIT).expect("the Python process has ended or hangs");
        match serde_json::from_str(&line).unwrap() {
            Answer::Answer { answer } => Ok(answer),
            Answer::Raised(raised) => Err(raised),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.requests = None;
        // Failures mean that the process has already ended, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Checks that a record was written, `KeyError` or not.
fn written<T>(result: Result<T, Raised>) {
    if let Err(raised) = result {
        assert_eq!(raised.raised, "KeyError", "{raised:?}");
    }
}

/// The interpreter whose environment has the original; its absence is a failure, so that no test passes unrun.
fn interpreter() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let given = std::env::var_os("KEYFS_TEST_PYTHON").filter(|given| !given.is_empty());
    let python = given.map_or(installed, PathBuf::from);
    assert!(
        python.exists(),
        "{} does not exist: run scripts/install-test-tools, or set KEYFS_TEST_PYTHON to a Python that has \
         jk_keyvaluestore {VERSION}",
        python.display()
    );
    python
}

fn write_requests(mut input: ChildStdin) -> Sender<String> {
    let (sender, lines) = channel::<String>();
    std::thread::spawn(move || lines.iter().try_for_each(|line| input.write_all(line.as_bytes())));
    sender
}

fn read_answers(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
