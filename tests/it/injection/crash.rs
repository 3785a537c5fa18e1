//! The daemon is killed at each of the store's calls: then each key has its old value or the new one, whole.

use super::acts::Done;
use super::tracer::Tracer;
use super::world::World;

/// The calls by which the store and the shelf change something, and those that make it durable.
const CALLS: [&str; 11] = [
    "linkat",
    "unlinkat",
    "write",
    "openat",
    "pwrite64",
    "renameat",
    "renameat2",
    "fdatasync",
    "fsync",
    "symlinkat",
    "newfstatat",
];

/// Plays a round in which the daemon is killed at the k-th call of a thread; none where nothing can be followed, and
/// nothing when no thread has made so many.
fn play(world: &mut World, call: &str, place: u32) -> Option<Option<Vec<Done>>> {
    world.prepare();
    let expressions = [format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={place}")];
    let tracer = Tracer::follow(world.mounted.process(), &expressions)?;
    let done = world.play().unwrap_or_default();
    let killed = tracer.end().contains("+++ killed by SIGKILL +++");
    Some(killed.then_some(done))
}

/// The short form does so once at each of them; with `KEYFS_TEST_INJECT` set, everywhere.
#[test]
fn a_daemon_that_is_killed_at_any_call_leaves_old_values_or_new_ones() {
    let Some(mut world) = World::new() else { return };
    let (mut crashes, mut complaints) = (0, Vec::new());
    let places = if std::env::var_os("KEYFS_TEST_INJECT").is_some() { u32::MAX } else { 1 };
    for call in if places == 1 { &CALLS[..4] } else { &CALLS[..] } {
        for place in 1..=places {
            let Some(killed) = play(&mut world, call, place) else { return };
            let Some(done) = killed else { break };
            crashes += 1;
            let wrong = world.mount_again(&done);
            complaints.extend(wrong.into_iter().map(|wrong| format!("{call} at {place}: {wrong}")));
            assert!(!world.hung, "\n{}\n", complaints.join("\n"));
        }
    }
    complaints.extend(world.left_behind());
    println!("{crashes} crashes, {} wrong", complaints.len());
    assert!(crashes >= 4, "{crashes} crashes");
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
