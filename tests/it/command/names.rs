use super::keyfs::{Directory, Keyfs};

fn path(arguments: &[&str]) -> Keyfs {
    Keyfs::new(["path"]).arguments(arguments.iter().copied())
}

fn key(arguments: &[&str]) -> Keyfs {
    Keyfs::new(["key"]).arguments(arguments.iter().copied())
}

/// "`keyfs path KEY` prints the name of a key, whether the key exists or not, and `keyfs key FILENAME` the key of a
/// name." "`--suffix S` gives the suffix, an empty one meaning none." "and `path` takes no suffix."
#[test]
fn a_key_has_a_file_name_and_back() {
    for (of_key, name, with_suffix) in [
        ("web", "web", "web.json"),
        ("a/b", "a%2Fb", "a%2Fb.json"),
        ("", "%", "%.json"),
        (".profile", "%2Eprofile", "%2Eprofile.json"),
        ("x~", "x%7E", "x~.json"),
        ("naïve 漢字 🎉", "naïve 漢字 🎉", "naïve 漢字 🎉.json"),
    ] {
        path(&[of_key]).prints(format!("{name}\n"));
        path(&["-0", of_key]).prints(format!("{name}\0"));
        path(&[of_key, "--suffix", ".json"]).prints(format!("{with_suffix}\n"));
        path(&[of_key, "--suffix", ""]).prints(format!("{name}\n"));
        key(&[name]).prints(format!("{of_key}\n"));
        key(&[with_suffix, "--suffix", ".json"]).prints(format!("{of_key}\n"));
    }
}

#[test]
fn keys_are_printed_as_keys_prints_them() {
    key(&["a%0Ab"]).prints("\"a\\nb\"\n");
    key(&["\"x\""]).prints("\"\\\"x\\\"\"\n");
    key(&["%ED%A0%80"]).prints("\"\\ud800\"\n");
    key(&["-0", "a%0Ab"]).prints("a\nb\0");
    key(&["--null", "%ED%A0%80"]).prints(b"\xed\xa0\x80\0");
    key(&["--json", "a%0Ab"]).prints("\"a\\nb\"\n");
    key(&["--json", "web"]).prints("\"web\"\n");
    key(&["--json", "-0", "web"]).misuses("cannot be used with");
}

/// "of a path by its last part."
#[test]
fn of_a_path_the_last_part_counts() {
    key(&["/no/where/a%2Fb"]).prints("a/b\n");
    key(&["./web"]).prints("web\n");
    key(&["/web"]).prints("web\n");
}

/// "Exit status 1: the name of a scratch file, a name that is nobody's."
#[test]
fn a_name_that_no_key_has_is_status_1() {
    key(&[".x"]).fails(1, "key .x: the name of a scratch file, never of a key");
    key(&["web", "--suffix", ".json"]).fails(1, "key web: the name of a scratch file, never of a key");
    let why = "the file name is not the way in which any key is written";
    key(&["%41"]).fails(1, &format!("key %41: {why}"));
    key(&["a\nb"]).fails(1, &format!("key a\\nb: {why}"));
    key(&[""]).fails(1, &format!("key : {why}"));
    key(&["mnt/"]).fails(1, &format!("key mnt/: {why}"));
    key(&[]).bytes(b"a\xff").fails(1, "key a\\xff: the file name is not UTF-8");
    let long = "x".repeat(256);
    key(&[&long]).fails(1, &format!("key {long}: the file name is longer than 255 bytes"));
    path(&[]).bytes(b"a\xff").fails(4, "path a\\xff: a key must be UTF-8 (lone surrogates as WTF-8)");
}

/// "else in that of `-d` or `KEYFS_DIR`." "Exit status 1: [...] a hash that no live key has."
#[test]
fn a_long_name_is_looked_up_in_the_store() {
    let long = "k".repeat(300);
    let directory = Directory::with_keys([long.as_bytes()]);
    for suffix in ["", ".json"] {
        let output = directory.keyfs(["path", "--suffix", suffix, &long]).run();
        let name = String::from_utf8(output.stdout).unwrap();
        let name = name.strip_suffix('\n').unwrap();
        assert!(name.len() == 255 && name.ends_with(suffix), "{name}");
        directory.keyfs(["key", name, "--suffix", suffix]).prints(format!("{long}\n"));
        let empty = Directory::new();
        empty.keyfs(["key", name, "--suffix", suffix]).fails(1, &format!("key {name}: no such key"));
        let why = "no store is given: use -d STORE or set KEYFS_DIR";
        key(&[name, "--suffix", suffix]).fails(2, &format!("key {name}: {why}"));
    }
}

