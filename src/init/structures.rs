//! Regions of contours (RTSTRUCT) and segmentations (SEG).

use super::{Found, Regions, folder::Look, plan_names, quoted};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::dicom::{self, Kind, Series, StructureName},
    plan::ImageFile,
};

/// Regions of the first object that can be used, contours before segmentations; why others are not goes into `notes`.
pub(super) fn first(folder: &Look, grid: &VoxelGrid, notes: &mut Vec<String>) -> Option<Regions> {
    let mut series: Vec<&Series> = folder.structures.iter().collect();
    series.sort_by_key(|series| series.kind() != Kind::Structures);
    let mut first: Option<Regions> = None;
    for series in series {
        if first.is_some() {
            notes.push(format!("not used: {}; --labels {} chooses it", series.describe(), series.files[0].path.display()));
            continue;
        }
        let frames = series.frames_of_reference();
        if let (Some(ct), [frame]) = (&folder.frame, &frames[..])
            && ct != frame
        {
            notes.push(format!(
                "not used: {}: its frame of reference is {frame}, that of the CT {ct}; if both are registered, write registered = true in [phantom] and name it in `labels`",
                series.describe()
            ));
            continue;
        }
        // A file says which of several objects is meant, whatever their series.
        match of_file(&ImageFile::from(series.files[0].path.clone()), grid) {
            Ok(mut regions) => {
                if series.files.len() > 1 {
                    regions.notes.push(format!("{} has {} files; the first is used", series.describe(), series.files.len()));
                }
                first = Some(regions);
            }
            Err(error) => notes.push(format!("not used for regions: {error}")),
        }
    }
    first
}

/// Regions of one object, the largest first, so that smaller ones are painted over them.
///
/// # Errors
/// If it is no such object, or names nothing.
pub(super) fn of_file(file: &ImageFile, grid: &VoxelGrid) -> Result<Regions> {
    let series = dicom::scan(&file.path)?.series;
    let header = series.iter().flat_map(|series| &series.files).find(|header| matches!(header.kind, Kind::Structures | Kind::Segmentation));
    let header = header.ok_or_else(|| Error::input(format!("{}: is no RTSTRUCT or SEG object", file.path.display())))?;
    let mut notes = Vec::new();
    let plan_names = plan_names(header.regions.iter().map(|(_, name)| name.clone()));
    let mut found: Vec<(Found, Vec<u32>)> = Vec::new();
    for ((number, roi), name) in header.regions.iter().zip(plan_names) {
        // Names that occur twice, and empty ones, are told by number.
        let unique = header.regions.iter().filter(|(_, other)| other == roi).count() == 1 && !roi.trim().is_empty() && roi.trim() == roi;
        let voxels = if unique { format!("roi = {}", quoted(roi)) } else { format!("label = {number}") };
        let read = dicom::read_structures(&file.path, file.series.as_deref(), grid, &[StructureName::Number(*number)]);
        let (inside, unusable) = match read {
            Ok(mut read) => {
                notes.append(&mut read.notes);
                let inside = read.voxels.pop().unwrap_or_default();
                let none = inside.is_empty().then(|| "encloses no voxel centre of the phantom".to_owned());
                (inside, none)
            }
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let volume = inside.len() as f64 * grid.voxel_volume_cm3();
        found.push((Found { name, voxels, volume, unusable }, inside));
    }
    if found.is_empty() {
        return Err(Error::input(format!("{}: names no structure", file.path.display())));
    }
    found.sort_by(|a, b| b.0.volume.total_cmp(&a.0.volume));
    cover(&mut found, grid.len());
    notes.sort();
    notes.dedup();
    let kind = if header.kind == Kind::Structures { "contours" } else { "segments" };
    let about = format!("{kind} \"{}\", {} structures, {}", header.description, header.regions.len(), header.path.display());
    Ok(Regions { file: file.clone(), about, found: found.into_iter().map(|(found, _)| found).collect(), notes })
}

/// Regions of which later ones leave nothing cannot be painted.
fn cover(found: &mut [(Found, Vec<u32>)], voxels: usize) {
    let mut taken = vec![false; voxels];
    for (region, inside) in found.iter_mut().rev().filter(|(region, _)| region.unusable.is_none()) {
        let left = inside.iter().filter(|&&v| !taken[v as usize]).count();
        if left == 0 {
            region.unusable = Some("smaller structures cover all of it; a voxel belongs to one region".to_owned());
        } else {
            inside.iter().for_each(|&v| taken[v as usize] = true);
        }
    }
}
