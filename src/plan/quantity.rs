//! Quantities as a user types them: a number and its unit, `"7.4 GBq"`, `"10, 0, -5 mm"`.

use super::{frame::Fault, tme};

/// What a unit does to a number to reach the unit used inside the program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Multiplies by a power of ten; done on the decimal digits, so that "0.3 um" is the double nearest to 3e-4 mm.
    Power(i32),
    /// Multiplies by a factor.
    Factor(f64),
}

/// A kind of quantity: the units it may be written in.
#[derive(Debug, PartialEq)]
pub struct Dimension {
    /// With its article, for messages: "a length".
    pub name: &'static str,
    /// Units and what they do; the first of each size is the spelling to recommend.
    pub units: &'static [(&'static str, Scale)],
    /// The unit shown in examples.
    pub typical: &'static str,
    /// Number shown in examples.
    pub example: &'static str,
    /// Whether a number without unit has a meaning.
    pub bare: bool,
}

use Scale::{Factor, Power};

/// Length; inside mm.
pub const LENGTH: Dimension = Dimension {
    name: "a length",
    units: &[
        ("nm", Power(-6)),
        ("um", Power(-3)),
        ("mm", Power(0)),
        ("cm", Power(1)),
        ("m", Power(3)),
        ("\u{b5}m", Power(-3)),
        ("\u{3bc}m", Power(-3)),
    ],
    typical: "mm",
    example: "10",
    bare: false,
};
/// Time; inside s. A year has 365.25 d.
pub const TIME: Dimension = Dimension {
    name: "a time",
    units: &[
        ("s", Power(0)),
        ("min", Factor(60.0)),
        ("h", Factor(3600.0)),
        ("d", Factor(86400.0)),
        ("wk", Factor(604_800.0)),
        ("y", Factor(31_557_600.0)),
    ],
    typical: "h",
    example: "50",
    bare: false,
};
/// Per time; inside 1/s.
pub const RATE: Dimension = Dimension {
    name: "a rate",
    units: &[
        ("/s", Power(0)),
        ("/min", Factor(1.0 / 60.0)),
        ("/h", Factor(1.0 / 3600.0)),
        ("/d", Factor(1.0 / 86400.0)),
        ("1/s", Power(0)),
        ("1/min", Factor(1.0 / 60.0)),
        ("1/h", Factor(1.0 / 3600.0)),
        ("1/d", Factor(1.0 / 86400.0)),
    ],
    typical: "/h",
    example: "0.12",
    bare: false,
};
/// Activity; inside Bq. 1 Ci = 3.7e10 Bq exactly.
pub const ACTIVITY: Dimension = Dimension {
    name: "an activity",
    units: &[
        ("Bq", Power(0)),
        ("kBq", Power(3)),
        ("MBq", Power(6)),
        ("GBq", Power(9)),
        ("TBq", Power(12)),
        ("uCi", Factor(3.7e4)),
        ("mCi", Factor(3.7e7)),
        ("Ci", Factor(3.7e10)),
        ("\u{b5}Ci", Factor(3.7e4)),
        ("\u{3bc}Ci", Factor(3.7e4)),
    ],
    typical: "GBq",
    example: "7.4",
    bare: false,
};
/// Density; inside g/cm3.
pub const DENSITY: Dimension = Dimension {
    name: "a density",
    units: &[("g/cm3", Power(0)), ("g/mL", Power(0)), ("kg/m3", Power(-3)), ("mg/cm3", Power(-3)), ("g/cm\u{b3}", Power(0))],
    typical: "g/cm3",
    example: "1.06",
    bare: false,
};
/// Energy; inside MeV.
pub const ENERGY: Dimension = Dimension {
    name: "an energy",
    units: &[("eV", Power(-6)), ("keV", Power(-3)), ("MeV", Power(0))],
    typical: "keV",
    example: "10",
    bare: false,
};
/// Absorbed dose (also BED, EQD2 and alpha/beta); inside Gy.
pub const DOSE: Dimension = Dimension {
    name: "a dose",
    units: &[("mGy", Power(-3)), ("cGy", Power(-2)), ("Gy", Power(0))],
    typical: "Gy",
    example: "10",
    bare: false,
};
/// Per dose; inside 1/Gy.
pub const PER_DOSE: Dimension = Dimension {
    name: "a value per dose",
    units: &[("/Gy", Power(0)), ("1/Gy", Power(0)), ("Gy-1", Power(0)), ("Gy^-1", Power(0))],
    typical: "/Gy",
    example: "0.35",
    bare: false,
};
/// Number per volume; inside 1/mL.
pub const PER_VOLUME: Dimension = Dimension {
    name: "a number per volume",
    units: &[("/mL", Power(0)), ("/cm3", Power(0)), ("/mm3", Power(3)), ("1/mL", Power(0)), ("1/cm3", Power(0)), ("1/mm3", Power(3))],
    typical: "/mL",
    example: "1e8",
    bare: false,
};
/// A part of a whole, 0.021 or "2.1 %"; inside 1.
pub const FRACTION: Dimension = Dimension { name: "a fraction", units: &[("%", Power(-2))], typical: "%", example: "2.5", bare: true };