/// "5: there is no mount."
#[test]
fn what_is_no_suffix_and_no_mount_is_said() {
    let why = "a suffix is a dot and 1 to 31 bytes more, without `/`, `%` and control characters, and not ending with `~` \
        or `#`";
    path(&["web", "--suffix", "json"]).fails(2, &format!("path web: {why}"));
    path(&["web", "--suffix", ".json", "--mount", "."]).misuses("cannot be used with");
    let directory = Directory::new();
    let nowhere = directory.path().to_str().unwrap();
    path(&["web", "--mount", nowhere]).fails(5, &format!("path web: {nowhere}: no keyfs is mounted here"));
    key(&["web", "--mount", nowhere]).fails(5, &format!("key web: {nowhere}: no keyfs is mounted here"));
}

#[cfg(feature = "fuse")]
mod on_a_mount {
    use std::path::PathBuf;
    use std::process::{Command, Output};

    use keyfs::Key;
    use keyfs::view::{Naming, Suffix};

    use super::{Keyfs, key, path};
    use crate::behaviour::foreign_store;
    use crate::mounted::Mounted;

    /// Each way to name keys, as arguments of a mount, and the suffix.
    const MOUNTS: [(&[&str], &str); 2] = [(&[], ""), (&["-o", "suffix=.json"], ".json")];

    /// "`--mount MOUNTPOINT` asks a mount for its suffix, and `path` then prints the path below it." "Without either,
    /// `key` asks the directory of the path whether it is a mount (also for a path below its `.keyfs/info` or
    /// `.keyfs/rejected`)."
    #[test]
    fn the_mount_tells_how_its_files_are_named() {
        for (arguments, suffix) in MOUNTS {
            let Some(mounted) = Mounted::of(None, arguments) else { return };
            let mount = mounted.path();
            let (mount, file) = (mount.to_str().unwrap(), mounted.path().join(format!("a%2Fb{suffix}")));
            let store = foreign_store(&mounted.store_path());
            store.put("a/b", serde_json::json!(1)).unwrap();
            path(&["a/b", "--mount", mount]).prints(format!("{}\n", file.display()));
            assert_eq!(std::fs::read_to_string(&file).unwrap(), "1\n");
            key(&[file.to_str().unwrap()]).prints("a/b\n");
            key(&[&format!("a%2Fb{suffix}"), "--mount", mount]).prints("a/b\n");
            let mut here = key(&[&format!("a%2Fb{suffix}")]);
            here.command().current_dir(mount);
            here.prints("a/b\n");
            for part in ["info", "rejected"] {
                key(&[&format!("{mount}/.keyfs/{part}/a%2Fb{suffix}")]).prints("a/b\n");
                let mut here = key(&[&format!(".keyfs/{part}/a%2Fb{suffix}")]);
                here.command().current_dir(mount);
                here.prints("a/b\n");
            }
        }
    }

    /// The store that is mounted is asked, not the one of KEYFS_DIR. "The name of a long key is looked up in the store
    /// of the mount."
    #[test]
    fn a_long_name_is_looked_up_in_the_store_of_the_mount() {
        for (arguments, suffix) in MOUNTS {
            let Some(mounted) = Mounted::of(None, arguments) else { return };
            let long = Key::from("k".repeat(300));
            foreign_store(&mounted.store_path()).put(&long, serde_json::json!(1)).unwrap();
            let suffix = if suffix.is_empty() { Suffix::default() } else { Suffix::new(suffix).unwrap() };
            let file = mounted.path().join(Naming::with_suffix(suffix).name_of(&long).as_os_str());
            key(&[file.to_str().unwrap()]).env("KEYFS_DIR", "/nowhere").prints(format!("{long}\n"));
        }
    }

