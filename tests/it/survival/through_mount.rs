use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use keyfs::Value;

use super::Face;
use super::account::{Account, some_length};
use crate::behaviour::close;
use crate::random::Random;

/// Saves and removes in a mount, in the ways in which programs do.
pub(crate) struct ThroughMount {
    mount: PathBuf,
    name: String,
}

impl ThroughMount {
    pub(crate) fn new(mount: PathBuf, name: &str) -> ThroughMount {
        ThroughMount { mount, name: name.to_owned() }
    }

    /// Saves in place; on disk before the closing when that is asked for.
    pub(crate) fn save(&self, account: &mut Account, value: &Value, sync: bool) -> io::Result<()> {
        let mut file = File::create(self.mount.join(account.key()))?;
        file.write_all(text(value).as_bytes())?;
        if sync {
            file.sync_all()?;
            account.acknowledge_durable();
        }
        close(file.into())?;
        account.acknowledge();
        Ok(())
    }

    /// Saves to a scratch file and renames that.
    fn replace(&self, account: &mut Account, value: &Value, sync: Sync) -> io::Result<()> {
        let scratch = self.mount.join(format!(".{}", self.name));
        let mut file = File::create(&scratch)?;
        file.write_all(text(value).as_bytes())?;
        if sync == Sync::File {
            file.sync_all()?;
        }
        fs::rename(&scratch, self.mount.join(account.key()))?;
        account.acknowledge();
        if sync == Sync::Renamed {
            file.sync_all()?;
            account.acknowledge_durable();
        }
        close(file.into())?;
        if sync == Sync::Directory {
            self.sync_directory()?;
            account.acknowledge_durable();
        }
        Ok(())
    }

    fn remove(&self, account: &mut Account, sync: bool) -> io::Result<()> {
        fs::remove_file(self.mount.join(account.key()))?;
        account.acknowledge();
        if sync {
            self.sync_directory()?;
            account.acknowledge_durable();
        }
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.mount)?.sync_all()
    }
}

/// What is synced when a file is replaced by renaming another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    Nothing,
    /// The file before it is renamed, which does not put it.
    File,
    /// The file when it has been renamed.
    Renamed,
    Directory,
}

impl Face for ThroughMount {
    fn write(&mut self, account: &mut Account, random: &mut Random) -> Result<(), String> {
        let sync = random.below(3) == 0;
        let (what, done) = if account.is_to_be_removed(random) {
            account.removal();
            ("rm", self.remove(account, sync))
        } else {
            let value = account.value(&self.name, some_length(random));
            match random.below(6) {
                0 => ("rename", self.replace(account, &value, Sync::Nothing)),
                1 => ("rename", self.replace(account, &value, Sync::File)),
                2 => ("rename", self.replace(account, &value, Sync::Renamed)),
                3 => ("rename", self.replace(account, &value, Sync::Directory)),
                _ => ("save", self.save(account, &value, sync)),
            }
        };
        done.map_err(|error| format!("{what} {}: {error}", account.key()))
    }
}

fn text(value: &Value) -> String {
    keyfs::view::file_text(value)
}
