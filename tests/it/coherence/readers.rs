//! Those who read, list and look, and know what they may see.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyfs::Store;

use super::progress::{Progress, Reached};
use super::tally::Tally;
use super::values::{any_removal, file_length, is_removal, number_of};
use super::writers::{LEAVERS, NEWCOMERS, key, newcomer};

/// The places of all keys.
pub(super) const ALL: Range<usize> = 0..24;

/// How long a bare stat may lag behind before it counts as wrong.
const LAG: Duration = Duration::from_secs(1);

/// What is tried; the names under which it is counted.
pub(super) const OPENS: &str = "reads";
pub(super) const GONE: &str = "opens of removed keys";
pub(super) const LISTINGS: &str = "listings";
pub(super) const LONG_LISTINGS: &str = "listings with stat";
pub(super) const FIRST_LOOKS: &str = "first looks";

/// The name of a key that nobody changes.
fn steady(number: usize) -> String {
    format!("steady {number}")
}

/// How many there are: listings of some pages.
const STEADY: usize = 150;

/// Puts them.
pub(super) fn add_steady(store: &Store) {
    for number in 0..STEADY {
        store.put(steady(number).as_str(), serde_json::Value::from(number)).unwrap();
    }
}

pub(super) struct Reader<'a> {
    mount: PathBuf,
    progress: &'a Progress,
    /// Different for all readers, so that they do not do the same at once.
    number: usize,
    /// The keys that it knows of.
    places: Range<usize>,
    /// The last newcomer that it has looked at.
    seen: u64,
    pub(super) tally: Tally,
}

impl Reader<'_> {
    pub(super) fn new<'a>(mount: &Path, progress: &'a Progress, number: usize, places: Range<usize>) -> Reader<'a> {
        Reader { mount: mount.to_owned(), progress, number, places, seen: 0, tally: Tally::default() }
    }

    /// Reads, lists and looks until it is told to stop.
    pub(super) fn read_all(mut self) -> Tally {
        for round in self.number * 5.. {
            if self.progress.is_stopped() {
                break;
            }
            self.read(self.places.start + round % self.places.len());
            if round % 2 == 0 {
                self.list(round % 4 == 0);
            }
            self.look_at_newcomers();
        }
        self.tally
    }

    /// Opens a key and reads it a page at a time; it sees what had returned before, or later ones.
    fn read(&mut self, place: usize) {
        let before = self.progress.reached(place);
        let found = read_file(&self.mount.join(key(place)));
        let after = self.progress.reached(place);
        let what = if matches!(found, Ok(None)) || is_removal(before.returned) { GONE } else { OPENS };
        let result = found.and_then(|found| is_allowed(found, before.returned, after.begun));
        self.tally.note(what, result.map_err(|wrong| format!("{}: {wrong}", key(place))));
    }

    /// Lists the directory, with the size of each file as `ls -l` does or without.
    fn list(&mut self, long: bool) {
        let before = self.progress.all();
        let listed = list(&self.mount, long);
        let after = self.progress.all();
        let what = if long { LONG_LISTINGS } else { LISTINGS };
        match listed {
            Ok(listed) => {
                self.tally.note(what, check_names(&listed, &self.places, &before, &after));
                if long {
                    self.check_sizes(&listed, &before, &after);
                }
            }
            Err(wrong) => self.tally.note(what, Err(wrong)),
        }
    }

    /// A stat of a name that was known may lag behind, for a moment and never before what it has shown.
    fn check_sizes(&mut self, listed: &HashMap<String, (u32, Option<u64>)>, before: &[Reached], after: &[Reached]) {
        for place in self.places.clone() {
            let Some((_, size)) = listed.get(&key(place)) else { continue };
            let (least, most) = (before[place].returned, after[place].begun);
            let fits = |number: u64| !is_removal(number) && Some(file_length(number)) == *size;
            let absent = size.is_none() && any_removal(least, most);
            if absent || (least..=most).any(fits) {
                self.tally.count("right sizes");
            } else {
                self.tally.note("sizes that lagged", self.catches_up(place));
            }
        }
    }

    /// Waits until a stat shows what had returned before.
    fn catches_up(&self, place: usize) -> Result<(), String> {
        let least = self.progress.reached(place).returned;
        let began = Instant::now();
        loop {
            let size = fs::symlink_metadata(self.mount.join(key(place))).map(|found| found.len()).ok();
            let most = self.progress.reached(place).begun;
            let fits = |number: u64| match is_removal(number) {
                true => size.is_none(),
                false => size == Some(file_length(number)),
            };
            if (least..=most).any(fits) {
                return Ok(());
            }
            if began.elapsed() > LAG {
                return Err(format!("{}: {size:?} is none of {least}..={most} after {LAG:?}", key(place)));
            }
        }
    }

    /// Looks for the first time at keys that are new.
    fn look_at_newcomers(&mut self) {
        let newest = self.progress.reached(NEWCOMERS).returned;
        let first = self.seen.max(newest.saturating_sub(2)) + 1;
        for number in first..=newest {
            let path = self.mount.join(newcomer(number));
            let found = match number % 2 {
                0 => fs::symlink_metadata(&path).map(|found| found.len()),
                _ => fs::read(&path).map(|text| text.len() as u64),
            };
            let expected = number.to_string().len() as u64 + 1;
            let may_be_gone = self.progress.reached(LEAVERS).begun >= number;
            let result = match found {
                Ok(size) if size == expected => Ok(()),
                Err(error) if error.kind() == ErrorKind::NotFound && may_be_gone => Ok(()),
                other => Err(format!("{}: {other:?}", newcomer(number))),
            };
            self.tally.note(FIRST_LOOKS, result);
        }
        self.seen = newest;
    }
}

