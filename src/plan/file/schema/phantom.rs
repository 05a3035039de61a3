//! `[phantom]`, `[[region]]` and `[[nuclide]]`.

use serde_json::{Value, json};

use super::{Kind, Table, key, table};
use crate::{
    nuclide,
    physics::materials,
    plan::{
        file::{
            DENSITIES,
            phantom::{MERGE_MAX, POSITION, SIZE_MAX, SPACING},
            shape::{EXTENT, KEYS, KINDS},
            uptake::{DURATION, SCALE},
        },
        quantity::{DENSITY, FRACTION, LENGTH, Limits, TIME},
    },
};

/// Names of materials, short ones first; they stand in the schema once.
pub(super) fn materials() -> Value {
    let names =
        materials::ALIASES.iter().map(|(alias, _)| *alias).chain(materials::materials().iter().map(|material| material.name.as_str()));
    json!({ "enum": names.collect::<Vec<_>>(), "description": "A material of the table, or a short name of one" })
}

fn density() -> super::Key {
    key("density", Kind::Quantity(&DENSITY, DENSITIES), "Instead of the material's tabulated one")
}

pub(super) fn tables() -> Vec<Table> {
    let length = |limits| Kind::Quantity(&LENGTH, limits);
    let point = |limits, single| Kind::Vector { dimension: &LENGTH, limits, single };
    let label = || Kind::Count(1, u32::MAX.into());
    let measures = [
        key("shape", Kind::words(&KINDS.map(|kind| kind.0)), "Kind of the shape; each takes its own measures"),
        key("center", point(POSITION, false), "Centre, x, y, z (left, posterior, superior)"),
        key("size", point(EXTENT, true), "Full edges of a box; one length: a cube"),
        key("radius", length(EXTENT), "Radius of a sphere or cylinder"),
        key("semi_axes", point(EXTENT, true), "Semi-axes of an ellipsoid along x, y, z"),
        key("axis", Kind::Direction, "Axis of a cylinder (default \"z\": a direction) or of a slab (\"x\", \"y\" or \"z\")"),
        key("height", length(EXTENT), "Full height of a cylinder"),
        key("inner_radius", length(EXTENT), "Of a shell"),
        key("outer_radius", length(EXTENT), "Of a shell"),
        key("from", length(POSITION), "First face of a slab along its axis"),
        key("to", length(POSITION), "Last face of a slab along its axis"),
        key("point", point(POSITION, false), "A point on the face of a half-space"),
        key("normal", Kind::Direction, "Points into a half-space"),
    ];
    let mut shape = table("shape", "A shape with its measures. A voxel belongs to it if its centre does.", Vec::from(measures));
    let rules = shape_rules();
    let mut region_keys = vec![
        key("name", Kind::Text, "Unique, also when case is ignored; at most 64 characters").required(),
        key("material", Kind::Material, "Required, unless a CT says it"),
        density(),
        key("label", label(), "Its label in the label image, or number of its structure"),
        key(
            "labels",
            Kind::Counts { min: 1, max: u32::MAX.into(), number: None },
            "Its labels in the label image, or numbers of its structures",
        ),
        key("roi", Kind::Text, "Its structure in the RTSTRUCT or SEG object, by the exact name"),
        key("rois", Kind::Texts, "Its structures, by their exact names"),
        key("shapes", Kind::Tables { table: "shape", single: false }, "Several shapes that together make the region"),
    ];
    region_keys.extend(shape.keys.iter().map(|k| key(k.name.clone(), k.kind.clone(), k.about.clone())));
    shape.keys[0].required = true;
    shape.rules = rules.clone();
    let mut region = table(
        "region",
        "A named set of voxels: labels, structures or shapes. Where regions overlap, the later one has the voxel.",
        region_keys,
    );
    region.rules = rules;
    let medium = table(
        "background",
        "Material and density outside all regions.",
        vec![key("material", Kind::Material, "Its name").required(), density()],
    );
    let image = table(
        "image",
        "A file or a DICOM folder with the series that is meant.",
        vec![
            key("path", Kind::Text, "File or folder, from the folder of the plan").required(),
            key("series", Kind::Text, "UID or description of the series; `dosaic inspect FOLDER` lists them"),
        ],
    );
    vec![phantom(), medium, image, region, shape, nuclide(), daughter()]
}

