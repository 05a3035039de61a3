//! `[phantom]`: a grid of its own, a label image, or a CT image.

use glam::DVec3;
use toml::de::DeValue;

use super::{Context, Field, Section, VoxelGrid};
use crate::plan::{
    Medium, PhantomPlan,
    frame::Fault,
    quantity::{LENGTH, Limits},
    section::{count_of, wrong_kind},
};

/// Most voxels along one axis.
pub(super) const SIZE_MAX: u64 = 1024;
/// Voxel edges: 1 um to 10 mm.
pub(super) const SPACING: Limits = Limits::between(1e-3, 10.0);
/// Most CT voxels along one axis that make one of the phantom.
pub(super) const MERGE_MAX: u64 = 16;
/// Positions: 100 m around the origin is more than any patient needs and keeps squares finite.
pub(super) const POSITION: Limits = Limits::between(-1e5, 1e5);

/// How the phantom is made, as far as regions need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A grid with shapes.
    Procedural,
    /// A label image.
    Labels,
    /// A CT image, with labels or without.
    Ct { labels: bool },
}

impl Kind {
    /// Whether regions may name labels.
    pub(super) fn has_labels(self) -> bool {
        matches!(self, Self::Labels | Self::Ct { labels: true })
    }
}

/// The phantom as read: its kind is known even where something in it is wrong.
pub(super) struct Drafted {
    pub(super) kind: Kind,
    pub(super) plan: Option<PhantomPlan>,
}

impl Drafted {
    /// The grid, if the plan gives it.
    pub(super) fn grid(&self) -> Option<VoxelGrid> {
        match &self.plan {
            Some(PhantomPlan::Procedural { grid, .. }) => Some(*grid),
            _ => None,
        }
    }
}

const GRID_KEYS: [&str; 4] = ["voxels", "spacing", "origin", "center"];

impl Context<'_> {
    /// Reads `[phantom]`; `None` if it is missing or does not say what it is made from.
    pub(super) fn phantom(self, root: &Section<'_>) -> Option<Drafted> {
        let Some(section) = root.table("phantom", "[phantom]", "phantom") else {
            if !root.has("phantom") {
                root.missing(
                    "phantom",
                    "[phantom] with voxels = [64, 64, 64] and spacing = \"3 mm\", or ct = \"ct.nii.gz\", or labels = \"labels.nii.gz\"",
                );
            }
            return None;
        };
        section.only(&["voxels", "spacing", "origin", "center", "background", "labels", "ct", "merge", "registered"]);
        let kind = match (section.has("ct"), section.has("labels"), GRID_KEYS.iter().any(|k| section.has(k))) {
            (true, labels, _) => Kind::Ct { labels },
            (false, true, _) => Kind::Labels,
            (false, false, true) => Kind::Procedural,
            (false, false, false) => {
                let help = "give voxels and spacing (a grid of its own), labels (a label image) or ct (a CT image)";
                section.problem(section.span.clone(), Fault::new("[phantom] does not say what the phantom is made from", help));
                return None;
            }
        };
        if kind != Kind::Procedural {
            for key in GRID_KEYS.iter().filter(|k| section.has(k)) {
                section.problem(section.key_span(key), Fault::new(format!("`{key}` together with an image"), grid_help(key, kind)));
            }
        }
        let only_with_ct = [
            ("registered", "it says that images are registered to a CT; remove this line"),
            ("merge", "it makes larger voxels of those of a CT; remove this line"),
        ];
        for (key, help) in only_with_ct.into_iter().filter(|(key, _)| section.has(key) && !matches!(kind, Kind::Ct { .. })) {
            section.problem(section.key_span(key), Fault::new(format!("`{key}` without a CT"), help));
        }
        let plan = match kind {
            Kind::Procedural => {
                let grid = grid(&section);
                let background = self.background(&section);
                grid.zip(background).map(|(grid, background)| PhantomPlan::Procedural { grid, background })
            }
            Kind::Labels => {
                let image = self.image_file(&section, "labels", "labels.nii.gz").value();
                let background = self.background(&section);
                image.zip(background).map(|(image, background)| PhantomPlan::Labels { image, background })
            }
            Kind::Ct { .. } => {
                if section.has("background") {
                    section.problem(
                        section.key_span("background"),
                        Fault::new("`background` together with a CT image", "the CT sets every voxel's material; remove this line"),
                    );
                }
                let labels = self.image_file(&section, "labels", "labels.nii.gz").value();
                let merge =
                    section.read("merge", |value| three_counts(value, MERGE_MAX, "write merge = [2, 2, 1] (CT voxels along its axes)"));
                let merge = section.or_default("merge", merge, [1; 3]);
                let registered = section.flag("registered").value().unwrap_or(false);
                self.image_file(&section, "ct", "ct.nii.gz").value().map(|image| PhantomPlan::Ct { image, labels, merge, registered })
            }
        };
        Some(Drafted { kind, plan })
    }

    /// `background = "air"` or `background = { material = ..., density = ... }`.
    fn background(self, section: &Section<'_>) -> Option<Medium> {
        let example = "background = \"water\" (the material outside all regions)";
        let field = if section.raw("background").is_some_and(|v| v.get_ref().is_table()) {
            let medium = section.table("background", "[phantom.background]", "phantom.background")?;
            medium.only(&["material", "density"]);
            let field = self.medium(&medium);
            Field::Value(medium.required("material", field, "material = \"water\"")?, medium.span)
        } else {
            let material = section.read("background", |value| self.material(value));
            if let Field::Value(material, _) = &material {
                self.note_tabulated(section, "background.density", material);
            }
            material.map(|material| Medium { material, density: None })
        };
        section.required("background", field, example)
    }
}