/// Every dimension of general use, to recognise a unit in the wrong place.
const ALL: [&Dimension; 10] = [&LENGTH, &TIME, &RATE, &ACTIVITY, &DENSITY, &ENERGY, &DOSE, &PER_DOSE, &PER_VOLUME, &FRACTION];

/// Spellings that are not accepted (one way to write a thing) but understood well enough to name the right one.
const SYNONYMS: &[(&str, &str)] = &[
    ("micron", "um"),
    ("microns", "um"),
    ("sec", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("minute", "min"),
    ("minutes", "min"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("w", "wk"),
    ("week", "wk"),
    ("weeks", "wk"),
    ("a", "y"),
    ("yr", "y"),
    ("year", "y"),
    ("years", "y"),
    ("g/cc", "g/cm3"),
    ("g/cm^3", "g/cm3"),
    ("g/ml", "g/mL"),
    ("kg/m^3", "kg/m3"),
    ("kg/l", "g/mL"),
    ("/ml", "/mL"),
    ("per ml", "/mL"),
    ("/cc", "/cm3"),
    ("per gy", "/Gy"),
    ("percent", "%"),
];

impl Dimension {
    /// Units to recommend, "um, mm, cm, m".
    pub fn unit_list(&self) -> String {
        let plain: Vec<&str> =
            self.units.iter().map(|u| u.0).filter(|u| u.is_ascii() && !u.starts_with("1/") && !u.contains('-')).collect();
        plain.join(", ")
    }

    /// How such a quantity is written, in quotes.
    pub fn form(&self) -> String {
        format!("\"{} {}\"", self.example, self.typical)
    }

    fn scale(&self, unit: &str) -> Option<Scale> {
        self.units.iter().find(|u| u.0 == unit).map(|u| u.1)
    }

    /// How to write the number `digits` with a unit of this dimension.
    pub(super) fn advice(&self, digits: &str) -> String {
        format!("write \"{digits} {}\" (units: {})", self.typical, self.unit_list())
    }

    fn unknown_unit(&self, text: &str, unit: &str) -> Fault {
        if let Some(other) = ALL.iter().chain(&tme::OWN).find(|d| d.scale(unit).is_some()) {
            return Fault::new(
                format!("\"{text}\" is {}, but {} is needed", other.name, self.name),
                format!("write for example {} (units: {})", self.form(), self.unit_list()),
            );
        }
        let lower = unit.to_lowercase();
        let meant = (self.units.iter().find(|u| u.0.to_lowercase() == lower).map(|u| u.0))
            .or_else(|| SYNONYMS.iter().find(|s| s.0 == lower && self.scale(s.1).is_some()).map(|s| s.1));
        let help = match meant {
            Some(unit) => format!("did you mean `{unit}`? units of {}: {}", self.name, self.unit_list()),
            None => format!("units of {}: {}", self.name, self.unit_list()),
        };
        Fault::new(format!("unknown unit `{unit}` in \"{text}\""), help)
    }
}

/// A decimal number taken apart: sign and digits with point, and the power of ten behind `e`.
struct Decimal<'t> {
    digits: &'t str,
    exponent: i64,
}

/// Splits a leading decimal number from the rest, without reading the `e` of a unit ("5 eV") as an exponent.
fn split_number(text: &str) -> Option<(Decimal<'_>, &str)> {
    let bytes = text.as_bytes();
    let digits_from = |mut p: usize| {
        while bytes.get(p).is_some_and(u8::is_ascii_digit) {
            p += 1;
        }
        p
    };
    let signed = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let mut end = digits_from(signed);
    let mut count = end - signed;
    if bytes.get(end) == Some(&b'.') {
        let fraction_end = digits_from(end + 1);
        count += fraction_end - end - 1;
        end = fraction_end;
    }
    if count == 0 {
        return None;
    }
    let digits = &text[..end];
    let mut exponent = 0;
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent_end = digits_from(end + 1 + sign);
        if exponent_end > end + 1 + sign {
            // An exponent too long for i64 is as good as infinite; both ends are caught when the number is read.
            exponent = text[end + 1..exponent_end].parse().unwrap_or(if bytes[end + 1] == b'-' { -100_000 } else { 100_000 });
            end = exponent_end;
        }
    }
    Some((Decimal { digits, exponent }, &text[end..]))
}

