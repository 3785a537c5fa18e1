//! Lying bars: for each row of figures one bar a peer.

use super::axis::Axis;
use super::svg::Picture;
use crate::measure::Row;
use crate::numbers::{median, on_axis, reach, thousands, with_unit};

/// How wide the bars can be, and how much room is right of them for words.
const ACROSS: f64 = 480.0;
const WORDS: f64 = 90.0;
/// How wide a character is, about.
const CHARACTER: f64 = 6.7;
const TOP: f64 = 56.0;
const BAR: f64 = 13.0;
const GAP: f64 = 10.0;

/// How many of `peers` have samples in a row: only they have a bar.
fn present(row: &Row) -> Vec<usize> {
    (0..row.group.peers.len()).filter(|&peer| !row.samples(peer).is_empty()).collect()
}

/// What stands left of each row, and what follows the title: the size stands there when all rows have the same one.
fn labels(rows: &[&Row]) -> (Vec<String>, String) {
    let size = |row: &Row| format!(", {} {}", thousands(row.size), row.group.many);
    let title = |row: &&Row| row.figure.title.to_owned();
    if rows.iter().all(|row| row.size == rows[0].size) {
        return (rows.iter().map(title).collect(), size(rows[0]));
    }
    (rows.iter().map(|row| title(row) + &size(row)).collect(), String::new())
}

/// The picture of rows that have one unit.
pub(crate) fn draw(title: &str, rows: &[&Row]) -> String {
    let (labels, size) = labels(rows);
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or_default();
    let left = 18.0 + longest as f64 * CHARACTER;
    let unit = rows[0].figure.unit;
    let samples = |row: &&Row| present(row).into_iter().flat_map(|peer| row.samples(peer)).collect::<Vec<_>>();
    let numbers: Vec<f64> = rows.iter().flat_map(samples).collect();
    let axis = Axis::of(&numbers, unit, left, left + ACROSS);
    let heights = rows.iter().map(|row| present(row).len() as f64 * BAR + GAP);
    let bottom = TOP + heights.sum::<f64>();
    let mut picture = Picture::new(&format!("{title}{size}"), left + ACROSS + WORDS, bottom + 44.0);
    for mark in axis.marks() {
        let x = axis.place(mark);
        picture.line((x, TOP), (x, bottom), "grid");
        picture.text(x, bottom + 16.0, "middle faint", &on_axis(mark, unit));
    }
    picture.text(left + ACROSS / 2.0, bottom + 36.0, "middle faint", &axis.what(unit));
    let mut shown = Vec::new();
    let mut top = TOP;
    for (row, label) in rows.iter().zip(&labels) {
        let peers = present(row);
        picture.text(left - 8.0, top + peers.len() as f64 * BAR / 2.0 + 4.0, "end", label);
        for peer in peers {
            bar(&mut picture, &axis, row, peer, (left, top));
            shown.push(peer);
            top += BAR;
        }
        top += GAP;
    }
    shown.sort_unstable();
    shown.dedup();
    let names: Vec<_> = shown.into_iter().map(|peer| (peer, rows[0].group.peers[peer])).collect();
    picture.legend(&names);
    picture.finish()
}

/// One bar with the reach of its samples, and its median in words.
fn bar(picture: &mut Picture, axis: &Axis, row: &Row, peer: usize, (left, top): (f64, f64)) {
    let samples = row.samples(peer);
    let (least, most) = reach(&samples);
    let middle = median(samples).unwrap_or_default();
    picture.bar(left, top, axis.place(middle) - left, BAR - 2.0, peer);
    let y = top + BAR / 2.0 - 1.0;
    picture.line((axis.place(least), y), (axis.place(most), y), "reach");
    picture.text(axis.place(most) + 5.0, top + BAR - 3.0, "faint", &with_unit(middle, row.figure.unit));
}
