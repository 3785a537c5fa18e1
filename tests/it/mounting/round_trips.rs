//! What the kernel asks the daemon, and waits for.

use std::collections::BTreeMap;
use std::fs;

use crate::mounted::Mounted;

/// How many requests of each kind the kernel has sent.
fn sent(mounted: &Mounted) -> BTreeMap<String, u64> {
    let status = fs::read(mounted.path().join(".keyfs/status")).unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
    let operations = status["operationsInMicroseconds"].as_object().unwrap().iter();
    operations.map(|(name, figures)| (name.clone(), figures["count"].as_u64().unwrap())).collect()
}

/// What somebody waits for when he does something 100 times, but for what reading the status takes.
fn waited_for(mounted: &Mounted, mut act: impl FnMut()) -> BTreeMap<String, u64> {
    // Nobody waits for these.
    const FOR_NOBODY: [&str; 2] = ["forget", "release"];
    act();
    let counts = [sent(mounted), sent(mounted)];
    (0..100).for_each(|_| act());
    let last = sent(mounted);
    let count = |counts: &BTreeMap<String, u64>, name: &str| counts.get(name).copied().unwrap_or(0);
    let more = |name: &str| count(&last, name) + count(&counts[0], name) - 2 * count(&counts[1], name);
    let others = last.keys().filter(|name| !FOR_NOBODY.contains(&name.as_str()));
    others.map(|name| (name.clone(), more(name))).filter(|(_, more)| *more > 0).collect()
}

/// Each time that the kernel asks, and waits for the answer, takes as long as ten reads of a local file.
#[test]
fn a_save_goes_to_the_daemon_eight_times_and_a_read_once() {
    let Some(mounted) = Mounted::new() else { return };
    let key = mounted.path().join("key");
    let mut number = 0;
    let saves = waited_for(&mounted, || {
        number += 1;
        fs::write(&key, number.to_string()).unwrap();
    });
    let saves: Vec<_> = saves.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    // Where what was said of a draft for a moment is not known any more, the kernel asks for its attributes instead of its name.
    let looks = |name: &str| ["lookup", "getattr"].contains(&name);
    let looked: u64 = saves.iter().filter(|(name, _)| looks(name)).map(|(_, count)| count).sum();
    // The draft that the kernel knows, another look, away, twice again; what reading the status takes may come with it.
    assert!(looked <= 406, "{saves:?}");
    let saves: Vec<_> = saves.into_iter().filter(|(name, _)| !looks(name)).collect();
    let at_most = [("flush", 100), ("open", 200), ("write", 100)];
    let is_more = |(name, count): &(&str, u64)| {
        *count > 3 + at_most.iter().find(|(known, _)| known == name).map_or(0, |(_, most)| *most)
    };
    assert!(!saves.iter().any(is_more), "{saves:?}");
    let reads = waited_for(&mounted, || drop(fs::read(&key).unwrap()));
    let opens = reads.get("open").copied().unwrap_or(0);
    assert!((100..=103).contains(&opens) && reads.values().sum::<u64>() <= 103, "{reads:?}");
}
