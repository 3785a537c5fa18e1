//! Vim, in each of its ways to save.

use super::row::{Row, line, terminal};
use super::terminal::{Step, file, see, types};

/// `backupskip` is emptied, so that a build directory below `/tmp` is a directory like any other.
pub(super) const VIM: &str = "vim -i NONE -c 'set backupskip='";

/// Vim with more options, that saves at its end.
fn vim(name: &'static str, options: &str) -> Row {
    terminal(name, format!("{VIM} {options} KEY"), edit())
}

fn edit() -> Vec<Step> {
    vec![see("10"), file(".KEY.swp"), types(":s/^/2/\r"), see("210"), types(":wq\r")]
}

pub(super) fn rows() -> Vec<Row> {
    let twice = [
        vec![see("10"), types(":s/1/3/\r"), see("30"), types(":w\r"), see("written")],
        vec![types(":s/3/4/\r"), see("40"), types(":w\r"), see("written")],
        vec![types(":s/$/10/\r"), see("4010"), types(":s/40//\r"), see("10")],
    ];
    vec![
        vim("1", ""),
        terminal("1 thrice", format!("{VIM} KEY"), [twice.concat(), edit()].concat()).saved_between(&["30", "40"]),
        vim("2", "-c 'set backupcopy=no'"),
        vim("3", "-c 'set backup'").leaves(&["KEY", "KEY~"]),
        vim("4", "-c 'set backupcopy=yes'"),
        terminal("5", "env TMPDIR=$PWD/.. vim -i NONE KEY", edit()),
        terminal("6", "vim -i NONE KEY", vec![see("[New]"), types("i{\"new\": 1}\x1b"), see("1}"), types(":wq\r")])
            .before(None),
        line("7", "vim -i NONE -es -c %s/1/2/ -c wq KEY"),
    ]
}

#[test]
fn vim_saves() {
    super::group::run(rows());
}