/// Splits one quantity into number and unit (which may be empty).
fn split<'t>(text: &'t str, dimension: &Dimension) -> Result<(Decimal<'t>, &'t str), Fault> {
    let trimmed = text.trim();
    let Some((number, rest)) = split_number(trimmed) else {
        let lower = trimmed.trim_start_matches(['+', '-']).to_lowercase();
        let what =
            if lower.starts_with("nan") || lower.starts_with("inf") { "is not a finite number" } else { "does not begin with a number" };
        return Err(Fault::new(format!("\"{text}\" {what}"), format!("write {} like {}", dimension.name, dimension.form())));
    };
    let unit = rest.trim();
    let point_missing = unit.starts_with(',') || unit.starts_with('.');
    if point_missing || (rest.starts_with(|c: char| c.is_ascii_digit() || c == '_')) {
        let help = format!("one number with a decimal point, then the unit: {}", dimension.form());
        return Err(Fault::new(format!("\"{text}\" is not one number with a unit"), help));
    }
    Ok((number, unit))
}

/// Number and unit to the unit used inside.
fn convert(number: &Decimal<'_>, unit: &str, text: &str, dimension: &Dimension) -> Result<f64, Fault> {
    let scale = match (unit, dimension.scale(unit)) {
        (_, Some(scale)) => scale,
        ("", None) if dimension.bare => Power(0),
        ("", None) => {
            return Err(Fault::new(format!("\"{text}\" has no unit, but {} is needed", dimension.name), dimension.advice(text.trim())));
        }
        _ => return Err(dimension.unknown_unit(text, unit)),
    };
    let (power, factor) = match scale {
        Power(power) => (power, 1.0),
        Factor(factor) => (0, factor),
    };
    let exponent = number.exponent.saturating_add(power.into());
    let value = format!("{}e{exponent}", number.digits).parse::<f64>().map_or(f64::INFINITY, |v| v * factor);
    if !value.is_finite() {
        return Err(Fault::new(
            format!("\"{text}\" is too large to compute with"),
            format!("write {} like {}", dimension.name, dimension.form()),
        ));
    }
    Ok(value)
}

/// The unit behind the number of a quantity, perhaps none; `None` if the text does not begin with a number.
pub(super) fn unit_of(text: &str) -> Option<&str> {
    split_number(text.trim()).map(|(_, unit)| unit.trim())
}

