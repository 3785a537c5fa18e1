//! Commands whose calls fail: exit status 5 and one line that says what failed, where and why, and the old value stands.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use keyfs::{OpenOptions, Store};
use tempfile::TempDir;

use crate::actors::shown;
use crate::behaviour::foreign_store;
use crate::mounted::wait_for;

/// How long a command may take with each of its calls followed.
const LIMIT: Duration = Duration::from_secs(20);

/// A command with what the key `key`, which has been 1, holds after it, and what it prints.
struct Case {
    arguments: &'static [&'static str],
    after: Option<i64>,
    prints: &'static str,
}

const CASES: [Case; 7] = [
    Case { arguments: &["put", "key", "2"], after: Some(2), prints: "" },
    Case { arguments: &["rm", "key"], after: None, prints: "" },
    Case { arguments: &["clear"], after: None, prints: "" },
    Case { arguments: &["get", "key"], after: Some(1), prints: "1\n" },
    Case { arguments: &["contains", "key"], after: Some(1), prints: "" },
    Case { arguments: &["keys"], after: Some(1), prints: "key\n" },
    Case { arguments: &["count"], after: Some(1), prints: "1\n" },
];

const CALLS: [&str; 12] = [
    "openat",
    "write",
    "fdatasync",
    "fsync",
    "linkat",
    "unlinkat",
    "getdents64",
    "newfstatat",
    "fstat",
    "pread64",
    "mkdirat",
    "inotify_add_watch",
];

const ERRORS: [&str; 8] = ["ENOSPC", "EDQUOT", "EIO", "EMFILE", "EROFS", "ESTALE", "EINTR", "ENOMEM"];

/// A store with one key, in a directory of its own.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::create_dir(place.store()).unwrap();
        foreign_store(&place.store()).put("key", serde_json::json!(1)).unwrap();
        place
    }

    fn store(&self) -> std::path::PathBuf {
        self.0.path().join("store")
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Runs a command under strace with these expressions; its exit status, when it has not hung.
    fn run(&self, arguments: &[&str], expressions: &[String]) -> Option<i32> {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-qq", "-o"]).arg(self.file("log"));
        expressions.iter().for_each(|expression| _ = command.args(["-e", expression]));
        command.arg(env!("CARGO_BIN_EXE_keyfs")).arg("-d").arg(self.store()).args(["-i", "me"]).args(arguments);
        command.env_remove("KEYFS_DIR").env_remove("KEYFS_ID").env_remove("RUST_LOG").stdin(Stdio::null());
        command.env("HOME", self.0.path()).env_remove("XDG_CACHE_HOME");
        command.stdout(File::create(self.file("stdout")).unwrap()).stderr(File::create(self.file("stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        let status = wait_for(&mut child, LIMIT);
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        status.map(|status| status.code().unwrap_or(-1))
    }

    /// How many calls of each kind are made before the first that names the store: by whoever loads the program.
    fn calls_before(&self, arguments: &[&str]) -> Vec<(&'static str, usize)> {
        self.run(arguments, &[format!("trace={}", CALLS.join(","))]);
        let (store, log) = (self.store().display().to_string(), self.said("log"));
        let before = |call: &str| {
            let calls = log.lines().filter(|line| line.contains(&format!(" {call}(")));
            calls.take_while(|line| !line.contains(&store)).count()
        };
        CALLS.map(|call| (call, before(call))).to_vec()
    }
}

impl Case {
    /// What is wrong with how the command has ended.
    fn judge(&self, place: &Place, status: Option<i32>, errno: &str) -> Vec<String> {
        let (stdout, stderr) = (place.said("stdout"), place.said("stderr"));
        let found = shown(&Store::open(place.store(), OpenOptions::read_only()).unwrap(), "key");
        let mut wrong = Vec::new();
        match status {
            // What could not be made durable was written again, and the log says so.
            Some(0)
                if stderr.lines().all(|line| line.ends_with("writing it again"))
                    && stdout == self.prints
                    && found == self.after => {}
            Some(5) => {
                let is_one_line = stderr.lines().count() == 1 && stderr.ends_with('\n');
                let what = format!("keyfs: {}", self.arguments[0]);
                let number = format!("(os error {})", super::round::errno_named(errno));
                let place_named = stderr.contains(&place.store().display().to_string());
                if !(is_one_line && stderr.starts_with(&what) && stderr.contains(&number) && place_named) {
                    wrong.push(format!("says {stderr:?}"));
                }
                if !self.prints.is_empty() && stdout == self.prints || !["", self.prints].contains(&stdout.as_str()) {
                    wrong.push(format!("prints {stdout:?}"));
                }
                // Published, and not known to be on disk.
                let visible = stderr.contains("not known to be on disk");
                if found != if visible { self.after } else { Some(1) } {
                    wrong.push(format!("key has {found:?}: {stderr:?}"));
                }
            }
            other => wrong.push(format!("ends with {other:?}, prints {stdout:?}, says {stderr:?}, key has {found:?}")),
        }
        wrong
    }
}

/// What is beside the records in a store.
fn left_in(store: &Path) -> Vec<String> {
    let names = fs::read_dir(store).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "d").collect()
}

/// Lets the calls of one kind of a command fail, one after the other from the `first` on; how many have failed.
fn fail_each(
    case: &Case,
    (call, first): (&str, usize),
    errno: &str,
    most: usize,
    complaints: &mut Vec<String>,
) -> usize {
    for place_no in first..first + most {
        let place = Place::new();
        let expressions = [format!("trace={call}"), format!("inject={call}:error={errno}:when={place_no}")];
        let status = place.run(case.arguments, &expressions);
        let log = place.said("log");
        let Some(hit) = log.lines().find(|line| line.contains("(INJECTED)")) else { return place_no - first };
        let mut wrong = case.judge(&place, status, errno);
        wrong.extend(left_in(&place.store()).into_iter().map(|name| format!("left behind: {name}")));
        complaints.extend(wrong.into_iter().map(|wrong| format!("{:?}: {hit}: {wrong}", case.arguments)));
    }
    most
}

/// Each command with each of its calls failing once; with `KEYFS_TEST_INJECT` set in each way and at each place.
/// "`check_complete`: The commands `get`, `contains` and `rm` of such a key, `keys`, `count` and `clear` fail with that."
#[test]
fn a_command_whose_call_fails_says_so_in_one_line() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        panic!("there is no strace; run scripts/install-test-tools");
    }
    let long = std::env::var_os("KEYFS_TEST_INJECT").is_some();
    let (mut hits, mut complaints) = (0, Vec::new());
    for case in &CASES {
        for (call, before) in Place::new().calls_before(case.arguments) {
            for errno in if long { &ERRORS[..] } else { &ERRORS[2..3] } {
                hits +=
                    fail_each(case, (call, before + 1), errno, if long { usize::MAX / 2 } else { 1 }, &mut complaints);
            }
        }
    }
    println!("{hits} calls of commands failed, {} wrong", complaints.len());
    assert!(hits > 20, "{hits} calls have failed");
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
