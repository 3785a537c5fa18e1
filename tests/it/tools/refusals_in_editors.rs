//! Texts that are not JSON in editors: the value stands, the text is kept, and the person is told where that is possible.

use super::emacs::EMACS;
use super::row::{Row, Told, terminal};
use super::terminal::{Step, file, gone, see, types};
use super::vim::VIM;

/// An editor in which a letter is typed in front of the 10, which makes a text that can never become JSON, or one that could;
/// then it is saved. The steps after that tell who sees the refusal, and leave the editor.
fn refused(
    name: &str,
    command: &str,
    save: impl Fn(&str) -> Vec<Step>,
    invalid: Vec<Step>,
    incomplete: Vec<Step>,
) -> [Row; 2] {
    let row = |kind: &str, typed: &str, end: Vec<Step>| {
        let text = format!("{typed}10\n");
        terminal(format!("{name} {kind}"), command, [save(typed), end].concat()).refused(&text, Told::Screen)
    };
    [row("invalid", "{", invalid), row("incomplete", "[", incomplete)]
}

/// An editor that tells of both in the same way.
fn tells(name: &str, command: &str, save: impl Fn(&str) -> Vec<Step>, end: Vec<Step>) -> [Row; 2] {
    refused(name, command, save, end.clone(), end)
}

/// Types the letter, and then the keys that save.
fn keys(begin: &'static str, save: &[Step]) -> impl Fn(&str) -> Vec<Step> {
    move |typed| [vec![see("10"), types(format!("{begin}{typed}")), see(format!("{typed}10"))], save.to_vec()].concat()
}

/// The editor gives the key its old text back when it could not save.
fn puts_back(row: Row) -> Row {
    row.records(&["put KEY"])
}

pub(super) fn telling() -> Vec<Row> {
    let vim =
        |typed: &str| vec![see("10"), types(format!(":s/^/{typed}/\r")), see(format!("{typed}10")), types(":w\r")];
    let ed = |typed: &str| vec![see("3"), types(format!("s/^/{typed}/p\r")), see(format!("{typed}10")), types("w\r")];
    let leave_vim = vec![see("E512"), types(":q!\r")];
    let leave_nano = vec![see("Error writing"), see("Invalid argument"), types("\x18"), see("Save mod"), types("n")];
    let leave_emacs = vec![
        see("Invalid argument"),
        types("\x18\x03"),
        see("Save file"),
        types("n"),
        see("exit anyway"),
        types("yes\r"),
    ];
    let quit_micro = vec![see("invalid argument"), types("\x11"), see("Save changes"), types("n")];
    let rows = [
        tells("vim", &format!("{VIM} KEY"), vim, leave_vim.clone()).map(puts_back),
        tells("vim copying", &format!("{VIM} -c 'set backupcopy=yes' KEY"), vim, leave_vim)
            .map(|row| puts_back(row).leaves(&["KEY", "KEY~"])),
        tells("nano", "nano KEY", keys("", &[types("\x0f"), see("to Write"), types("\r")]), leave_nano),
        tells(
            "emacs",
            &format!("{EMACS} --eval '(setq make-backup-files nil)' KEY"),
            keys("", &[types("\x18\x13")]),
            leave_emacs.clone(),
        )
        .map(|row| row.leaves(&["KEY", "#KEY#"])),
        tells("emacs moving", &format!("{EMACS} KEY"), keys("", &[types("\x18\x13")]), leave_emacs)
            .map(|row| puts_back(row).leaves(&["KEY", "#KEY#"])),
        tells("micro", "micro KEY", keys("", &[types("\x13")]), quit_micro),
        tells("ed", "ed KEY", ed, vec![see("Invalid argument"), types("Q\r")]),
    ];
    rows.into_iter().flatten().collect()
}

#[test]
fn editors_tell_of_what_is_refused() {
    super::group::run(telling());
}

pub(super) fn ignoring() -> Vec<Row> {
    let kakoune = [see("insert"), types("\x1b"), gone("insert"), types(":w\r")];
    let leave_kakoune = || types(":q!\r");
    let joe = [types("\x0bd"), see("Name of file"), types("\r")];
    let rows = [
        refused(
            "kakoune",
            "kak KEY",
            keys("i", &kakoune),
            vec![see("Invalid argument"), leave_kakoune()],
            vec![gone(":w"), leave_kakoune()],
        ),
        refused(
            "joe",
            "joe KEY",
            keys("", &joe),
            vec![see("Error writing file"), types("\x03"), see("Lose changes"), types("y")],
            vec![see("saved"), types("\x03")],
        )
        .map(|row| row.leaves(&["KEY", "KEY~"])),
        tells(
            "mg",
            "mg KEY",
            keys("", &[types("\x18\x13")]),
            vec![file("KEY~"), types("\x18\x03"), see("Save file"), types("n"), see("really exit"), types("yes\r")],
        )
        .map(|row| row.leaves(&["KEY", "KEY~"])),
    ];
    rows.into_iter().flatten().collect()
}

#[test]
fn editors_that_ignore_an_error_of_close_tell_of_invalid_text_only() {
    super::group::run(ignoring());
}
