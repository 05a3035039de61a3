//! Contoured regions (RTSTRUCT) and segments (SEG) as voxels of a grid.

use std::path::Path;

use dicom_dictionary_std::tags;
use glam::DVec3;

use super::{
    contours::{self, Contour},
    dataset::DataSet,
    folder::scan,
    header::Kind,
    segments::Segments,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    volume::Volume,
};

/// How a plan names a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StructureName {
    /// ROIName or SegmentLabel, exactly.
    Name(String),
    /// ROINumber or SegmentNumber.
    Number(u32),
}

impl std::fmt::Display for StructureName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "\"{name}\""),
            Self::Number(number) => write!(f, "number {number}"),
        }
    }
}

/// Structures on a grid.
#[derive(Debug, Clone)]
pub struct StructuresRead {
    /// For each name that was asked for its voxels, ascending.
    pub voxels: Vec<Vec<u32>>,
    /// What was left out or approximated.
    pub notes: Vec<String>,
    /// Frame of reference that the structures refer to.
    pub frame_of_reference: Option<String>,
}

/// Reads structures from the RTSTRUCT or SEG object of a file (or folder) onto a grid.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] with file and structure; a name that is not there lists those that are.
pub fn read_structures(path: &Path, series: Option<&str>, grid: &VoxelGrid, wanted: &[StructureName]) -> Result<StructuresRead> {
    let (series, mut notes) = scan(path)?.choose(path, &[Kind::Structures, Kind::Segmentation], "RTSTRUCT or SEG", series)?;
    let [header] = &series.files[..] else {
        let files: Vec<String> = series.files.iter().map(|file| file.path.display().to_string()).collect();
        return Err(Error::input(format!(
            "{}: {} structure files in one series; name one of {}",
            path.display(),
            files.len(),
            files.join(", ")
        )));
    };
    let contents = header.contents()?;
    let (name, data) = (contents.name.as_str(), contents.parse()?);
    let numbers: Vec<u32> = wanted.iter().map(|wanted| find(name, &header.regions, wanted)).collect::<Result<_>>()?;
    let mut frame_of_reference = header.frame_of_reference.clone();
    let mut voxels = Vec::with_capacity(numbers.len());
    if header.kind == Kind::Segmentation {
        let segments = Segments::read(&contents, &data)?;
        for (&number, wanted) in numbers.iter().zip(wanted) {
            voxels.push(segments.on_grid(number, grid, &format!("{wanted}"), &mut notes)?);
        }
    } else {
        let mut frames: Vec<String> = Vec::new();
        for (&number, wanted) in numbers.iter().zip(wanted) {
            let what = format!("{name}: ROI {wanted}");
            let is_it = |item: &&DataSet<'_>| item.decimal(tags::ROI_NUMBER) == Some(f64::from(number));
            frames.extend(
                data.items(tags::STRUCTURE_SET_ROI_SEQUENCE)
                    .iter()
                    .find(is_it)
                    .and_then(|item| item.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID)),
            );
            voxels.push(contours::voxels(&what, &roi_contours(&what, &data, number, &mut notes)?, grid, &mut notes)?);
        }
        frames.sort_unstable();
        frames.dedup();
        if frames.len() > 1 {
            return Err(Error::input(format!("{name}: the ROIs refer to different frames of reference: {}", frames.join(", "))));
        }
        frame_of_reference = frames.into_iter().next().or(frame_of_reference);
    }
    Ok(StructuresRead { voxels, notes, frame_of_reference })
}

/// Reads a segmentation as a label image on its own grid: every voxel the number of its segment.
///
/// # Errors
/// As [`read_structures`]; also where segments overlap, and for contours, which have no grid.
pub fn read_segments(path: &Path, series: Option<&str>) -> Result<(Volume<u32>, Vec<String>)> {
    let (series, notes) = scan(path)?.choose(path, &[Kind::Segmentation], "SEG", series)?;
    let contents = series.files[0].contents()?;
    let data = contents.parse()?;
    Ok((Segments::read(&contents, &data)?.labels()?, notes))
}

/// The grid of a segmentation.
///
/// # Errors
/// As [`read_segments`].
pub fn read_segments_grid(path: &Path, series: Option<&str>) -> Result<VoxelGrid> {
    Ok(read_segments(path, series)?.0.grid)
}

/// The number of a structure; names and numbers must be unique.
fn find(file: &str, regions: &[(u32, String)], wanted: &StructureName) -> Result<u32> {
    let fits: Vec<u32> = regions
        .iter()
        .filter(|(number, name)| match wanted {
            StructureName::Name(wanted) => name == wanted,
            StructureName::Number(wanted) => number == wanted,
        })
        .map(|(number, _)| *number)
        .collect();
    let list = || regions.iter().map(|(number, name)| format!("{number} \"{name}\"")).collect::<Vec<_>>().join(", ");
    match fits[..] {
        [number] => Ok(number),
        [] => Err(Error::input(format!("{file}: has no structure {wanted}; it has {}", list()))),
        _ => Err(Error::input(format!("{file}: has {} structures {wanted}; name it by its number, `label = ...`: {}", fits.len(), list()))),
    }
}

/// The closed planar contours of an ROI.
fn roi_contours(what: &str, data: &DataSet<'_>, number: u32, notes: &mut Vec<String>) -> Result<Vec<Contour>> {
    let mut closed = Vec::new();
    let mut others: Vec<(String, usize)> = Vec::new();
    let mut count_other = |kind: String| match others.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, count)) => *count += 1,
        None => others.push((kind, 1)),
    };
    let of_roi = |item: &&DataSet<'_>| item.decimal(tags::REFERENCED_ROI_NUMBER) == Some(f64::from(number));
    for (n, contour) in
        data.items(tags::ROI_CONTOUR_SEQUENCE).iter().filter(of_roi).flat_map(|item| item.items(tags::CONTOUR_SEQUENCE)).enumerate()
    {
        let kind = contour.text(tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_default();
        if !matches!(kind.as_str(), "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR") {
            count_other(kind);
            continue;
        }
        let numbers = contour.decimals(tags::CONTOUR_DATA).unwrap_or_default();
        let (points, rest) = numbers.as_chunks::<3>();
        if numbers.is_empty() || !rest.is_empty() {
            return Err(Error::input(format!(
                "{what}: contour {} has {} coordinates that are numbers; expected three for each point",
                n + 1,
                numbers.len()
            )));
        }
        if points.len() < 3 {
            count_other(format!("{kind} with fewer than three points"));
            continue;
        }
        closed.push(points.iter().map(|&point| DVec3::from(point)).collect());
    }
    for (kind, count) in others {
        notes.push(format!("{what}: {count} contours of the kind {kind} enclose nothing and were left out"));
    }
    if closed.is_empty() {
        return Err(Error::input(format!("{what} has no closed planar contour, so it encloses no voxel")));
    }
    Ok(closed)
}