/// Reads one quantity, `"7.4 GBq"`, into the unit used inside (see each dimension).
///
/// # Errors
/// No number, not finite, no unit, an unknown unit or one of another dimension.
pub fn parse(text: &str, dimension: &Dimension) -> Result<f64, Fault> {
    let (number, unit) = split(text, dimension)?;
    convert(&number, unit, text, dimension)
}

/// Reads quantities separated by commas, `"0.98, 0.98, 3 mm"`; one without unit takes that of the next one with a unit.
///
/// # Errors
/// As [`parse`], for any of the quantities.
pub fn parse_list(text: &str, dimension: &Dimension) -> Result<Vec<f64>, Fault> {
    let mut unit = "";
    let mut values = Vec::new();
    for part in text.rsplit(',') {
        let (number, own) = split(part, dimension)?;
        unit = if own.is_empty() { unit } else { own };
        values.push(convert(&number, unit, text, dimension)?);
    }
    values.reverse();
    Ok(values)
}

/// The values a quantity may have, in the unit used inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Smallest value.
    pub min: f64,
    /// Whether `min` itself is allowed.
    pub min_included: bool,
    /// Largest value.
    pub max: f64,
}

impl Limits {
    /// Greater than zero.
    pub const POSITIVE: Self = Self { min: 0.0, min_included: false, max: f64::MAX };
    /// Zero or greater.
    pub const NOT_NEGATIVE: Self = Self { min: 0.0, min_included: true, max: f64::MAX };
    /// Any finite value.
    pub const FINITE: Self = Self { min: f64::MIN, min_included: true, max: f64::MAX };

    /// From `min` to `max`, both allowed.
    pub const fn between(min: f64, max: f64) -> Self {
        Self { min, min_included: true, max }
    }

    /// Greater than zero, up to `max`.
    pub const fn up_to(max: f64) -> Self {
        Self { min: 0.0, min_included: false, max }
    }

    /// The least limits that allow what either allows.
    pub(super) fn spanning(self, other: Self) -> Self {
        let (low, other_low) = ((self.min, !self.min_included), (other.min, !other.min_included));
        let (min, excluded) = if other_low < low { other_low } else { low };
        Self { min, min_included: !excluded, max: self.max.max(other.max) }
    }

