//! From the plan to the phantom: base image, then labels and shapes in the order of the regions.

use std::collections::{BTreeMap, HashMap, HashSet};

use glam::DVec3;

use super::{
    Phantom, PhantomInputs,
    memory::{check_grid, describe, filled},
    pack_voxel,
    palette::{Palette, check_density},
    solid::Solid,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::dicom::StructureName,
    plan::{ImageFile, PhantomPlan, RegionPlan},
    volume::{Volume, merge_labels, merge_mean, resample_nearest},
};

/// Builds the voxel phantom.
///
/// Each region covers the voxels of its labels and those whose centre lies in one of its shapes; where regions overlap, the later one
/// has the voxel, and the last of them that names a medium gives the medium. Without a CT, every region must name one.
///
/// # Errors
/// Images that cannot be read, CT values that are not numbers, labels without region (but 0; under a CT they are a warning), a label named
/// by two regions, label and CT grids that differ, regions without any voxel, unknown materials, more than 256 of them, impossible shapes.
pub fn build(plan: &PhantomPlan, regions: &[RegionPlan], inputs: &dyn PhantomInputs) -> Result<Phantom> {
    check_regions(plan, regions)?;
    let mut palette = Palette::new(inputs);
    let mut warnings = Vec::new();
    let mut canvas = match plan {
        PhantomPlan::Procedural { grid, background } => {
            check_grid(grid, "[phantom]")?;
            let voxel = palette.voxel(background, "the phantom's background")?;
            Canvas { voxels: filled(voxel, grid.len(), "voxels")?, ..Canvas::new(*grid, regions, &mut palette)? }
        }
        PhantomPlan::Labels { image, background } => {
            let labels = inputs.labels(image)?;
            check_grid(&labels.grid, &image.display().to_string())?;
            let voxel = palette.voxel(background, "the phantom's background")?;
            let mut canvas =
                Canvas { voxels: filled(voxel, labels.grid.len(), "voxels")?, ..Canvas::new(labels.grid, regions, &mut palette)? };
            let unnamed = canvas.lay_labels(&labels, regions, &mut warnings);
            if !unnamed.is_empty() {
                return Err(Error::input(format!(
                    "{}: no region names {}; name them in `labels` of a region (only label 0 may stay background)",
                    image.display(),
                    list_labels(&unnamed)
                )));
            }
            canvas
        }
        PhantomPlan::Ct { image, labels, merge, .. } => {
            let (ct_grid, grid, voxels) = convert_ct(image, *merge, inputs, &mut palette, &mut warnings)?;
            let mut canvas = Canvas { voxels, ..Canvas::new(grid, regions, &mut palette)? };
            if let Some(path) = labels
                && !canvas.take_structures(path, regions, inputs)?
            {
                let mut labels = in_order_of(inputs.labels(path)?, &ct_grid);
                if !ct_grid.same_place(&labels.grid, 0.01 * ct_grid.min_spacing()) {
                    return Err(Error::input(format!(
                        "the label image is not on the grid of the CT; resample it with nearest neighbours first\n  CT     {}: {}\n  labels {}: {}",
                        image.display(),
                        describe(&ct_grid),
                        path.display(),
                        describe(&labels.grid)
                    )));
                }
                if *merge != [1; 3] {
                    labels = merge_named(&labels, *merge, regions)?;
                }
                let unnamed = canvas.lay_labels(&labels, regions, &mut warnings);
                if !unnamed.is_empty() {
                    warnings.push(format!(
                        "{}: no region names {}; these voxels keep the CT's medium and are in no region",
                        path.display(),
                        list_labels(&unnamed)
                    ));
                }
            }
            canvas
        }
    };
    for (position, region) in regions.iter().enumerate() {
        canvas.paint(position, region, &mut warnings)?;
    }
    canvas.check(regions, &mut warnings)?;
    Ok(Phantom {
        grid: canvas.grid,
        voxels: canvas.voxels,
        materials: palette.into_materials(),
        regions: canvas.regions,
        region_names: regions.iter().map(|region| region.name.clone()).collect(),
        warnings,
    })
}

