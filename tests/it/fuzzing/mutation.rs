//! Bytes that come of others.

use crate::random::Random;

/// Pieces that mean something in JSON, in names of files and in patterns.
const PIECES: [&[u8]; 30] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\ud800",
    b"\\u",
    b"\\n",
    b"\n",
    b"\0",
    b" ",
    b"0",
    b"-",
    b".",
    b"e",
    b"NaN",
    b"Infinity",
    b"true",
    b"null",
    b"%",
    b"%2F",
    b"~",
    b"#",
    b"*",
    b"?",
    b"\xed\xa0\x80",
    b"\xc3\xa9",
];

/// One of the seeds, changed in one to eight places.
pub(super) fn mutated(seeds: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut bytes = choice(seeds, random).to_vec();
    for _ in 0..=random.below(8) {
        mutate(&mut bytes, seeds, random);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, seeds: &[&[u8]], random: &mut Random) {
    let (from, to) = range(bytes.len(), random);
    match random.below(7) {
        0 if from < bytes.len() => bytes[from] ^= 1 << random.below(8),
        1 if from < bytes.len() => bytes[from] = random.below(256) as u8,
        2 => bytes.truncate(to),
        3 => drop(bytes.drain(from..to)),
        4 => {
            let part = bytes[from..to].to_vec();
            insert(bytes, &part, random);
        }
        5 => {
            let other = choice(seeds, random);
            let (from, to) = range(other.len(), random);
            insert(bytes, &other[from..to], random);
        }
        _ => insert(bytes, choice(&PIECES, random), random),
    }
}

fn insert(bytes: &mut Vec<u8>, piece: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() as u64 + 1) as usize;
    drop(bytes.splice(at..at, piece.iter().copied()));
}

/// A part of so many bytes, from where to where.
fn range(len: usize, random: &mut Random) -> (usize, usize) {
    let ends = [random.below(len as u64 + 1) as usize, random.below(len as u64 + 1) as usize];
    (ends[0].min(ends[1]), ends[0].max(ends[1]))
}

fn choice<'a>(choices: &[&'a [u8]], random: &mut Random) -> &'a [u8] {
    choices[random.below(choices.len() as u64) as usize]
}
