//! Bytes that anybody may give: each seed of the fuzz targets, and what comes of the seeds when they are cut, mixed and
//! spoilt.
//!
//! `fuzz/` runs the same checks under libFuzzer, which seeks by coverage; `scripts/fuzz SECONDS` does so for each target.
//! What it finds becomes a seed here.

mod mutation;
mod names;
#[cfg(feature = "cli")]
mod pattern;
mod prefix;
mod record;
mod snapshot;
mod value_text;

use std::path::PathBuf;

use mutation::mutated;

use crate::random::Random;

/// The longest seed that is changed: with longer ones most of the time would go into few checks.
const MOST_BYTES: usize = 400;

/// The mutations of a run without `KEYFS_TEST_SEED`: the same each time, so that a failure is one of what was changed.
const SEED: u64 = 532_763_132;

/// Says what was checked when a check fails.
struct Checked<'a>(&'a str, &'a [u8]);

impl Drop for Checked<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: \"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds")).join(target);
    let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}: no seeds", directory.display());
    paths.into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

/// Checks the seeds of a target, and so many mutations of them.
fn run(target: &str, mutations: usize, check: fn(&[u8])) {
    let seeds = seeds(target);
    for (path, bytes) in &seeds {
        let _checked = Checked(path, bytes);
        check(bytes);
    }
    let seed = std::env::var("KEYFS_TEST_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("KEYFS_TEST_SEED={seed}");
    let mut random = Random(seed);
    let short: Vec<&[u8]> =
        seeds.iter().map(|(_, bytes)| &bytes[..]).filter(|bytes| bytes.len() <= MOST_BYTES).collect();
    for _ in 0..mutations {
        let bytes = mutated(&short, &mut random);
        let _checked = Checked("a mutation", &bytes);
        check(&bytes);
    }
}

#[test]
fn what_is_read_as_a_record_is_written_so_that_it_is_read_again() {
    run("record", 10_000, record::check);
}

#[test]
fn what_is_a_value_is_shown_so_that_it_can_be_saved_again() {
    run("value_text", 10_000, value_text::check);
}

#[test]
fn a_text_is_refused_when_it_is_hopeless_and_not_before() {
    run("prefix", 2_000, prefix::check);
}

#[test]
fn a_key_is_found_by_its_name_and_by_no_other() {
    run("names", 20_000, names::check);
}

#[test]
fn a_snapshot_spares_reading_and_invents_nothing() {
    run("snapshot", 1_000, snapshot::check);
}

#[cfg(feature = "cli")]
#[test]
fn a_pattern_matches_what_the_plainest_matcher_says() {
    run("pattern", 20_000, pattern::check);
}
