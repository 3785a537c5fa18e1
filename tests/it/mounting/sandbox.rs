//! Which threads of a mount are in the kernel's sandbox.

use std::collections::BTreeMap;
use std::fs;

use crate::mounted::{Mounted, keyfs};

/// The threads of a mount by their names, and whether they may gain no rights any more, as nobody in a sandbox may.
fn threads(mounted: &Mounted) -> BTreeMap<String, bool> {
    let tasks = fs::read_dir(format!("/proc/{}/task", mounted.process())).unwrap();
    let told = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).unwrap();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let is_first = task.file_name().to_str() == Some(&mounted.process().to_string());
        (if is_first { "the first".to_owned() } else { field("Name:") }, field("NoNewPrivs:") == "1")
    };
    tasks.map(|task| told(task.unwrap())).collect()
}

/// "The daemon raises its limit of open descriptors to what the administrator allows."
#[test]
fn a_mount_may_have_as_many_descriptors_as_the_administrator_allows() {
    let lower = std::process::Command::new("sh").args(["-c", "ulimit -Hn"]).output().unwrap();
    let hard = String::from_utf8(lower.stdout).unwrap().trim().to_owned();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -Sn 64 && exec \"$@\"", "sh"]).arg(keyfs().get_program());
    let Some(mounted) = Mounted::with_command(command, &[]) else { return };
    let limits = fs::read_to_string(format!("/proc/{}/limits", mounted.process())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<_> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers, [hard.as_str(), hard.as_str()]);
}

/// "`-o sandbox=off` goes without."
#[test]
fn who_serves_is_in_the_sandbox_and_who_unmounts_is_not() {
    let Some(mounted) = Mounted::new() else { return };
    fs::write(mounted.path().join("key"), "1").unwrap();
    let threads_of = |mounted| {
        let mut threads = threads(mounted);
        let outside = ["the first", "keyfs-signals", "keyfs-poker"].map(|name| threads.remove(name));
        (outside, threads)
    };
    let (outside, inside) = threads_of(&mounted);
    assert_eq!(outside, [Some(false); 3]);
    for name in ["keyfs-serve", "keyfs-notices", "keyfs-changes", "keyfs-timers"] {
        assert!(inside.contains_key(name), "{inside:?} lack {name}");
    }
    assert!(inside.len() > 5 && inside.values().all(|inside| *inside), "{inside:?}");
    let free = Mounted::of(None, &["-o", "sandbox=off"]).unwrap();
    fs::write(free.path().join("key"), "1").unwrap();
    let (outside, inside) = threads_of(&free);
    assert!(outside == [Some(false); 3] && inside.values().all(|inside| !inside), "{inside:?}");
}
