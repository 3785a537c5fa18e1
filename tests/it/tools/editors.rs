//! The other editors.

use super::row::{Row, terminal};
use super::terminal::{Step, file, gone, link, see, types};

/// The text is shown, and becomes another by what is typed.
fn edit(typed: &str) -> Vec<Step> {
    vec![see("10"), types(typed), see("210")]
}

pub(super) fn rows() -> Vec<Row> {
    let nano = || {
        [
            edit("2"),
            vec![file(".KEY.swp"), types("\x0f"), see("to Write"), types("\r"), see("Wrote 1 line"), types("\x18")],
        ]
        .concat()
    };
    let kakoune = vec![see("insert"), types("\x1b"), gone("insert"), types(":wq\r")];
    let mcedit =
        vec![link(".#KEY"), types("\x1bOQ"), see("[ Save ]"), types("\r"), gone("[ Save ]"), types("\x1b[21~")];
    vec![
        terminal("8", "nano KEY", nano()),
        terminal("9", "nano -B KEY", nano()).leaves(&["KEY", "KEY~"]),
        terminal("15", "micro KEY", [edit("2"), vec![types("\x13"), see("Saved"), types("\x11")]].concat()),
        terminal("16", "kak KEY", [edit("i2"), kakoune].concat()),
        terminal("17", "joe KEY", [edit("2"), vec![link(".#KEY"), types("\x0bx")]].concat()).leaves(&["KEY", "KEY~"]),
        terminal("18", "mg KEY", [edit("2"), vec![types("\x18\x13"), see("Wrote"), types("\x18\x03")]].concat())
            .leaves(&["KEY", "KEY~"]),
        terminal("19", "mcedit KEY", [edit("2"), mcedit].concat()),
        terminal("20", "ed KEY", vec![see("3"), types("s/^/2/p\r"), see("210"), types("w\r"), see("4"), types("q\r")]),
    ]
}

#[test]
fn other_editors_save() {
    super::group::run(rows());
}
