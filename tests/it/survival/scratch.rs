use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Moment, Writer, now};
use crate::behaviour::close;
use crate::random::Random;

/// How many there are at most between two mishaps.
const MOST: usize = 100;

/// The beginning of their names.
const BEGINNING: &str = ".kept ";

/// A scratch file whose closing, or fsync, was acknowledged.
struct Kept {
    name: String,
    bytes: Vec<u8>,
    /// Since when it is on disk, if it was synced.
    durable: Option<Moment>,
}

/// The scratch files that must be there.
#[derive(Default)]
pub(crate) struct ScratchFiles {
    kept: Vec<Kept>,
    /// So that no name comes twice.
    made: u64,
}

impl ScratchFiles {
    /// Takes no answer for true that came when the power had gone.
    pub(crate) fn power_was_lost(&mut self, at: Moment) {
        self.kept.retain(|kept| kept.durable.is_some_and(|since| since < at));
    }

    /// Checks that a mount shows them; then removes all, and expects nothing any more. Says how many there were.
    pub(crate) fn check(&mut self, mount: &Path) -> Result<u64, String> {
        let mut checked = 0;
        for Kept { name, bytes, .. } in self.kept.drain(..) {
            let found = fs::read(mount.join(&name)).map_err(|error| format!("{name}: {error}"))?;
            if found != bytes {
                return Err(format!("{name}: other bytes, {} instead of {}", found.len(), bytes.len()));
            }
            checked += 1;
        }
        let names = fs::read_dir(mount).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.')).for_each(|name| fs::remove_file(mount.join(name)).unwrap());
        Ok(checked)
    }
}

/// Makes scratch files in a mount.
pub(crate) struct ScratchWriter {
    pub(crate) mount: PathBuf,
    pub(crate) files: Arc<Mutex<ScratchFiles>>,
}

impl Writer for ScratchWriter {
    fn step(&mut self, random: &mut Random) -> Result<(), String> {
        let mut files = self.files.lock().unwrap();
        if files.kept.len() == MOST {
            // Until something happens.
            std::thread::sleep(Duration::from_millis(5));
            return fs::write(self.mount.join(".spare"), "").map_err(|error| format!(".spare: {error}"));
        }
        files.made += 1;
        let name = format!("{BEGINNING}{}", files.made);
        let length = random.below(30_000) as usize;
        let bytes: Vec<u8> = files.made.to_le_bytes().iter().copied().cycle().take(length).collect();
        let durable = make(&self.mount.join(&name), &bytes, random.below(2) == 0);
        let durable = durable.map_err(|error| format!("{name}: {error}"))?;
        files.kept.push(Kept { name, bytes, durable });
        Ok(())
    }
}

/// Makes a file, and says since when it is on disk, if that was asked for.
fn make(path: &Path, bytes: &[u8], sync: bool) -> io::Result<Option<Moment>> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    let durable = sync.then(|| file.sync_all().map(|()| now())).transpose()?;
    close(file.into())?;
    Ok(durable)
}
