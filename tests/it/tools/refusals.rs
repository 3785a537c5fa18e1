//! Texts that are not JSON: the value stands, the text is kept with the reason, and the person is told where that is possible.

use super::row::Told::{Message, Nobody, Status};
use super::row::{Row, Told, line};

/// Cannot become JSON whatever follows, so `write` can say so.
const INVALID: &str = "{bad";

/// Could still become JSON, so only `close` and `fsync` can say so.
const INCOMPLETE: &str = "{\"a\": 1";

/// A tool that writes `$T`, which also stands in `$TMPDIR/new`; who is told of an invalid text, and of an incomplete one.
fn refused(name: &str, tool: &str, of_invalid: Told, of_incomplete: Told) -> [Row; 2] {
    let row = |kind: &str, text: &str, told| {
        let begin = format!("export T='{text}'; printf '%s\\n' \"$T\" > $TMPDIR/new");
        line(format!("{name} {kind}"), format!("{begin}; {tool}")).refused(&format!("{text}\n"), told)
    };
    [row("invalid", INVALID, of_invalid), row("incomplete", INCOMPLETE, of_incomplete)]
}

/// A tool that tells of both by its status.
fn tells(name: &str, tool: &str, status: i32) -> [Row; 2] {
    refused(name, tool, Status(status), Status(status))
}

/// The same for a tool that removes the key before it writes: others see that it is gone until the value is put back.
fn unlinks_and_tells(name: &str, tool: &str, status: i32) -> [Row; 2] {
    tells(name, tool, status).map(|row| row.records(&["remove KEY", "put KEY"]))
}

pub(super) fn writing() -> Vec<Row> {
    let rows = [
        refused("bash echo", "echo \"$T\" > KEY", Status(1), Nobody),
        refused("bash printf", "printf '%s\\n' \"$T\" > KEY", Status(1), Nobody),
        refused("dash echo", "dash -c 'echo \"$T\" > KEY'", Status(1), Nobody),
        refused("zsh echo", "zsh -c 'echo \"$T\" > KEY'", Status(1), Nobody),
        refused("busybox echo", "busybox sh -c 'echo \"$T\" > KEY'", Status(1), Nobody),
        tells("bin echo", "/bin/echo \"$T\" > KEY", 1),
        tells("cat", "cat $TMPDIR/new > KEY", 1),
        tells("tee", "tee KEY < $TMPDIR/new", 1),
        tells("dd", "dd if=$TMPDIR/new of=KEY status=none", 1),
        tells("jq", "jq -rn env.T > KEY", 2),
        tells("sed w", "sed -n 'w KEY' $TMPDIR/new", 4),
        tells("awk", "mawk '{ print > \"KEY\" }' $TMPDIR/new", 2),
        tells("sponge", "sponge KEY < $TMPDIR/new", 1),
        tells("sort", "sort -o KEY $TMPDIR/new", 2),
        tells("perl close", "perl -e 'open F, \">KEY\"; print F \"$ENV{T}\\n\"; close F or die \"KEY: $!\\n\"'", 22),
        refused(
            "perl",
            "perl -e 'open F, \">KEY\"; print F \"$ENV{T}\\n\"'",
            Message("Invalid argument"),
            Message("Invalid argument"),
        ),
        tells("python with", &python("with open(\"KEY\", \"w\") as file: file.write(T)"), 1),
        tells("python close", &python("file = open(\"KEY\", \"w\"); file.write(T); file.close()"), 1),
        refused("python", &python("open(\"KEY\", \"w\").write(T)"), Nobody, Nobody),
    ];
    rows.into_iter().flatten().collect()
}

#[test]
fn shells_and_tools_tell_of_what_is_refused() {
    super::group::run(writing());
}

fn python(program: &str) -> String {
    format!("/usr/bin/python3 -c 'import os; T = os.environ[\"T\"] + \"\\n\"\n{program}'")
}

const MKSTEMP: &str = "import os, tempfile
file, name = tempfile.mkstemp(dir=\".\")
os.write(file, os.environ[\"T\"].encode() + b\"\\n\")
os.close(file)
try: os.replace(name, \"KEY\")
finally: os.unlink(name)";

pub(super) fn copying() -> Vec<Row> {
    let tar = "cp $TMPDIR/new $TMPDIR/KEY; tar -cf $TMPDIR/tar -C $TMPDIR KEY; tar -xf $TMPDIR/tar";
    let rows = [
        tells("cp", "cp $TMPDIR/new KEY", 1),
        tells("busybox cp", "busybox cp $TMPDIR/new KEY", 1),
        tells("cp b", "cp -b $TMPDIR/new KEY", 1).map(|row| row.records(&["put KEY"])),
        unlinks_and_tells("cp unlinking", "cp --remove-destination $TMPDIR/new KEY", 1),
        unlinks_and_tells("install", "install -m 600 $TMPDIR/new KEY", 1),
        unlinks_and_tells("mv", "mv $TMPDIR/new KEY", 1),
        unlinks_and_tells("tar", tar, 2),
        tells("mv scratch", "cp $TMPDIR/new .KEY.new && mv .KEY.new KEY", 1)
            .map(|row| row.leaves(&["KEY", ".KEY.new"])),
        tells("mv tmp", "cp $TMPDIR/new KEY.tmp && mv KEY.tmp KEY", 1).map(|row| row.leaves(&["KEY", "KEY.tmp"])),
        tells("sed i", "sed -i \"1,2d;s/.*/$T/\" KEY", 4),
        tells("rsync", "rsync $TMPDIR/new KEY", 23),
        tells("rsync inplace", "rsync --inplace $TMPDIR/new KEY", 11),
        tells("python replace", &format!("/usr/bin/python3 -c '{MKSTEMP}'"), 1),
    ];
    rows.into_iter().flatten().collect()
}

#[test]
fn tools_that_copy_and_rename_tell_of_what_is_refused() {
    super::group::run(copying());
}
