//! The page: head, warnings, tables, maps, plots, and how it came about.

use super::{
    charts,
    document::{capital, counted, details, escape, list, note, section, tab_button},
    input::ReportInput,
    microenvironment,
    picture::data_address,
    quicklook::PLANES,
    reproduce, tables,
    volumes::Scene,
};
use crate::{error::Result, report::text::digits};

const STYLE: &str = include_str!("style.css");
const VIEWER: &str = include_str!("viewer.js");
/// What a browser may do with the page: show what is in it, and ask nobody.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The whole page; `pictures` are the quick-look pictures, for paper.
pub(super) fn write(input: &ReportInput, pictures: &[(String, Vec<u8>)]) -> Result<String> {
    let title = if input.summary.title.is_empty() { "Untitled plan" } else { &input.summary.title };
    let mut body = header(input, title);
    body += "<main>\n";
    body += &warnings(input);
    body += &section("doses", "Doses of the regions", &(tables::doses(input) + &qualities(input)));
    body += &section("histograms", "Dose-volume histograms", &charts::dvhs(input));
    if let Some(scene) = &input.scene {
        body += &section("maps", "Dose over the anatomy", &maps(scene, pictures)?);
    }
    body += &section("by-fraction", "Fractions side by side", &(tables::fractions(input) + &charts::fractions(input)));
    body += &section("microenvironment", "Tumour microenvironment", &microenvironment::write(input));
    body += &section("response", "Response parameters", &tables::tissues(input));
    body += &section("physics", "Particles and energy", &reproduce::physics(input));
    body += &reproduce::write(input);
    body += "</main>\n";
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n<meta name=\"generator\" content=\"dosaic {}\"/>\n\
         <title>{} - dosaic</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer><p>Made by dosaic {} from the files of the result. Research software, not a medical device.</p></footer>\n\
         <script>\n{VIEWER}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        escape(title),
        env!("CARGO_PKG_VERSION"),
    ))
}

fn header(input: &ReportInput, title: &str) -> String {
    let p = &input.provenance;
    let nuclides: Vec<&str> = p.resolved_plan.nuclides.iter().map(|n| n.name.as_str()).collect();
    let nuclides = if nuclides.is_empty() { "not recorded".to_owned() } else { nuclides.join(", ") };
    let fractions = &p.resolved_plan.fractions;
    let administered: f64 = fractions.iter().map(|f| f.administered).sum();
    let [nx, ny, nz] = p.frame.size;
    let [dx, dy, dz] = p.frame.spacing_mm.map(tables::plain);
    let lead = format!(
        "Absorbed dose from the decays of {nuclides} in {nx} x {ny} x {nz} voxels of {dx} x {dy} x {dz} mm, found by following the emitted particles one by one (Monte Carlo), \
         with what the dose may do to the tissues. Errors are standard errors (1 sigma) of that calculation; those of activities, anatomy and biology are not in them unless said."
    );
    let statistics = match (p.uncertainty.mean_above_half_maximum, &p.uncertainty.worst_region, p.uncertainty.worst_region_mean) {
        (Some(mean), Some(region), Some(worst)) => format!(
            "{} % on average for voxels above half of the maximum; the mean of the worst region ({region}) {} %",
            digits(100.0 * mean, 2),
            digits(100.0 * worst, 2)
        ),
        (Some(mean), ..) => format!("{} % on average for voxels above half of the maximum", digits(100.0 * mean, 2)),
        _ => "no dose".into(),
    };
    let mut facts = vec![
        ("Nuclide", nuclides),
        ("Fractions", format!("{}, {} in all", counted(fractions.len(), "fraction"), tables::activity(administered))),
        ("Computed", format!("{} (UTC), {} {}", p.finished.replace('T', " ").trim_end_matches('Z'), p.engine.name, p.engine.version)),
        ("Device", reproduce::device(input)),
        ("Histories", histories(input)),
        ("Statistical error (1 sigma)", statistics),
    ];
    if let Some(goal) = &p.uncertainty.goal {
        let reached = goal.reached.map_or_else(|| "nothing".to_owned(), |r| format!("{} %", digits(100.0 * r, 2)));
        let verdict = if goal.met { "reached" } else { "NOT reached" };
        facts.push(("Goal", format!("{} % in {}: {verdict} ({reached})", digits(100.0 * goal.relative, 2), goal.region)));
    }
    let items: String =
        facts.iter().map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value))).collect();
    format!(
        "<header>\n<button type=\"button\" id=\"theme\" class=\"control\">Theme: automatic</button>\n<p class=\"kind\">Internal dosimetry report</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<dl class=\"facts\">\n{items}</dl>\n{}</header>\n",
        escape(title),
        escape(&lead),
        tables::schedule(input)
    )
}