    /// The lines of the README that are commands.
    fn commands(mounted: &Mounted) -> Vec<String> {
        let readme = std::fs::read_to_string(mounted.path().join(".keyfs/README")).unwrap();
        let lines = readme.lines().filter_map(|line| line.strip_prefix("  "));
        lines.map(|line| line.split("   ").next().unwrap().to_owned()).collect()
    }

    fn run(mounted: &Mounted, command: &str) -> Output {
        let programs = PathBuf::from(env!("CARGO_BIN_EXE_keyfs")).parent().unwrap().display().to_string();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        shell.args(["-c", command]).current_dir(mounted.path()).env("PATH", path).env_remove("KEYFS_DIR");
        shell.output().unwrap()
    }

    /// Each command of `.keyfs/README` does what it is said to do, as it stands there. "`README`: what can be done
    /// here."
    #[test]
    fn what_the_readme_says_can_be_done() {
        for (arguments, suffix) in MOUNTS {
            let Some(mounted) = Mounted::of(None, arguments) else { return };
            let store = foreign_store(&mounted.store_path());
            store.put("key", serde_json::json!(1)).unwrap();
            // std::fs::write hears nothing of close(2), so it is told of no error.
            std::fs::write(mounted.path().join(format!("bad{suffix}")), "[1, 2\n").unwrap();
            let all = commands(&mounted);
            assert_eq!(all.len(), 12, "{all:?}");
            for command in all {
                let (name, scratch) = (format!("key{suffix}"), ".scratch");
                let name = if command.contains("rejected") { format!("bad{suffix}") } else { name };
                if command.contains("SCRATCH") {
                    std::fs::write(mounted.path().join(scratch), "3").unwrap();
                }
                let line = command.replace("SCRATCH", scratch).replace("NAME", &name).replace("KEY", "key");
                let output = run(&mounted, &line);
                assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
                let said = String::from_utf8(output.stdout).unwrap();
                store.synchronize().unwrap();
                let now = store.get("key").unwrap().map(|value| value.to_string());
                match command.as_str() {
                    "cat NAME" => assert_eq!(said, "1\n"),
                    "echo '{\"a\": 1}' > NAME" => assert_eq!(now.as_deref(), Some("{\"a\": 1}")),
                    "rm NAME" => assert_eq!(now, None),
                    "mv SCRATCH NAME" => assert_eq!(now.as_deref(), Some("3")),
                    "keyfs path KEY --mount ." => assert_eq!(said, format!("./key{suffix}\n")),
                    "keyfs key NAME" => assert_eq!(said, "key\n"),
                    "cat .keyfs/info/NAME" => assert!(said.contains("\"key\": \"key\""), "{said}"),
                    "ls .keyfs/rejected" => assert_eq!(said, format!("bad{suffix}\n")),
                    "cat .keyfs/rejected/NAME" => assert_eq!(said, "[1, 2\n"),
                    "cat .keyfs/rejected/NAME.error" => assert!(said.contains("line 2, column 1"), "{said}"),
                    "rm .keyfs/rejected/NAME" => assert_eq!(run(&mounted, "ls .keyfs/rejected").stdout, b""),
                    "cat .keyfs/status" => assert!(said.starts_with("{\n  \"version\""), "{said}"),
                    other => panic!("{other} is in no test"),
                }
            }
        }
    }

    /// What cannot be done there is not said.
    #[test]
    fn the_readme_of_a_mount_for_reading_tells_how_to_read() {
        let Some(mounted) = Mounted::of(None, &["-r", "-o", "suffix=.json"]) else { return };
        let readme = std::fs::read_to_string(mounted.path().join(".keyfs/README")).unwrap();
        assert!(
            readme.contains("for reading only") && readme.contains("all names that do not end with .json"),
            "{readme}"
        );
        let names: Vec<_> = commands(&mounted).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(names, ["cat", "keyfs", "keyfs", "cat", "cat"]);
        Keyfs::new(["count", "-d"]).argument(mounted.store_path()).prints("0\n");
    }
}
