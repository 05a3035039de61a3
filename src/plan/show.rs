//! Quantities as people write them: six digits at most, in a unit that keeps the number short.

use glam::DVec3;

use super::quantity::{ACTIVITY, Dimension, ENERGY, FRACTION, LENGTH, Scale, TIME};

/// Up to six significant digits, without trailing zeros.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", value.abs());
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..7.0).contains(&magnitude) {
        let text = format!("{value:.5e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'));
    }
    let text = format!("{value:.*}", (5.0 - magnitude).max(0.0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Writes `value` in the largest of `units` (ascending sizes) that does not exceed it.
fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    let (unit, size) = units.iter().rev().find(|u| value.abs() >= u.1 * (1.0 - 1e-12)).or(units.first()).copied().unwrap_or(("", 1.0));
    format!("{} {unit}", number(value / size))
}

/// mm to um below 0.1 mm, else mm.
pub(super) fn length(mm: f64) -> String {
    if mm != 0.0 && mm.abs() < 0.1 { format!("{} um", number(mm * 1e3)) } else { format!("{} mm", number(mm)) }
}

/// "x, y, z unit".
pub(super) fn vector(mm: DVec3) -> String {
    let (unit, size) = if mm != DVec3::ZERO && mm.abs().max_element() < 0.1 { ("um", 1e-3) } else { ("mm", 1.0) };
    format!("{}, {}, {} {unit}", number(mm.x / size), number(mm.y / size), number(mm.z / size))
}

/// s to s, min, h or d; hours up to three days, as effective half-lives are quoted.
pub(super) fn time(seconds: f64) -> String {
    match seconds.abs() {
        t if t < 60.0 => format!("{} s", number(seconds)),
        t if t < 3600.0 => format!("{} min", number(seconds / 60.0)),
        t if t < 10.0 * 86400.0 && (t / 86400.0).fract() != 0.0 => format!("{} h", number(seconds / 3600.0)),
        _ => format!("{} d", number(seconds / 86400.0)),
    }
}

/// Bq with a decimal prefix.
pub(super) fn activity(becquerel: f64) -> String {
    scaled(becquerel, &[("Bq", 1.0), ("kBq", 1e3), ("MBq", 1e6), ("GBq", 1e9), ("TBq", 1e12)])
}

/// MeV with a decimal prefix.
pub(super) fn energy(mev: f64) -> String {
    scaled(mev, &[("eV", 1e-6), ("keV", 1e-3), ("MeV", 1.0)])
}

/// A fraction as per cent.
pub(super) fn percent(fraction: f64) -> String {
    format!("{} %", number(fraction * 100.0))
}

/// A value of any dimension, given in the unit used inside.
pub(super) fn quantity(value: f64, dimension: &Dimension) -> String {
    match dimension {
        d if *d == LENGTH => length(value),
        d if *d == TIME => time(value),
        d if *d == ACTIVITY => activity(value),
        d if *d == ENERGY => energy(value),
        d if *d == FRACTION => percent(value),
        _ => with_unit(value, dimension.units.iter().find(|u| u.1 == Scale::Power(0)).map_or("", |u| u.0)),
    }
}

/// Value and unit, if it has one.
pub(super) fn with_unit(value: f64, unit: &str) -> String {
    if unit.is_empty() { number(value) } else { format!("{} {unit}", number(value)) }
}

/// A count with groups of three digits.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fit_the_size() {
        assert_eq!(activity(7.4e9), "7.4 GBq");
        assert_eq!(activity(999.0), "999 Bq");
        assert_eq!(activity(1e6), "1 MBq");
        assert_eq!(length(0.005), "5 um");
        assert_eq!(length(-12.3), "-12.3 mm");
        assert_eq!(vector(DVec3::new(0.98, 0.98, 3.0)), "0.98, 0.98, 3 mm");
        assert_eq!(vector(DVec3::splat(0.01)), "10, 10, 10 um");
        assert_eq!(time(180_000.0), "50 h");
        assert_eq!(time(56.0 * 86400.0), "56 d");
        assert_eq!(time(5400.0), "1.5 h");
        assert_eq!(energy(0.01), "10 keV");
        assert_eq!(energy(0.001), "1 keV");
        assert_eq!(percent(0.025), "2.5 %");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(number(2.06e8), "2.06e8");
        assert_eq!(number(1_000_000.0), "1000000");
        assert_eq!(number(0.000_25), "0.00025");
    }
}
