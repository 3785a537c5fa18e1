//! The shape of the project: the direction of imports, the single doors, and the order of the repository.
//!
//! The files are scanned as text. What the compiler already holds is not repeated here: `unsafe_code = "forbid"` means that
//! no system call can be made through `libc`, and the binary sees only the public names of the library.

mod paths;
mod strip;
pub(crate) mod tree;

use paths::{Path, is_of_tests, paths};
use strip::strip;
use tree::{File, files, root, rust_files};

const MOST_LINES: usize = 400;

/// The layers from the lowest to the highest, each with the lower ones that it may name.
const LAYERS: [(&str, &[&str]); 5] = [
    ("record", &[]),
    ("store", &["record"]),
    ("view", &["record"]),
    ("vfs", &["record", "view"]),
    ("fuse", &["record", "view", "vfs"]),
];

/// Files that may name a further layer: the bridge from the file system to the store, and the session, which opens it.
const BRIDGES: [(&str, &str); 4] = [
    ("src/vfs/engine", "store"),
    ("src/vfs/store_engine.rs", "store"),
    ("src/fuse/session.rs", "store"),
    ("src/fuse/session/", "store"),
];

/// What only the files with one of these beginnings may name, and in which part of the sources that holds.
struct Door {
    paths: &'static [&'static str],
    part: &'static str,
    only_in: &'static [&'static str],
}

const DISK: &[&str] = &["std::fs", "std::os::unix::fs", "std::os::linux::fs", "rustix::fs"];

const DOORS: [Door; 6] = [
    Door { paths: DISK, part: "src/record", only_in: &[] },
    Door { paths: DISK, part: "src/view", only_in: &[] },
    Door { paths: DISK, part: "src/store", only_in: &["src/store/disk"] },
    Door { paths: DISK, part: "src/vfs", only_in: &["src/vfs/shelf"] },
    Door { paths: &["fuser"], part: "src/", only_in: &["src/fuse/", "src/fuse.rs"] },
    Door { paths: &["clap", "env_logger"], part: "src/", only_in: &["src/bin/"] },
];

/// Methods of `std::path::Path`, `DirEntry` and `File` that ask the disk without naming a module.
const DISK_METHODS: [&str; 7] =
    ["canonicalize", "exists", "metadata", "read_dir", "read_link", "symlink_metadata", "try_exists"];

/// Fails with all complaints, one a line.
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn layer_named(name: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    LAYERS.iter().find(|(layer, _)| *layer == name)
}

/// The layer of each name that the crate root re-exports: `("Key", "record")`.
fn reexports(files: &[File]) -> Vec<(String, String)> {
    let lib = files.iter().find(|file| file.path == "src/lib.rs").unwrap();
    let crate_root = ["crate".to_owned()];
    let named = paths(&lib.text, &crate_root).into_iter().map(|path| path.names);
    let inside = named.map(|names| names.into_iter().filter(|name| name != "crate").collect::<Vec<_>>());
    inside
        .filter(|names| names.len() > 1 && layer_named(&names[0]).is_some())
        .map(|names| (names[names.len() - 1].clone(), names[0].clone()))
        .collect()
}

/// Why a file of a layer may not name this path; none if it may.
fn wrong_direction(file: &File, path: &Path, files: &[File], reexports: &[(String, String)]) -> Option<String> {
    let (layer, lower) = layer_named(file.layer()?)?;
    if !matches!(path.names[0].as_str(), "crate" | "keyfs") {
        return None;
    }
    let name = path.names.get(1)?;
    let reexported = reexports.iter().find(|(exported, _)| exported == name).map(|(_, layer)| layer);
    let target = reexported.unwrap_or(name);
    let is_bridge = BRIDGES.iter().any(|(start, further)| file.path.starts_with(start) && further == target);
    if target == layer || lower.contains(&target.as_str()) || is_bridge {
        return None;
    }
    if layer_named(target).is_some() {
        return Some(format!("{layer} may name only {}", [&[*layer], *lower].concat().join(", ")));
    }
    let is_small_module = files.iter().any(|file| file.path == format!("src/{target}.rs"));
    let why = "neither a layer nor a module in a file of src; name it by its layer";
    (!is_small_module).then(|| format!("`{target}` is {why}"))
}

