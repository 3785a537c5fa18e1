//! Programs that people let watch files.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;
use tempfile::NamedTempFile;

use super::SECOND;
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// A program that runs; it is killed when this is dropped. What it prints goes to a file.
pub(super) struct Program {
    child: Child,
    output: NamedTempFile,
}

impl Program {
    pub(super) fn start(command: &mut Command) -> Program {
        let output = NamedTempFile::new().unwrap();
        let (stdout, stderr) = (output.reopen().unwrap(), output.reopen().unwrap());
        // Both at the end of what is there, as with one file.
        for file in [&stdout, &stderr] {
            rustix::fs::fcntl_setfl(file, rustix::fs::OFlags::APPEND).unwrap();
        }
        let child = command.stdout(stdout).stderr(stderr).process_group(0).spawn().unwrap();
        Program { child, output }
    }

    pub(super) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.output.path()).unwrap()).into_owned()
    }

    /// Waits until the output is as wanted; false when it is not in time.
    pub(super) fn wait_until(&mut self, limit: Duration, wanted: impl Fn(&str) -> bool) -> bool {
        let began = Instant::now();
        while !wanted(&self.output()) {
            if began.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Asks the program to end, and waits for it.
    pub(super) fn end(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        }
        if crate::mounted::wait_for(&mut self.child, 5 * SECOND).is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // With all that it has started; not waited for yet, so the number is still its own.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// "`entr`, [...] follow at once, [...]": it runs its program again at each change of a file.
#[test]
fn entr_runs_again_at_each_change_of_a_file() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!("first")).unwrap();
    let path = mounted.path().join("key");
    let mut command = Command::new("sh");
    command.args(["-c", "echo \"$1\" | entr -n sh -c 'cat \"$1\"' sh \"$1\"", "sh"]).arg(&path);
    let mut program = Program::start(&mut command);
    assert!(program.wait_until(10 * SECOND, |output| output.contains("\"first\"")), "{}", program.output());
    for number in 1..=5 {
        // entr takes no more events for a moment after it has run.
        std::thread::sleep(SECOND / 4);
        store.put("key", json!(format!("value {number}"))).unwrap();
        let text = format!("\"value {number}\"\n");
        assert!(program.wait_until(2 * SECOND, |output| output.ends_with(&text)), "{number}: {}", program.output());
    }
    std::thread::sleep(SECOND / 4);
    fs::write(&path, "\"own\"").unwrap();
    assert!(program.wait_until(2 * SECOND, |output| output.ends_with("\"own\"\n")), "{}", program.output());
}

/// `entr -d` ends when a key is new, so that its list of files is made again.
#[test]
fn entr_ends_when_a_key_is_new() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ls -d \"$1\"/* | entr -n -d sh -c 'echo run'; echo ended $?", "sh"]).arg(mounted.path());
    let mut program = Program::start(&mut command);
    assert!(program.wait_until(10 * SECOND, |output| output.contains("run")), "{}", program.output());
    std::thread::sleep(SECOND / 4);
    store.put("new", json!(0)).unwrap();
    assert!(program.wait_until(2 * SECOND, |output| output.contains("ended 2")), "{}", program.output());
}

/// An editor in a terminal, with files of its own.
fn editor(program: &str, arguments: &[&str], path: &Path, home: &tempfile::TempDir) -> Program {
    let mut command = Command::new("script");
    let line = [&[program], arguments, &[path.to_str().unwrap()]].concat().join(" ");
    command.args(["-q", "-f", "-c", &line, "/dev/null"]);
    command.env("HOME", home.path()).env("TERM", "xterm").env("LC_ALL", "C.UTF-8").stdin(Stdio::piped());
    Program::start(&mut command)
}

/// "[...] vim at its `checktime`.": with autoread it takes the new text in without a question.
#[test]
fn vim_reads_the_new_value_again() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!("first")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let timer = "'call timer_start(100, {-> execute(\"checktime\")}, {\"repeat\": -1})'";
    let arguments = ["-u", "NONE", "-N", "-c", "'set autoread'", "-c", timer];
    let mut vim = editor("vim", &arguments, &mounted.path().join("key"), &home);
    assert!(vim.wait_until(20 * SECOND, |output| output.contains("first")), "{}", vim.output());
    for text in ["second", "a much longer value", "x3"] {
        std::thread::sleep(SECOND / 4);
        store.put("key", json!(text)).unwrap();
        assert!(vim.wait_until(5 * SECOND, |output| output.contains(text)), "{text}: {}", vim.output());
    }
    assert!(!vim.output().contains("Warning"), "{}", vim.output());
}

/// "[...] and emacs' `global-auto-revert-mode` follow at once, [...]": it watches the file.
#[test]
fn emacs_reverts_its_buffer_by_itself() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!("first")).unwrap();
    let home = tempfile::tempdir().unwrap();
    // Without its own polling: only what it hears of counts.
    // It would compile what it loads in the background, and leave files behind when it is ended.
    let mode = "\"(progn (setq native-comp-deferred-compilation nil auto-revert-avoid-polling t auto-revert-remote-files t) \
                (global-auto-revert-mode 1))\"";
    let arguments = ["-nw", "-Q", "--eval", mode];
    let mut emacs = editor("emacs", &arguments, &mounted.path().join("key"), &home);
    assert!(emacs.wait_until(30 * SECOND, |output| output.contains("first")), "{}", emacs.output());
    for text in ["second", "a much longer value"] {
        // It takes no more events for some seconds after it has reverted.
        std::thread::sleep(3 * SECOND);
        store.put("key", json!(text)).unwrap();
        assert!(emacs.wait_until(5 * SECOND, |output| output.contains(text)), "{text}: {}", emacs.output());
    }
}

/// "`tail -F` looks each second (`-s`) and opens the name again after some looks without a change; then it prints the new
/// value whole, never a part of one."
#[test]
fn tail_prints_the_new_value_whole() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!({"a": 1})).unwrap();
    let mut command = Command::new("tail");
    command.args(["-q", "-s", "0.2", "-n", "+1", "-F"]).arg(mounted.path().join("key"));
    let mut tail = Program::start(&mut command);
    let mut expected = "{\n  \"a\": 1\n}\n".to_owned();
    for value in [json!({"a": 1, "b": 2}), json!(3)] {
        assert!(tail.wait_until(10 * SECOND, |output| values(output) == expected), "{}", tail.output());
        let began = Instant::now();
        store.put("key", value.clone()).unwrap();
        expected += &format!("{value:#}\n");
        assert!(tail.wait_until(10 * SECOND, |output| values(output) == expected), "{}", tail.output());
        println!("tail -s 0.2 -F has printed the new value after {:?}", began.elapsed());
    }
}

/// What tail prints, without what it says about the file.
fn values(output: &str) -> String {
    output.lines().filter(|line| !line.starts_with("tail: ")).map(|line| format!("{line}\n")).collect()
}
