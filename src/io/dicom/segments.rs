//! Segmentation objects: frames of bits, each of one segment and one plane.

use dicom_dictionary_std::tags;

use super::{
    codec::{Frames, PixelFormat},
    dataset::{Contents, DataSet},
    stack::{Slice, Stack, stack},
    volume::{frame_planes, group},
};
use crate::{
    error::{Error, Result},
    grid::{GridLimits, VoxelGrid},
    io::memory,
    volume::Volume,
};

/// Planes of frames closer than this are one, mm.
const SAME_PLANE: f64 = 0.005;

/// A segmentation on its own grid.
pub(super) struct Segments {
    name: String,
    grid: VoxelGrid,
    /// Segment number, slice of the grid, pixels.
    frames: Vec<(u32, usize, Vec<bool>)>,
}

impl Segments {
    /// Reads a binary segmentation.
    ///
    /// # Errors
    /// [`Error::Input`] for fractional ones and label maps, frames without segment or place, and uneven planes.
    pub(super) fn read(contents: &Contents, data: &DataSet<'_>) -> Result<Self> {
        let name = contents.name.clone();
        let kind = data.text(tags::SEGMENTATION_TYPE).unwrap_or_default();
        if kind != "BINARY" {
            return Err(Error::input(format!(
                "{name}: SegmentationType is \"{kind}\"; expected BINARY (of a fractional one, choose a threshold where it was made)"
            )));
        }
        let format = PixelFormat::of(&name, data)?;
        // Bits while a frame is taken apart, and all frames as bytes.
        memory::check(&name, (format.frames as u64 + 16) * format.pixels() as u64)?;
        let planes = frame_planes(&name, data, format.frames)?;
        let mut distinct: Vec<Slice> = Vec::new();
        let mut of_frame = Vec::with_capacity(format.frames);
        for (frame, plane) in planes.into_iter().enumerate() {
            let known = distinct.iter().position(|slice| slice.plane.position.distance(plane.position) <= SAME_PLANE);
            of_frame.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(Slice { name: format!("frame {}", frame + 1), plane });
            }
        }
        let measures = group(data, 0, tags::PIXEL_MEASURES_SEQUENCE);
        let thickness = measures.and_then(|m| m.decimal(tags::SPACING_BETWEEN_SLICES).or_else(|| m.decimal(tags::SLICE_THICKNESS)));
        // Planes without any segment are often left out of such files: what is missing is empty.
        let filled = fill_gaps(&mut distinct, thickness);
        let size = [format.columns as u32, format.rows as u32];
        let Stack { grid, order, .. } = stack(&name, if filled.is_empty() { &distinct } else { &filled }, size, thickness)?;
        // A mask of one segment, or a label image.
        memory::check(&name, 5 * grid.len() as u64)?;
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(k, &slice)| place[slice] = k);
        let bits = Frames::of(contents, data, format)?;
        let mut frames = Vec::with_capacity(format.frames);
        for (frame, &plane) in of_frame.iter().enumerate() {
            let number =
                group(data, frame, tags::SEGMENT_IDENTIFICATION_SEQUENCE).and_then(|item| item.u16(tags::REFERENCED_SEGMENT_NUMBER));
            let number = number.ok_or_else(|| Error::input(format!("{name}: frame {} does not say which segment it is of", frame + 1)))?;
            frames.push((u32::from(number), place[plane], bits.decode(frame)?.into_iter().map(|bit| bit != 0).collect()));
        }
        Ok(Self { name, grid, frames })
    }

    /// The voxels of another grid whose centres lie in voxels of a segment, ascending.
    ///
    /// # Errors
    /// [`Error::Input`] if the segment has no voxel at all.
    pub(super) fn on_grid(&self, number: u32, target: &VoxelGrid, wanted: &str, notes: &mut Vec<String>) -> Result<Vec<u32>> {
        let mut mask = vec![false; self.grid.len()];
        let area = (self.grid.size[0] * self.grid.size[1]) as usize;
        for (_, slice, pixels) in self.frames.iter().filter(|(of, ..)| *of == number) {
            mask[slice * area..(slice + 1) * area].iter_mut().zip(pixels).for_each(|(voxel, &pixel)| *voxel |= pixel);
        }
        let count = mask.iter().filter(|&&voxel| voxel).count();
        if count == 0 {
            return Err(Error::input(format!("{}: segment {wanted} has no voxel", self.name)));
        }
        let inside = |v: &u32| self.grid.voxel_at(target.center(target.ijk(*v as usize))).is_some_and(|ijk| mask[self.grid.index(ijk)]);
        let voxels: Vec<u32> = (0..target.len() as u32).filter(inside).collect();
        let [own, found] = [(count, &self.grid), (voxels.len(), target)].map(|(count, grid)| count as f64 * grid.voxel_volume_cm3());
        if (found - own).abs() > 0.001 * own {
            notes.push(format!("{}: segment {wanted} has {own:.3} mL on its own grid and {found:.3} mL on that of the phantom", self.name));
        }
        Ok(voxels)
    }

    /// A label image of all segments.
    ///
    /// # Errors
    /// [`Error::Input`] where segments overlap.
    pub(super) fn labels(&self) -> Result<Volume<u32>> {
        let mut data = vec![0; self.grid.len()];
        let area = (self.grid.size[0] * self.grid.size[1]) as usize;
        for (number, slice, pixels) in &self.frames {
            for (voxel, _) in data[slice * area..(slice + 1) * area].iter_mut().zip(pixels).filter(|(_, pixel)| **pixel) {
                if *voxel != 0 && *voxel != *number {
                    return Err(Error::input(format!(
                        "{}: segments {voxel} and {number} overlap; a label image has one label per voxel (with a CT, regions may name overlapping segments by `roi`)",
                        self.name
                    )));
                }
                *voxel = *number;
            }
        }
        Ok(Volume::new(self.grid, data))
    }
}

/// Where planes lie whole numbers of the slice spacing apart, those between them; empty if nothing is missing or the spacing is unknown.
fn fill_gaps(planes: &mut [Slice], spacing: Option<f64>) -> Vec<Slice> {
    let Some(spacing) = spacing.filter(|spacing| *spacing > 0.0) else { return Vec::new() };
    let normal = planes[0].plane.normal();
    let height = |slice: &Slice| slice.plane.position.dot(normal);
    let mut sorted: Vec<&Slice> = planes.iter().collect();
    sorted.sort_by(|a, b| height(a).total_cmp(&height(b)));
    let mut added = Vec::new();
    for pair in sorted.windows(2) {
        let across = pair[1].plane.position - pair[0].plane.position;
        let steps = (across.dot(normal) / spacing).round();
        if steps.is_nan() || steps < 2.0 {
            continue;
        }
        // More planes than an image can have: the spacing is wrong, and the stack will say that planes are missing.
        if (planes.len() + added.len()) as f64 + steps > f64::from(GridLimits::IMAGE.max_size) {
            return Vec::new();
        }
        for step in 1..steps as u32 {
            let mut plane = pair[0].plane;
            plane.position += across * (f64::from(step) / steps);
            added.push(Slice { name: "an empty plane".into(), plane });
        }
    }
    if added.is_empty() { Vec::new() } else { planes.iter().cloned().chain(added).collect() }
}