fn histories(input: &ReportInput) -> String {
    let t = &input.summary.timings;
    match input.provenance.histories {
        0 => "none: the doses per decay were stored by an earlier run".into(),
        n => format!(
            "{n} in {} batches; {} s of transport ({} per second), {} s in all",
            input.provenance.batches,
            digits(t.transport_s, 3),
            digits(t.histories_per_s, 3),
            digits(t.total_s, 3)
        ),
    }
}

/// Warnings in sight, assumptions behind a line.
fn warnings(input: &ReportInput) -> String {
    let list_of = &input.summary.warnings;
    let mut out = if list_of.is_empty() {
        "<section class=\"warnings none\" aria-labelledby=\"warnings-title\">\n<h2 id=\"warnings-title\">No warnings</h2>\n".to_owned()
    } else {
        let title = counted(list_of.len(), "warning");
        format!(
            "<section class=\"warnings\" aria-labelledby=\"warnings-title\">\n<h2 id=\"warnings-title\">{title}</h2>\n{}",
            list(list_of)
        )
    };
    let mut assumptions = input.provenance.approximations.clone();
    for sentence in input.summary.tme.iter().flat_map(|t| &t.assumed) {
        if !assumptions.contains(sentence) {
            assumptions.push(sentence.clone());
        }
    }
    if !assumptions.is_empty() {
        out += &details(&format!("Assumptions and approximations ({})", assumptions.len()), &list(&assumptions));
    }
    if !input.left_out.is_empty() {
        out += &format!("<h3>Left out of this report</h3>\n{}", list(&input.left_out));
    }
    out + "</section>\n"
}

fn qualities(input: &ReportInput) -> String {
    match tables::qualities(input) {
        table if table.is_empty() => table,
        table => format!("<h3 id=\"qualities-title\">Low-LET and high-LET parts</h3>\n{table}"),
    }
}

