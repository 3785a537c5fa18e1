use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use keyfs::record::decode;

/// How long it may take until all is collected: the grace time is a second, and other tests run at the same time.
const LIMIT: Duration = Duration::from_secs(15);

/// Waits until each key of a store that is mounted has one record again; those that cannot be read do not count, and stay. Says
/// how many were collected.
pub(crate) fn wait_until_collected(mount: &Path, store: &Path) -> Result<usize, String> {
    let (began, before) = (Instant::now(), gathered(store));
    loop {
        // Looking into the mount synchronises.
        fs::read_dir(mount).map_err(|error| error.to_string())?.for_each(drop);
        let left = gathered(store);
        if left.is_empty() {
            return Ok(before.values().sum());
        }
        if began.elapsed() > LIMIT {
            return Err(format!("after {LIMIT:?} there are superseded records of {left:?}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The keys with more than one record, and how many more.
fn gathered(store: &Path) -> BTreeMap<String, usize> {
    let names = fs::read_dir(store.join("d")).unwrap().map(|entry| entry.unwrap().path());
    let mut more = BTreeMap::new();
    // What is collected meanwhile cannot be read any more.
    let records = names.filter_map(|path| decode(&fs::read(path).ok()?).ok());
    records.for_each(|record| _ = more.entry(record.key.to_string()).and_modify(|more| *more += 1).or_insert(0));
    more.retain(|_, more| *more > 0);
    more
}
