//! Curves beside their references as SVG: ours as a line of steps, the reference as points with error bars, residuals below.

use std::fmt::Write;

use super::Series;
use crate::report::plot::{Scale, begin, escape, frame, put, side};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 740.0;
/// Top and bottom of the curve and of its residuals.
const CURVE: (f64, f64) = (56.0, 330.0);
const RESIDUAL: (f64, f64) = (350.0, 460.0);
const HEIGHT: f64 = 510.0;
const OURS: &str = "#1f5fa8";
const THEIRS: &str = "#b3261e";

/// The plot of a series.
pub fn svg(series: &Series) -> String {
    let x = Scale { low: series.edges[0], high: series.edges[series.edges.len() - 1], from: LEFT, to: RIGHT, log: false, most: 12.0 };
    let values = || series.ours.iter().chain(&series.reference).map(|e| e.mean).filter(|v| v.is_finite());
    let high = values().fold(0.0, f64::max);
    let y = if series.log {
        let low = series.reference.iter().map(|e| e.mean).filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        Scale { low: 0.5 * low, high: 2.0 * high, from: CURVE.1, to: CURVE.0, log: true, most: 12.0 }
    } else {
        Scale { low: 0.0, high: 1.08 * high, from: CURVE.1, to: CURVE.0, log: false, most: 6.0 }
    };
    let largest = (0..series.ours.len()).filter_map(|k| series.residual(k)).map(|(d, s)| d.abs() + s).fold(0.0, f64::max);
    let span = (1.6 * series.bound).max(1.05 * largest.min(6.0 * series.bound));
    let r = Scale { low: -100.0 * span, high: 100.0 * span, from: RESIDUAL.1, to: RESIDUAL.0, log: false, most: 5.0 };
    let mut out = begin(WIDTH, HEIGHT, (LEFT, &series.title));
    frame(&mut out, &x, &y, false);
    let (top, bottom) = (r.at(100.0 * series.bound), r.at(-100.0 * series.bound));
    put(
        &mut out,
        format_args!(r##"<rect x="{LEFT}" y="{top:.1}" width="{:.1}" height="{:.1}" fill="#e8efe8"/>"##, RIGHT - LEFT, bottom - top),
    );
    frame(&mut out, &x, &r, true);
    let zero = r.at(0.0);
    put(&mut out, format_args!(r##"<line x1="{LEFT}" x2="{RIGHT}" y1="{zero:.1}" y2="{zero:.1}" stroke="#666"/>"##));
    steps(&mut out, series, &x, &y);
    for k in 0..series.ours.len() {
        let place = x.at(0.5 * (series.edges[k] + series.edges[k + 1]));
        let theirs = series.reference[k];
        point(&mut out, place, [y.at(theirs.mean), y.at(theirs.mean - theirs.sigma), y.at(theirs.mean + theirs.sigma)], THEIRS);
        if let Some((d, s)) = series.residual(k) {
            let [d, s] = [100.0 * d, 100.0 * s];
            point(&mut out, place, [r.at(d), r.at(d - s), r.at(d + s)], OURS);
        }
    }
    let middle = 0.5 * (LEFT + RIGHT);
    put(&mut out, format_args!(r#"<text x="{middle}" y="{}" text-anchor="middle">{}</text>"#, HEIGHT - 10.0, escape(&series.axes[0])));
    side(&mut out, CURVE, &series.axes[1]);
    side(&mut out, RESIDUAL, if series.to_maximum { "% of max" } else { "%" });
    put(
        &mut out,
        format_args!(
            r##"<text x="{RIGHT}" y="46" text-anchor="end"><tspan fill="{OURS}">dosaic: line</tspan>, <tspan fill="{THEIRS}">reference: points with 1 sigma</tspan>, <tspan fill="#4a6b4a">band: bound</tspan></text>"##
        ),
    );
    out + "</svg>\n"
}

/// Ours as steps.
fn steps(out: &mut String, series: &Series, x: &Scale, y: &Scale) {
    let path: String = (0..series.ours.len())
        .map(|k| {
            let (a, b, v) = (x.at(series.edges[k]), x.at(series.edges[k + 1]), y.at(series.ours[k].mean));
            format!("{}{a:.1},{v:.1} L{b:.1},{v:.1} ", if k == 0 { 'M' } else { 'L' })
        })
        .collect();
    let _ = writeln!(out, r#"<path d="{}" fill="none" stroke="{OURS}" stroke-width="1.6"/>"#, path.trim_end());
}

/// A point with its error bar.
fn point(out: &mut String, x: f64, [y, low, high]: [f64; 3], colour: &str) {
    let _ = writeln!(out, r#"<line x1="{x:.1}" x2="{x:.1}" y1="{low:.1}" y2="{high:.1}" stroke="{colour}"/>"#);
    let _ = writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="2.4" fill="{colour}"/>"#);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::score::Estimate;

    #[test]
    fn every_value_is_drawn_inside_the_picture() {
        let of = |mean: f64| Estimate { mean, sigma: 0.1 * mean };
        for log in [false, true] {
            let series = Series {
                name: "x".into(),
                title: "a < b & c".into(),
                axes: ["r".into(), "y".into()],
                edges: vec![0.0, 1.0, 2.0, 3.0],
                ours: [1.0, 5.0, 0.2].map(of).to_vec(),
                reference: [1.1, 4.0, 0.21].map(of).to_vec(),
                log,
                to_maximum: !log,
                bound: 0.02,
                floor: 0.0,
            };
            let text = svg(&series);
            assert_eq!(text.matches("<circle").count(), 6);
            assert!(text.contains("a &lt; b &amp; c") && !text.contains("NaN") && !text.contains("inf"));
            for part in text.split("cy=\"").skip(1) {
                let y: f64 = part.split('"').next().expect("a value").parse().expect("a number");
                assert!((0.0..HEIGHT).contains(&y), "{y}");
            }
        }
    }
}
