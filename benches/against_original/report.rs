//! The samples of a run, as a table and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::operations::OPERATIONS;
use crate::records::Peer;

/// All samples of one operation at one size, a row of the table.
pub(crate) struct Row {
    /// The place of the operation in [`OPERATIONS`].
    pub(crate) operation: usize,
    pub(crate) keys: usize,
    /// One of each peer that has the operation, in seconds, for each round.
    pub(crate) rounds: Vec<[Option<f64>; Peer::ALL.len()]>,
}

/// The middle of the samples, or the mean of the two in the middle.
fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_unstable_by(f64::total_cmp);
    let middle = samples.len() / 2;
    match samples.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(samples[middle]),
        _ => Some(f64::midpoint(samples[middle - 1], samples[middle])),
    }
}

/// Three digits and a unit.
fn time(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{} {unit}", three_digits(number))
}

/// Three digits, or as many places after the point as show one of a small ratio.
fn three_digits(number: f64) -> String {
    let decimals = match number {
        n if n < 0.000_1 => 5,
        n if n < 0.01 => 4,
        n if n < 9.995 => 2,
        n => usize::from(n < 99.95),
    };
    format!("{number:.decimals$}")
}

/// A number with commas between thousands.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Row {
    fn samples(&self, peer: Peer) -> Vec<f64> {
        self.rounds.iter().filter_map(|round| round[peer as usize]).collect()
    }

    /// The median, and from where to where the samples reach.
    fn times(&self, peer: Peer) -> String {
        let samples = self.samples(peer);
        let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
        let most = samples.iter().copied().fold(0.0, f64::max);
        median(samples).map_or("-".to_owned(), |middle| format!("{} ({}..{})", time(middle), time(least), time(most)))
    }

    /// The median of the ratios within one round, in which both met the same weather.
    fn ratio(&self, to: Peer) -> Option<f64> {
        let ratio = |round: &[Option<f64>; 3]| Some(round[Peer::Keyfs as usize]? / round[to as usize]?);
        median(self.rounds.iter().filter_map(ratio).collect())
    }

    fn line(&self) -> String {
        let ratio = |to| self.ratio(to).map_or("-".to_owned(), three_digits);
        format!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            OPERATIONS[self.operation].title,
            thousands(self.keys),
            self.times(Peer::Keyfs),
            self.times(Peer::Original),
            self.times(Peer::Bare),
            ratio(Peer::Original),
            ratio(Peer::Bare),
        )
    }
}

/// The table in Markdown, and what the floors are.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = "| operation | keys | keyfs | original | floor | keyfs / original | keyfs / floor |\n\
        |---|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for row in rows {
        let _ = writeln!(text, "{}", row.line());
    }
    text.push_str("\nThe floors:\n\n");
    for operation in OPERATIONS.iter().filter(|operation| !operation.floor.is_empty()) {
        let _ = writeln!(text, "- {}: {}", operation.title, operation.floor);
    }
    text
}

/// All samples in seconds.
pub(crate) fn samples(rows: &[Row]) -> Value {
    let of_peer = |row: &Row, peer: Peer| {
        json!({
            "operation": OPERATIONS[row.operation].name,
            "keys": row.keys,
            "peer": peer.name(),
            "seconds": row.samples(peer),
        })
    };
    rows.iter().flat_map(|row| Peer::ALL.map(|peer| of_peer(row, peer))).collect()
}