/// Labels in the order of a grid whose voxels are the same ones with axes flipped or exchanged (NIfTI beside DICOM); others as they are.
pub(crate) fn in_order_of(labels: Volume<u32>, grid: &VoxelGrid) -> Volume<u32> {
    let voxel = |ijk: [u32; 3]| labels.grid.to_voxel(grid.center(ijk));
    let tolerance = 0.01;
    let on_a_voxel = |corner: u32| {
        let at = voxel([0, 1, 2].map(|axis| if corner >> axis & 1 == 1 { grid.size[axis] - 1 } else { 0 }));
        let last = DVec3::from(labels.grid.size.map(f64::from)) - 1.0;
        (at - at.round()).abs().max_element() <= tolerance && at.round().cmpge(DVec3::ZERO).all() && at.round().cmple(last).all()
    };
    // Voxels of one size, and every corner on a voxel of an image of as many: a permutation.
    let mut spacings = [grid.spacing, labels.grid.spacing].map(|spacing| spacing.to_array());
    spacings.iter_mut().for_each(|spacing| spacing.sort_by(f64::total_cmp));
    let alike = (0..3).all(|axis| (spacings[0][axis] / spacings[1][axis] - 1.0).abs() <= tolerance);
    let one_way = grid.same_place(&labels.grid, tolerance * grid.min_spacing());
    if one_way || !alike || labels.grid.len() != grid.len() || !(0..8).all(on_a_voxel) {
        return labels;
    }
    resample_nearest(&labels, grid, 0).0
}

/// A phantom in the making.
struct Canvas {
    grid: VoxelGrid,
    voxels: Vec<u32>,
    regions: Vec<u16>,
    /// Per region: its packed medium, if it names one.
    media: Vec<Option<u32>>,
    /// Per region: voxels that it covered when it was painted.
    covered: Vec<u64>,
    /// Per region: voxels of its contoured structures or segments, in no order; may name one twice.
    structures: Vec<Vec<u32>>,
}

impl Canvas {
    /// A canvas on which no voxel has a region yet; `voxels` is left to the caller.
    fn new(grid: VoxelGrid, regions: &[RegionPlan], palette: &mut Palette<'_>) -> Result<Self> {
        let media = regions
            .iter()
            .map(|region| region.medium.as_ref().map(|medium| palette.voxel(medium, &format!("region \"{}\"", region.name))).transpose())
            .collect::<Result<_>>()?;
        let covered = vec![0; regions.len()];
        let structures = vec![Vec::new(); regions.len()];
        Ok(Self { grid, voxels: Vec::new(), regions: filled(0, grid.len(), "regions")?, media, covered, structures })
    }

    /// Takes the structures that regions name by ROI or number; false if the file is a label image.
    fn take_structures(&mut self, file: &ImageFile, regions: &[RegionPlan], inputs: &dyn PhantomInputs) -> Result<bool> {
        let named = |region: &RegionPlan| {
            let names = region.rois.iter().cloned().map(StructureName::Name);
            names.chain(region.labels.iter().copied().map(StructureName::Number)).collect::<Vec<_>>()
        };
        let wanted: Vec<StructureName> = regions.iter().flat_map(named).collect();
        let Some(found) = inputs.structures(file, &self.grid, &wanted)? else {
            if let Some(region) = regions.iter().find(|region| !region.rois.is_empty()) {
                return Err(Error::input(format!(
                    "{}: is a label image, whose labels have no names; region \"{}\" names {:?}: write `labels` with their numbers, or give an RTSTRUCT or SEG object",
                    file.display(),
                    region.name,
                    region.rois
                )));
            }
            return Ok(false);
        };
        let mut found = found.into_iter();
        for (structures, region) in self.structures.iter_mut().zip(regions) {
            *structures = found.by_ref().take(named(region).len()).flatten().collect();
        }
        Ok(true)
    }

    /// Lays the labels of all regions, before any shape; returns the labels (but 0) without region, with their voxels.
    fn lay_labels(&mut self, labels: &Volume<u32>, regions: &[RegionPlan], warnings: &mut Vec<String>) -> BTreeMap<u32, u64> {
        let owner: HashMap<u32, usize> =
            regions.iter().enumerate().flat_map(|(r, region)| region.labels.iter().map(move |&label| (label, r))).collect();
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        let mut v = 0;
        // Labels come in runs: one look-up per run.
        for run in labels.data.chunk_by(|a, b| a == b) {
            *counts.entry(run[0]).or_insert(0) += run.len() as u64;
            if let Some(&r) = owner.get(&run[0]) {
                self.regions[v..v + run.len()].fill(r as u16 + 1);
                self.covered[r] += run.len() as u64;
                if let Some(voxel) = self.media[r] {
                    self.voxels[v..v + run.len()].fill(voxel);
                }
            }
            v += run.len();
        }
        for region in regions {
            let absent: Vec<u32> = region.labels.iter().copied().filter(|label| !counts.contains_key(label)).collect();
            if !absent.is_empty() {
                warnings.push(format!("region \"{}\": labels {absent:?} do not occur in the label image", region.name));
            }
        }
        counts.retain(|label, _| *label != 0 && !owner.contains_key(label));
        counts
    }

