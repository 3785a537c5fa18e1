//! An axis: where a number stands, and which numbers are written beside it.

use crate::measure::Unit;

/// By decades, or from zero on where the unit is small and close together.
pub(crate) struct Axis {
    is_logarithmic: bool,
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis from pixel `from` to pixel `to` on which all of `numbers` have room: times and rates by decades.
    pub(crate) fn of(numbers: &[f64], unit: Unit, from: f64, to: f64) -> Axis {
        let (least, most) = crate::numbers::reach(numbers);
        match unit {
            Unit::Bytes => {
                let step = 10_f64.powf(most.max(1.0).log10().floor());
                Axis { is_logarithmic: false, least: 0.0, most: (most / step).ceil() * step, from, to }
            }
            Unit::Seconds | Unit::PerSecond => Axis::by_decades(least, most, from, to),
        }
    }

    /// An axis by decades, from one that is whole to one that is.
    pub(crate) fn by_decades(least: f64, most: f64, from: f64, to: f64) -> Axis {
        let first = (least.max(1e-12).log10() + 1e-9).floor();
        let last = (most.max(1e-12).log10() - 1e-9).ceil().max(first + 1.0);
        Axis { is_logarithmic: true, least: 10_f64.powf(first), most: 10_f64.powf(last), from, to }
    }

    pub(crate) fn place(&self, number: f64) -> f64 {
        let part = if self.is_logarithmic {
            (number.max(self.least) / self.least).log10() / (self.most / self.least).log10()
        } else {
            (number - self.least) / (self.most - self.least)
        };
        self.from + part * (self.to - self.from)
    }

    /// The numbers that are written beside it.
    pub(crate) fn marks(&self) -> Vec<f64> {
        if self.is_logarithmic {
            let (first, last) = (self.least.log10().round() as i32, self.most.log10().round() as i32);
            // One of 1e-6 * 1000 is not 1e-3 to the last digit.
            return (first..=last).map(|power| format!("1e{power}").parse().unwrap()).collect();
        }
        (0..=5).map(|part| self.most * f64::from(part) / 5.0).collect()
    }

    /// What it shows, in words.
    pub(crate) fn what(&self, unit: Unit) -> String {
        let unit = match unit {
            Unit::Seconds => "time",
            Unit::Bytes => "bytes",
            Unit::PerSecond => "number a second",
        };
        let scale = if self.is_logarithmic { ", logarithmic" } else { "" };
        format!("{unit} (bar: median, thin line: least to greatest{scale})")
    }
}
