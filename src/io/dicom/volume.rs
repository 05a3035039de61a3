//! Slices of a series, decoded and scaled, to one volume.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{
    codec::{Frames, PixelFormat},
    dataset::DataSet,
    folder::Series,
    header::Plane,
    stack::{Slice, Stack, stack},
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{image::ImageRead, memory},
    volume::Volume,
};

/// From stored numbers to values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) slope: f64,
    pub(super) intercept: f64,
}

/// Stored numbers from the first to the second stand for "no measurement"; they become `value`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Padding {
    pub(super) numbers: (i64, i64),
    pub(super) value: f32,
}

/// How the numbers of one file are to be understood.
pub(super) struct Meaning {
    /// One for each frame.
    pub(super) scales: Vec<Scale>,
    pub(super) padding: Option<Padding>,
}

/// Stacks the slices of a series (one per file, or the frames of enhanced objects); `meaning` reads what each file's numbers mean.
///
/// # Errors
/// [`Error::Input`] with the file or the slices concerned; see [`stack`].
pub(super) fn volume(
    name: &str,
    series: &Series,
    mut meaning: impl FnMut(&DataSet<'_>, &PixelFormat) -> Result<Meaning>,
) -> Result<ImageRead<f32>> {
    let (slices, owners) = planes(series)?;
    let first = &series.files[0];
    let thickness = {
        let contents = first.contents()?;
        let elements = contents.parse()?;
        // Before memory is taken: whether the pixels that the header promises can be there.
        Frames::of(&contents, &elements, PixelFormat::of(&contents.name, &elements)?)?;
        elements.decimal(tags::SLICE_THICKNESS)
    };
    if let Some(other) = series.files.iter().find(|file| file.size != first.size) {
        let [a, b] = [first.size, other.size].map(|[columns, rows]| format!("{columns} x {rows}"));
        return Err(Error::input(format!("{name}: slices differ in size: {} has {a} pixels, {} has {b}", first.name(), other.name())));
    }
    let Stack { grid, order, mut notes } = stack(name, &slices, first.size, thickness)?;
    // Values, and what one slice needs while it is decoded.
    memory::check(name, 4 * grid.len() as u64 + 16 * u64::from(grid.size[0]) * u64::from(grid.size[1]))?;
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(k, &slice)| place[slice] = k);
    let mut data = vec![0.0; grid.len()];
    let area = data.len() / order.len();
    let mut padded = (0u64, 0.0);
    let mut slice = 0;
    for (file, header) in series.files.iter().enumerate() {
        let contents = header.contents()?;
        let elements = contents.parse()?;
        let format = PixelFormat::of(&contents.name, &elements)?;
        let frames = Frames::of(&contents, &elements, format)?;
        let count = owners.iter().filter(|&&owner| owner == file).count();
        if format.frames != count || [format.columns, format.rows] != header.size.map(|n| n as usize) {
            return Err(Error::input(format!("{}: has changed while it was read", header.name())));
        }
        let Meaning { scales, padding } = meaning(&elements, &format)?;
        for (frame, scale) in scales.iter().enumerate() {
            let begin = place[slice] * area;
            let count = fill(&mut data[begin..begin + area], &frames.decode(frame)?, *scale, padding).map_err(|(pixel, value)| {
                let (column, row) = (pixel % format.columns, pixel / format.columns);
                Error::input(format!(
                    "{}: column {column}, row {row} is {value} after rescaling; expected a finite number",
                    slices[slice].name
                ))
            })?;
            if let Some(Padding { value, .. }) = padding.filter(|_| count > 0) {
                padded = (padded.0 + count, value);
            }
            slice += 1;
        }
    }
    if let (1.., value) = padded {
        notes.push(format!("{} of {} pixels are padding (PixelPaddingValue) and were set to {value}", padded.0, data.len()));
    }
    Ok(ImageRead { volume: Volume::new(grid, data), notes })
}

/// Scales the numbers of a frame; returns how many were padding, or the first pixel whose value is not finite.
pub(super) fn fill(
    values: &mut [f32],
    numbers: &[i64],
    Scale { slope, intercept }: Scale,
    padding: Option<Padding>,
) -> std::result::Result<u64, (usize, f64)> {
    let mut padded = 0;
    for (pixel, (value, &number)) in values.iter_mut().zip(numbers).enumerate() {
        *value = match padding {
            Some(Padding { numbers: (low, high), value }) if (low..=high).contains(&number) => {
                padded += 1;
                value
            }
            _ => (slope * number as f64 + intercept) as f32,
        };
        if !value.is_finite() {
            return Err((pixel, slope * number as f64 + intercept));
        }
    }
    Ok(padded)
}

/// The grid of a series, from headers alone.
///
/// # Errors
/// As [`volume`], as far as headers are concerned.
pub(super) fn grid(name: &str, series: &Series) -> Result<VoxelGrid> {
    let first = &series.files[0];
    let thickness = first.contents()?.parse()?.decimal(tags::SLICE_THICKNESS);
    Ok(stack(name, &planes(series)?.0, first.size, thickness)?.grid)
}

/// Every slice of a series, file by file and frame by frame, with the position of its file.
fn planes(series: &Series) -> Result<(Vec<Slice>, Vec<usize>)> {
    let (mut slices, mut owners) = (Vec::new(), Vec::new());
    for (file, header) in series.files.iter().enumerate() {
        let name = header.name();
        if header.frames == 1
            && let Some(plane) = header.plane
        {
            slices.push(Slice { name, plane });
            owners.push(file);
            continue;
        }
        let contents = header.contents()?;
        let data = contents.parse()?;
        for (frame, plane) in frame_planes(&name, &data, header.frames as usize)?.into_iter().enumerate() {
            slices.push(Slice { name: format!("{name}, frame {}", frame + 1), plane });
            owners.push(file);
        }
    }
    Ok((slices, owners))
}

/// Item of a functional group of a frame, or else of the group that all frames share.
pub(super) fn group<'d>(data: &'d DataSet<'_>, frame: usize, sequence: Tag) -> Option<&'d DataSet<'d>> {
    let own = data.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(frame).and_then(|item| item.first(sequence));
    own.or_else(|| data.first(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).and_then(|item| item.first(sequence)))
}

/// The planes of an object with functional groups.
pub(super) fn frame_planes(name: &str, data: &DataSet<'_>, frames: usize) -> Result<Vec<Plane>> {
    let described = data.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).len();
    if described == 0 && frames == 1 {
        return Err(Error::input(format!(
            "{name}: says not where it is: lacks ImagePositionPatient, ImageOrientationPatient or PixelSpacing (0020,0032), (0020,0037), (0028,0030)"
        )));
    }
    if described != frames {
        return Err(Error::input(format!(
            "{name}: {frames} frames, but PerFrameFunctionalGroupsSequence (5200,9230) says of {described} where they are"
        )));
    }
    (0..frames)
        .map(|frame| {
            let item = |sequence| group(data, frame, sequence);
            let plane = item(tags::PLANE_POSITION_SEQUENCE)
                .zip(item(tags::PLANE_ORIENTATION_SEQUENCE))
                .zip(item(tags::PIXEL_MEASURES_SEQUENCE))
                .and_then(|((position, orientation), measures)| Plane::of(position, orientation, measures));
            plane.ok_or_else(|| {
                Error::input(format!(
                    "{name}: frame {} lacks its position, orientation or pixel spacing in the functional groups",
                    frame + 1
                ))
            })
        })
        .collect()
}
