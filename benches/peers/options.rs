//! The command line.

use std::path::PathBuf;

use rustix::fs::statfs;

use crate::{GROUPS, operations};

const USAGE: &str = "\
usage: cargo bench --bench peers -- [OPTION...]
  --sizes N,...        keys in the store, names in the mount    default: 1000,10000,100000
  --million            opening and synchronising also with a million keys
  --megabytes N        the size of the large value              default: 100
  --rounds N           times that each operation is measured    default: 9
  --groups A,...       only these: store, memory, mount, saving, large, latency
  --operations A,...   only these; `list` names them
  --directory DIR      on what disk to measure                  default: TMPDIR, else /var/tmp
  --charts DIR         where to write the pictures              default: none
  --json FILE          all samples, in seconds, bytes or numbers a second";

/// What to measure, and where.
pub(crate) struct Options {
    /// At least a hundred each.
    pub(crate) sizes: Vec<usize>,
    pub(crate) million: bool,
    pub(crate) megabytes: usize,
    pub(crate) rounds: usize,
    /// Names of groups; none means all.
    groups: Vec<String>,
    /// Names of operations; none means all.
    operations: Vec<String>,
    pub(crate) directory: PathBuf,
    pub(crate) charts: Option<PathBuf>,
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

/// Names out of those that there are.
fn names(text: &str, known: &[&str]) -> Vec<String> {
    if text == "list" {
        known.iter().for_each(|name| println!("{name}"));
        std::process::exit(0);
    }
    let names: Vec<_> = text.split(',').map(str::to_owned).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        fail(&format!("there is no {unknown:?} to be measured"));
    }
    names
}

impl Options {
    /// Reads the command line; `None` when this is not `cargo bench` but a test run, in which nothing is measured.
    pub(crate) fn of_command_line() -> Option<Options> {
        let mut is_bench = false;
        let mut options = Options {
            sizes: vec![1_000, 10_000, 100_000],
            million: false,
            megabytes: 100,
            rounds: 9,
            groups: vec![],
            operations: vec![],
            directory: "".into(),
            charts: None,
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
                "--million" => options.million = true,
                "--megabytes" => options.megabytes = numbers(&value())[0],
                "--groups" => options.groups = names(&value(), &GROUPS.map(|group| group.name)),
                "--operations" => options.operations = names(&value(), &operations()),
                "--charts" => options.charts = Some(value().into()),
                "--directory" => options.directory = value().into(),
                "--json" => options.json = Some(value().into()),
                _ => fail(&format!("{name}: no such option")),
            }
        }
        if is_bench && options.directory.as_os_str().is_empty() {
            options.directory = default_directory();
        }
        if let Some(few) = options.sizes.iter().find(|size| **size < 100) {
            fail(&format!("{few} keys are too few to tell anything"));
        }
        is_bench.then_some(options)
    }

    /// Whether an operation is to be measured.
    pub(crate) fn has(&self, group: &str, operation: &str) -> bool {
        let is_in = |names: &[String], name| names.is_empty() || names.iter().any(|only| only == name);
        is_in(&self.groups, group) && is_in(&self.operations, operation)
    }
}
