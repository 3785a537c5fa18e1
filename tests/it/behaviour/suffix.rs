//! Mounts with `-o suffix=.json`: every key's name ends with it, and every other name is scratch.

use keyfs::view::{Naming, Suffix};
use keyfs::{Key, Store};
use rustix::io::Errno;

use super::file_system::{FileSystem, READ, assert_listed, assert_missing, assert_text, save, text, try_save, whole};
use super::subject::put;

macro_rules! with_a_suffix {
    ($($behaviour:ident)*) => {
        mod on_the_vfs {
            $(#[test] fn $behaviour() {
                crate::behaviour::subject::on_the_vfs_with_suffix(".json", super::$behaviour);
            })*
        }
        #[cfg(all(feature = "cli", feature = "fuse"))]
        mod on_a_mount {
            $(#[test] fn $behaviour() {
                crate::behaviour::subject::on_a_mount_with(&["-o", "suffix=.json"], super::$behaviour);
            })*
        }
    };
}

with_a_suffix! {
    keys_are_shown_and_made_with_the_suffix
    names_without_the_suffix_are_scratch
    renaming_from_and_to_the_suffix_puts_and_removes
    long_keys_have_shorter_names
    refused_texts_and_infos_have_the_name_as_shown
}

fn value(store: &Store, key: &str) -> Option<String> {
    store.synchronize().unwrap();
    store.get(key).unwrap().map(|value| value.to_string())
}

/// "Every key's name is then the name above and the suffix: `web` is `web.json`, the empty key `%.json`, the key `%`
/// `%25.json`, `web.json` `web.json.json`." "A final `~` of a key, and `#` at both ends, need no escape and have none."
/// "The keys `x~` and `#x#` are `x~.json` and `#x#.json`; `x%7E.json` is nobody's. A leading `.` is escaped:
/// `%2Eprofile.json`."
fn keys_are_shown_and_made_with_the_suffix(files: &dyn FileSystem, store: &Store) {
    for (number, key) in ["web", "web.json", "", ".profile", "x~", "#x#", "a/b", "%"].iter().enumerate() {
        put(store, *key, number);
    }
    let names =
        ["web.json", "web.json.json", "%.json", "%2Eprofile.json", "x~.json", "#x#.json", "a%2Fb.json", "%25.json"];
    assert_listed(files, &names);
    for (number, name) in names.iter().enumerate() {
        assert_text(files, name.as_bytes(), &format!("{number}\n"));
    }
    save(files, b"x~.json", "10\n");
    save(files, b"new.json", "11\n");
    assert_eq!(value(store, "x~").as_deref(), Some("10"));
    assert_eq!(value(store, "new").as_deref(), Some("11"));
    for name in ["%41.json", "a%2fb.json", "x%7E.json", "\n.json"] {
        assert_missing(files, name.as_bytes());
        assert_eq!(try_save(files, name.as_bytes(), "1\n"), Err(Errno::INVAL), "{name:?}");
    }
    files.unlink(b"web.json").unwrap();
    assert_eq!((value(store, "web"), value(store, "web.json").as_deref()), (None, Some("1")));
}

/// "Every name that does not end with the suffix is a scratch file, whatever it looks like (`web`, `%41`, a name with a
/// line feed). So is, as ever, each one that begins with `.`: also `.json` and `.web.json`."
fn names_without_the_suffix_are_scratch(files: &dyn FileSystem, store: &Store) {
    put(store, "web", 1);
    for name in ["web", "web.jso", ".web.json", "web.json~", "#web.json#", ".json", "%41", "a\nb"] {
        save(files, name.as_bytes(), "no JSON");
        assert_text(files, name.as_bytes(), "no JSON");
        files.unlink(name.as_bytes()).unwrap();
    }
    assert_eq!(try_save(files, b"\xff", "1"), Err(Errno::ILSEQ));
    assert_listed(files, &["web.json"]);
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0));
}

/// "Renaming a scratch file to a name with the suffix puts, the other way removes."
fn renaming_from_and_to_the_suffix_puts_and_removes(files: &dyn FileSystem, store: &Store) {
    save(files, b"web", "[1]");
    assert_eq!(value(store, "web"), None);
    files.rename(b"web", b"web.json").unwrap();
    assert_eq!(value(store, "web").as_deref(), Some("[1]"));
    files.rename(b"web.json", b"site.json").unwrap();
    assert_eq!((value(store, "web"), value(store, "site").as_deref()), (None, Some("[1]")));
    files.rename(b"site.json", b"site").unwrap();
    files.let_time_pass();
    assert_eq!(value(store, "site"), None);
    assert_text(files, b"site", "[\n  1\n]\n");
    save(files, b"bad", "{no");
    assert_eq!(files.rename(b"bad", b"web.json"), Err(Errno::INVAL));
    assert_eq!(text(files, b".keyfs/rejected/web.json"), "{no");
}

/// "A name's 255 bytes include the suffix." "The 255 bytes of a name include the suffix."
fn long_keys_have_shorter_names(files: &dyn FileSystem, store: &Store) {
    let naming = Naming::with_suffix(Suffix::new(".json").unwrap());
    // Whole without a suffix, but not with it.
    let key = Key::from("k".repeat(251));
    let name = naming.name_of(&key);
    assert!(name.as_str().len() == 255 && name.as_str().ends_with(".json"), "{name}");
    assert_eq!(try_save(files, name.as_str().as_bytes(), "1\n"), Err(Errno::INVAL));
    put(store, &key, 1);
    assert_listed(files, &[name.as_str()]);
    assert_text(files, name.as_str().as_bytes(), "1\n");
    save(files, name.as_str().as_bytes(), "2\n");
    store.synchronize().unwrap();
    assert_eq!(store.get(&key).unwrap().unwrap().to_string(), "2");
    save(files, &[&[b'k'; 250][..], b".json"].concat(), "3\n");
    assert_eq!(value(store, &"k".repeat(250)).as_deref(), Some("3"));
    assert_eq!(files.stat(&[b'k'; 256]), Err(Errno::NAMETOOLONG));
}

/// "`.keyfs/info/NAME` and `rejected/NAME` take the name as shown." "`.keyfs/info/NAME` and `.keyfs/rejected/NAME` take
/// the name as it is shown."
fn refused_texts_and_infos_have_the_name_as_shown(files: &dyn FileSystem, store: &Store) {
    put(store, "web", 1);
    assert_eq!(try_save(files, b"web.json", "{no"), Err(Errno::INVAL));
    assert_eq!(files.list(b".keyfs/rejected").unwrap(), [b"web.json"]);
    assert_eq!(text(files, b".keyfs/rejected/web.json"), "{no");
    assert!(text(files, b".keyfs/rejected/web.json.error").contains("line 1"));
    let info = files.open(b".keyfs/info/web.json", READ).unwrap();
    let info: serde_json::Value = serde_json::from_slice(&whole(&*info)).unwrap();
    assert_eq!(info["key"], "web");
    assert_eq!(files.stat(b".keyfs/info/web"), Err(Errno::NOENT));
}