    /// Paints the shapes of a region over all earlier regions, but under a later one whose label is already there.
    fn paint(&mut self, position: usize, region: &RegionPlan, warnings: &mut Vec<String>) -> Result<()> {
        let Self { grid, voxels, regions, media, covered, structures } = self;
        let (id, medium) = (position as u16 + 1, media[position]);
        let mut lay = |v: usize| {
            // Shapes and structures come in order, so a later region here can only stem from a label.
            let under_label = regions[v] > id;
            if let Some(voxel) = medium
                && !(under_label && media[usize::from(regions[v]) - 1].is_some())
            {
                voxels[v] = voxel;
            }
            if !under_label {
                regions[v] = id;
            }
        };
        let structure = std::mem::take(&mut structures[position]);
        structure.iter().for_each(|&v| lay(v as usize));
        covered[position] += structure.len() as u64;
        let (mut without_centre, mut volume, mut outside) = (0, 0.0, 0.0);
        for shape in &region.shapes {
            let solid = Solid::new(shape, &region.name)?;
            let mut hits = 0u64;
            solid.for_each_voxel(grid, |v| {
                hits += 1;
                lay(v);
            });
            covered[position] += hits;
            let share = solid.share_outside(grid);
            without_centre += u64::from(hits == 0 && share < 1.0);
            if solid.volume().is_finite() {
                volume += solid.volume();
                outside += share * solid.volume();
            }
        }
        if without_centre > 0 {
            warnings.push(format!(
                "region \"{}\": {without_centre} of {} shapes hold no voxel centre and left no trace (smaller than a voxel?)",
                region.name,
                region.shapes.len()
            ));
        }
        if outside > 0.0 {
            warnings.push(format!(
                "region \"{}\": about {:.1} % of the volume of its shapes lies outside the grid",
                region.name,
                100.0 * outside / volume
            ));
        }
        Ok(())
    }

