//! Lines over the number of keys: one a peer, both axes by decades.

use super::axis::Axis;
use super::svg::Picture;
use crate::measure::Row;
use crate::numbers::{median, on_axis, thousands};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 360.0;

/// The picture of one figure at several sizes.
pub(crate) fn draw(title: &str, rows: &[&Row]) -> String {
    let (unit, group) = (rows[0].figure.unit, rows[0].group);
    let medians: Vec<Vec<(f64, f64)>> = (0..group.peers.len()).map(|peer| of_peer(rows, peer)).collect();
    let numbers: Vec<f64> = medians.iter().flatten().map(|(_, number)| *number).collect();
    let sizes: Vec<f64> = rows.iter().map(|row| row.size as f64).collect();
    let (least, most) = crate::numbers::reach(&sizes);
    let across = Axis::by_decades(least, most, LEFT, RIGHT);
    let up = Axis::of(&numbers, unit, BOTTOM, TOP);
    let mut picture = Picture::new(title, WIDTH, BOTTOM + 44.0);
    for mark in up.marks() {
        let y = up.place(mark);
        picture.line((LEFT, y), (RIGHT, y), "grid");
        picture.text(LEFT - 8.0, y + 4.0, "end faint", &on_axis(mark, unit));
    }
    for mark in across.marks() {
        let x = across.place(mark);
        picture.line((x, TOP), (x, BOTTOM), "grid");
        picture.text(x, BOTTOM + 16.0, "middle faint", &thousands(mark as usize));
    }
    let below = format!("median time over the number of {} (both axes logarithmic)", group.many);
    picture.text(f64::midpoint(LEFT, RIGHT), BOTTOM + 36.0, "middle faint", &below);
    let mut ends = Vec::new();
    for (peer, medians) in medians.iter().enumerate() {
        let points: Vec<_> = medians.iter().map(|&(size, number)| (across.place(size), up.place(number))).collect();
        picture.points(&points, peer);
        ends.extend(points.last().map(|&(x, y)| (x, y, peer)));
    }
    name_ends(&mut picture, ends, group.peers);
    picture.finish()
}

fn of_peer(rows: &[&Row], peer: usize) -> Vec<(f64, f64)> {
    rows.iter().filter_map(|row| Some((row.size as f64, median(row.samples(peer))?))).collect()
}

/// The name of each peer at the end of its line, below each other where lines end close together.
fn name_ends(picture: &mut Picture, mut ends: Vec<(f64, f64, usize)>, names: &[&str]) {
    ends.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut free = 0.0_f64;
    for (x, y, peer) in ends {
        let y = y.max(free);
        picture.bar(x + 10.0, y - 5.0, 10.0, 10.0, peer);
        picture.text(x + 25.0, y + 4.0, "", names[peer]);
        free = y + 15.0;
    }
}
