//! A program in a pseudo-terminal, and what stands on its screen.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};

use crate::mounted::wait_for;

/// How long the screen may take to show what is waited for, and the program to end.
const LIMIT: Duration = Duration::from_secs(10);

/// How long a file may take to appear that the program makes before it shows what was waited for.
const LIMIT_OF_FILE: Duration = Duration::from_secs(2);

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(100).unwrap();

/// What a person does in front of a terminal. In the texts `KEY` stands for the name of the row's key.
#[derive(Clone)]
pub(super) enum Step {
    /// Waits until the text stands on the screen.
    See(String),
    /// Waits until it does not.
    Gone(String),
    /// Types.
    Type(String),
    /// Waits until a file of this name is in the directory.
    File(String),
    /// Waits until a symbolic link of this name is in the directory.
    Link(String),
}

pub(super) fn see(text: impl Into<String>) -> Step {
    Step::See(text.into())
}

pub(super) fn gone(text: impl Into<String>) -> Step {
    Step::Gone(text.into())
}

pub(super) fn types(text: impl Into<String>) -> Step {
    Step::Type(text.into())
}

pub(super) fn file(name: impl Into<String>) -> Step {
    Step::File(name.into())
}

pub(super) fn link(name: impl Into<String>) -> Step {
    Step::Link(name.into())
}

/// The screen, and how to learn that it has changed.
struct Screen {
    parser: Mutex<vt100::Parser>,
    changed: Condvar,
}

/// A running program; it is killed when this is dropped.
pub(super) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    screen: Arc<Screen>,
}

impl Terminal {
    pub(super) fn start(command: Command) -> Terminal {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(ROWS.get(), COLUMNS.get())).unwrap();
        let child = command.spawn(pts).unwrap();
        let parser = Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0));
        let screen = Arc::new(Screen { parser, changed: Condvar::new() });
        let pty = Arc::new(pty);
        let (output, shown) = (Arc::clone(&pty), Arc::clone(&screen));
        // Ends with the last process that has the terminal open.
        thread::spawn(move || show(&output, &shown));
        Terminal { pty, child, screen }
    }

    /// Does one step in a directory; says what went wrong, with what stands on the screen.
    pub(super) fn step(&mut self, step: &Step, directory: &Path) -> Result<(), String> {
        let (done, what) = match step {
            Step::See(text) => (self.wait(|screen| screen.contains(text)), format!("`{text}` is not on the screen")),
            Step::Gone(text) => (self.wait(|screen| !screen.contains(text)), format!("`{text}` stays on the screen")),
            Step::Type(text) => ((&*self.pty).write_all(text.as_bytes()).is_ok(), format!("cannot type {text:?}")),
            Step::File(name) => (appears(&directory.join(name), false), format!("no file {name}")),
            Step::Link(name) => (appears(&directory.join(name), true), format!("no symbolic link {name}")),
        };
        if done { Ok(()) } else { Err(format!("{what}:\n{}", self.contents())) }
    }

    /// Waits for the end of the program.
    pub(super) fn end(&mut self) -> Result<ExitStatus, String> {
        let status = wait_for(&mut self.child, LIMIT);
        status.ok_or_else(|| format!("it does not end:\n{}", self.contents()))
    }

    fn wait(&self, is_there: impl Fn(&str) -> bool) -> bool {
        let parser = self.screen.parser.lock().unwrap();
        let waiting = |parser: &mut vt100::Parser| !is_there(&parser.screen().contents());
        let (_parser, result) = self.screen.changed.wait_timeout_while(parser, LIMIT, waiting).unwrap();
        !result.timed_out()
    }

    fn contents(&self) -> String {
        self.screen.parser.lock().unwrap().screen().contents()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts on the screen what the program writes, until nobody can write any more.
fn show(mut output: &Pty, screen: &Screen) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut bytes) {
        screen.parser.lock().unwrap().process(&bytes[..length]);
        screen.changed.notify_all();
    }
}

/// Waits until a file, or a symbolic link, has come.
fn appears(path: &Path, is_link: bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < LIMIT_OF_FILE {
        if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink() == is_link) {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}