/// The viewer, and pictures for paper.
fn maps(scene: &Scene, pictures: &[(String, Vec<u8>)]) -> Result<String> {
    let t = &scene.turned;
    let extent = t.extent();
    let mut out = String::from("<div id=\"viewer\" hidden=\"hidden\">\n<div class=\"tabs\" role=\"tablist\" aria-label=\"Map\">");
    for (n, layer) in scene.layers.iter().enumerate() {
        out += &tab_button("map", n, &layer.tab, "planes");
    }
    let across: f64 = PLANES.iter().map(|p| extent[p.right]).sum();
    let tallest = PLANES.iter().map(|p| extent[p.down]).fold(0.0, f64::max);
    let columns: Vec<String> = PLANES.iter().map(|p| format!("minmax(0,{}fr)", digits(extent[p.right], 5))).collect();
    out += &format!(
        "</div>\n<div id=\"planes\" role=\"tabpanel\" aria-labelledby=\"map-tab-0\">\n<div class=\"planes\" style=\"grid-template-columns:{};max-width:{}rem\">\n",
        columns.join(" "),
        digits(32.0 * across / tallest, 4)
    );
    for (n, (plane, title)) in PLANES.iter().zip(["Axial", "Coronal", "Sagittal"]).enumerate() {
        let through = 3 - plane.right - plane.down;
        let [from, to] = t.letters(through);
        let last = t.size()[through] - 1;
        out += &format!(
            "<figure><canvas id=\"plane-{n}\" role=\"img\" aria-label=\"{title} plane of the dose over the density\" style=\"aspect-ratio:{} / {}\"></canvas>\n\
             <figcaption><label for=\"slice-{n}\">{title}, {from} to {to}: <output id=\"at-{n}\"></output></label>\
             <input type=\"range\" id=\"slice-{n}\" min=\"0\" max=\"{last}\" value=\"0\" step=\"1\"/></figcaption></figure>\n",
            digits(extent[plane.right], 5),
            digits(extent[plane.down], 5)
        );
    }
    out += "</div>\n<p id=\"readout\" class=\"readout\" aria-live=\"polite\"></p>\n\
        <div class=\"bar\"><span id=\"bar-low\">0</span><div id=\"bar\" aria-hidden=\"true\"></div><span id=\"bar-high\"></span></div>\n\
        <div class=\"controls\">\n\
        <label>Colours up to <output id=\"window-value\"></output><input type=\"range\" id=\"window\" min=\"0\" max=\"200\" step=\"1\"/></label>\n\
        <label>Hide below <output id=\"from-value\"></output><input type=\"range\" id=\"from\" min=\"0\" max=\"50\" step=\"1\"/></label>\n\
        <label>Opacity <output id=\"opacity-value\"></output><input type=\"range\" id=\"opacity\" min=\"0\" max=\"100\" step=\"5\"/></label>\n\
        <label>Density <select id=\"anatomy\"><option value=\"0 2.2\">0 to 2.2 g/cm³</option><option value=\"0.9 1.15\">soft tissue, 0.9 to 1.15 g/cm³</option>\
        <option value=\"0 0.6\">lung, 0 to 0.6 g/cm³</option></select></label>\n\
        <button type=\"button\" id=\"peak\" class=\"control\">Go to the maximum</button>\n\
        <label class=\"check\"><input type=\"checkbox\" id=\"air\"/> Dose in air, too</label>\n</div>\n<fieldset id=\"outlines\"><legend>Outlines</legend></fieldset>\n</div>\n";
    out += &note(&about(scene));
    out += "</div>\n<div class=\"static\">\n";
    for ((name, png), layer) in pictures.iter().zip(scene.layers.iter().filter(|l| l.pictured)) {
        out += &format!(
            "<figure><img src=\"{}\" alt=\"{}: axial, coronal and sagittal plane through the highest reliable voxel, {} {}\"/><figcaption>{}, three planes through the highest reliable voxel; dose in air is not drawn ({}).</figcaption></figure>\n",
            data_address(png),
            escape(&layer.quantity),
            digits(layer.peak_value, 4),
            layer.unit,
            escape(&capital(&layer.quantity)),
            escape(name)
        );
    }
    out += "</div>\n";
    out += &format!("<script type=\"application/json\" id=\"scene\">{}</script>\n", scene.json()?);
    Ok(out)
}

/// What the pictures are, and what was lost on the way.
fn about(scene: &Scene) -> String {
    let t = &scene.turned;
    let [nx, ny, nz] = t.voxels;
    let edges = t.spacing.map(tables::plain).join(" x ");
    let mut text = format!("{nx} x {ny} x {nz} voxels of {edges} mm. ");
    if t.block == [1; 3] {
        text += "Every voxel is in this page. ";
    } else {
        let [bx, by, bz] = t.block;
        let [sx, sy, sz] = t.size();
        text += &format!(
            "The map is large: this page has means over blocks of {bx} x {by} x {bz} voxels ({sx} x {sy} x {sz} blocks), so that single hot voxels are lower here; the images have every voxel. "
        );
    }
    text += "Values are kept in 8 bits by their square root; the error of that is said beside the value at the cross-hair. Planes are those of the grid. Letters: R right, L left, A anterior, P posterior, H head, F feet of the patient (LPS). \
             Click or drag in a plane, or use the sliders (arrow keys). Colours: viridis; what lies above its end has the colour of the end. \
             The maximum is that of the reliable voxels: in regions, their total dose known to 25 % or better (1 sigma). Dose in air (below 0.05 g/cm³) is drawn only if asked for.";
    if scene.density.is_none() {
        text += " density.nii.gz is not among the results: the background is black.";
    }
    if scene.regions.is_none() {
        text += " regions.nii.gz is not among the results: no outlines.";
    }
    text
}
