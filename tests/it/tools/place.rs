//! Where a tool runs: in a directory, without the settings of a user.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::row::{Row, Run};
use super::terminal::{Step, Terminal};
use crate::mounted::wait_for;

/// How long a line of shell may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What a run has come to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Ran {
    pub(super) status: Option<i32>,
    pub(super) output: String,
    pub(super) errors: String,
}

/// A directory to run tools in, and one beside it for what each of them needs.
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) beside: PathBuf,
}

impl Place {
    /// Runs a row; says why it could not come to its end.
    pub(super) fn run(&self, row: &Row) -> Result<Ran, String> {
        let own = self.beside.join(row.key());
        for name in ["home", "tmp"] {
            fs::create_dir_all(own.join(name)).unwrap();
        }
        // Not deep below: the path of a socket holds a hundred bytes.
        let runtime = tempfile::Builder::new().prefix("run.").tempdir().unwrap();
        let environment = environment(&own, runtime.path());
        match &row.run {
            Run::Line(line) => self.run_line(&row.named(line), &own, environment),
            Run::Terminal(command, steps) => self.run_in_terminal(row, command, steps, environment),
        }
    }

    fn run_line(&self, line: &str, own: &Path, environment: Environment) -> Result<Ran, String> {
        let (output, errors) = (own.join("output"), own.join("errors"));
        let mut command = Command::new("bash");
        command.args(["-c", line]).current_dir(&self.directory).env_clear().envs(environment);
        command.stdin(Stdio::null()).stdout(File::create(&output).unwrap()).stderr(File::create(&errors).unwrap());
        let mut child = command.process_group(0).spawn().unwrap();
        let status = wait_for(&mut child, LIMIT);
        if status.is_none() {
            // With all that the shell has started; not waited for yet, so the number is still its own.
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let ran = Ran { status: status.and_then(|status| status.code()), output: read(output), errors: read(errors) };
        if status.is_some() { Ok(ran) } else { Err(format!("longer than {LIMIT:?}: {ran:?}")) }
    }

    fn run_in_terminal(
        &self,
        row: &Row,
        command: &str,
        steps: &[Step],
        environment: Environment,
    ) -> Result<Ran, String> {
        let program = pty_process::blocking::Command::new("bash");
        let program = program.args(["-c", &format!("exec {}", row.named(command))]).current_dir(&self.directory);
        let mut terminal = Terminal::start(program.env_clear().envs(environment));
        for step in steps {
            let step = match step {
                Step::See(text) => Step::See(row.named(text)),
                Step::Gone(text) => Step::Gone(row.named(text)),
                Step::Type(text) => Step::Type(row.named(text)),
                Step::File(name) => Step::File(row.named(name)),
                Step::Link(name) => Step::Link(row.named(name)),
            };
            terminal.step(&step, &self.directory)?;
        }
        Ok(Ran { status: terminal.end()?.code(), ..Ran::default() })
    }
}

type Environment = Vec<(&'static str, String)>;

/// An environment without the settings of a user; its temporary directory is empty, and not where the mount is.
fn environment(own: &Path, runtime: &Path) -> Environment {
    let inside = |name: &str| own.join(name).to_str().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    vec![
        ("PATH", format!("{path}:/usr/sbin:/sbin")),
        ("HOME", inside("home")),
        ("TMPDIR", inside("tmp")),
        ("XDG_CONFIG_HOME", inside("home/.config")),
        ("XDG_CACHE_HOME", inside("home/.cache")),
        ("XDG_DATA_HOME", inside("home/.local")),
        ("XDG_RUNTIME_DIR", runtime.to_str().unwrap().to_owned()),
        // How long mcedit waits for the rest of a key, in microseconds: on a busy machine it may come late.
        ("KEYBOARD_KEY_TIMEOUT_US", "5000000".to_owned()),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_AUTHOR_NAME", "A Tester".to_owned()),
        ("GIT_COMMITTER_NAME", "A Tester".to_owned()),
        ("GIT_CEILING_DIRECTORIES", inside("..")),
        ("TERM", "xterm".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
    ]
}
