//! keyfs and what people would have without it, measured in turn in one run on one disk.
//!
//! `scripts/bench` runs this and writes down what it prints. Only ratios within a run mean something: the peers take
//! turns, round by round and in changing order, so that each meets the same weather.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caches;
mod charts;
mod measure;
mod mount;
mod numbers;
mod options;
mod python;
mod report;
mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use measure::{Group, Operation, Row, Stage, measure};
use mount::large::LargeStage;
use mount::latency::LatencyStage;
use mount::saving::SavingStage;
use mount::stage::MountStage;
use options::Options;
use store::memory::MemoryStage;
use store::stage::StoreStage;

/// The groups, in the order of the page.
const GROUPS: [&Group; 6] = [
    &store::stage::GROUP,
    &store::memory::GROUP,
    &mount::stage::GROUP,
    &mount::saving::GROUP,
    &mount::large::GROUP,
    &mount::latency::GROUP,
];

/// The names of all operations.
fn operations() -> Vec<&'static str> {
    let store = store::operations::all().map(Operation::name);
    let mount = mount::stage::OPERATIONS.iter().map(Operation::name);
    let saving = mount::saving::OPERATIONS.iter().map(Operation::name);
    let large = mount::large::OPERATIONS.iter().map(Operation::name);
    let latency = mount::latency::OPERATIONS.iter().map(Operation::name);
    store
        .chain(store::memory::OPERATIONS.iter().map(Operation::name))
        .chain(mount)
        .chain(saving)
        .chain(large)
        .chain(latency)
        .collect()
}

/// What was measured.
#[derive(Default)]
struct Measured {
    rows: Vec<Row>,
    /// Whether something could not be measured to its end.
    has_failed: bool,
}

/// Measures those of the operations that are selected, all on one stage, which is made only if there is one. A panic ends only
/// that: what was measured before took long.
fn run<S: Stage>(
    options: &Options,
    measured: &mut Measured,
    operations: impl IntoIterator<Item = &'static Operation<S, S::Peer>>,
    stage: impl FnOnce() -> S,
) {
    let selected = |operation: &&'static Operation<S, S::Peer>| options.has(S::GROUP.name, operation.name());
    let operations: Vec<_> = operations.into_iter().filter(selected).collect();
    if operations.is_empty() {
        return;
    }
    let Measured { rows, has_failed } = measured;
    let all = AssertUnwindSafe(|| {
        let mut stage = stage();
        eprintln!("{}: {} {}", S::GROUP.name, stage.size(), S::GROUP.many);
        for operation in operations {
            rows.extend(measure(&mut stage, operation, options.rounds));
        }
    });
    *has_failed |= catch_unwind(all).is_err();
}

/// Measures everything, one group after the other.
fn all(options: &Options) -> Measured {
    use mount::{large, latency, saving, stage};
    use store::{memory, operations as of_store};
    let (mut measured, at) = (Measured::default(), &options.directory);
    for &keys in &options.sizes {
        run(options, &mut measured, of_store::all(), || StoreStage::new(at, keys));
    }
    if options.million {
        run(options, &mut measured, of_store::of_a_million(), || StoreStage::new(at, 1_000_000));
    }
    for &keys in &options.sizes {
        run(options, &mut measured, &memory::OPERATIONS, || MemoryStage::new(at, keys));
    }
    for &keys in &options.sizes {
        run(options, &mut measured, &stage::OPERATIONS, || MountStage::new(at, keys));
    }
    run(options, &mut measured, &saving::OPERATIONS, || SavingStage::new(at, options.sizes[0]));
    run(options, &mut measured, &large::OPERATIONS, || LargeStage::new(at, options.megabytes));
    run(options, &mut measured, &latency::OPERATIONS, || LatencyStage::new(at, options.sizes[0]));
    measured
}

/// The rows of each figure together, in the order in which figures came first.
fn by_figure(rows: Vec<Row>) -> Vec<Row> {
    let mut names: Vec<&str> = Vec::new();
    rows.iter().for_each(|row| {
        if !names.contains(&row.figure.name) {
            names.push(row.figure.name);
        }
    });
    let mut rows = rows;
    rows.sort_by_key(|row| (names.iter().position(|name| *name == row.figure.name), row.size));
    rows
}

fn main() {
    if let [_, argument, store] = &*std::env::args().collect::<Vec<_>>()
        && argument == store::memory::ARGUMENT
    {
        return store::memory::print_resident(Path::new(store));
    }
    let Some(options) = Options::of_command_line() else {
        eprintln!("nothing is measured without --bench; see scripts/bench");
        return;
    };
    let Measured { rows, has_failed } = all(&options);
    let rows = by_figure(rows);
    for group in GROUPS {
        print!("{}", report::tables(group, &rows));
        if let Some(directory) = &options.charts {
            print!("{}", charts::write(directory, group.name, &rows));
        }
    }
    if let Some(file) = options.json {
        let samples = format!("{:#}\n", report::samples(&rows));
        std::fs::write(&file, samples).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    if has_failed {
        eprintln!("not everything could be measured: see above");
        std::process::exit(1);
    }
}
