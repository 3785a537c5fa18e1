use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::progress::Progress;
use crate::mounted::wait_for;

/// Maps the large values again and again and looks at all their bytes.
const SCRIPT: &str = "
import mmap, os, struct, sys
progress = os.open(sys.argv[2], os.O_RDWR)
count = 0
while not struct.unpack('Q', os.pread(progress, 8, 120 * 16))[0]:
    with open(f'{sys.argv[1]}/large {count % 3}', 'rb') as file:
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            text = mapped[:]
    number = text[1:text.index(b':')]
    filling = text[len(number) + 2:-len(number) - 3]
    assert text.endswith(b':' + number + b'\"\\n') and filling == filling[:1] * len(filling), text[:30] + text[-30:]
    count += 1
    os.pwrite(progress, struct.pack('Q', count), 0)
";

/// A process that reads mapped files until it is told to stop.
pub(super) struct MappingReader {
    child: Child,
    progress: Progress,
    _directory: tempfile::TempDir,
}

impl MappingReader {
    pub(super) fn start(mount: &Path) -> MappingReader {
        let directory = tempfile::tempdir().unwrap();
        let progress = Progress::create(&directory.path().join("progress"));
        let mut command = Command::new("python3");
        command.args(["-I", "-c", SCRIPT]).arg(mount).arg(progress.path()).stdin(Stdio::null());
        MappingReader { child: command.spawn().unwrap(), progress, _directory: directory }
    }

    /// How many files it has read.
    pub(super) fn count(&self) -> u64 {
        self.progress.reached(0).begun
    }

    /// Stops it; an error when it has seen something wrong.
    pub(super) fn end(mut self) -> Result<(), String> {
        self.progress.stop();
        let status = wait_for(&mut self.child, Duration::from_secs(20));
        let _ = self.child.kill();
        match status {
            Some(status) if status.success() => Ok(()),
            other => Err(format!("it has ended with {other:?}")),
        }
    }
}
