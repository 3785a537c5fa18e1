//! The command line.

use std::path::PathBuf;

use rustix::fs::statfs;

use crate::operations::OPERATIONS;

const USAGE: &str = "\
usage: cargo bench --bench against_original -- [OPTION...]
  --sizes N,...        keys in the store                        default: 1000,10000,100000
  --rounds N           times that each operation is measured    default: 9
  --operations A,...   only these; `list` names them
  --directory DIR      on what disk to measure                  default: TMPDIR, else /var/tmp
  --json FILE          all samples, in seconds";

/// What to measure, and where.
pub(crate) struct Options {
    pub(crate) sizes: Vec<usize>,
    pub(crate) rounds: usize,
    /// Names of operations; none means all.
    pub(crate) operations: Vec<String>,
    pub(crate) directory: PathBuf,
    pub(crate) json: Option<PathBuf>,
}

fn fail(why: &str) -> ! {
    eprintln!("{why}\n{USAGE}");
    std::process::exit(2)
}

/// A directory on a real disk: figures on a file system in memory say nothing about one.
fn default_directory() -> PathBuf {
    const TMPFS: u64 = 0x0102_1994;
    let directory = std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from);
    if statfs(&directory).is_ok_and(|found| found.f_type as u64 == TMPFS) {
        fail(&format!("{} is in memory; name a directory on a disk", directory.display()));
    }
    directory
}

fn numbers(text: &str) -> Vec<usize> {
    let number = |text: &str| text.parse().ok().filter(|number| *number >= 1);
    text.split(',').map(|text| number(text).unwrap_or_else(|| fail(&format!("{text:?} is not a number")))).collect()
}

fn operations(text: &str) -> Vec<String> {
    if text == "list" {
        OPERATIONS.iter().for_each(|operation| println!("{}", operation.name));
        std::process::exit(0);
    }
    let names: Vec<_> = text.split(',').map(str::to_owned).collect();
    if let Some(unknown) = names.iter().find(|name| OPERATIONS.iter().all(|operation| operation.name != **name)) {
        fail(&format!("there is no operation {unknown:?}"));
    }
    names
}

impl Options {
    /// Reads the command line; `None` when this is not `cargo bench` but a test run, in which nothing is measured.
    pub(crate) fn of_command_line() -> Option<Options> {
        let mut is_bench = false;
        let mut options = Options {
            sizes: vec![1_000, 10_000, 100_000],
            rounds: 9,
            operations: vec![],
            directory: "".into(),
            json: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| fail(&format!("{name}: the value is missing")));
            match name.as_str() {
                // What cargo itself adds.
                "--bench" => is_bench = true,
                "--sizes" => options.sizes = numbers(&value()),
                "--rounds" => options.rounds = numbers(&value())[0],
                "--operations" => options.operations = operations(&value()),
                "--directory" => options.directory = value().into(),
                "--json" => options.json = Some(value().into()),
                _ => fail(&format!("{name}: no such option")),
            }
        }
        if is_bench && options.directory.as_os_str().is_empty() {
            options.directory = default_directory();
        }
        is_bench.then_some(options)
    }
}
