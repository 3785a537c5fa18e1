//! Names that are no numbers, whatever `int()` of Python would make of them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Files of somebody else, too many to be looked at one by one.
pub(super) const FOREIGN_FILES: usize = 20_000;

pub(super) fn odd_names() -> Vec<OsString> {
    let mut names: Vec<Vec<u8>> = [
        "007",
        "00",
        "+7",
        "-7",
        "-0",
        "1_000",
        " 12",
        "12 ",
        "1700000000000000\n",
        "\t1700000000000000",
        "1e9",
        "1.0",
        "0x10",
        "0b1",
        "NaN",
        "Infinity",
        "notes.txt",
        "1700000000000000.tmp",
        "~",
        ".1700000000000000",
        "\u{661}\u{662}\u{663}",
        "\u{ff11}\u{ff12}",
        "\u{1d7d9}",
        "12\u{200b}",
        "\u{feff}12",
        "1700000000000000\u{301}",
        "%31%32",
        "..1",
        "1\\2",
        "\u{1b}[31m1",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    // Numbers of more than 128 bits.
    names.push((b"340282366920938463463374607431768211456").to_vec());
    names.push("9".repeat(39).into_bytes());
    names.push("9".repeat(255).into_bytes());
    names.push("1".repeat(40).into_bytes());
    names.push("a".repeat(255).into_bytes());
    names.push(vec![0xff, 0xfe]);
    names.push(b"17\xe9".to_vec());
    names.push(b"\xed\xa0\x80".to_vec());
    names.into_iter().map(OsString::from_vec).collect()
}
