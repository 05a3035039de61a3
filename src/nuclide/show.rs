//! Energies, times and numbers as the texts of `dosaic nuclides` show them.

/// An energy in MeV with four significant digits; a dot for none, so that tables stay readable.
pub(super) fn energy(mev: f64) -> String {
    if mev == 0.0 { "·".to_string() } else { significant(mev, 4) }
}

/// A time in the unit that suits it.
pub(super) fn time(seconds: f64) -> String {
    const UNITS: [(f64, f64, &str); 8] = [
        // up to this many seconds, divided by, unit
        (1e-6, 1e-9, "ns"),
        (1e-3, 1e-6, "us"),
        (1.0, 1e-3, "ms"),
        (120.0, 1.0, "s"),
        (7200.0, 60.0, "min"),
        (259_200.0, 3600.0, "h"),
        (63_115_200.0, 86_400.0, "d"),
        (f64::INFINITY, 31_557_600.0, "y"),
    ];
    let (_, divisor, unit) = UNITS.iter().find(|(limit, ..)| seconds < *limit).unwrap_or(&UNITS[7]);
    format!("{} {unit}", significant(seconds / divisor, 4))
}

/// Rounded to `digits` significant digits, without trailing zeros and without rounding away digits left of the point; powers of ten below
/// 1e-4 and from 1e7 on.
pub(super) fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let scientific = format!("{:.*e}", digits - 1, x);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let trim = |s: &str| if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_string() } else { s.to_string() };
    match exponent.parse::<i32>() {
        Ok(e) if (-4..7).contains(&e) => trim(&format!("{:.*}", (digits as i32 - 1 - e).max(0) as usize, x)),
        _ => format!("{}e{exponent}", trim(mantissa)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_in_the_unit_that_suits_them() {
        for (s, text) in [
            (3e-7, "300 ns"),
            (3.7e-6, "3.7 us"),
            (0.0323, "32.3 ms"),
            (55.8, "55.8 s"),
            (2735.4, "45.59 min"),
            (230_549.76, "64.04 h"),
            (574_300.8, "6.647 d"),
            (1_038_222_900.0, "32.9 y"),
            (7.221744e22, "2.288e15 y"),
        ] {
            assert_eq!(time(s), text);
        }
    }

    #[test]
    fn significant_digits_round_and_do_not_pad() {
        for (x, n, text) in [
            (0.147_98, 4, "0.148"),
            (99.99, 3, "100"),
            (1e-5, 3, "1e-5"),
            (0.999_96, 4, "1"),
            (123_456.0, 3, "123456"),
            (5829.6, 6, "5829.6"),
        ] {
            assert_eq!(significant(x, n), text);
        }
    }
}
