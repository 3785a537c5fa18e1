//! A picture in SVG, readable on light and on dark ground.

use std::fmt::Write;

/// Six colours that most people can tell apart, and the grey of what stands around them; the ground stays transparent.
const STYLE: &str = "\
text { font-family: system-ui, sans-serif; font-size: 12px; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.faint { fill: #57606a }
.end { text-anchor: end }
.middle { text-anchor: middle }
.grid { stroke: #d0d7de }
.reach { stroke: #24292f; stroke-opacity: 0.6 }
.line { fill: none; stroke-width: 2 }
.c0 { fill: #0969da } .c1 { fill: #bc4c00 } .c2 { fill: #6e7781 } .c3 { fill: #8250df } .c4 { fill: #1a7f37 } .c5 { fill: #bf8700 }
.l0 { stroke: #0969da } .l1 { stroke: #bc4c00 } .l2 { stroke: #6e7781 } .l3 { stroke: #8250df } .l4 { stroke: #1a7f37 } .l5 { stroke: #bf8700 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.faint { fill: #9198a1 }
.grid { stroke: #3d444d }
.reach { stroke: #e6edf3 }
.c0 { fill: #58a6ff } .c1 { fill: #f0883e } .c2 { fill: #8b949e } .c3 { fill: #bc8cff } .c4 { fill: #56d364 } .c5 { fill: #e3b341 }
.l0 { stroke: #58a6ff } .l1 { stroke: #f0883e } .l2 { stroke: #8b949e } .l3 { stroke: #bc8cff } .l4 { stroke: #56d364 } .l5 { stroke: #e3b341 }
}
";

/// A picture under way.
pub(crate) struct Picture {
    body: String,
    width: f64,
    height: f64,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Picture {
    pub(crate) fn new(title: &str, width: f64, height: f64) -> Picture {
        let mut picture = Picture { body: String::new(), width, height };
        let _ = writeln!(picture.body, "<title>{}</title>", escaped(title));
        picture.text(10.0, 20.0, "title", title);
        picture
    }

    pub(crate) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.body, r#"<text x="{x:.1}" y="{y:.1}" class="{class}">{text}</text>"#);
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(self.body, r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#);
    }

    pub(crate) fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, series: usize) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" class="c{series}"/>"#
        );
    }

    /// A line through points, each with a dot.
    pub(crate) fn points(&mut self, points: &[(f64, f64)], series: usize) {
        let corners: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.body, r#"<polyline points="{}" class="line l{series}"/>"#, corners.join(" "));
        for (x, y) in points {
            let _ = writeln!(self.body, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" class="c{series}"/>"#);
        }
    }

    /// What each colour stands for, in one line below the title.
    pub(crate) fn legend(&mut self, names: &[(usize, &str)]) {
        let mut x = 10.0;
        for &(series, name) in names {
            self.bar(x, 31.0, 10.0, 10.0, series);
            self.text(x + 15.0, 40.0, "", name);
            x += 35.0 + 6.7 * name.chars().count() as f64;
        }
    }

    pub(crate) fn finish(self) -> String {
        let Picture { body, width, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">\n<style>\n{STYLE}</style>\n{body}</svg>\n"
        )
    }
}
