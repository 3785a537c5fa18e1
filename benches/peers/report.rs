//! The samples of a run, as tables and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::measure::{Group, Row};
use crate::numbers::{median, reach, thousands, three_digits, with_unit};

/// The median, and from where to where the samples reach.
fn cell(row: &Row, peer: usize) -> String {
    let samples = row.samples(peer);
    let text = |number| with_unit(number, row.figure.unit);
    let (least, most) = reach(&samples);
    median(samples).map_or("-".to_owned(), |middle| format!("{} ({}..{})", text(middle), text(least), text(most)))
}

fn line(row: &Row, peers: &[usize]) -> String {
    let mut cells = vec![row.figure.title.to_owned(), thousands(row.size)];
    cells.extend(peers.iter().map(|&peer| cell(row, peer)));
    cells.extend(peers[1..].iter().map(|&to| row.ratio(to).map_or("-".to_owned(), three_digits)));
    format!("| {} |", cells.join(" | "))
}

fn head(group: &Group, peers: &[usize]) -> String {
    let names: Vec<_> = peers.iter().map(|&peer| group.peers[peer]).collect();
    let ratios: Vec<_> = names[1..].iter().map(|other| format!("{} / {other}", names[0])).collect();
    let numbers = "--:|".repeat(1 + names.len() + ratios.len());
    let columns: Vec<_> = ["operation", group.many].into_iter().chain(names).map(str::to_owned).chain(ratios).collect();
    format!("| {} |\n|---|{numbers}", columns.join(" | "))
}

/// What must be known of the operations in a table, each note once.
fn notes(rows: &[&Row]) -> String {
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows.iter().filter(|row| !row.note.is_empty()) {
        let title = row.figure.title;
        match notes.iter_mut().find(|(note, _)| *note == row.note) {
            Some((_, titles)) if titles.contains(&title) => {}
            Some((_, titles)) => titles.push(title),
            None => notes.push((row.note, vec![title])),
        }
    }
    notes.iter().fold(String::new(), |text, (note, titles)| text + &format!("- {}: {note}\n", titles.join("; ")))
}

/// The tables of one group in Markdown, and what must be known of them.
pub(crate) fn tables(group: &'static Group, rows: &[Row]) -> String {
    let own: Vec<_> = rows.iter().filter(|row| row.group.name == group.name).collect();
    let mut text = String::new();
    for (title, peers) in group.tables {
        let has_others = |row: &&&Row| peers[1..].iter().any(|&peer| !row.samples(peer).is_empty());
        let lines: Vec<_> = own.iter().filter(has_others).map(|row| line(row, peers)).collect();
        if !lines.is_empty() {
            let _ = writeln!(text, "\n## {title}\n\n{}\n{}", head(group, peers), lines.join("\n"));
        }
    }
    let notes = notes(&own);
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    text
}

/// All samples, in seconds, bytes or numbers a second.
pub(crate) fn samples(rows: &[Row]) -> Value {
    let of_peer = |row: &Row, peer: usize| {
        json!({
            "group": row.group.name,
            "figure": row.figure.name,
            "size": row.size,
            "peer": row.group.peers[peer],
            "unit": format!("{:?}", row.figure.unit),
            "samples": row.samples(peer),
        })
    };
    rows.iter().flat_map(|row| (0..row.group.peers.len()).map(move |peer| of_peer(row, peer))).collect()
}
