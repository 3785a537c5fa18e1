//! Tools that write a temporary file and rename it onto the key.

use super::row::{Row, Told, line};

const PATCH: &str = r#"printf '%s\n' '--- KEY' '+++ KEY' '@@ -1,3 +1,3 @@' ' {' '-  "a": 1' '+  "a": 2' ' }'"#;
const MKSTEMP: &str = "import os, tempfile
file, name = tempfile.mkstemp(dir=\".\")
os.write(file, b\"[1, 2]\")
os.fsync(file)
os.close(file)
os.replace(name, \"KEY\")";

pub(super) fn rows() -> Vec<Row> {
    vec![
        line("21", "sed -i s/1/2/ KEY"),
        line("22", "sed -i.bak s/1/2/ KEY").records(&["put KEY.bak", "put KEY"]).leaves(&["KEY", "KEY.bak"]),
        line("23", "perl -pi -e s/1/2/ KEY"),
        line("24", "perl -pi~ -e s/1/2/ KEY").leaves(&["KEY", "KEY~"]),
        line("25", "busybox sed -i s/1/2/ KEY"),
        line("26", format!("{PATCH} | patch KEY")),
        line("27", "echo '[1, 2]' > $TMPDIR/new && rsync $TMPDIR/new KEY"),
        line("28", "echo '[1, 2]' > $TMPDIR/new && rsync --inplace $TMPDIR/new KEY"),
        line("29", format!("/usr/bin/python3 -c '{MKSTEMP}'")),
        line("30", "git config -f KEY a.b c").before("true\n").refused("true\n[a]\n\tb = c\n", Told::Status(4)),
        line("31", "jq -c .a=2 KEY > KEY.tmp && mv KEY.tmp KEY"),
        line("32", "jq -c .a=2 KEY | sponge KEY"),
    ]
}

#[test]
fn tools_that_rename_a_temporary_file_save() {
    super::group::run(rows());
}
