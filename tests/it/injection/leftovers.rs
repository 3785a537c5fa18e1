//! What cannot be removed from the shelf is still seen for what it is.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::tracer::Tracer;
use crate::mounted::{Mounted, save};

fn names(mounted: &Mounted) -> Vec<String> {
    let entries = fs::read_dir(mounted.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_scratch_file_that_has_become_a_key_and_cannot_be_removed_is_still_a_scratch_file() {
    for name in [".whole", "key.tmp"] {
        let Some(mounted) = Mounted::of(None, &["-i", "me"]) else { return };
        let (scratch, key) = (mounted.path().join(name), mounted.path().join("key"));
        let expressions = ["trace=unlinkat".to_owned(), "inject=unlinkat:error=EIO".to_owned()];
        let Some(tracer) = Tracer::follow(mounted.process(), &expressions) else { return };
        save(&scratch, "1").unwrap();
        fs::rename(&scratch, &key).unwrap();
        assert!(names(&mounted).iter().any(|listed| listed == name), "it is there and not listed");
        assert_eq!(fs::read_to_string(&key).unwrap(), "1\n");
        assert_eq!(fs::remove_file(&scratch).unwrap_err().raw_os_error(), Some(libc::EIO));
        assert!(!tracer.hits().is_empty());
        tracer.end();
        save(&scratch, "2").unwrap();
        assert_eq!(fs::read_to_string(&scratch).unwrap(), "2");
        fs::remove_file(&scratch).unwrap();
        assert_eq!(names(&mounted), ["key"]);
        save(&scratch, "3").unwrap();
        fs::rename(&scratch, &key).unwrap();
        assert_eq!(fs::read_to_string(&key).unwrap(), "3\n");
    }
}

#[test]
fn a_scratch_file_that_could_not_be_made_whole_leaves_its_name_free() {
    let Some(mounted) = Mounted::of(None, &["-i", "me"]) else { return };
    let scratch = mounted.path().join(".scratch");
    let expressions = ["trace=fchmod".to_owned(), "inject=fchmod:error=EIO".to_owned()];
    let Some(tracer) = Tracer::follow(mounted.process(), &expressions) else { return };
    for _ in 0..2 {
        assert_eq!(save(&scratch, "1"), Err(rustix::io::Errno::IO));
    }
    tracer.end();
    save(&scratch, "2").unwrap();
    assert_eq!(fs::read_to_string(&scratch).unwrap(), "2");
}

/// The kernel is not told of the handle, so it would never be released.
#[test]
fn a_file_that_could_not_be_looked_at_when_it_was_made_is_not_held_open() {
    let Some(mounted) = Mounted::of(None, &["-i", "me", "--notify=off"]) else { return };
    let mut failed = 0;
    for place in 1..6 {
        let expressions = ["trace=fstat".to_owned(), format!("inject=fstat:error=EIO:when={place}")];
        let Some(tracer) = Tracer::follow(mounted.process(), &expressions) else { return };
        let saved = save(&mounted.path().join(format!(".{place}")), "1");
        tracer.end();
        failed += u32::from(saved == Err(rustix::io::Errno::IO));
    }
    assert!(failed > 1, "{failed} have failed");
    let open = || {
        let status = fs::read_to_string(mounted.path().join(".keyfs/status")).unwrap();
        serde_json::from_str::<serde_json::Value>(&status).unwrap()["files"]["openHandles"].as_u64().unwrap()
    };
    let began = Instant::now();
    while open() > 0 {
        assert!(began.elapsed() < Duration::from_secs(5), "{} are open", open());
        thread::sleep(Duration::from_millis(5));
    }
}
