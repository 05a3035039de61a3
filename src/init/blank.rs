//! A plan from nothing: small, complete, and ready to run.

use super::{EXAMPLE, quoted, write::example_activity};
use crate::{error::Result, nuclide};

/// A small complete plan for a nuclide: every number of it is an example, and says so.
///
/// # Errors
/// An unknown nuclide.
pub fn blank(nuclide: &str) -> Result<String> {
    let known = nuclide::table::find(nuclide)?;
    let (name, activity, title) = (quoted(&known.name), example_activity(&known.name), quoted(&format!("{}, a first plan", known.name)));
    Ok(format!(
        r#"#:schema ./plan.schema.json
# The line above is for editors that complete and check TOML: `dosaic schema --out plan.schema.json` in this folder makes that file.
#
# Made by `dosaic init`. It runs as it is: dosaic run PLAN. Its phantom is two ellipsoids and two spheres, and its activities are nobody's:
# a number with "{EXAMPLE}" stands where yours belongs. docs/plan.md describes every key, phantoms/ has larger plans, and
# `dosaic init FOLDER` makes one from a CT.

title = {title}

# The voxels: a grid of its own with shapes painted on it. Others: ct = "folder of a CT", labels = "organs.nii.gz".
[phantom]
voxels     = [64, 48, 48]              # along x (to the left), y (to the back), z (to the head)
spacing    = "5 mm"
background = "air"                     # what no region covers

# Regions are painted in this order; a later one covers an earlier one.
[[region]]
name      = "body"
material  = "soft_tissue"
shape     = "ellipsoid"
center    = "0, 0, 0 mm"               # {EXAMPLE}, and so are all measures below
semi_axes = "150, 110, 200 mm"

[[region]]
name      = "liver"
material  = "liver"
shape     = "ellipsoid"
center    = "-65, -10, 30 mm"
semi_axes = "75, 65, 65 mm"

[[region]]
name     = "kidneys"
material = "kidney"
shapes   = [                           # several shapes may make one region
    {{ shape = "sphere", center = "-60, 60, -60 mm", radius = "33 mm" }},
    {{ shape = "sphere", center = "60, 60, -60 mm", radius = "33 mm" }},
]

[[region]]
name     = "lesion"
material = "soft_tissue"
shape    = "sphere"
center   = "-80, -20, 40 mm"
radius   = "15 mm"

[[nuclide]]
name = {name}

[[fraction]]                           # the first therapy cycle
administered = "{activity}"                 # {EXAMPLE}

[fraction.uptake.liver]
fraction             = "4 %"           # {EXAMPLE}: share of the administered activity at the start
biological_half_life = "100 h"         # {EXAMPLE}: joined with the physical one; half_life takes the effective one

[fraction.uptake.kidneys]
fraction             = "2 %"           # {EXAMPLE}
biological_half_life = "70 h"          # {EXAMPLE}

[fraction.uptake.lesion]
fraction             = "0.5 %"         # {EXAMPLE}
biological_half_life = "200 h"         # {EXAMPLE}

[[fraction]]                           # the second one takes over from the first what it does not say itself
like  = 1
start = "56 d"                         # {EXAMPLE}

[transport]
histories = 2e5                        # per fraction; more for a publication: the run tells the statistical uncertainty
seed      = 1

# Radiobiology from the table of tissues; most of its values are recalled or assumed, and every report says so. The others count as `normal`.
[response.region.liver]
tissue = "liver"

[response.region.kidneys]
tissue = "kidney"
"#
    ))
}
