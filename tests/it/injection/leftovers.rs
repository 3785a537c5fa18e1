//! What cannot be removed from the shelf is still seen for what it is.

use std::fs;

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
