//! Emacs, in each of its ways to save.

use super::row::{Row, terminal};
use super::terminal::{Step, file, gone, link, see, types};

/// Emacs without the settings of the system, and on a terminal that it asks no questions, so that it starts faster. A build
/// directory below `/tmp` is one like any other to it.
pub(super) const EMACS: &str = "env TERM=vt100 emacs -nw -Q \
    --eval '(setq native-comp-deferred-compilation nil backup-enable-predicate (lambda (_) t))'";

/// Emacs with a form that is evaluated before the key is opened; the steps come between editing and saving.
fn emacs(name: &'static str, form: &str, steps: Vec<Step>) -> Row {
    let begin = vec![see("10"), types("2"), see("210"), link(".#KEY")];
    let end = vec![types("\x18\x13"), see("Wrote"), types("\x18\x03")];
    terminal(name, format!("{EMACS} --eval '{form}' KEY"), [begin, steps, end].concat())
}

pub(super) fn rows() -> Vec<Row> {
    let auto_saved = vec![types("\x1bxdo-auto-save\r"), file("#KEY#"), gone("M-x"), see("210")];
    vec![
        emacs("10", "(setq make-backup-files nil)", vec![]),
        emacs("11", "(setq make-backup-files t)", vec![]).leaves(&["KEY", "KEY~"]),
        emacs("12", "(setq backup-by-copying t)", vec![]).leaves(&["KEY", "KEY~"]),
        emacs("13", "(setq make-backup-files nil)", auto_saved),
        emacs("14", "(setq file-precious-flag t)", vec![]).leaves(&["KEY", "KEY~"]),
    ]
}

#[test]
fn emacs_saves() {
    super::group::run(rows());
}
