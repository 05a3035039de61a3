//! `[[region]]`: names, media, and the voxels each region has.

use super::{Context, Field, Section, VoxelGrid, phantom::Kind, shape};
use crate::plan::{RegionPlan, Shape, frame::Fault, section::count_of};

/// Regions are numbered in 16 bits, 0 meaning none.
const MOST: usize = u16::MAX as usize - 1;

impl Context<'_> {
    /// Reads every `[[region]]`; false if one had to be left out for its name. `kind` is unknown where `[phantom]` is broken; then what depends on it is not judged.
    pub(super) fn regions(self, root: &Section<'_>, kind: Option<Kind>, grid: Option<&VoxelGrid>) -> (Vec<RegionPlan>, bool) {
        let mut regions: Vec<RegionPlan> = Vec::new();
        let mut complete = true;
        let sections = root.tables("region", "[[region]]", "region", true);
        if sections.len() > MOST {
            root.problem(
                sections[MOST].span.clone(),
                Fault::new(format!("{} regions", sections.len()), format!("at most {MOST} are possible")),
            );
        }
        for mut section in sections {
            let known: Vec<&'static str> =
                ["name", "material", "density", "label", "labels", "roi", "rois", "shapes"].into_iter().chain(shape::KEYS).collect();
            let name = section.text("name", "name = \"liver\"");
            if let Field::Value(name, _) = &name {
                section.title = format!("region \"{name}\"");
                section.path = format!("region.{name}");
            }
            section.only(&known);
            let name = section.required("name", name, "name = \"liver\"");
            let shapes = region_shapes(&section, grid);
            let labels = region_labels(&section, kind, &regions);
            let rois = region_rois(&section, kind);
            let medium = self.medium(&section);
            let from_ct = matches!(kind, Some(Kind::Ct { .. }) | None);
            let medium = match (&medium, from_ct) {
                (Field::Absent, true) => {
                    section.note_default("material", "as the CT says");
                    None
                }
                _ => section.required("material", medium, "material = \"water\""),
            };
            let Some(name) = name.filter(|name| name_is_good(&section, name, &regions)) else {
                complete = false;
                continue;
            };
            regions.push(RegionPlan { name: name.to_owned(), medium, shapes, labels, rois });
        }
        (regions, complete)
    }
}

/// Names are unique even when case is ignored, and fit into tables.
fn name_is_good(section: &Section<'_>, name: &str, regions: &[RegionPlan]) -> bool {
    let span = section.raw("name").map_or(section.span.clone(), toml::Spanned::span);
    if name.chars().count() > 64 || name.chars().any(char::is_control) {
        section.problem(span, Fault::new("a region's name has at most 64 printing characters", "shorten it"));
        return false;
    }
    match regions.iter().find(|r| r.name.to_lowercase() == name.to_lowercase()) {
        Some(other) => {
            let help = "give each region a name of its own; several shapes of one region go into its `shapes`";
            section.problem(span, Fault::new(format!("region \"{}\" is named twice", other.name), help));
            false
        }
        None => true,
    }
}

/// `shape` with its measures in the region itself, or `shapes = [{ shape = ... }, ...]`.
fn region_shapes(section: &Section<'_>, grid: Option<&VoxelGrid>) -> Vec<Shape> {
    let title = format!("[[region.shapes]] of {}", section.title);
    let several = section.tables("shapes", &title, &format!("{}.shapes", section.path), false);
    for part in &several {
        part.only(&shape::KEYS);
    }
    let single = shape::KEYS.iter().any(|k| section.has(k)).then(|| section.clone());
    if let Some(first) = single.as_ref().filter(|_| section.has("shapes")) {
        let span = if first.has("shape") { first.key_span("shape") } else { first.span.clone() };
        section.problem(span, Fault::new("measures of one shape beside `shapes`", "put every shape of the region into `shapes`"));
    }
    let mut shapes = Vec::new();
    for part in single.iter().chain(&several) {
        if let Some(shape) = shape::shape(part) {
            let span = part.raw("shape").map_or(part.span.clone(), toml::Spanned::span);
            grid.inspect(|grid| shape::check_inside(part, span, &shape, grid));
            shapes.push(shape);
        }
    }
    shapes
}

