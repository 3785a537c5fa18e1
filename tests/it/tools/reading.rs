//! Tools that look at keys, and what is refused whoever asks for it.

use super::row::{Row, Told, line};

/// A line that only reads: its output is compared with that of a plain directory.
fn reads(name: &'static str, text: &'static str) -> Row {
    line(name, text).records(&[])
}

pub(super) fn reading() -> Vec<Row> {
    vec![
        reads("64 cat", "cat KEY; wc -c < KEY; stat -c %s KEY"),
        reads("64 less", "less KEY | cat"),
        reads("64 grep", "grep -rh '\"a\"' KEY; grep -rl --include='KEY*' '\"a\"' . | sort"),
        reads("64 find", "touch -d 2001-01-01 $TMPDIR/old; find . -name 'KEY*' -newer $TMPDIR/old"),
        reads("64 diff", "echo '{}' > $TMPDIR/KEY; cd $TMPDIR; git diff --no-index KEY $OLDPWD/KEY | tail -n +5"),
        reads("65", "tar -c KEY | tar -xO; tar -cf - KEY | tar -tvf - | awk '{ print $3, $6 }'"),
    ]
}

#[test]
fn tools_read_what_a_plain_file_would_give() {
    super::group::run(reading());
}

pub(super) fn refused() -> Vec<Row> {
    vec![
        line("62", "setfacl -m u:0:r KEY").stands(Told::Status(1)),
        line("63 hard", "ln KEY KEY.hard").stands(Told::Status(1)),
        line("63 soft", "ln -s KEY KEY.soft").stands(Told::Status(1)),
    ]
}

#[test]
fn what_cannot_be_done_is_refused() {
    super::group::run(refused());
}

/// Waits until the background job watches, and a little until it listens too; at most a second, for one that looks again and
/// again instead.
const WATCHES: &str =
    "for try in $(seq 100); do grep -qs inotify /proc/$!/fdinfo/* && break; sleep 0.01; done; sleep 0.2";

/// Waits until the background job has said something, ends it and prints that.
const SAID: &str =
    "for try in $(seq 100); do [ -s $TMPDIR/said ] && break; sleep 0.02; done; kill $!; grep . $TMPDIR/said";

pub(super) fn watching() -> Vec<Row> {
    let saved = |name: &'static str, watcher: &str| {
        line(name, format!("{watcher} > $TMPDIR/said 2> /dev/null & {WATCHES}; echo 1 > KEY; {SAID}"))
    };
    vec![
        saved("66 inotifywait", "inotifywait -qm -e close_write --include 'KEY$' --format '%e %f' ."),
        saved("66 entr", "entr -np cat KEY < <(echo KEY)"),
        saved("66 tail", "tail -n 0 -s 0.1 --max-unchanged-stats=1 -F KEY"),
    ]
}

#[test]
fn watchers_on_the_same_mount_see_a_save() {
    super::group::run(watching());
}
