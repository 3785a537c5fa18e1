//! The main job on real input: a store that the Python original has written is mounted, people and their tools work on it
//! with files, and a running Python process works on it too.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use keyfs::view::{FileName, file_text};
use keyfs::{Key, OpenOptions, Store, Value};

use crate::mounted::Mounted;
use crate::python::Python;

/// How many keys the original has written.
const KEYS: usize = 1200;

/// Runs a line of shell in the mount, as a person would type it; it must succeed.
#[track_caller]
fn shell(mount: &Path, line: &str) -> String {
    let output = Command::new("bash").args(["-c", line]).current_dir(mount).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What Python sees of a key after it has synchronised.
fn seen_by(python: &mut Python, key: &str) -> Option<String> {
    python.synchronize();
    python.get(key)
}

#[test]
fn a_store_of_the_original_is_files_and_both_sides_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    std::fs::create_dir(&store).unwrap();
    let mut writer = Python::start(&store, Some("application"));
    writer.ask(&format!(r#""generate", "count": {KEYS}, "seed": 7"#)).unwrap();
    for key in ["app", "copy", "gone", "moved"] {
        writer.put(key, r#"{"port": 5432, "hosts": ["a", "b"]}"#);
    }
    writer.reopen();
    let Some(mounted) = Mounted::of(Some(&store), &[]) else { return };
    let mount = mounted.path();
    every_key_is_a_file(&store, &mount);
    let mut python = Python::start(&store, Some("reader"));
    saving_is_seen_by_python(&mount, &mut python);
    moving_is_seen_by_python(&mount, &mut python);
    python_is_seen_by_the_mount(&mount, &mut python);
}

fn every_key_is_a_file(store: &Path, mount: &Path) {
    let store = Store::open(store, OpenOptions::read_only()).unwrap();
    let keys = store.keys();
    assert_eq!(keys.len(), KEYS + 4);
    let expected: BTreeSet<String> = keys.iter().map(|key| FileName::of_key(key).to_string()).collect();
    let listed: BTreeSet<String> =
        std::fs::read_dir(mount).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(listed, expected);
    // `ls` prints each name on one line: control characters are escaped.
    assert_eq!(shell(mount, "ls -U | wc -l").trim(), (KEYS + 4).to_string());
    for key in &keys {
        let path = mount.join(FileName::of_key(key).as_os_str());
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, file_text(&store.get(key).unwrap().unwrap()), "{key:?}");
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), text.len() as u64, "{key:?}");
        let version = store.version(key).unwrap();
        assert_eq!(metadata.modified().unwrap(), version.timestamp.to_system_time(), "{key:?}");
    }
}

fn saving_is_seen_by_python(mount: &Path, python: &mut Python) {
    shell(mount, r#"echo '{"a": 1}' > app"#);
    assert_eq!(shell(mount, "cat app"), "{\n  \"a\": 1\n}\n");
    assert_eq!(seen_by(python, "app").as_deref(), Some(r#"{"a": 1}"#));
    shell(mount, "jq '.a = 2' app > .app.new && mv .app.new app");
    assert_eq!(seen_by(python, "app").as_deref(), Some(r#"{"a": 2}"#));
    shell(mount, "echo '[1, 2.50, 1e400]' > brand-new");
    assert_eq!(shell(mount, "jq -r 'length' brand-new").trim(), "3");
    assert_eq!(seen_by(python, "brand-new").as_deref(), Some("[1, 2.5, Infinity]"));
    shell(mount, "printf '\"\\u00e9\"' | tee app");
    assert_eq!(seen_by(python, "app").as_deref(), Some(r#""\u00e9""#));
}

fn moving_is_seen_by_python(mount: &Path, python: &mut Python) {
    let port = Some(r#"{"port": 5432, "hosts": ["a", "b"]}"#);
    shell(mount, "cp copy copied");
    assert_eq!(seen_by(python, "copied").as_deref(), port);
    shell(mount, "cp app copied");
    assert_eq!(seen_by(python, "copied").as_deref(), Some(r#""\u00e9""#));
    shell(mount, "mv moved moved-away");
    assert_eq!((seen_by(python, "moved"), seen_by(python, "moved-away").as_deref()), (None, port));
    shell(mount, "rm gone");
    assert_eq!(seen_by(python, "gone"), None);
    assert!(!mount.join("gone").exists());
}

fn python_is_seen_by_the_mount(mount: &Path, python: &mut Python) {
    python.put("app", r#"{"theme": "dark"}"#);
    assert_eq!(shell(mount, "cat app"), "{\n  \"theme\": \"dark\"\n}\n");
    python.put("from/python", "[true]");
    assert_eq!(shell(mount, "ls | grep python"), "from%2Fpython\n");
    assert_eq!(shell(mount, "jq -c . from%2Fpython"), "[true]\n");
    python.remove("copied");
    assert_eq!(shell(mount, "ls | grep -c '^copied$' || true").trim(), "0");
    assert!(!shell(mount, "cat copied 2>&1 || true").contains("00e9"));
    let key = Key::from("app");
    let text = file_text(&Value::parse(&python.get(&key).unwrap()).unwrap());
    assert_eq!(std::fs::read_to_string(mount.join("app")).unwrap(), text);
}
