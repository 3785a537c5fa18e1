//! `fsx`, the exerciser of file systems: reads, writes, truncations and mapped accesses of one file, each compared with what
//! must be there.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::coherence::is_long;
use crate::mounted::Mounted;

/// How many operations are run.
const OPERATIONS: u32 = 2_000;
const LONG_OPERATIONS: u32 = 100_000;

/// How long they may take, on a machine that has much else to do.
const HANG: Duration = Duration::from_secs(600);
const LONG_HANG: Duration = Duration::from_secs(7200);

/// "Scratch files take any bytes."
#[test]
fn a_scratch_file_is_what_fsx_expects() {
    let (operations, hang) = if is_long() { (LONG_OPERATIONS, LONG_HANG) } else { (OPERATIONS, HANG) };
    let Some(mounted) = Mounted::held_for(hang, None, &[]) else { return };
    let seed = std::env::var("KEYFS_TEST_SEED").unwrap_or_else(|_| "1".to_owned());
    let artifacts = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin/fsx");
    let mut command = Command::new(program);
    command.args(["-N", &operations.to_string(), "-S", &seed, "-P"]).arg(artifacts.path());
    let output = command.arg(mounted.path().join(".fsx")).stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let last: Vec<_> = said.lines().rev().take(60).collect();
    assert!(output.status.success(), "KEYFS_TEST_SEED={seed}: {}: {last:#?}", output.status);
    assert!(said.contains("All operations completed"), "{last:#?}");
}
