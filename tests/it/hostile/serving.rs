//! What a mount of such a store shows, counts, takes and leaves.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use serde_json::Value;

use super::outside::SECRET;
use super::plants::{FAR, Place};
use crate::mounted::{Mounted, save};

/// How long all may take; who takes longer hangs.
pub(super) const HANG: Duration = Duration::from_secs(120);

/// How long it may take until all is listed and read, on a machine that does other things too.
const ALL_IS_READ: Duration = Duration::from_secs(10);

/// The most KiB of memory that the daemon may ever have taken.
const MOST_KIB: u64 = 200 * 1024;

fn status(root: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(root.join(".keyfs/status")).unwrap()).unwrap()
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The most memory that a process has had, in KiB.
fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.unwrap().parse().unwrap()
}

/// Whether a file holds exactly a text, read piece by piece.
fn holds(path: &Path, text: &str) -> bool {
    let mut file = fs::File::open(path).unwrap();
    let (mut rest, mut piece) = (text.as_bytes(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece).unwrap();
        match rest.strip_prefix(&piece[..read]) {
            None => return false,
            Some(_) if read == 0 => return rest.is_empty(),
            Some(left) => rest = left,
        }
    }
}

#[track_caller]
fn assert_counted(root: &Path, place: &Place) {
    let store = status(root)["store"].clone();
    let counted =
        [&store["keys"], &store["tombstones"], &store["unreadableRecords"]["count"], &store["foreignNames"]["count"]];
    let planted = &place.planted;
    let expected = [planted.texts.len(), planted.tombstones, planted.odd, planted.foreign_names];
    assert_eq!(counted.map(|count| count.as_u64().unwrap()), expected.map(|count| count as u64), "{store:#}");
}

/// Keys of which a record is at the end of all numbers can be neither put nor removed; all others can. Gives the keys that
/// have changed.
fn put_and_remove(root: &Path, place: &Place) -> Vec<String> {
    for (at, number) in FAR.into_iter().enumerate() {
        let (key, removed) = (root.join(format!("far {at}")), root.join(format!("removed far {at}")));
        if number == u128::MAX {
            assert_eq!(save(&key, "100"), Err(Errno::OVERFLOW));
            assert_eq!(fs::remove_file(&key).unwrap_err().raw_os_error(), Some(libc::EOVERFLOW));
            assert_eq!(fs::read_to_string(&key).unwrap(), format!("{at}\n"));
            assert!(
                status(root)["store"]["lastFailedSave"]["error"].as_str().unwrap().contains("no timestamp is left")
            );
        } else {
            save(&key, "100").unwrap();
            let name = (number + 1).to_string();
            // The next number may be planted, too.
            let above = (number + 2).to_string();
            let published = [name, above]
                .into_iter()
                .any(|name| fs::read_to_string(place.d().join(name)).is_ok_and(|text| text.contains("100")));
            assert!(published, "not above {number}");
            assert_eq!(fs::read_to_string(&key).unwrap(), "100\n");
            fs::remove_file(&key).unwrap();
            assert!(!key.exists());
        }
        save(&removed, "101").unwrap();
        assert_eq!(fs::read_to_string(&removed).unwrap(), "101\n");
    }
    fs::write(root.join("new"), "102").unwrap();
    let ordinary = ["good 1", "outside", "linked to", "members twice"];
    for key in ordinary {
        save(&root.join(key), "102").unwrap();
        assert_eq!(fs::read_to_string(root.join(key)).unwrap(), "102\n");
    }
    fs::remove_file(root.join("good 2")).unwrap();
    let far = (0..FAR.len()).flat_map(|at| [format!("far {at}"), format!("removed far {at}")]);
    far.chain(ordinary.map(str::to_owned)).chain(["good 2".to_owned()]).collect()
}

#[test]
fn all_that_is_good_is_served_and_nothing_else_is_touched() {
    let mut place = Place::new();
    place.plant_all();
    let before = place.state();
    let began = Instant::now();
    let Some(mounted) = Mounted::held_for(HANG, Some(&place.store()), &["-i", "me"]) else { return };
    let root = mounted.path();
    let listed = names(&root);
    let listing = began.elapsed();
    assert_eq!(listed, place.planted.texts.keys().cloned().collect());
    for (key, text) in &place.planted.texts {
        assert!(holds(&root.join(key), text), "{key} reads as something else");
        assert_eq!(fs::metadata(root.join(key)).unwrap().len(), text.len() as u64, "{key}");
    }
    let read = began.elapsed();
    let peak = peak_kib(mounted.process());
    assert_counted(&root, &place);
    println!("{} things; listed after {listing:?}, read after {read:?}; {peak} KiB at most", place.planted.things());
    assert!(place.planted.things() >= 100 + super::names::FOREIGN_FILES);
    assert!(read < ALL_IS_READ, "read after {read:?}");
    let said = mounted.said().lines().count();
    assert!(said <= place.planted.odd + 20, "{said} lines in the log:\n{}", mounted.said());
    (0..20).for_each(|_| assert_eq!(names(&root), listed));
    assert_eq!(mounted.said().lines().count(), said, "each look is told of");
    assert!(place.state() == before, "something in the store has changed");
    let changed = put_and_remove(&root, &place);
    fs::File::open(&root).unwrap().sync_all().unwrap();
    place.outside.assert_untouched();
    let peak = peak_kib(mounted.process());
    assert!(peak < MOST_KIB, "{peak} KiB");
    let told = fs::read_to_string(root.join(".keyfs/status")).unwrap() + &mounted.said();
    assert!(!told.contains(SECRET) && !told.contains("root:"), "{told}");
    let left: BTreeSet<_> = place.state().into_iter().map(|(path, ..)| path).collect();
    let superseded: BTreeSet<_> = changed.iter().map(|key| &place.records[key]).collect();
    let gone = before.iter().map(|(path, ..)| path).filter(|path| !left.contains(*path));
    let wrongly: Vec<_> = gone.filter(|path| !superseded.contains(path)).collect();
    assert!(wrongly.is_empty(), "deleted: {wrongly:?}");
}