#[test]
fn imports_go_only_downwards() {
    let files = rust_files();
    let reexports = reexports(&files);
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/")) {
        for path in paths(&file.text, &file.module()) {
            if let Some(why) = wrong_direction(file, &path, &files, &reexports) {
                complaints.push(format!("{}:{}: `{}`: {why}", file.path, path.line, path.text()));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn small_modules_at_the_top_name_no_layer_but_record() {
    let is_small = |file: &File| file.path.matches('/').count() == 1 && file.path.starts_with("src/");
    let mut complaints = Vec::new();
    for file in rust_files().iter().filter(|file| is_small(file) && file.path != "src/lib.rs") {
        for path in paths(&file.text, &file.module()) {
            let layer = path.names.get(1).filter(|_| path.names[0] == "crate");
            if layer_named(file.layer().unwrap()).is_none()
                && layer.is_some_and(|layer| layer != "record" && layer_named(layer).is_some())
            {
                complaints.push(format!("{}:{}: `{}`: only record", file.path, path.line, path.text()));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn one_file_bridges_the_file_system_and_the_store() {
    let names_store = |file: &&File| {
        let to_store = |path: &Path| path.names.starts_with(&["crate".to_owned(), "store".to_owned()]);
        file.layer() == Some("vfs") && paths(&file.text, &file.module()).iter().any(to_store)
    };
    let files = rust_files();
    let bridges: Vec<&str> = files.iter().filter(names_store).map(|file| file.path.as_str()).collect();
    assert!(bridges.len() <= 1, "only one file of src/vfs may name crate::store: {}", bridges.join(", "));
}

/// True when the path names the door, something behind it, or a module in front of it through which it could be reached.
fn goes_through(path: &Path, door: &str) -> bool {
    let names: Vec<&str> = path.names.iter().map(String::as_str).collect();
    let door: Vec<&str> = door.split("::").collect();
    match names.as_slice() {
        [before @ .., "*"] => door.starts_with(before) || before.starts_with(&door),
        all => all.starts_with(&door) || (all.len() > 1 && door.starts_with(all)),
    }
}

#[test]
fn each_door_is_in_one_place() {
    let files = rust_files();
    let mut complaints = Vec::new();
    for door in &DOORS {
        let outside = |file: &&File| !door.only_in.iter().any(|start| file.path.starts_with(start));
        for file in files.iter().filter(|file| file.path.starts_with(door.part)).filter(outside) {
            let named = paths(&file.text, &file.module()).into_iter().filter(|path| !path.in_tests);
            for path in named.filter(|path| door.paths.iter().any(|door| goes_through(path, door))) {
                let place = if door.only_in.is_empty() { "nowhere here".to_owned() } else { door.only_in.join(", ") };
                complaints.push(format!("{}:{}: `{}`: only in: {place}", file.path, path.line, path.text()));
            }
        }
    }
    expect_none(&complaints);
}

/// The source up to its unit tests, which stand at its end.
fn without_tests(stripped: &str) -> &str {
    stripped.find("\nmod tests {").map_or(stripped, |end| &stripped[..end])
}

#[test]
fn no_method_goes_past_the_door_to_the_disk() {
    let asks_disk = |file: &&File| {
        matches!(file.layer(), Some("record" | "view" | "store" | "vfs")) && !is_of_tests(&file.module())
    };
    let mut complaints = Vec::new();
    let behind = |file: &&File| ["src/store/disk", "src/vfs/shelf"].iter().any(|door| file.path.starts_with(door));
    for file in rust_files().iter().filter(asks_disk).filter(|file| !behind(file)) {
        for (index, line) in without_tests(&strip(&file.text)).lines().enumerate() {
            for method in DISK_METHODS.iter().filter(|method| line.contains(&format!(".{method}()"))) {
                complaints.push(format!(
                    "{}:{}: `.{method}()`: only in src/store/disk and src/vfs/shelf",
                    file.path,
                    index + 1
                ));
            }
        }
    }
    expect_none(&complaints);
}

/// The file system names keys as its mount does: not as a mount without a suffix would.
#[test]
fn the_file_system_has_one_naming() {
    let mut complaints = Vec::new();
    for file in rust_files().iter().filter(|file| file.layer() == Some("vfs")) {
        for (index, line) in without_tests(&strip(&file.text)).lines().enumerate() {
            if line.contains("FileName::of_key") || line.contains("FileName::parse") {
                complaints.push(format!("{}:{}: ask the Naming of the mount", file.path, index + 1));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn unsafe_code_is_forbidden() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lints = manifest.split("[lints.rust]").nth(1).expect("Cargo.toml: no [lints.rust]");
    let section = lints.split("\n[").next().unwrap();
    assert!(
        section.lines().any(|line| line.trim() == r#"unsafe_code = "forbid""#),
        "Cargo.toml: [lints.rust] must say unsafe_code = \"forbid\""
    );
}

#[test]
fn no_source_is_pulled_in_by_its_path() {
    let mut complaints = Vec::new();
    for file in rust_files().iter().filter(|file| file.path.starts_with("src/")) {
        for (index, line) in strip(&file.text).lines().enumerate() {
            if line.contains("#[path") || line.contains("include!(") {
                complaints.push(format!("{}:{}: hides what the file imports; declare a module", file.path, index + 1));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn no_rust_file_is_too_long() {
    let too_long = |file: &File| {
        let lines = file.text.lines().count();
        (lines > MOST_LINES).then(|| format!("{}:{lines}: more than {MOST_LINES} lines; split it", file.path))
    };
    expect_none(&rust_files().iter().filter_map(too_long).collect::<Vec<_>>());
}

/// The files that may declare a module, and the name that they must declare it by; none for a root.
fn parents(path: &str) -> Option<(Vec<String>, &str)> {
    if matches!(path, "src/lib.rs" | "src/bin/keyfs/main.rs" | "tests/it/main.rs") {
        return None;
    }
    let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let (directory, name) = stem.rsplit_once('/')?;
    let inside = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{directory}/{file}"));
    Some((inside.into_iter().chain([format!("{directory}.rs")]).collect(), name))
}

#[test]
fn every_file_is_a_module() {
    let files = rust_files();
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| ["src/", "tests/"].iter().any(|start| file.path.starts_with(start))) {
        let Some((parents, name)) = parents(&file.path) else { continue };
        let declares = |parent: &File| {
            strip(&parent.text).lines().any(|line| {
                let declared = line.trim().trim_end_matches([';', '{']).trim_end();
                declared.split_whitespace().rev().take(2).eq([name, "mod"])
            })
        };
        if !files.iter().filter(|file| parents.contains(&file.path)).any(declares) {
            complaints.push(format!("{}:1: forgotten: no `mod {name};` in its parent", file.path));
        }
    }
    expect_none(&complaints);
}

/// True when the text has the word, neither preceded nor followed by a letter, a digit or `_`.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|char: char| !char.is_alphanumeric() && char != '_').any(|found| found == word)
}

#[test]
fn nothing_is_left_to_do_or_ignored() {
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let mut complaints = Vec::new();
    for file in files() {
        for (index, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| has_word(line, word)) {
                complaints.push(format!("{}:{}: {word}: do it, or open an issue", file.path, index + 1));
            }
        }
        for (index, line) in strip(&file.text).lines().enumerate().filter(|_| file.is_rust()) {
            if line.contains("#[ignore") {
                complaints.push(format!("{}:{}: an ignored test; run it or remove it", file.path, index + 1));
            }
        }
    }
    expect_none(&complaints);
}

/// The first path in the line that exists on a particular machine only.
fn path_of_a_machine(line: &str) -> Option<&str> {
    let homes = [["/ro", "ot/"].concat(), ["/wo", "rk/"].concat(), ["/ho", "me/"].concat()];
    let begins_path = |before: &str| {
        !before
            .ends_with(|char: char| char.is_alphanumeric() || matches!(char, '.' | '_' | '-' | '~' | '}' | ')' | '*'))
    };
    let is_home = |at: usize, home: &str| {
        let named = line[at + home.len()..].starts_with(|char: char| char.is_ascii_alphabetic());
        begins_path(&line[..at]) && (named || home != homes[2])
    };
    let mut found = homes.iter().flat_map(|home| line.match_indices(home.as_str()).map(move |(at, _)| (at, home)));
    found.find(|(at, home)| is_home(*at, home)).map(|(at, _)| &line[at..])
}

#[test]
fn no_path_of_a_particular_machine() {
    let mut complaints = Vec::new();
    for file in files() {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(path) = path_of_a_machine(line) {
                let path: String = path.chars().take_while(|char| !char.is_whitespace()).collect();
                complaints.push(format!("{}:{}: `{path}`: exists on one machine only", file.path, index + 1));
            }
        }
    }
    expect_none(&complaints);
}
