//! Plots of a result go into the page as they are; so they are checked to be nothing but plots.

use crate::error::{Error, Result};

/// What the plots of this program consist of.
const ELEMENTS: [&str; 6] = ["svg", "rect", "line", "path", "circle", "text"];
const ATTRIBUTES: [&str; 28] = [
    "xmlns",
    "viewBox",
    "width",
    "height",
    "font-family",
    "font-size",
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "d",
    "cx",
    "cy",
    "r",
    "text-anchor",
    "transform",
    "rx",
    "ry",
    "opacity",
    "fill-opacity",
    "font-weight",
    "stroke-opacity",
];

/// Refuses a picture that has other elements or attributes than plots have, or whose elements are not closed.
pub(super) fn check(name: &str, text: &str) -> Result<()> {
    let fault = |what: String| Err(Error::input(format!("{name}: not a plot as this program writes it: {what}")));
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.trim();
    if !rest.starts_with("<svg ") {
        return fault("it does not begin with <svg".into());
    }
    while let Some(start) = rest.find('<') {
        if open.is_empty() && !rest[..start].trim().is_empty() {
            return fault("text outside of the picture".into());
        }
        let Some(end) = rest[start..].find('>') else { return fault("a tag does not end".into()) };
        let tag = &rest[start + 1..start + end];
        rest = &rest[start + end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim()) {
                return fault(format!("</{}> closes nothing", name.trim()));
            }
            continue;
        }
        let body = tag.strip_suffix('/').unwrap_or(tag);
        let (element, attributes) = body.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((body, ""));
        if !ELEMENTS.contains(&element) {
            return fault(format!("element <{element}>"));
        }
        if let Some(wrong) = wrong_attribute(attributes) {
            return fault(format!("attribute {wrong} of <{element}>"));
        }
        if !tag.ends_with('/') {
            open.push(element);
        }
    }
    match open.last() {
        Some(element) => fault(format!("<{element}> is not closed")),
        None if !rest.trim().is_empty() => fault("text behind the picture".into()),
        None => Ok(()),
    }
}

/// The first attribute that is not `known="value"`.
fn wrong_attribute(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once("=\"") else { return Some(rest) };
        let Some((value, next)) = after.split_once('"') else { return Some(name) };
        // The name of the format is the only address a plot has.
        let address = value.contains("://") && !(name == "xmlns" && value == "http://www.w3.org/2000/svg");
        if !ATTRIBUTES.contains(&name) || address || value.contains("url(") {
            return Some(name);
        }
        rest = next.trim_start();
    }
    None
}

/// The picture with a name for those who do not see it.
pub(super) fn labelled(svg: &str, label: &str) -> String {
    let label = crate::report::plot::escape(label);
    svg.trim().replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::{Curve, Mark, Panel, Sheet};

    fn plot() -> String {
        let mut panel = Panel::new("a < b & \"c\"", vec![Curve::line("x", "#0072b2", vec![(0.0, 1.0), (1.0, 2.0)]).dashed().dotted(true)]);
        panel.remark = Some("research");
        let marks = vec![Mark { at: 0.5, text: vec!["1.0".into()] }];
        Sheet {
            title: "<t>".into(),
            axis: "d".into(),
            range: (0.0, 1.0),
            ticks: None,
            marks,
            mark_name: Some("n".into()),
            panels: vec![panel],
        }
        .svg()
    }

    #[test]
    fn plots_of_this_program_pass_and_get_a_name() {
        check("a.svg", &plot()).expect("a plot");
        assert!(labelled(&plot(), "a \"b\"").starts_with("<svg role=\"img\" aria-label=\"a &quot;b&quot;\" xmlns="));
    }

    #[test]
    fn anything_that_could_act_is_refused() {
        let good = plot();
        for (from, to, expected) in [
            ("</svg>", "<script>alert(1)</script></svg>", "element <script>"),
            ("</svg>", "", "<svg> is not closed"),
            ("<rect ", "<rect onload=\"alert(1)\" ", "attribute onload"),
            ("<rect ", "<rect fill=\"url(http://x)\" ", "attribute fill"),
            ("<rect ", "<rect x=1 ", "attribute x=1"),
            ("</svg>", "</svg><b>", "element <b>"),
            ("</svg>", "</svg>text", "text behind"),
        ] {
            let error = check("a.svg", &good.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.starts_with("a.svg: ") && error.contains(expected), "{error}");
        }
    }
}