/// `label = 3` or `labels = [3, 4]`, claimed by no earlier region.
fn region_labels(section: &Section<'_>, kind: Option<Kind>, regions: &[RegionPlan]) -> Vec<u32> {
    let has_label = ["label", "labels"].iter().any(|key| section.has(key));
    let has_roi = ["roi", "rois"].iter().any(|key| section.has(key));
    let has_shape = section.has("shapes") || shape::KEYS.iter().any(|k| section.has(k));
    match kind {
        Some(kind) if has_label && !kind.has_labels() => {
            let key = if section.has("label") { "label" } else { "labels" };
            let help = if kind == Kind::Procedural {
                "give the region a shape"
            } else {
                "add labels = \"labels.nii.gz\" to [phantom], or give the region a shape"
            };
            section.problem(section.key_span(key), Fault::new(format!("`{key}` without a label image"), help));
        }
        _ if !has_label && !has_shape && !has_roi => {
            let with_labels = kind.is_none_or(Kind::has_labels);
            let help = if with_labels {
                "add label = 1, or shape = \"sphere\" with its measures"
            } else {
                "add shape = \"sphere\" with its measures"
            };
            section.problem(
                section.span.clone(),
                Fault::new(
                    format!("{} has no voxels: it lacks a {}", section.title, if with_labels { "label or a shape" } else { "shape" }),
                    help,
                ),
            );
        }
        _ => {}
    }
    if section.has("label") && section.has("labels") {
        section.problem(section.key_span("label"), Fault::new("both `label` and `labels` are given", "keep `labels`"));
    }
    let mut labels: Vec<u32> = Vec::new();
    let one = section.raw("label").into_iter();
    let many = section.read("labels", |value| {
        value.as_array().ok_or_else(|| crate::plan::section::wrong_kind(value, "a list of whole numbers", "write labels = [3, 4]"))
    });
    for value in one.chain(many.value().into_iter().flatten()) {
        match count_of(value.get_ref(), 1, u32::MAX.into()) {
            Ok(label) => {
                let label = label as u32;
                let owner = if labels.contains(&label) {
                    Some("this region")
                } else {
                    regions.iter().find(|r| r.labels.contains(&label)).map(|r| r.name.as_str())
                };
                if let Some(owner) = owner {
                    section.problem(
                        value.span(),
                        Fault::new(format!("label {label} is already claimed by {owner}"), "each label belongs to one region"),
                    );
                }
                labels.push(label);
            }
            Err(fault) => section.problem(value.span(), Fault { message: format!("label: {}", fault.message), ..fault }),
        }
    }
    labels
}

/// `roi = "Liver"` or `rois = ["Kidney L", "Kidney R"]`: structures of an RTSTRUCT or SEG object.
fn region_rois(section: &Section<'_>, kind: Option<Kind>) -> Vec<String> {
    for key in ["roi", "rois"].into_iter().filter(|key| section.has(key)) {
        if kind.is_some_and(|kind| kind != (Kind::Ct { labels: true })) {
            let help = "add ct = \"...\" and labels = \"rtstruct.dcm\" (or a segmentation) to [phantom]";
            section.problem(section.key_span(key), Fault::new(format!("`{key}` without contours on a CT"), help));
        }
    }
    if section.has("roi") && section.has("rois") {
        section.problem(section.key_span("roi"), Fault::new("both `roi` and `rois` are given", "keep `rois`"));
    }
    let one = section.text("roi", "roi = \"Liver\"").map(|name| vec![name]);
    let many = section.texts("rois", "rois = [\"Kidney L\", \"Kidney R\"]");
    one.value().into_iter().chain(many.value()).flatten().map(str::to_owned).collect()
}
