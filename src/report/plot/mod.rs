//! Plots as SVG without outside references: what they are drawn with, and sheets of panels above a common abscissa.

mod sheet;

use std::fmt::{Arguments, Write};

pub(crate) use sheet::{Curve, Level, Mark, Panel, Sheet};

/// Colours that also those tell apart who see red and green alike (Okabe and Ito 2008), dark enough for thin lines on white.
pub(crate) const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#00795c", "#b2559a", "#a06a00", "#3a9bd0", "#444444"];

/// A linear or logarithmic scale onto pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) log: bool,
    /// Intervals between ticks, at most.
    pub(crate) most: f64,
}

impl Scale {
    /// Pixel of a value; what lies beyond an end is drawn just beyond it.
    pub(crate) fn at(&self, x: f64) -> f64 {
        let t = if self.log {
            (x.max(self.low).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (x - self.low) / (self.high - self.low)
        };
        self.from + t.clamp(-0.02, 1.02) * (self.to - self.from)
    }

    /// Round numbers along the scale.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        if self.log {
            let (first, last) = (self.low.log10().ceil() as i32, self.high.log10().floor() as i32);
            let stride = (f64::from(last - first) / self.most).ceil().max(1.0) as usize;
            return (first..=last).step_by(stride).map(|k| 10f64.powi(k)).collect();
        }
        let raw = (self.high - self.low) / self.most;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= raw).unwrap_or(raw);
        let first = (self.low / step - 1.0e-9).ceil() as i64;
        let last = (self.high / step + 1.0e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * step).collect()
    }
}

/// A number as it stands at a tick.
pub(crate) fn label(x: f64) -> String {
    match x.abs() {
        a if a < 1.0e-12 && a != 0.0 => format!("{x:.0e}"),
        0.0 => "0".into(),
        a if (1.0e-3..1.0e5).contains(&a) => {
            let text = format!("{x:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => {
            let text = format!("{x:.2e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// Text as it may stand in XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Appends a line.
pub(crate) fn put(out: &mut String, text: Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

/// Head of a picture on white, with its title.
pub(crate) fn begin(width: f64, height: f64, title: (f64, &str)) -> String {
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="Helvetica, Arial, sans-serif" font-size="13">"#
        ),
    );
    put(&mut out, format_args!(r#"<rect width="{width}" height="{height}" fill="white"/>"#));
    put(&mut out, format_args!(r#"<text x="{}" y="22" font-size="15">{}</text>"#, title.0, escape(title.1)));
    out
}

/// A frame with grid lines and labels; those of the abscissa only `below`.
pub(crate) fn frame(out: &mut String, x: &Scale, y: &Scale, below: bool) {
    let ticks: Vec<(f64, String)> = x.ticks().into_iter().map(|t| (t, label(t))).collect();
    frame_with(out, x, &ticks, y, below);
}

/// A frame whose abscissa has ticks of the caller's choice.
pub(crate) fn frame_with(out: &mut String, x: &Scale, ticks: &[(f64, String)], y: &Scale, below: bool) {
    let ((left, right), (bottom, top)) = ((x.from, x.to), (y.from, y.to));
    for (tick, name) in ticks {
        let at = x.at(*tick);
        put(out, format_args!(r##"<line x1="{at:.1}" x2="{at:.1}" y1="{top}" y2="{bottom}" stroke="#ddd"/>"##));
        if below {
            put(out, format_args!(r#"<text x="{at:.1}" y="{}" text-anchor="middle">{}</text>"#, bottom + 17.0, escape(name)));
        }
    }
    for tick in y.ticks() {
        let at = y.at(tick);
        put(out, format_args!(r##"<line x1="{left}" x2="{right}" y1="{at:.1}" y2="{at:.1}" stroke="#ddd"/>"##));
        put(out, format_args!(r#"<text x="{}" y="{:.1}" text-anchor="end">{}</text>"#, left - 6.0, at + 4.0, label(tick)));
    }
    put(
        out,
        format_args!(r##"<rect x="{left}" y="{top}" width="{}" height="{}" fill="none" stroke="#444"/>"##, right - left, bottom - top),
    );
}

/// What an ordinate means, along its axis.
pub(crate) fn side(out: &mut String, (top, bottom): (f64, f64), text: &str) {
    let y = 0.5 * (top + bottom);
    put(out, format_args!(r#"<text transform="translate(18 {y}) rotate(-90)" text-anchor="middle">{}</text>"#, escape(text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let scale = |low: f64, high: f64, log: bool| Scale { low, high, from: 0.0, to: 100.0, log, most: 6.0 };
        assert_eq!(scale(0.0, 10.8, false).ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(scale(1e-3, 1e9, true).ticks(), [1e-3, 1e-1, 1e1, 1e3, 1e5, 1e7, 1e9]);
        let logarithmic = scale(1.0, 1e4, true);
        assert!((logarithmic.at(100.0) - 50.0).abs() < 1e-12);
        assert_eq!(logarithmic.at(0.0), 0.0, "what is not positive stands at the lower end");
    }

    #[test]
    fn labels_say_what_the_number_is() {
        for (x, expected) in
            [(0.0, "0"), (0.25, "0.25"), (-20.0, "-20"), (1e5, "1e5"), (150_000.0, "1.5e5"), (2e-9, "2e-9"), (1e-15, "1e-15")]
        {
            assert_eq!(label(x), expected);
        }
    }
}