/// The number of the value that a file holds, if there is such a file.
fn read_file(path: &Path) -> Result<Option<u64>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("open: {error}")),
    };
    read_open(&file).map(Some)
}

/// The number of the value that an open file holds, whose size must be the right one.
pub(super) fn read_open(file: &File) -> Result<u64, String> {
    let size = file.metadata().map_err(|error| format!("fstat: {error}"))?.len();
    let mut text = Vec::new();
    let mut page = [0; 4096];
    loop {
        match file.read_at(&mut page, text.len() as u64).map_err(|error| format!("read: {error}"))? {
            0 => break,
            read => text.extend_from_slice(&page[..read]),
        }
    }
    if text.len() as u64 != size {
        return Err(format!("fstat says {size} bytes, read gives {}: {:?}", text.len(), number_of(&text)));
    }
    number_of(&text)
}

/// Whether a reader may see this between the end of one writing and the beginning of another.
pub(super) fn is_allowed(found: Option<u64>, least: u64, most: u64) -> Result<(), String> {
    match found {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        None if any_removal(least, most) => Ok(()),
        other => Err(format!("{other:?} is not in {least}..={most}")),
    }
}

/// How often each name is listed, and the size of its file.
fn list(mount: &Path, long: bool) -> Result<HashMap<String, (u32, Option<u64>)>, String> {
    let mut listed = HashMap::new();
    for entry in fs::read_dir(mount).map_err(|error| format!("opendir: {error}"))? {
        let entry = entry.map_err(|error| format!("readdir: {error}"))?;
        let size = if long { entry.metadata().map(|found| found.len()).ok() } else { None };
        let name = String::from_utf8(entry.file_name().into_vec()).unwrap();
        let place: &mut (u32, Option<u64>) = listed.entry(name).or_default();
        *place = (place.0 + 1, size);
    }
    Ok(listed)
}

fn check_names(
    listed: &HashMap<String, (u32, Option<u64>)>,
    places: &Range<usize>,
    before: &[Reached],
    after: &[Reached],
) -> Result<(), String> {
    if let Some((name, (times, _))) = listed.iter().find(|(_, (times, _))| *times > 1) {
        return Err(format!("{name} is listed {times} times"));
    }
    let is_listed = |name: &str| listed.contains_key(name);
    if let Some(missing) = (0..STEADY).map(steady).find(|name| !is_listed(name)) {
        return Err(format!("{missing} is not listed"));
    }
    for place in places.clone() {
        let (least, most) = (before[place].returned, after[place].begun);
        let there = is_listed(&key(place));
        if there && (least..=most).all(is_removal) || !there && !any_removal(least, most) {
            return Err(format!("{}: listed: {there}, in {least}..={most}", key(place)));
        }
    }
    let (newcomers, leavers) = (before[NEWCOMERS].returned, after[LEAVERS].begun);
    if let Some(missing) = (leavers + 1..=newcomers).map(newcomer).find(|name| !is_listed(name)) {
        return Err(format!("{missing} is not listed, in {leavers}..{newcomers}"));
    }
    let gone = before[LEAVERS].returned;
    if let Some(left) = (gone.saturating_sub(50)..=gone).map(newcomer).find(|name| is_listed(name)) {
        return Err(format!("{left} is listed, and {gone} was removed"));
    }
    Ok(())
}
