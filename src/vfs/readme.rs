//! What `.keyfs/README` says.

use super::VfsOptions;

/// A page about one mount: every sentence and command of it holds there.
pub(super) fn readme(options: &VfsOptions, place: &str) -> String {
    let suffix = options.naming.suffix();
    let (named, scratch) = if suffix.is_empty() {
        (
            "The file name of a key is the key itself;".to_owned(),
            "names that begin with a dot or end with ~, or begin and end with #".to_owned(),
        )
    } else {
        (
            format!("The file name of a key is the key and {suffix};"),
            format!("all names that do not end with {suffix}, and those that begin with a dot"),
        )
    };
    let changing =
        if options.read_only { "Nothing can be changed here: the mount is for reading only.\n" } else { CHANGING };
    let refused = if options.read_only { "" } else { REFUSED };
    format!(
        "\
This directory is a keyfs mount of {place}

Each file is a key, its content the value as JSON. In this directory:

  cat NAME                          get
{changing}
{named} /, control characters and a few others are
written as %XX (a/b is a%2Fb{suffix}), and a name that would be too long ends in a hash:

  keyfs path KEY --mount .          the file of a key
  keyfs key NAME                    the key of a file
  cat .keyfs/info/NAME              the exact key, its time, the size of its text

Scratch files are never keys: {scratch}.
{refused}
About this mount, its store, and how long requests take:

  cat .keyfs/status
"
    )
}

const CHANGING: &str = "  \
  echo '{\"a\": 1}' > NAME            put, when it is closed and valid JSON
  rm NAME                           remove
  mv SCRATCH NAME                   put the text of a scratch file
";

const REFUSED: &str = "\
They take any bytes, and become keys only when they are renamed.

A text that is not JSON never replaces a value. It is refused and kept:

  ls .keyfs/rejected                the refused texts
  cat .keyfs/rejected/NAME          the text
  cat .keyfs/rejected/NAME.error    why, with line and column
  rm .keyfs/rejected/NAME           forget it
";
