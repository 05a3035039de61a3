//! Quick-look pictures: three planes through the highest reliable voxel of a dose, over the density.

use super::{
    colours,
    document::capital,
    font,
    picture::Canvas,
    tables::plain,
    volumes::{Layer, Scene},
};
use crate::{error::Result, report::text::digits};

/// Pixels of all three planes beside each other, at most, and of the tallest.
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 520.0;
const MARGIN: usize = 14;
const HEAD: usize = 34;
/// Between two planes; the colour bar and its numbers.
const GAP: usize = 10;
const BAR: (usize, usize) = (18, 92);
const SCALE: usize = 2;
const INK: [u8; 3] = [30, 30, 30];

/// The axes that a plane runs along, to the right and downwards, the latter maybe against the axis.
pub(super) struct Plane {
    pub(super) right: usize,
    pub(super) down: usize,
    pub(super) upwards: bool,
}

/// Axial, coronal and sagittal, as radiologists look at them: from the feet, from the front, from the left.
pub(super) const PLANES: [Plane; 3] =
    [Plane { right: 0, down: 1, upwards: false }, Plane { right: 0, down: 2, upwards: true }, Plane { right: 1, down: 2, upwards: true }];

/// The picture of a dose.
pub(super) fn draw(scene: &Scene, layer: &Layer) -> Result<Vec<u8>> {
    let t = &scene.turned;
    let extent = t.extent();
    let across: f64 = PLANES.iter().map(|p| extent[p.right]).sum();
    let tallest = PLANES.iter().map(|p| extent[p.down]).fold(0.0, f64::max);
    let scale = (WIDTH / across).min(HEIGHT / tallest);
    let pixels = |axis: usize| ((extent[axis] * scale).round() as usize).max(1);
    let head =
        format!("{}: planes through the highest reliable voxel, {} {}", capital(&layer.quantity), digits(layer.peak_value, 4), layer.unit);
    let planes: usize = PLANES.iter().map(|p| pixels(p.right)).sum::<usize>() + 2 * GAP;
    let height = HEAD + pixels(1).max(pixels(2)) + 2 * MARGIN + 22;
    let width = (planes + BAR.0 + BAR.1 + 2 * GAP).max(font::width(&head, SCALE)) + 2 * MARGIN;
    let mut canvas = Canvas::new(width, height, [255; 3]);
    font::write(&mut canvas, (MARGIN, MARGIN), SCALE, INK, &head);
    let top = MARGIN + HEAD - 8;
    let mut left = MARGIN;
    for plane in &PLANES {
        let (w, h) = (pixels(plane.right), pixels(plane.down));
        for py in 0..h {
            for px in 0..w {
                let mut at = layer.peak;
                // Voxels, not blocks: the last block of an axis may be cut.
                let place = |p: usize, n: usize, axis: usize| (p * t.voxels[axis] / n / t.block[axis]).min(t.size()[axis] - 1);
                at[plane.right] = place(px, w, plane.right);
                at[plane.down] = place(if plane.upwards { h - 1 - py } else { py }, h, plane.down);
                let [nx, ny, _] = t.size();
                let v = at[0] + nx * (at[1] + ny * at[2]);
                let density = scene.density.as_ref().map_or(colours::AIR, |d| f64::from(d[v]));
                canvas.set(left + px, top + py, colours::over(density, f64::from(layer.data[v]) / layer.window));
            }
        }
        let [from, to] = t.letters(plane.right);
        let [low, high] = t.letters(plane.down);
        let (upper, lower) = if plane.upwards { (high, low) } else { (low, high) };
        let middle = |text: &str| font::width(text, SCALE) / 2;
        let half = font::HEIGHT * SCALE / 2;
        for (x, y, text) in [
            (left + 4, top + h / 2 - half.min(h / 2), &from),
            ((left + w).saturating_sub(font::width(&to, SCALE) + 2), top + h / 2 - half.min(h / 2), &to),
            ((left + w / 2).saturating_sub(middle(&upper)), top + 4, &upper),
            ((left + w / 2).saturating_sub(middle(&lower)), (top + h).saturating_sub(2 * half + 4), &lower),
        ] {
            font::write(&mut canvas, (x + 1, y + 1), SCALE, [0; 3], text);
            font::write(&mut canvas, (x, y), SCALE, [255; 3], text);
        }
        let axis = 3 - plane.right - plane.down;
        let name = ["x", "y", "z"][axis];
        let place = format!("{name} = {} mm", plain((layer.peak_mm[axis] * 100.0).round() / 100.0));
        font::write(&mut canvas, (left, top + h + 6), SCALE, INK, &place);
        left += w + GAP;
    }
    bar(&mut canvas, (left + GAP, top), pixels(1).max(pixels(2)), layer);
    canvas.png()
}

/// The colour bar with its ends and middle.
fn bar(canvas: &mut Canvas, (left, top): (usize, usize), height: usize, layer: &Layer) {
    for y in 0..height {
        let share = 1.0 - (y as f64 + 0.5) / height as f64;
        (0..BAR.0).for_each(|x| canvas.set(left + x, top + y, colours::viridis(share)));
    }
    let above = if layer.max > layer.window { ">" } else { "" };
    let half = font::HEIGHT * SCALE / 2;
    for (share, text) in
        [(1.0, format!("{above}{} {}", digits(layer.window, 2), layer.unit)), (0.5, digits(0.5 * layer.window, 3)), (0.0, "0".to_owned())]
    {
        let y = (top + ((1.0 - share) * height as f64) as usize).saturating_sub(half).clamp(top, (top + height).saturating_sub(2 * half));
        font::write(canvas, (left + BAR.0 + 6, y), SCALE, INK, &text);
    }
}
