//! Lying bars: for each row of figures one bar a peer.

use super::axis::Axis;
use super::svg::Picture;
use crate::measure::Row;
use crate::numbers::{median, on_axis, reach, thousands, with_unit};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 290.0;
const RIGHT: f64 = 780.0;
const TOP: f64 = 56.0;
const BAR: f64 = 13.0;
const GAP: f64 = 10.0;

/// How many of `peers` have samples in a row: only they have a bar.
fn present(row: &Row) -> Vec<usize> {
    (0..row.group.peers.len()).filter(|&peer| !row.samples(peer).is_empty()).collect()
}

/// The picture of rows that have one unit.
pub(crate) fn draw(title: &str, rows: &[&Row]) -> String {
    let unit = rows[0].figure.unit;
    let numbers: Vec<f64> =
        rows.iter().flat_map(|row| present(row).into_iter().flat_map(|peer| row.samples(peer))).collect();
    let axis = Axis::of(&numbers, unit, LEFT, RIGHT);
    let heights = rows.iter().map(|row| present(row).len() as f64 * BAR + GAP);
    let bottom = TOP + heights.sum::<f64>();
    let mut picture = Picture::new(title, WIDTH, bottom + 44.0);
    for mark in axis.marks() {
        let x = axis.place(mark);
        picture.line((x, TOP), (x, bottom), "grid");
        picture.text(x, bottom + 16.0, "middle faint", &on_axis(mark, unit));
    }
    picture.text(f64::midpoint(LEFT, RIGHT), bottom + 36.0, "middle faint", &axis.what(unit, ""));
    let mut shown = Vec::new();
    let mut top = TOP;
    for row in rows {
        let peers = present(row);
        let middle = top + peers.len() as f64 * BAR / 2.0;
        let name = format!("{}, {} {}", row.figure.title, thousands(row.size), row.group.many);
        picture.text(LEFT - 8.0, middle + 4.0, "end", name.trim_end_matches(", 1 value"));
        for peer in peers {
            bar(&mut picture, &axis, row, peer, top);
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
fn bar(picture: &mut Picture, axis: &Axis, row: &Row, peer: usize, top: f64) {
    let samples = row.samples(peer);
    let (least, most) = reach(&samples);
    let middle = median(samples).unwrap_or_default();
    picture.bar(LEFT, top, axis.place(middle) - LEFT, BAR - 2.0, peer);
    let y = top + BAR / 2.0 - 1.0;
    picture.line((axis.place(least), y), (axis.place(most), y), "reach");
    picture.text(axis.place(most) + 5.0, top + BAR - 3.0, "faint", &with_unit(middle, row.figure.unit));
}
