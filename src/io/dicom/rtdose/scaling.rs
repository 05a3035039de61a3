//! From doses to the integers of an RT Dose, and decimal strings.

/// Bits per voxel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(into = "u16")]
pub enum Bits {
    /// Read by everything; steps of 1/65535 of the highest value in the study.
    Sixteen,
    /// Steps below those of single precision.
    ThirtyTwo,
}

impl From<Bits> for u16 {
    fn from(bits: Bits) -> Self {
        match bits {
            Bits::Sixteen => 16,
            Bits::ThirtyTwo => 32,
        }
    }
}

impl Bits {
    /// The largest number that is stored.
    fn full(self) -> u32 {
        match self {
            Self::Sixteen => u16::MAX.into(),
            Self::ThirtyTwo => u32::MAX,
        }
    }
}

/// One scaling for all objects of a study: `value = stored x DoseGridScaling`.
///
/// Viewers that load two doses of a study with different scalings mix them up (SlicerRT).
#[derive(Debug, Clone, PartialEq)]
pub struct DoseScaling {
    bits: Bits,
    text: String,
    step: f64,
}

impl DoseScaling {
    /// The finest scaling that holds values up to `max`, Gy, in ten digits.
    pub fn new(bits: Bits, max: f64) -> Self {
        let needed = if max > 0.0 { max / f64::from(bits.full()) } else { 1.0 };
        // Ten digits may round down: then the last one goes up until the largest value fits.
        let (mut text, mut step, mut factor) = (String::new(), 0.0, 1.0);
        while step * f64::from(bits.full()) < max || text.is_empty() {
            text = decimal_string(needed * factor);
            step = text.parse().unwrap_or(needed);
            factor += 2.0e-10;
        }
        Self { bits, text, step }
    }

    /// Bits per voxel.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// Distance of two values that can be told apart, Gy; values are rounded by half of it at most.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// The attribute's text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The stored number for a value; values below zero become 0.
    pub(super) fn quantise(&self, value: f32) -> u32 {
        let full = self.bits.full();
        // The cast saturates; values above the maximum do not occur, since the scaling was made for them.
        ((f64::from(value) / self.step).round() as u32).min(full)
    }
}

/// A number in DICOM's VR DS: 16 characters at most; all digits where they fit, else at least nine.
pub(super) fn decimal_string(value: f64) -> String {
    const LONGEST: usize = 16;
    // Adding zero keeps "-0" out.
    let value = value + 0.0;
    let exact = value.to_string();
    if exact.len() <= LONGEST {
        return exact;
    }
    let decimals = 9 - value.abs().log10().floor() as i32;
    let fixed = if (0..=13).contains(&decimals) { format!("{value:.*}", decimals as usize) } else { String::new() };
    if !fixed.is_empty() && fixed.len() <= LONGEST {
        return fixed;
    }
    (0..=9).rev().map(|digits| format!("{value:.digits$e}")).find(|text| text.len() <= LONGEST).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_strings_fit_and_keep_ten_digits() {
        for (value, expected) in [(2.4, "2.4"), (-0.0, "0"), (-177.956_33, "-177.95633"), (1e-3, "0.001"), (0.976_562_5, "0.9765625")] {
            assert_eq!(decimal_string(value), expected);
        }
        let third = 1.0_f64 / 3.0;
        for power in -12..12 {
            for value in [third, -third, 0.707_106_781_186_547_5, -0.999_999_999_999_3].map(|x| x * 10_f64.powi(power)) {
                let text = decimal_string(value);
                assert!(text.len() <= 16, "{text}");
                let read: f64 = text.parse().expect("a number");
                assert!((read / value - 1.0).abs() <= 1.0e-9, "{value:e} became {text}");
            }
        }
    }

    #[test]
    fn the_largest_value_is_stored_and_rounding_is_half_a_step() {
        for bits in [Bits::Sixteen, Bits::ThirtyTwo] {
            for max in [457.125_f64, 1.0e-7, 3.3e4, 0.1 + 0.2, 123.456_789_012_345] {
                let max = max as f32;
                let scaling = DoseScaling::new(bits, max.into());
                let read = |value: f32| f64::from(scaling.quantise(value)) * scaling.step();
                assert!(scaling.step() * f64::from(bits.full()) >= f64::from(max));
                assert!(scaling.step() <= f64::from(max) / f64::from(bits.full()) * (1.0 + 2e-9), "no finer than needed");
                for share in [1.0, 0.999_99, 0.5, 0.123, 1e-4, 0.0] {
                    let value = max * share;
                    assert!((read(value) - f64::from(value)).abs() <= 0.500_001 * scaling.step(), "{value} of {max}");
                }
                assert_eq!(scaling.quantise(-1.0), 0);
            }
        }
        assert_eq!(DoseScaling::new(Bits::Sixteen, 0.0).quantise(0.0), 0, "no dose at all");
    }
}