    /// Every region must have voxels; those with a single one are told.
    fn check(&self, regions: &[RegionPlan], warnings: &mut Vec<String>) -> Result<()> {
        let mut counts = vec![0u64; regions.len() + 1];
        for &id in &self.regions {
            counts[usize::from(id)] += 1;
        }
        for (position, region) in regions.iter().enumerate() {
            let name = &region.name;
            match (counts[position + 1], self.covered[position]) {
                (0, 0) => {
                    let labels = if region.labels.is_empty() { "" } else { ", none of its labels occurs in the label image" };
                    let shapes = match region.shapes.len() {
                        0 => String::new(),
                        n => format!(", none of its {n} shapes holds a voxel centre (outside the grid, or smaller than a voxel)"),
                    };
                    let rois = if region.rois.is_empty() { "" } else { ", its structures enclose no voxel centre of the grid" };
                    let nothing = if region.labels.is_empty() && region.shapes.is_empty() && region.rois.is_empty() {
                        ": it has neither shapes nor labels"
                    } else {
                        ""
                    };
                    return Err(Error::input(format!(
                        "region \"{name}\" has no voxel{nothing}{labels}{rois}{shapes}; the grid has {}",
                        describe(&self.grid)
                    )));
                }
                (0, covered) => {
                    return Err(Error::input(format!(
                        "region \"{name}\" has no voxel left: later regions are painted over all of the {covered} voxels it covered; write it after them"
                    )));
                }
                (1, _) => warnings.push(format!("region \"{name}\" is a single voxel")),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What can be told wrong about the regions before any image is open.
fn check_regions(plan: &PhantomPlan, regions: &[RegionPlan]) -> Result<()> {
    if regions.len() >= usize::from(u16::MAX) {
        return Err(Error::input(format!("{} regions are too many; at most {} are possible", regions.len(), u16::MAX - 1)));
    }
    let has_labels = !matches!(plan, PhantomPlan::Procedural { .. } | PhantomPlan::Ct { labels: None, .. });
    let mut label_owner: HashMap<u32, &str> = HashMap::new();
    let mut names: HashMap<&str, ()> = HashMap::new();
    for region in regions {
        let name = region.name.as_str();
        if names.insert(name, ()).is_some() {
            return Err(Error::input(format!("region \"{name}\" is named twice")));
        }
        if region.medium.is_none() && !matches!(plan, PhantomPlan::Ct { .. }) {
            return Err(Error::input(format!("region \"{name}\" needs a material: without a CT nothing else gives one")));
        }
        if !matches!(plan, PhantomPlan::Ct { labels: Some(_), .. }) && !region.rois.is_empty() {
            return Err(Error::input(format!(
                "region \"{name}\" names structures {:?}, but the phantom is no CT with contours",
                region.rois
            )));
        }
        if !has_labels && !region.labels.is_empty() {
            return Err(Error::input(format!("region \"{name}\" names labels {:?}, but the phantom has no label image", region.labels)));
        }
        for &label in &region.labels {
            if let Some(other) = label_owner.insert(label, name) {
                return Err(Error::input(format!(
                    "label {label} is named by regions \"{other}\" and \"{name}\"; a voxel belongs to one region only"
                )));
            }
        }
    }
    Ok(())
}

/// Labels in merged voxels; a region whose labels are lost on the way is an error, since the plan names it.
fn merge_named(labels: &Volume<u32>, merge: [u32; 3], regions: &[RegionPlan]) -> Result<Volume<u32>> {
    let merged = merge_labels(labels, merge);
    let [before, after] = [labels, &merged].map(|volume| volume.data.chunk_by(|a, b| a == b).map(|run| run[0]).collect::<HashSet<u32>>());
    let lost = |region: &&RegionPlan| {
        region.shapes.is_empty() && region.labels.iter().any(|l| before.contains(l)) && !region.labels.iter().any(|l| after.contains(l))
    };
    match regions.iter().find(lost) {
        Some(region) => Err(Error::input(format!(
            "region \"{}\" has no voxel left: its labels are the most frequent ones in no block of merge = {merge:?} voxels; merge fewer, or leave the region out",
            region.name
        ))),
        None => Ok(merged),
    }
}

/// Converts the CT image, of which blocks of `merge` voxels become one; gives its own grid, that of the phantom, and the voxels. Clamped values are told with their count and span.
fn convert_ct(
    path: &ImageFile,
    merge: [u32; 3],
    inputs: &dyn PhantomInputs,
    palette: &mut Palette<'_>,
    warnings: &mut Vec<String>,
) -> Result<(VoxelGrid, VoxelGrid, Vec<u32>)> {
    let mut ct = inputs.image(path)?;
    let file = path.display();
    check_grid(&ct.grid, &file.to_string())?;
    let ct_grid = ct.grid;
    if merge != [1; 3] {
        ct = merge_mean(&ct, merge);
        let beyond = (DVec3::from(ct.grid.size.map(f64::from)) * ct.grid.spacing
            - DVec3::from(ct_grid.size.map(f64::from)) * ct_grid.spacing)
            .to_array();
        if beyond.iter().any(|mm| *mm > 1e-6 * ct.grid.min_spacing()) {
            warnings.push(format!(
                "{file}: its voxels do not divide by merge = {merge:?}; the last ones hold fewer, and the grid reaches {:.3}, {:.3}, {:.3} mm beyond the CT along its axes",
                beyond[0], beyond[1], beyond[2]
            ));
        }
    }
    let bins = inputs.ct_materials();
    let mut position: Vec<Option<u8>> = vec![None; bins.len()];
    let mut voxels = filled(0, ct.data.len(), "voxels")?;
    let (mut clamped, mut lowest, mut highest) = (0u64, f32::INFINITY, f32::NEG_INFINITY);
    for (v, &hu) in ct.data.iter().enumerate() {
        if !hu.is_finite() {
            let bad = ct.data.iter().filter(|hu| !hu.is_finite()).count();
            return Err(Error::input(format!(
                "{file}: {bad} CT values are not finite numbers, the first ({hu}) at voxel {:?}",
                ct.grid.ijk(v)
            )));
        }
        let tissue = inputs.ct_convert(hu);
        if tissue.clamped {
            clamped += 1;
            (lowest, highest) = (lowest.min(hu), highest.max(hu));
        }
        let material = match position[tissue.bin] {
            Some(material) => material,
            None => *position[tissue.bin].insert(palette.position(bins[tissue.bin].clone())?),
        };
        check_density(tissue.density, &format_args!("{file}, {hu} HU"))?;
        voxels[v] = pack_voxel(material, tissue.density as f32);
    }
    if clamped > 0 {
        warnings.push(format!(
            "{file}: {clamped} of {} CT values lie outside the ramp and were moved to its ends (they span {lowest} to {highest} HU)",
            ct.data.len()
        ));
    }
    Ok((ct_grid, ct.grid, voxels))
}

/// "labels 3 (120 voxels), 7 (1 voxel)", at most ten of them.
fn list_labels(labels: &BTreeMap<u32, u64>) -> String {
    const SHOWN: usize = 10;
    let one = |(label, voxels): (&u32, &u64)| format!("{label} ({voxels} voxel{})", if *voxels == 1 { "" } else { "s" });
    let shown: Vec<String> = labels.iter().take(SHOWN).map(one).collect();
    let noun = if labels.len() == 1 { "label" } else { "labels" };
    let more = if labels.len() > SHOWN {
        format!(" and {} more labels with {} voxels", labels.len() - SHOWN, labels.values().skip(SHOWN).sum::<u64>())
    } else {
        String::new()
    };
    format!("{noun} {}{more}", shown.join(", "))
}