    /// What is wrong with `value` (written as `found`), if anything; `show` writes a limit with its unit.
    pub fn check(&self, value: f64, found: &str, show: impl Fn(f64) -> String) -> Result<f64, Fault> {
        let above = value > self.min || (self.min_included && value == self.min);
        if above && value <= self.max {
            return Ok(value);
        }
        let min = if self.min == 0.0 { "0".to_owned() } else { show(self.min) };
        let rule = match (self.min_included, self.max == f64::MAX) {
            (false, true) => format!("it must be greater than {min}"),
            (true, true) => format!("it must be {min} or greater"),
            (true, false) => format!("it must be between {min} and {}", show(self.max)),
            (false, false) => format!("it must be greater than {min} and at most {}", show(self.max)),
        };
        Err(Fault::new(format!("{found} is out of range"), rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "round numbers must be exact")]
    fn round_numbers_are_exact() {
        let cases: &[(&str, &Dimension, f64)] = &[
            ("3 mm", &LENGTH, 3.0),
            ("0.3um", &LENGTH, 3e-4),
            ("1 \u{b5}m", &LENGTH, 1e-3),
            ("1 \u{3bc}m", &LENGTH, 1e-3),
            ("-1.23 cm", &LENGTH, -12.3),
            ("0.5 m", &LENGTH, 500.0),
            ("50 h", &TIME, 180_000.0),
            ("8 wk", &TIME, 4_838_400.0),
            ("2 y", &TIME, 63_115_200.0),
            ("90 min", &TIME, 5400.0),
            ("6.647 d", &TIME, 6.647 * 86400.0),
            ("7.4 GBq", &ACTIVITY, 7.4e9),
            ("200 mCi", &ACTIVITY, 7.4e9),
            ("8 MBq", &ACTIVITY, 8e6),
            ("1e-3 TBq", &ACTIVITY, 1e9),
            ("+5 kBq", &ACTIVITY, 5e3),
            ("1.06 g/cm3", &DENSITY, 1.06),
            ("1060 kg/m3", &DENSITY, 1.06),
            ("5eV", &ENERGY, 5e-6),
            ("5e0eV", &ENERGY, 5e-6),
            ("1.5 keV", &ENERGY, 1.5e-3),
            ("2.6 Gy", &DOSE, 2.6),
            ("150 mGy", &DOSE, 0.15),
            ("0.35 /Gy", &PER_DOSE, 0.35),
            ("0.35 1/Gy", &PER_DOSE, 0.35),
            ("1e8 /mL", &PER_VOLUME, 1e8),
            ("2.1 %", &FRACTION, 0.021),
            ("0.021", &FRACTION, 0.021),
        ];
        for &(text, dimension, value) in cases {
            assert_eq!(parse(text, dimension), Ok(value), "{text}");
        }
        assert_eq!(parse_list("0.98, 0.98, 3 mm", &LENGTH), Ok(vec![0.98, 0.98, 3.0]));
        assert_eq!(parse_list("10 um, 0 mm, -5 cm", &LENGTH), Ok(vec![0.01, 0.0, -50.0]));
    }

    #[test]
    fn wrong_quantities_say_what_would_be_right() {
        let cases: &[(&str, &Dimension, &str, &str)] = &[
            ("7.4", &ACTIVITY, "no unit", "7.4 GBq"),
            ("7,4 GBq", &ACTIVITY, "not one number", "decimal point"),
            ("7.4 gbq", &ACTIVITY, "unknown unit `gbq`", "`GBq`"),
            ("50 hours", &TIME, "unknown unit `hours`", "`h`"),
            ("50 GBq", &TIME, "is an activity, but a time", "50 h"),
            ("5 mm", &FRACTION, "is a length, but a fraction", "%"),
            ("nan mm", &LENGTH, "not a finite number", "10 mm"),
            ("-inf Gy", &DOSE, "not a finite number", "10 Gy"),
            ("1e999 mm", &LENGTH, "too large", "10 mm"),
            ("1e99999999999999999999 mm", &LENGTH, "too large", "10 mm"),
            ("mm", &LENGTH, "does not begin with a number", "10 mm"),
            ("", &LENGTH, "does not begin with a number", "10 mm"),
            (".", &LENGTH, "does not begin with a number", "10 mm"),
            ("1.2.3 mm", &LENGTH, "not one number", "10 mm"),
            ("1 2 mm", &LENGTH, "unknown unit", "mm"),
            ("1_000 mm", &LENGTH, "not one number", "10 mm"),
        ];
        for &(text, dimension, message, help) in cases {
            let fault = parse(text, dimension).unwrap_err();
            assert!(fault.message.contains(message), "{text}: {}", fault.message);
            assert!(fault.help.as_deref().unwrap_or("").contains(help), "{text}: {:?}", fault.help);
        }
        assert!(parse_list("1, 2, 3", &LENGTH).is_err());
        assert!(parse_list("1 mm, 2, 3", &LENGTH).is_err(), "the last ones have no unit");
        assert!(parse_list("1,, 3 mm", &LENGTH).is_err());
    }

    #[test]
    fn tiny_numbers_are_zero_not_an_error() {
        assert_eq!(parse("1e-99999999999999999999 mm", &LENGTH), Ok(0.0));
    }

    #[test]
    fn limits_are_checked_on_both_ends() {
        let show = |v: f64| format!("{v} mm");
        assert!(Limits::POSITIVE.check(0.0, "x", show).is_err());
        assert!(Limits::NOT_NEGATIVE.check(0.0, "x", show).is_ok());
        assert!(Limits::between(1.0, 2.0).check(2.0, "x", show).is_ok());
        assert!(Limits::between(1.0, 2.0).check(2.1, "x", show).unwrap_err().help.unwrap().contains("between 1 mm and 2 mm"));
        assert!(Limits::FINITE.check(f64::NAN, "x", show).is_err());
    }
}
