//! keyfs, the Python original and the bare system calls, measured in turn in one run on one disk.
//!
//! `scripts/bench` runs this and writes down what it prints. Only ratios within a run mean something: the peers take
//! turns, round by round and in changing order, so that each meets the same weather.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bare;
mod operations;
mod options;
mod original;
mod records;
mod report;
mod stage;

use operations::OPERATIONS;
use options::Options;
use records::Peer;
use report::Row;
use stage::Stage;

/// Measures one operation as often as asked, all peers in turn.
fn measure(stage: &mut Stage, operation: usize, rounds: usize) -> Row {
    let mut row = Row { operation, keys: stage.keys, rounds: Vec::new() };
    // The first round warms up, and does not count.
    for round in 0..=rounds {
        let mut samples = [None; Peer::ALL.len()];
        for turn in 0..Peer::ALL.len() {
            let peer = Peer::ALL[(round + turn) % Peer::ALL.len()];
            samples[peer as usize] = (OPERATIONS[operation].sample)(stage, peer);
            stage.settle();
        }
        if round > 0 {
            row.rounds.push(samples);
        }
    }
    row
}

fn main() {
    let Some(options) = Options::of_command_line() else {
        eprintln!("nothing is measured without --bench; see scripts/bench");
        return;
    };
    let is_selected = |name: &str| options.operations.is_empty() || options.operations.iter().any(|only| only == name);
    let mut rows = Vec::new();
    for &keys in &options.sizes {
        eprintln!("{keys} keys");
        let mut stage = Stage::new(&options.directory, keys);
        for operation in (0..OPERATIONS.len()).filter(|&at| is_selected(OPERATIONS[at].name)) {
            eprintln!("  {}", OPERATIONS[operation].name);
            rows.push(measure(&mut stage, operation, options.rounds));
        }
    }
    rows.sort_by_key(|row| (row.operation, row.keys));
    print!("{}", report::markdown(&rows));
    if let Some(file) = options.json {
        let samples = format!("{:#}\n", report::samples(&rows));
        std::fs::write(&file, samples).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
