//! A sheet: panels above each other with one abscissa, marks across all of them, and one legend at the right.
//!
//! A line is named beside the first panel in which it stands.

use super::{Scale, begin, escape, frame_with, label, put, side};

const LEFT: f64 = 84.0;
const RIGHT: f64 = 640.0;
/// Least width, and that of a character of the legend.
const WIDTH: (f64, f64) = (860.0, 6.6);
/// Where the names of the lines begin, and how far apart they stand.
const NAMES: (f64, f64) = (RIGHT + 46.0, 17.0);
/// Distance between panels.
const GAP: f64 = 18.0;
/// Height of a line of marks above the panels, and the width of a character there.
const MARK: (f64, f64) = (14.0, 6.2);

/// A line or a row of points.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// What it is.
    pub(crate) name: String,
    /// As SVG has it.
    pub(crate) colour: &'static str,
    /// Broken instead of drawn through.
    pub(crate) dashed: bool,
    /// With a point at each value: filled, or open.
    pub(crate) points: Option<bool>,
    /// Without the line between the points.
    pub(crate) bare: bool,
    /// Abscissa and value; values that are not finite leave a gap.
    pub(crate) values: Vec<(f64, f64)>,
}

impl Curve {
    /// A plain line.
    pub(crate) fn line(name: impl Into<String>, colour: &'static str, values: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), colour, dashed: false, points: None, bare: false, values }
    }

    /// Broken.
    pub(crate) fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// With filled or open points.
    pub(crate) fn dotted(self, filled: bool) -> Self {
        Self { points: Some(filled), ..self }
    }

    /// Points alone.
    pub(crate) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }
}

/// A horizontal line with a name.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) value: f64,
    pub(crate) name: &'static str,
}

/// A panel of a [`Sheet`].
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    /// Quantity and unit of the ordinate.
    pub(crate) axis: String,
    /// Said at the right, under the names of the lines.
    pub(crate) remark: Option<&'static str>,
    /// Logarithmic, down to no less than this.
    pub(crate) log: Option<f64>,
    /// The ordinate reaches at least so high.
    pub(crate) at_least: f64,
    pub(crate) level: Option<Level>,
    pub(crate) curves: Vec<Curve>,
    pub(crate) height: f64,
}

/// A vertical line through all panels, with lines of text above it.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) at: f64,
    pub(crate) text: Vec<String>,
}

/// Panels with one abscissa.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    /// Quantity and unit of the abscissa.
    pub(crate) axis: String,
    pub(crate) range: (f64, f64),
    /// Ticks with names of their own; none: round numbers.
    pub(crate) ticks: Option<Vec<(f64, String)>>,
    pub(crate) marks: Vec<Mark>,
    /// What the texts above the marks are.
    pub(crate) mark_name: Option<String>,
    pub(crate) panels: Vec<Panel>,
}