/// The measures that each kind of shape needs.
fn shape_rules() -> Value {
    let rule = |(name, keys): (&str, &[&str])| {
        let needed: Vec<&str> = keys.iter().copied().filter(|key| (name, *key) != ("cylinder", "axis")).collect();
        let foreign = KEYS[1..].iter().filter(|key| !keys.contains(key)).map(|key| ((*key).to_owned(), json!(false)));
        json!({
            "if": { "properties": { "shape": { "const": name } }, "required": ["shape"] },
            "then": { "required": needed, "properties": foreign.collect::<serde_json::Map<_, _>>() },
        })
    };
    json!({ "allOf": KINDS.map(rule) })
}

fn phantom() -> Table {
    let spacing = Kind::Vector { dimension: &LENGTH, limits: SPACING, single: true };
    let place = || Kind::Vector { dimension: &LENGTH, limits: POSITION, single: false };
    let mut phantom = table(
        "phantom",
        "The voxels: a grid of its own (voxels, spacing, background), a label image (labels, background), or a CT (ct, perhaps with labels).",
        vec![
            key("voxels", Kind::Counts { min: 1, max: SIZE_MAX, number: Some(3) }, "Voxels along x, y, z"),
            key("spacing", spacing, "Voxel edges; one length or three"),
            key("origin", place(), "Centre of the first voxel, instead of `center`"),
            key("center", place(), "Centre of the grid").default("0, 0, 0 mm"),
            key("background", Kind::OneOf(vec![Kind::Material, Kind::Table("background")]), "Material where no region is"),
            key("labels", Kind::Image, "Label image, or with a CT also contours (RTSTRUCT) or segments (SEG)"),
            key("ct", Kind::Image, "CT in HU, which gives every voxel material and density"),
            key(
                "merge",
                Kind::Counts { min: 1, max: MERGE_MAX, number: Some(3) },
                "CT voxels that make one voxel of the phantom, along the axes of the CT",
            )
            .default(vec![1, 1, 1]),
            key(
                "registered",
                Kind::Flag,
                "All images are registered to the CT, even where their DICOM frames of reference differ from its own",
            )
            .default(false),
        ],
    );
    phantom.rules = json!({ "anyOf": [
        { "required": ["voxels", "spacing", "background"] }, { "required": ["labels", "background"] }, { "required": ["ct"] },
    ] });
    phantom
}

fn nuclide() -> Table {
    let names = Kind::Words(nuclide::table::all().iter().map(|nuclide| nuclide.name.clone()).collect());
    table(
        "nuclide",
        "What is administered.",
        vec![
            key("name", names, "`dosaic nuclides` lists them").required(),
            key("daughters", Kind::Flag, "Whether chain members decay too: where the parent decays, if no rule moves them").default(true),
            key("daughter", Kind::Tables { table: "daughter", single: true }, "Rules for chain members that do not stay"),
        ],
    )
}

fn daughter() -> Table {
    let length = || Kind::Quantity(&LENGTH, SCALE);
    let time = || Kind::Quantity(&TIME, DURATION);
    let mut keys = vec![
        key("name", Kind::Text, "The chain member, e.g. \"Bi-213\"").required(),
        key("from", Kind::Texts, "Region or regions in which it is formed; default: anywhere"),
        key(
            "leaves",
            Kind::Quantity(&FRACTION, Limits::between(0.0, 1.0)),
            "Share of the atoms formed there that the rule moves; required, with recoil 100 %",
        ),
        key("vector_radius", length(), "Only atoms that recoil out of a spherical carrier: its radius"),
        key("recoil_range", length(), "Range of the recoil nucleus in the carrier"),
        key("transit_half_life", time(), "Half-life of the way; decays on the way give no dose; default: at once"),
        key("to", Kind::Text, "A region; \"excreted\": out of the body; \"here\": where it is formed"),
        key("diffusion_length", length(), "Instead of `to`: it diffuses from where it is formed, sqrt(D/lambda)"),
        key("biological_half_life", time(), "Half-life with which it clears from where it has come to; default: it stays until it decays"),
    ];
    keys.extend(super::fractions::pattern());
    table("daughter", "What becomes of a share of the atoms of one chain member, from the moment they are formed.", keys)
}
