//! The pictures of a run.

mod axis;
mod bars;
mod lines;
mod svg;

use std::path::Path;

use crate::measure::Row;

/// How the figures of a picture are shown.
enum Shape {
    /// Bars, at the greatest size of each figure.
    Bars,
    /// Bars, at all sizes.
    BarsOfSizes,
    /// Lines over the sizes.
    Lines,
}

/// A picture: the name of its file, its title, and which figures of which group it shows.
struct Chart {
    file: &'static str,
    title: &'static str,
    shape: Shape,
    group: &'static str,
    figures: &'static [&'static str],
}

const CHARTS: [Chart; 11] = [
    Chart { file: "open", title: "Opening a store, warm", shape: Shape::Lines, group: "store", figures: &["open"] },
    Chart {
        file: "open-anew",
        title: "Opening a store without a snapshot, warm",
        shape: Shape::Lines,
        group: "store",
        figures: &["open-anew"],
    },
    Chart {
        file: "open-cold",
        title: "Opening a store, nothing of it in memory",
        shape: Shape::Lines,
        group: "store",
        figures: &["open-cold"],
    },
    Chart {
        file: "store",
        title: "Operations on a store",
        shape: Shape::Bars,
        group: "store",
        figures: &[
            "get",
            "put-burst",
            "put-sustained",
            "put-one-key",
            "put-sync",
            "put-new",
            "remove",
            "synchronize-unchanged",
            "synchronize-one",
        ],
    },
    Chart {
        file: "memory",
        title: "Memory for one key",
        shape: Shape::BarsOfSizes,
        group: "memory",
        figures: &["memory"],
    },
    Chart {
        file: "files",
        title: "One file through the mount",
        shape: Shape::Bars,
        group: "mount",
        figures: &["read", "cat", "stat", "create", "overwrite", "replace", "unlink"],
    },
    Chart {
        file: "saving",
        title: "Saving a file through the mount",
        shape: Shape::BarsOfSizes,
        group: "saving",
        figures: &["save"],
    },
    Chart {
        file: "listings",
        title: "Listing the mount",
        shape: Shape::BarsOfSizes,
        group: "mount",
        figures: &["ls", "ls-l", "ls-cold", "ls-l-cold"],
    },
    Chart {
        file: "large",
        title: "Reading a large value through the mount",
        shape: Shape::BarsOfSizes,
        group: "large",
        figures: &["large-first", "large-again"],
    },
    Chart {
        file: "crowd",
        title: "Eight readers and a writer on the mount",
        shape: Shape::Bars,
        group: "mount",
        figures: &["crowd"],
    },
    Chart {
        file: "latency",
        title: "From the begin of a put by another process until a watcher is awake",
        shape: Shape::BarsOfSizes,
        group: "latency",
        figures: &["poll", "poll-p99", "inotify", "inotify-p99"],
    },
];

fn greatest_of_each<'rows>(rows: &[&'rows Row]) -> Vec<&'rows Row> {
    let is_greatest =
        |row: &&Row| rows.iter().all(|other| other.figure.name != row.figure.name || other.size <= row.size);
    rows.iter().copied().filter(is_greatest).collect()
}

/// Writes the pictures of a group into a directory, and gives what shows them on a page beside it.
pub(crate) fn write(directory: &Path, group: &str, rows: &[Row]) -> String {
    let mut links = String::new();
    std::fs::create_dir_all(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for chart in CHARTS.iter().filter(|chart| chart.group == group) {
        let is_shown = |row: &&Row| row.group.name == group && chart.figures.contains(&row.figure.name);
        let own: Vec<_> = rows.iter().filter(is_shown).collect();
        if own.is_empty() {
            continue;
        }
        let picture = match chart.shape {
            Shape::Bars => bars::draw(chart.title, &greatest_of_each(&own)),
            Shape::BarsOfSizes => bars::draw(chart.title, &own),
            Shape::Lines => lines::draw(chart.title, &own),
        };
        let file = directory.join(chart.file).with_extension("svg");
        std::fs::write(&file, picture).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        links.push_str(&format!("\n![{}](charts/{}.svg)\n", chart.title, chart.file));
    }
    links
}
