//! A store on a network file system: two mounts over sshfs, each with a cache of its own as on two hosts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, can_mount, is_mounted, keyfs, unmount_lazily};

/// Where Debian keeps the program that serves files behind ssh.
const SERVER: &str = "/usr/lib/openssh/sftp-server";

/// How long a mount of sshfs may take until it is there.
const START: Duration = Duration::from_secs(10);

/// A directory as two hosts see it, over SFTP and without an ssh in between.
struct Hosts(TempDir);

impl Hosts {
    fn new() -> Option<Hosts> {
        if !can_mount() {
            return None;
        }
        let hosts = Hosts(tempfile::tempdir().unwrap());
        let ssh = hosts.path("ssh");
        fs::write(&ssh, format!("#!/bin/sh\nexec {SERVER}\n")).unwrap();
        fs::set_permissions(&ssh, PermissionsExt::from_mode(0o755)).unwrap();
        fs::create_dir_all(hosts.path("disk/store")).unwrap();
        for host in ["one", "other"] {
            hosts.attach(&ssh, host);
        }
        Some(hosts)
    }

    /// Mounts the directory for one host, with the caches off that would show old names.
    fn attach(&self, ssh: &Path, host: &str) {
        let place = self.path(host);
        fs::create_dir(&place).unwrap();
        let mut command = Command::new("sshfs");
        command.arg("-o").arg(format!("ssh_command={}", ssh.display()));
        command.args(["-o", "dir_cache=no,attr_timeout=0,entry_timeout=0,negative_timeout=0"]);
        command.arg(format!("localhost:{}", self.path("disk").display())).arg(&place);
        // What it starts lives on and would hold a pipe.
        let log = self.path("log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        let status = command.status().unwrap();
        let said = || fs::read_to_string(&log).unwrap();
        assert!(status.success(), "sshfs: {}", said());
        let began = Instant::now();
        while !is_mounted(&place) {
            assert!(began.elapsed() < START, "sshfs: {}", said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn store(&self, host: &str) -> PathBuf {
        self.path(host).join("store")
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in ["one", "other"] {
            unmount_lazily(&self.path(host));
        }
    }
}

fn read(mounted: &Mounted, name: &str) -> Option<String> {
    fs::read_to_string(mounted.path().join(name)).ok()
}

/// "On network and unknown file systems, where neither events nor the time of the directory can be trusted, each
/// synchronisation lists."
#[test]
fn two_hosts_see_what_the_other_has_saved_at_the_next_open() {
    let Some(hosts) = Hosts::new() else { return };
    let mount = |host, identifier| Mounted::of(Some(&hosts.store(host)), &["-i", identifier]).unwrap();
    let (one, other) = (mount("one", "one"), mount("other", "other"));
    assert_eq!(read(&other, "key"), None);
    for round in 0..20 {
        let (from, to) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        fs::write(from.path().join("key"), format!("{round}")).unwrap();
        assert_eq!(read(to, "key"), Some(format!("{round}\n")));
        fs::write(from.path().join(".new"), format!("[{round}]")).unwrap();
        fs::rename(from.path().join(".new"), from.path().join("renamed")).unwrap();
        assert_eq!(read(to, "renamed"), Some(format!("[\n  {round}\n]\n")));
        fs::remove_file(to.path().join("renamed")).unwrap();
        assert_eq!(read(from, "renamed"), None);
    }
    let names = |mounted: &Mounted| fs::read_dir(mounted.path()).unwrap().count();
    assert_eq!((names(&one), names(&other)), (1, 1));
}

/// Each host counts on a key of its own and reads the other's, which never goes back.
#[test]
fn hosts_that_write_at_once_lose_nothing() {
    const COUNT: i64 = 60;
    let Some(hosts) = Hosts::new() else { return };
    let host = |name: &'static str, others: &'static str| {
        let store =
            keyfs::Store::open(hosts.store(name), keyfs::OpenOptions::writer(keyfs::Identifier::new(name).unwrap()))
                .unwrap();
        let mut seen = 0;
        for number in 1..=COUNT {
            store.put(name, json!(number)).unwrap();
            store.put("both", json!([name, number])).unwrap();
            store.synchronize().unwrap();
            let shown = store.get(others).unwrap().map_or(0, |value| value.text().parse().unwrap());
            assert!(shown >= seen, "{others} went back from {seen} to {shown}");
            seen = shown;
        }
    };
    std::thread::scope(|scope| {
        let one = scope.spawn(|| host("one", "other"));
        host("other", "one");
        one.join().unwrap();
    });
    // The one who has the disk sees the same as both hosts.
    let local = foreign_store(&hosts.path("disk/store"));
    assert_eq!([local.get("one").unwrap().unwrap().text(), local.get("other").unwrap().unwrap().text()], ["60", "60"]);
    let last = local.get("both").unwrap().unwrap().text().to_owned();
    assert!([r#"["one", 60]"#, r#"["other", 60]"#].contains(&last.as_str()), "{last}");
    for name in ["one", "other"] {
        let shown = keyfs().arg("-d").arg(hosts.store(name)).args(["get", "-c", "both"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&shown.stdout).trim_end(), last, "{name}");
    }
}
