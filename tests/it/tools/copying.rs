//! Tools that copy, move, unpack and remove.

use super::row::{Row, line};

const NEW: &str = r#"printf '{"new": "é"}' > $TMPDIR/new"#;

pub(super) fn rows() -> Vec<Row> {
    let unlinked = ["remove KEY", "put KEY"];
    vec![
        line("33", format!("{NEW}; cp $TMPDIR/new KEY")),
        line("34", format!("{NEW}; cp -a $TMPDIR/new KEY")),
        line("35", format!("{NEW}; cp -b $TMPDIR/new KEY")).leaves(&["KEY", "KEY~"]),
        line("36", format!("{NEW}; cp --remove-destination $TMPDIR/new KEY")).records(&unlinked),
        line("37", format!("{NEW}; cp $TMPDIR/new KEY")).before(None),
        line("37 private", format!("{NEW}; chmod 600 $TMPDIR/new; cp $TMPDIR/new KEY")).before(None),
        line("38", "echo '[1, 2]' > .KEY.new && mv .KEY.new KEY"),
        line("39", format!("{NEW}; mv $TMPDIR/new KEY")).records(&unlinked),
        line("40", "mv KEY KEY2").records(&["put KEY2", "remove KEY"]).leaves(&["KEY2"]),
        line("41", "mv KEY KEY~ && cp KEY~ KEY").leaves(&["KEY", "KEY~"]),
        line("42", format!("{NEW}; install -m 600 $TMPDIR/new KEY")).records(&unlinked),
        line(
            "43",
            format!("{NEW}; mv $TMPDIR/new $TMPDIR/KEY; tar -cf $TMPDIR/tar -C $TMPDIR KEY && tar -xf $TMPDIR/tar"),
        )
        .records(&unlinked),
        line("60", "rm KEY").records(&["remove KEY"]).leaves(&[]),
        line("60 all", "cp KEY KEY2 && rm -f KEY*").records(&["put KEY2", "remove KEY", "remove KEY2"]).leaves(&[]),
    ]
}

#[test]
fn tools_that_copy_and_move_save() {
    super::group::run(rows());
}
