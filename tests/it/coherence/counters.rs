//! Processes that count in one file under each kind of lock that there is.

use std::process::Command;

use crate::mounted::Mounted;

const COUNTERS: u64 = 4;
const COUNTS: u64 = 100;

/// Counts under a lock, which ends with the closing; the text becomes longer and, at each fifth step, shorter again.
const SCRIPT: &str = "
import fcntl, os, struct, sys
path, kind, counts = sys.argv[1], sys.argv[2], int(sys.argv[3])
whole_file = struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
for _ in range(counts):
    with open(path, 'r+') as file:
        if kind == 'flock':
            fcntl.flock(file, fcntl.LOCK_EX)
        else:
            fcntl.fcntl(file, {'posix': fcntl.F_SETLKW, 'ofd': 38}[kind], whole_file)
        count = int(file.read().strip().strip('\"').strip()) + 1
        file.seek(0)
        file.write('\"' + ' ' * (count % 5 * 2000) + str(count) + '\"\\n')
        file.truncate()
";

/// "Opened O_RDWR without O_TRUNC, a key is changed in place, so that read-modify-write under a lock is exact."
#[test]
fn no_update_is_lost_under_any_kind_of_lock() {
    let Some(mounted) = Mounted::held_for(super::hang(), None, &[]) else { return };
    let counts = if super::is_long() { COUNTS * 50 } else { COUNTS };
    for kind in ["flock", "posix", "ofd"] {
        let path = mounted.path().join(kind);
        std::fs::write(&path, "\"0\"\n").unwrap();
        let start = |_| {
            let mut command = Command::new("python3");
            command.args(["-I", "-c", SCRIPT]).arg(&path).args([kind, &counts.to_string()]).spawn().unwrap()
        };
        let mut programs: Vec<_> = (0..COUNTERS).map(start).collect();
        let ended: Vec<_> = programs.iter_mut().map(|program| program.wait().unwrap()).collect();
        let failed = ended.iter().filter(|status| !status.success()).count();
        let text = std::fs::read_to_string(&path).unwrap();
        let counted: u64 = text.trim().trim_matches('"').trim().parse().unwrap();
        println!("{kind}: {counted} of {}", COUNTERS * counts);
        assert_eq!((failed, counted), (0, COUNTERS * counts), "{kind}");
    }
}
