//! Numbers as people read them, and what stands for many of them.

use crate::measure::Unit;

/// The middle of the samples, or the mean of the two in the middle.
pub(crate) fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_unstable_by(f64::total_cmp);
    let middle = samples.len() / 2;
    match samples.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(samples[middle]),
        _ => Some(f64::midpoint(samples[middle - 1], samples[middle])),
    }
}

/// The least sample that 99 of 100 do not exceed.
pub(crate) fn ninety_ninth(mut samples: Vec<f64>) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples[(samples.len() * 99).div_ceil(100) - 1]
}

/// From where to where the samples reach.
pub(crate) fn reach(samples: &[f64]) -> (f64, f64) {
    (samples.iter().copied().fold(f64::INFINITY, f64::min), samples.iter().copied().fold(0.0, f64::max))
}

/// Three digits and a unit.
pub(crate) fn with_unit(number: f64, unit: Unit) -> String {
    let (number, name) = match unit {
        Unit::Bytes => (number, " B"),
        Unit::PerSecond => return format!("{}/s", thousands(number.round() as usize)),
        Unit::Seconds => match number {
            s if s < 0.999_5e-6 => (s * 1e9, " ns"),
            s if s < 0.999_5e-3 => (s * 1e6, " µs"),
            s if s < 0.999_5 => (s * 1e3, " ms"),
            s => (s, " s"),
        },
    };
    format!("{}{name}", three_digits(number))
}

/// The same without decimals, for an axis.
pub(crate) fn on_axis(number: f64, unit: Unit) -> String {
    let text = with_unit(number, unit);
    let (digits, name) = text.split_at(text.find([' ', '/']).unwrap_or(text.len()));
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}{name}")
}

/// Three digits, or as many places after the point as show one of a small ratio.
pub(crate) fn three_digits(number: f64) -> String {
    let decimals = match number {
        n if n < 0.000_1 => 5,
        n if n < 0.01 => 4,
        n if n < 9.995 => 2,
        n => usize::from(n < 99.95),
    };
    format!("{number:.decimals$}")
}

/// A number with commas between thousands.
pub(crate) fn thousands(number: usize) -> String {
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
