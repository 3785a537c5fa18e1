use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Face;
use super::account::{Account, some_length};
use crate::mounted::{keyfs, wait_for};
use crate::random::Random;

/// How long a command may take, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(20);

/// Puts and removes with the command, which is done when all is on disk.
pub(crate) struct ByCommand(PathBuf);

impl ByCommand {
    pub(crate) fn new(store: &Path) -> ByCommand {
        ByCommand(store.to_owned())
    }

    pub(crate) fn put(&self, account: &mut Account, length: usize) -> Result<(), String> {
        let value = account.value("command", length);
        self.run(&["put", "--", account.key(), "-"], value.text())?;
        account.acknowledge_durable();
        Ok(())
    }

    /// Runs a command with a text for its input.
    fn run(&self, arguments: &[&str], input: &str) -> Result<(), String> {
        let mut command = keyfs();
        command.args(["-i", "command", "-d"]).arg(&self.0).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that fails early does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Some(status) = wait_for(&mut child, LIMIT) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("keyfs {arguments:?} hangs");
        };
        let mut said = String::new();
        let _ = child.stderr.take().unwrap().read_to_string(&mut said);
        match status.code() {
            Some(0) => Ok(()),
            // The one of a store that fails.
            Some(5) => Err(said),
            other => panic!("keyfs {arguments:?}: {other:?}: {said}"),
        }
    }
}

impl Face for ByCommand {
    fn write(&mut self, account: &mut Account, random: &mut Random) -> Result<(), String> {
        if !account.is_to_be_removed(random) {
            return self.put(account, some_length(random));
        }
        account.removal();
        self.run(&["rm", "--", account.key()], "")?;
        account.acknowledge_durable();
        Ok(())
    }
}
