use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::rejected::FoundRefusal;
use super::{Found, Shelf};
use crate::view::{FileName, Name, Naming};

fn name(text: &str) -> FileName {
    match Naming::default().parse(text.as_bytes()).unwrap() {
        Name::Key(key) => Naming::default().name_of(&key),
        Name::Scratch(name) | Name::LongKey(name) => name,
    }
}

/// A store with a shelf; dropping a `Shelf` that was not tidied is a crash.
struct Place {
    store: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { store: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.store.path().join("keyfs.me")
    }

    fn open(&self) -> Shelf {
        let shelf = Shelf::open(Some(&self.path()));
        assert!(shelf.is_on_disk());
        shelf
    }

    /// Plants a file below the shelf.
    fn plant(&self, path: &str, bytes: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn names(&self, path: &str) -> Vec<String> {
        names(&self.path().join(path))
    }
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn write(shelf: &Shelf, file: &str, bytes: &str) {
    shelf.create_scratch(&name(file), 0o644).unwrap().write_all(bytes.as_bytes()).unwrap();
}

fn read(shelf: &Shelf, file: &str) -> String {
    String::from_utf8(shelf.open_scratch(&name(file)).unwrap().contents(1000).unwrap().bytes).unwrap()
}

fn refuse(shelf: &Shelf, file: &str, text: &str, at: SystemTime) {
    let staged = shelf.stage_refusal(OsStr::new(file), text.as_bytes(), format!("why {file}\n").as_bytes(), at);
    staged.unwrap().unwrap().keep().unwrap();
}

fn found_names(shelf: &Shelf) -> Vec<String> {
    shelf.found_scratch().into_iter().map(|(name, _)| name.into_string().unwrap()).collect()
}

#[test]
fn scratch_files_survive_a_crash_with_bytes_mode_and_time() {
    let place = Place::new();
    let shelf = place.open();
    let time = UNIX_EPOCH + Duration::new(1_000_000, 5000);
    for file in [".x", "a key", &"x~".repeat(127), ".a\nb"] {
        let created = shelf.create_scratch(&name(file), 0o444).unwrap();
        created.write_all(file.as_bytes()).unwrap();
        created.set_modified(time).unwrap();
    }
    shelf.symlink(&name(".#x"), b"user@host.1").unwrap();
    shelf.set_symlink_modified(&name(".#x"), time).unwrap();
    drop(shelf);
    let shelf = place.open();
    for (name, found) in shelf.found_scratch() {
        match found {
            Found::Symlink { target, modified } => assert_eq!((target, modified), (b"user@host.1".to_vec(), time)),
            // It can be opened again.
            Found::File { mode, temporary } => {
                let name = name.to_str().unwrap();
                assert_eq!((mode, read(&shelf, name).as_str(), temporary), (0o644, name, false));
            }
        }
    }
    assert_eq!(shelf.found_scratch().len(), 5);
    assert_eq!(shelf.stat_scratch(&name(".x")).unwrap().unwrap().modified, time);
    assert_eq!(place.names(""), ["0"]);
}

#[test]
fn two_at_once_do_not_share_and_what_both_left_is_found() {
    let place = Place::new();
    let (first, second) = (place.open(), place.open());
    assert_eq!(place.names(""), ["0", "1"]);
    for (shelf, bytes) in [(&first, "first"), (&second, "second")] {
        write(shelf, ".x", bytes);
        write(shelf, &format!(".{bytes}"), bytes);
        refuse(shelf, "key", bytes, UNIX_EPOCH);
    }
    assert_eq!(read(&first, ".x"), "first");
    // The one that lives keeps its place; what the other has left is taken over.
    drop(first);
    let third = place.open();
    assert_eq!(
        (place.names(""), found_names(&third)),
        (vec!["0".into(), "1".into()], vec![".first".into(), ".x".into()])
    );
    assert_eq!(read(&second, ".x"), "second");
    drop((second, third));
    let shelf = place.open();
    assert_eq!(place.names(""), ["0"]);
    assert_eq!(found_names(&shelf), [".first", ".second", ".x", ".x.recovered"]);
    assert_eq!((read(&shelf, ".x"), read(&shelf, ".x.recovered")), ("first".into(), "second".into()));
    let refused = shelf.found_refusals();
    let kept = |refused: &FoundRefusal| (refused.name.clone().into_string().unwrap(), refused.reason.clone());
    assert_eq!(
        refused.iter().map(kept).collect::<Vec<_>>(),
        [(".key.recovered".into(), "why key\n".into()), ("key".into(), "why key\n".into())]
    );
}

/// "the others are called `.NAME.recovered`, `.NAME.recovered.2` and so on."
#[test]
fn many_that_left_the_same_name_lose_nothing() {
    let place = Place::new();
    let shelves: Vec<_> = (0..5).map(|_| place.open()).collect();
    for (number, shelf) in shelves.iter().enumerate() {
        write(shelf, "x~", &number.to_string());
    }
    drop(shelves);
    let shelf = place.open();
    let mut bytes: Vec<_> = found_names(&shelf).iter().map(|name| read(&shelf, name)).collect();
    bytes.sort();
    assert_eq!(bytes, ["0", "1", "2", "3", "4"]);
    assert!(
        found_names(&shelf)
            .iter()
            .all(|name| Naming::default().parse(name.as_bytes()).is_ok_and(|name| matches!(name, Name::Scratch(_))))
    );
}

#[test]
fn what_somebody_planted_is_neither_followed_nor_touched() {
    let place = Place::new();
    let secret = place.store.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    place.plant("0/scratch/.mine", "mine");
    let scratch = place.path().join("0/scratch");
    fs::create_dir(scratch.join(".directory")).unwrap();
    nix::unistd::mkfifo(&scratch.join(".fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    symlink(&secret, scratch.join(".link")).unwrap();
    fs::write(scratch.join("%41"), "nobody's name, which is for the file system to tell").unwrap();
    // Places that are none.
    symlink(place.store.path(), place.path().join("1")).unwrap();
    nix::unistd::mkfifo(&place.path().join("2"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::create_dir(place.path().join("07")).unwrap();
    let (shelf, other) = (place.open(), place.open());
    assert_eq!(found_names(&shelf), ["%41", ".link", ".mine"]);
    assert!(shelf.open_scratch(&name(".link")).is_err(), "a link was followed");
    for taken in [".directory", ".fifo"] {
        assert_eq!(shelf.rename_scratch(&name(".mine"), &name(taken)).unwrap_err().errno(), libc::EEXIST, "{taken}");
        assert_eq!(shelf.create_scratch(&name(taken), 0o600).unwrap_err().errno(), libc::EEXIST, "{taken}");
        assert!(shelf.open_scratch(&name(taken)).is_err(), "{taken}");
        let staged = shelf.stage(&name(taken), b"1", 0o644).unwrap();
        assert_eq!(shelf.replace(staged, &name(taken)).unwrap_err().errno(), libc::EEXIST, "{taken}");
    }
    shelf.unlink_scratch(&name(".link")).unwrap();
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    assert!(fs::symlink_metadata(place.path().join("2")).unwrap().file_type().is_fifo());
    assert_eq!(place.names(""), ["0", "07", "1", "2", "3"]);
    assert_eq!(place.names("0/scratch"), ["%41", ".directory", ".fifo", ".mine"]);
    drop(other);
}

/// "and keeps all of this in memory."
#[test]
fn a_shelf_that_is_a_link_is_none_and_nothing_fails() {
    let place = Place::new();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), place.path()).unwrap();
    let shelf = Shelf::open(Some(&place.path()));
    assert!(!shelf.is_on_disk());
    let file = shelf.create_scratch(&name(".x"), 0o644).unwrap();
    file.write_all(b"in memory").unwrap();
    assert_eq!(file.contents(100).unwrap().bytes, b"in memory");
    assert!(names(elsewhere.path()).is_empty());
}

#[test]
fn what_is_empty_is_removed_and_what_is_not_stays() {
    let place = Place::new();
    let shelf = place.open();
    write(&shelf, ".x", "1");
    shelf.tidy();
    drop(shelf);
    assert_eq!(place.names("0"), ["scratch"]);
    let shelf = place.open();
    shelf.unlink_scratch(&name(".x")).unwrap();
    let other = place.open();
    shelf.tidy();
    drop(shelf);
    assert_eq!(place.names(""), ["1"]);
    other.tidy();
    drop(other);
    assert_eq!(names(place.store.path()), Vec::<String>::new());
}

#[test]
fn only_the_user_can_look_into_it() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let _shelf = place.open();
    for path in ["", "0", "0/scratch", "0/rejected", "0/staging"] {
        let mode = fs::metadata(place.path().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{path}");
    }
}

#[test]
fn a_staged_file_takes_a_name_whole() {
    let place = Place::new();
    let shelf = place.open();
    write(&shelf, ".x", "before");
    for taken in [".x", ".free"] {
        let staged = shelf.stage(&name(taken), b"after", 0o644).unwrap();
        assert_ne!(found_names(&shelf).len(), 2, "not there before");
        drop(shelf.replace(staged, &name(taken)).unwrap());
        assert_eq!(read(&shelf, taken), "after");
    }
    drop(shelf.stage(&name(".x"), b"never", 0o644).unwrap());
    assert_eq!(read(&shelf, ".x"), "after");
    assert!(place.names("0/staging").is_empty());
}

/// "An unfinished rename leaves nothing but what was there before or after it."
#[test]
fn unfinished_files_go_and_are_not_adopted() {
    let place = Place::new();
    let (first, second) = (place.open(), place.open());
    for shelf in [&first, &second] {
        std::mem::forget(shelf.stage(&name(".x"), b"unfinished", 0o644).unwrap().name);
    }
    assert_eq!(place.names("0/staging").len() + place.names("1/staging").len(), 2);
    drop((first, second));
    // What was leaked above holds the locks of this process; so as another mount would find it.
    fs::rename(place.path(), place.store.path().join("old")).unwrap();
    for (from, to) in [("old/0/staging", "0"), ("old/1/staging", "1")] {
        fs::create_dir_all(place.path().join(to)).unwrap();
        fs::rename(place.store.path().join(from), place.path().join(to).join("staging")).unwrap();
    }
    let shelf = place.open();
    assert_eq!((place.names(""), place.names("0/staging")), (vec!["0".into()], Vec::<String>::new()));
    assert!(shelf.found_scratch().is_empty());
}

#[test]
fn refused_texts_do_not_destroy_each_other_whatever_they_are_called() {
    let place = Place::new();
    let shelf = place.open();
    let long = "k".repeat(255);
    let texts = ["x", "x.error", "x.error.error", ".error", &long, &long[1..], &long[7..]];
    for (number, file) in texts.iter().enumerate() {
        refuse(&shelf, file, file, UNIX_EPOCH + Duration::from_secs(number as u64));
    }
    drop(shelf);
    let shelf = place.open();
    let found = shelf.found_refusals();
    assert_eq!(found.iter().map(|refused| refused.name.to_str().unwrap()).collect::<Vec<_>>(), texts);
    for refused in &found {
        let file = refused.name.to_str().unwrap();
        let text = shelf.open_refusal(&refused.name).unwrap().contents(1000).unwrap().bytes;
        assert_eq!((text, refused.reason.clone()), (file.as_bytes().to_vec(), format!("why {file}\n")));
    }
    refuse(&shelf, "x", "another", UNIX_EPOCH);
    assert_eq!(fs::read_to_string(place.path().join("0/rejected/x")).unwrap(), "another");
    for refused in found {
        shelf.remove_refusal(&refused.name).unwrap();
    }
    assert!(place.names("0/rejected").is_empty());
}

#[test]
fn a_refused_text_whose_reason_was_not_written_is_kept() {
    let place = Place::new();
    place.plant("0/rejected/key", "text");
    place.plant("0/rejected/other.error", "somebody's");
    let found = place.open().found_refusals();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.to_str(), found[0].reason.as_str(), found[0].size), (Some("key"), "unknown\n", 4));
}
