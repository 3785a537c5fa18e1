//! The command `keyfs`: a store's keys and values at the shell, and its mount.

#[cfg(feature = "fuse")]
mod arenas;
mod arguments;
#[cfg(feature = "fuse")]
mod background;
mod check;
mod clear;
mod contains;
mod count;
mod exit;
mod get;
#[cfg(feature = "fuse")]
mod guard;
mod key;
mod key_of_path;
mod keys;
#[cfg(feature = "fuse")]
mod mount;
mod naming;
mod output;
mod path;
mod pattern;
mod put;
mod rm;
#[cfg(feature = "fuse")]
mod umount;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, StoreOptions};
use exit::{Failure, Status};

fn main() -> ExitCode {
    let Arguments { store, command } = Arguments::parse();
    start_log(&command);
    let status = run(&command, &store).unwrap_or_else(|failure| failure.report());
    status.into()
}

fn run(command: &Command, store: &StoreOptions) -> Result<Status, Failure> {
    match command {
        Command::Get(get) => get.run(store),
        Command::Put(put) => put.run(store),
        Command::Rm(rm) => rm.run(store),
        Command::Keys(keys) => keys.run(store),
        Command::Contains(contains) => contains.run(store),
        Command::Path(path) => path.run(),
        Command::Key(key) => key.run(store),
        Command::Count => count::run(store),
        Command::Clear => clear::run(store),
        Command::Check(check) => check.run(store),
        #[cfg(feature = "fuse")]
        Command::Mount(mount) => mount.run(store),
        #[cfg(feature = "fuse")]
        Command::Umount(umount) => umount.run(),
        #[cfg(feature = "fuse")]
        Command::Guard(guard) => guard.run(),
    }
}

/// Sends log lines to standard error, as many as RUST_LOG asks for.
fn start_log(command: &Command) {
    // A record that cannot be read is worth a line from a mount, but not from every single `get`.
    // fuser warns of each operation that the kernel asks for once and then does without.
    let level = if command.is_lasting() { "warn,fuser=error" } else { "error" };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level)).init();
}
