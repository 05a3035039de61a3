//! What a run needs in memory, before any of it is allocated.

use crate::{
    error::Result,
    grid::{GridLimits, VoxelGrid},
    io::{dicom, image, memory as system},
    phantom,
    plan::{FractionPlan, ImageSeries, PhantomPlan, Plan, Quality, SeriesBy},
    volume::merged_grid,
};

/// One thing that takes memory.
#[derive(Debug, Clone)]
pub struct MemoryItem {
    /// What it is.
    pub name: String,
    /// Bytes per voxel of the grid.
    pub per_voxel: u64,
    /// Bytes.
    pub bytes: u64,
    /// Whether it also lies on the GPU as one buffer.
    pub buffer: bool,
}

/// The phantom's grid, from the plan or the header of its image.
///
/// # Errors
/// If the image cannot be read, or has voxels or sizes that no phantom may have.
fn grid(plan: &Plan) -> Result<VoxelGrid> {
    match &plan.phantom {
        PhantomPlan::Procedural { grid, .. } => Ok(*grid),
        PhantomPlan::Labels { image, .. } | PhantomPlan::Ct { image, .. } => {
            let ct = matches!(plan.phantom, PhantomPlan::Ct { .. });
            let grid = match (dicom::is_dicom(&image.path), ct) {
                (false, _) => image::read_grid(&image.path)?,
                (true, true) => dicom::read_ct_grid(&image.path, image.series.as_deref())?,
                (true, false) => dicom::read_segments_grid(&image.path, image.series.as_deref())?,
            };
            grid.validate(&image.display().to_string(), &GridLimits::PHANTOM)?;
            Ok(merged_grid(&grid, plan.phantom.merge()))
        }
    }
}

/// Places that take up activity in a fraction, at most.
fn places(fraction: &FractionPlan) -> u64 {
    let of_series = |series: &ImageSeries| match &series.by {
        SeriesBy::Region { regions, .. } => regions.len() + 1,
        SeriesBy::Voxel { classes, .. } => *classes,
    };
    (fraction.uptakes.len() + fraction.images.len() + fraction.series.iter().map(of_series).sum::<usize>()) as u64
}

/// What the run needs, from the plan alone; maps of components count as if every voxel had dose.
///
/// # Errors
/// If the header of the phantom's image cannot be read.
pub fn memory(plan: &Plan) -> Result<(VoxelGrid, Vec<MemoryItem>)> {
    let grid = grid(plan)?;
    let voxels = grid.len() as u64;
    let alphas =
        plan.nuclides.iter().any(|n| crate::nuclide::emissions(&n.name, n.daughters).is_ok_and(|chain| !chain.total.alphas.is_empty()));
    // Energy times saturated lineal energy, for the microdosimetric-kinetic model.
    let quality = alphas && plan.response.tme.as_ref().is_some_and(|tme| tme.quality == Quality::Mkm);
    let tally = match (alphas, quality) {
        (true, true) => 24,
        (true, false) => 16,
        _ => 8,
    };
    let sources = plan.fractions.iter().map(|f| places(f) * (1 + plan.nuclides[f.nuclide].redistribution.len() as u64)).max().unwrap_or(0);
    let frames = plan.fractions.iter().flat_map(|f| &f.series).map(|s| s.images.len() as u64).max().unwrap_or(0);
    let maps = 2 + u64::from(alphas) * 2;
    let fraction_maps = if plan.output.fractions { plan.fractions.len() as u64 } else { 0 };
    let item = |name: &str, per_voxel: u64, buffer: bool| MemoryItem { name: name.into(), per_voxel, bytes: per_voxel * voxels, buffer };
    Ok((
        grid,
        vec![
            item("phantom while it is built", phantom::building_bytes_per_voxel(&plan.phantom), false),
            item("phantom (material, density)", 4, true),
            item("regions", 2, false),
            item("images of a series", 4 * frames, false),
            item("tally of a batch", tally, true),
            item("tally on the host", tally, false),
            item("sums of a component in transport", if alphas { 20 + tally + 28 } else { 28 }, false),
            item("dose per decay of the components", sources * if alphas { 24 + 4 * u64::from(quality) + 12 } else { 12 + 8 }, false),
            item("density and regions as they are written", 8, false),
            item("maps of the total", 4 * (maps + 3), false),
            item("external doses", 4 * plan.external.len() as u64, false),
            item("maps of the fractions", 4 * (maps + 1) * fraction_maps, false),
        ],
    ))
}

/// Refuses a plan whose memory exceeds what the system has.
pub(super) fn check(plan: &Plan) -> Result<()> {
    let (grid, items) = memory(plan)?;
    let [x, y, z] = grid.size;
    system::check(&format!("a run on {x} x {y} x {z} voxels"), items.iter().map(|i| i.bytes).sum())
}
