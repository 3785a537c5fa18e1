//! How much memory the allocator keeps for a mount.

use std::fs;
use std::path::Path;

use super::place::{Place, finish};
use crate::mounted::{Mounted, is_mounted, log_mount};

/// What the environment of a daemon says to the allocator.
fn arenas(process: &Path) -> Vec<String> {
    let environment = fs::read(process.join("environ")).unwrap();
    let all = environment.split(|&byte| byte == 0).map(|entry| String::from_utf8_lossy(entry).into_owned());
    let mut said: Vec<_> = all.filter(|entry| entry.starts_with("MALLOC_")).collect();
    said.sort();
    said
}

/// "The threads of a mount share one arena of glibc's allocator, and blocks of 256 KiB and more are given back at once;
/// `MALLOC_ARENA_MAX` and `MALLOC_MMAP_THRESHOLD_` in the environment say otherwise."
#[test]
fn the_threads_of_a_mount_share_one_arena() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    assert_eq!(arenas(&place.daemon_process()), ["MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=262144"]);
    place.umount();
    place.expect_no_daemon();

    let mut command = place.keyfs();
    command.env("MALLOC_ARENA_MAX", "3").arg("mount").arg(place.store_path()).arg(place.mount_point());
    let output = finish(&mut command);
    assert!(output.status.success() && is_mounted(&place.mount_point()), "{}", output.stderr);
    log_mount(&place.mount_point());
    assert_eq!(arenas(&place.daemon_process()), ["MALLOC_ARENA_MAX=3", "MALLOC_MMAP_THRESHOLD_=262144"]);
    place.umount();
    place.expect_no_daemon();

    let mounted = Mounted::of(None, &[]).unwrap();
    let process = format!("/proc/{}", mounted.process());
    assert_eq!(arenas(Path::new(&process)), ["MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=262144"]);
}