/// What to write instead of a key of a grid beside an image.
fn grid_help(key: &str, kind: Kind) -> &'static str {
    match (key, kind) {
        ("spacing", Kind::Ct { .. }) => "the CT sets the voxel grid; for larger voxels write merge = [2, 2, 1] (CT voxels along its axes)",
        _ => "the image sets the voxel grid; remove this line",
    }
}

/// Three whole numbers from 1 on.
fn three_counts(value: &DeValue<'_>, max: u64, form: &str) -> Result<[u32; 3], Fault> {
    let array = value.as_array().ok_or_else(|| wrong_kind(value, "a list of three whole numbers", form))?;
    let counts = array.iter().map(|v| count_of(v.get_ref(), 1, max)).collect::<Result<Vec<u64>, _>>()?;
    let three: Option<[u64; 3]> = counts.try_into().ok();
    three.map(|three| three.map(|n| n as u32)).ok_or_else(|| Fault::new(format!("{} numbers, but three are needed", array.len()), form))
}

/// `voxels`, `spacing`, and `origin` or `center`.
fn grid(section: &Section<'_>) -> Option<VoxelGrid> {
    let size = section.read("voxels", |value| three_counts(value, SIZE_MAX, "write voxels = [128, 128, 80] (along x, y, z)"));
    let size = section.required("voxels", size, "voxels = [128, 128, 80] (along x, y, z)");
    let spacing = section.vector("spacing", &LENGTH, SPACING, true);
    let spacing = section.required("spacing", spacing, "spacing = \"3 mm\"");
    let origin = section.vector("origin", &LENGTH, POSITION, false);
    let center = section.vector("center", &LENGTH, POSITION, false);
    if let (Field::Value(..), Field::Value(_, span)) = (&origin, &center) {
        section.problem(
            span.clone(),
            Fault::new(
                "both `origin` and `center` are given",
                "keep one: origin is the centre of the first voxel, center that of the grid",
            ),
        );
    }
    let (size, spacing) = (size?, spacing?);
    let half = (DVec3::from(size.map(f64::from)) - 1.0) * spacing * 0.5;
    let origin = match origin {
        Field::Value(origin, _) => origin,
        _ => section.or_default("center", center, DVec3::ZERO) - half,
    };
    Some(VoxelGrid::axis_aligned(size, spacing, origin))
}
