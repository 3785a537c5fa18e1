//! Who can look into a mount. Only root can show this, because it takes two users.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use super::place::NOBODY;
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// Says past the capture of what a passing test prints that there is nobody to be kept out.
pub(super) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        let _ = writeln!(std::io::stderr(), "!!! NOT RUN, only root can be two users: mounting");
    }
    is_root
}

/// Others than the one who mounts: a user who owns nothing, and root, with all its rights, in another group.
fn others() -> [Vec<String>; 2] {
    let group = [format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
    [[&[format!("--reuid={NOBODY}")], &group[..]].concat(), group.to_vec()]
}

fn run_as(other: &[String], program: &str, path: &Path) -> Output {
    Command::new("setpriv").args(other).args(["--", program]).arg(path).output().unwrap()
}

/// "and only he can enter, not even root, unless `-o allow_other` is given."
#[test]
fn nobody_else_enters_unless_it_is_allowed() {
    if !is_root() {
        return;
    }
    for (arguments, is_allowed) in [(&[][..], false), (&["-o", "allow_other"][..], true)] {
        let Some(mounted) = Mounted::of(None, arguments) else { return };
        foreign_store(&mounted.store_path()).put("key", serde_json::json!(1)).unwrap();
        let around = mounted.path().parent().unwrap().to_owned();
        fs::set_permissions(&around, Permissions::from_mode(0o755)).unwrap();
        for other in others() {
            assert!(run_as(&other, "ls", &around).status.success());
            let output = run_as(&other, "cat", &mounted.path().join("key"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.success(), output.stdout == b"1\n"), (is_allowed, is_allowed), "{said}");
            assert!(is_allowed || said.contains("Permission denied"), "{said}");
        }
    }
}
