//! Comparing rows of words with what the twin gives, each field with its own tolerance.

/// How a field is compared.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Equal to the bit.
    Bits,
    /// An integer that is rounded from a float: apart by at most this.
    Within(u32),
    /// The inverse of a component of a direction: the components are compared, within so many units in the last place of 0.5.
    Inverse(f32),
    /// A float within so many units in the last place of a number of the size of `scale`, or of its own where that is larger.
    Float { ulps: f32, scale: f32 },
}

/// A field of one or more words.
pub(crate) type Field = (&'static str, usize, Kind);

/// A float whose error is relative to itself.
pub(crate) const fn float(ulps: f32) -> Kind {
    Kind::Float { ulps, scale: 0.0 }
}

/// Compares all rows and panics where more than `flips` of them differ beyond their tolerances; prints the largest deviation met.
///
/// A row may "flip" where two floats that are compared in the function differ in their last bits between the twins.
pub(crate) fn compare<const N: usize>(what: &str, fields: &[Field], got: &[[u32; N]], want: &[[u32; N]], flips: usize) {
    assert_eq!(fields.iter().map(|f| f.1).sum::<usize>(), N, "{what}: the fields cover the row");
    assert_eq!(got.len(), want.len(), "{what}: a row for each input");
    assert!(got.len() >= 1000, "{what}: only {} inputs", got.len());
    let names: Vec<(&str, Kind)> = fields.iter().flat_map(|&(name, words, kind)| std::iter::repeat_n((name, kind), words)).collect();
    let mut worst = (0.0, "");
    let mut different: Vec<String> = Vec::new();
    let mut identical = 0;
    for (row, (got, want)) in got.iter().zip(want).enumerate() {
        identical += usize::from(got == want);
        let mut deviation = (0.0, "");
        let mut wrong = None;
        for (word, &(name, kind)) in names.iter().enumerate() {
            let (a, b) = (got[word], want[word]);
            match kind {
                Kind::Bits if a != b => wrong = wrong.or(Some(format!("row {row}, {name}: {a} is not {b}"))),
                Kind::Within(most) if a.abs_diff(b) > most => wrong = wrong.or(Some(format!("row {row}, {name}: {a} is not {b}"))),
                Kind::Bits | Kind::Within(_) => {}
                Kind::Float { .. } | Kind::Inverse(_) => {
                    let (a, b) = (f32::from_bits(a), f32::from_bits(b));
                    let (off, ulps) = match kind {
                        Kind::Float { ulps, scale } => (distance(a, b, scale), ulps),
                        Kind::Inverse(ulps) => (distance(1.0 / a, 1.0 / b, 0.5), ulps),
                        Kind::Bits | Kind::Within(_) => unreachable!("not floats"),
                    };
                    if off > ulps {
                        wrong = wrong.or(Some(format!("row {row}, {name}: {a} is not {b}, {off} ulp")));
                    } else if off > deviation.0 {
                        deviation = (off, name);
                    }
                }
            }
        }
        match wrong {
            Some(text) => different.push(text),
            None if deviation.0 > worst.0 => worst = deviation,
            None => {}
        }
    }
    let place = if worst.1.is_empty() { String::new() } else { format!(" ({})", worst.1) };
    let summary = format!(
        "{what}: {} inputs, {identical} equal to the bit, largest deviation {:.1} ulp{place}, {} beyond",
        got.len(),
        worst.0,
        different.len()
    );
    println!("  {summary}");
    different.truncate(8);
    assert!(different.len() <= flips, "{summary}; at most {flips} allowed\n{}", different.join("\n"));
}

/// Distance in units in the last place of the larger of `b` and `scale`; infinite where one is not a number.
fn distance(a: f32, b: f32, scale: f32) -> f32 {
    if a.to_bits() == b.to_bits() {
        return 0.0;
    }
    if !a.is_finite() || !b.is_finite() {
        return f32::INFINITY;
    }
    let size = b.abs().max(scale).max(f32::MIN_POSITIVE);
    let ulp = f32::from_bits((size.to_bits() & 0x7f80_0000).max(24 << 23) - (23 << 23));
    (a - b).abs() / ulp
}
