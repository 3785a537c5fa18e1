//! Such a store for a user who may not read all of it: what root cannot see of itself.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::plants::Place;

/// A user and a group that own nothing.
const NOBODY: u32 = 65_534;

/// What a reader without rights is not allowed to read is left out, and all else is there.
#[test]
fn a_record_that_a_reader_may_not_read_keeps_nothing_else_from_him() {
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "!!! NOT RUN, only root can be two users: {}", module_path!());
        return;
    }
    let mut place = Place::new();
    place.plant_kinds();
    place.plant_private();
    place.plant_numbers();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    // Where the program is built, not everybody can look.
    let program = place.path().join("keyfs");
    fs::copy(env!("CARGO_BIN_EXE_keyfs"), &program).unwrap();
    let before = place.state();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("-d").arg(place.store()).args(arguments).env_clear().stdin(Stdio::null());
        let output = command.uid(NOBODY).gid(NOBODY).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let expected: Vec<_> = place.planted.texts.keys().filter(|key| *key != "mode 000").collect();
    assert_eq!(run(&["keys"]).lines().collect::<Vec<_>>(), expected);
    assert_eq!(run(&["count"]), format!("{}\n", expected.len()));
    for key in ["good 3", "far 4", "linked to", "outside"] {
        assert_eq!(run(&["get", key]), place.planted.texts[key], "{key}");
    }
    assert!(place.state() == before, "a reader has changed something");
    place.outside.assert_untouched();
}