impl Sheet {
    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let (low, high) = self.range;
        let high = if high > low { high } else { low + 1.0 };
        let x = Scale { low, high, from: LEFT, to: RIGHT, log: false, most: 10.0 };
        let placed = self.place_marks(&x);
        let lines = placed.iter().map(|(row, mark)| row + mark.text.len()).max().unwrap_or(0);
        let mut top = 38.0 + MARK.0 * lines as f64;
        let marks_top = top;
        let heights: f64 = self.panels.iter().map(|p| p.height + GAP).sum();
        let longest = self.panels.iter().flat_map(|p| &p.curves).map(|c| c.name.chars().count()).max().unwrap_or(0) as f64;
        let width = (NAMES.0 + 10.0 + WIDTH.1 * longest).ceil().max(WIDTH.0);
        let mut out = begin(width, top + heights + 44.0, (LEFT, &self.title));
        let mut named: Vec<&Curve> = Vec::new();
        let ticks = self.ticks.clone().unwrap_or_else(|| x.ticks().into_iter().map(|t| (t, label(t))).collect());
        for (i, panel) in self.panels.iter().enumerate() {
            let bottom = top + panel.height;
            panel.draw(&mut out, &x, &ticks, (top, bottom), i + 1 == self.panels.len());
            let new: Vec<&Curve> = panel.curves.iter().filter(|c| !named.iter().any(|n| n.looks_like(c))).collect();
            panel.legend(&mut out, top, &new);
            named.extend(new);
            top = bottom + GAP;
        }
        let bottom = top - GAP;
        for (row, mark) in placed {
            let at = x.at(mark.at);
            put(
                &mut out,
                format_args!(r##"<line x1="{at:.1}" x2="{at:.1}" y1="{marks_top}" y2="{bottom}" stroke="#777" stroke-dasharray="2 3"/>"##),
            );
            for (i, text) in mark.text.iter().enumerate() {
                let y = 46.0 + MARK.0 * (row + i) as f64;
                put(&mut out, format_args!(r#"<text x="{at:.1}" y="{y:.1}" font-size="11" text-anchor="middle">{}</text>"#, escape(text)));
            }
        }
        if let Some(name) = &self.mark_name {
            put(&mut out, format_args!(r##"<text x="{}" y="46" font-size="11" fill="#444">{}</text>"##, NAMES.0 - 30.0, escape(name)));
        }
        let middle = 0.5 * (LEFT + RIGHT);
        put(&mut out, format_args!(r#"<text x="{middle}" y="{}" text-anchor="middle">{}</text>"#, bottom + 36.0, escape(&self.axis)));
        out + "</svg>\n"
    }

    /// Marks with the line of text where each begins, so that none covers its neighbours.
    fn place_marks<'a>(&'a self, x: &Scale) -> Vec<(usize, &'a Mark)> {
        let mut ends: Vec<f64> = Vec::new();
        let place = |mark: &'a Mark| {
            let Mark { at, text } = mark;
            let half = 0.5 * MARK.1 * text.iter().map(|t| t.chars().count()).max().unwrap_or(0) as f64;
            let start = x.at(*at) - half;
            let slot = ends.iter().position(|end| *end <= start).unwrap_or(ends.len());
            let end = x.at(*at) + half + 4.0;
            if slot == ends.len() {
                ends.push(end);
            } else {
                ends[slot] = end;
            }
            (slot * text.len(), mark)
        };
        self.marks.iter().map(place).collect()
    }
}

impl Panel {
    /// A panel from 0 upwards.
    pub(crate) fn new(axis: impl Into<String>, curves: Vec<Curve>) -> Self {
        Self { axis: axis.into(), remark: None, log: None, at_least: 0.0, level: None, curves, height: 150.0 }
    }

    /// Its scale, downwards from `bottom` to `top` pixels.
    fn scale(&self, top: f64, bottom: f64) -> Scale {
        let finite = || self.curves.iter().flat_map(|c| &c.values).map(|v| v.1).chain(self.level.iter().map(|l| l.value));
        let high = finite().filter(|v| v.is_finite()).fold(self.at_least, f64::max);
        let (mut low, mut above) = (0.0, if high > 0.0 { 1.08 * high } else { 1.0 });
        if let Some(floor) = self.log {
            let least = finite().filter(|v| v.is_finite() && *v > 0.0).fold(f64::INFINITY, f64::min);
            above = if high > 0.0 { decade(0.999 * high, f64::ceil) } else { 1.0 };
            low = if least.is_finite() { decade(least.max(floor), f64::floor) } else { 0.1 * above };
            low = low.min(0.1 * above);
        } else {
            let least = finite().filter(|v| v.is_finite()).fold(0.0, f64::min);
            low = if least < low { 1.08 * least } else { low };
        }
        Scale { low, high: above, from: bottom, to: top, log: self.log.is_some(), most: (self.height / 28.0).floor() }
    }

    fn draw(&self, out: &mut String, x: &Scale, ticks: &[(f64, String)], (top, bottom): (f64, f64), last: bool) {
        let y = self.scale(top, bottom);
        frame_with(out, x, ticks, &y, last);
        side(out, (top, bottom), &self.axis);
        if let Some(Level { value, name }) = self.level {
            let at = y.at(value);
            put(out, format_args!(r##"<line x1="{LEFT}" x2="{RIGHT}" y1="{at:.1}" y2="{at:.1}" stroke="#444" stroke-dasharray="6 3"/>"##));
            put(out, format_args!(r#"<text x="{}" y="{:.1}" font-size="11">{}</text>"#, RIGHT + 5.0, at + 4.0, escape(name)));
        }
        for curve in &self.curves {
            curve.draw(out, x, &y);
        }
    }

    /// Names of curves and the remark.
    fn legend(&self, out: &mut String, top: f64, curves: &[&Curve]) {
        let mut line = top + 12.0;
        for curve in curves {
            curve.sample(out, line);
            line += NAMES.1;
        }
        for part in self.remark.iter().flat_map(|r| r.split('\n')) {
            let from = NAMES.0 - 30.0;
            put(out, format_args!(r##"<text x="{from}" y="{:.1}" font-size="11" fill="#b3261e">{}</text>"##, line + 4.0, escape(part)));
            line += 14.0;
        }
    }
}

impl Curve {
    /// Whether two curves have the same name and appearance.
    fn looks_like(&self, other: &Self) -> bool {
        let key = |c: &Self| (c.colour, c.dashed, c.points, c.bare);
        self.name == other.name && key(self) == key(other)
    }

    fn draw(&self, out: &mut String, x: &Scale, y: &Scale) {
        let inside = |v: &&(f64, f64)| v.1.is_finite() && !(y.log && v.1 <= 0.0);
        if !self.bare {
            let mut path = String::new();
            let mut pen = 'M';
            for value in &self.values {
                if inside(&value) {
                    path.push_str(&format!("{pen}{:.1},{:.1} ", x.at(value.0), y.at(value.1)));
                    pen = 'L';
                } else {
                    pen = 'M';
                }
            }
            let dash = if self.dashed { r#" stroke-dasharray="5 3""# } else { "" };
            if !path.is_empty() {
                let colour = self.colour;
                put(out, format_args!(r#"<path d="{}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>"#, path.trim_end()));
            }
        }
        if self.points.is_some() {
            for value in self.values.iter().filter(inside) {
                self.point(out, x.at(value.0), y.at(value.1));
            }
        }
    }

    fn point(&self, out: &mut String, x: f64, y: f64) {
        let fill = if self.points == Some(true) { self.colour } else { "white" };
        let colour = self.colour;
        put(out, format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.6" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>"#));
    }

    /// A piece of it with its name.
    fn sample(&self, out: &mut String, y: f64) {
        let sample = [NAMES.0 - 30.0, NAMES.0 - 8.0];
        let [from, to] = sample;
        let dash = if self.dashed { r#" stroke-dasharray="5 3""# } else { "" };
        let colour = self.colour;
        if !self.bare {
            put(out, format_args!(r#"<line x1="{from}" x2="{to}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="1.8"{dash}/>"#));
        }
        if self.points.is_some() {
            self.point(out, 0.5 * (from + to), y);
        }
        put(out, format_args!(r#"<text x="{}" y="{}" font-size="12">{}</text>"#, NAMES.0 - 2.0, y + 4.0, escape(&self.name)));
    }
}

/// The next power of ten in the direction that `round` takes.
fn decade(x: f64, round: fn(f64) -> f64) -> f64 {
    10f64.powf(round(x.log10()))
}
