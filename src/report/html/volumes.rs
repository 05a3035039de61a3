//! Maps for the viewer: turned to the axes of the patient, reduced where they are large, in 8 bits, as PNG atlases.

use std::path::Path;

use glam::DVec3;

use super::picture;
use crate::{
    error::{Error, Result},
    grid::{GridLimits, VoxelGrid},
    io::image,
    report::text::digits,
    volume::Volume,
};

/// Most voxels of one map in the report.
const MAP_VOXELS: usize = 128 * 128 * 128;
/// Most voxels of all maps together: what keeps the report below some 10 MB even if they hardly compress.
const ALL_VOXELS: usize = 10_000_000;
/// Share of a map's reliable voxels with dose that the colours cover unless the reader asks for more.
const COVERED: f64 = 0.995;
/// Relative standard error of the total dose up to which a voxel is reliable: a hit in a voxel of air can be the highest dose of all.
pub(super) const RELIABLE: f32 = 0.25;

/// A grid whose axes run as nearly as it goes to the patient's left, back and head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    /// Voxels, and how many of them are one block, along each axis.
    pub(super) voxels: [usize; 3],
    pub(super) block: [usize; 3],
    /// Edges of a voxel, mm.
    pub(super) spacing: [f64; 3],
    /// Centre of the first voxel, mm, LPS.
    pub(super) origin: DVec3,
    /// Unit vectors of the axes, LPS.
    pub(super) directions: [DVec3; 3],
    /// The axis of the stored grid that each of these is, and whether it runs the other way.
    pub(super) stored: [(usize, bool); 3],
}

/// How the voxels of a block become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    Mean,
    /// Of those above 0: what has no dose has no LET.
    MeanOfPositive,
    /// The one in the middle: numbers of regions have no mean.
    Middle,
}

impl Turned {
    /// Turns a grid; blocks are single voxels.
    pub(super) fn new(grid: &VoxelGrid) -> Self {
        let columns = [0, 1, 2].map(|axis| grid.direction.col(axis));
        let mut stored = [(0, false); 3];
        let (mut axes, mut ways) = (vec![0, 1, 2], vec![0, 1, 2]);
        while let Some(&first) = axes.first() {
            let pairs = axes.iter().flat_map(|&a| ways.iter().map(move |&w| (a, w)));
            let (axis, way) = pairs.max_by(|x, y| columns[x.0][x.1].abs().total_cmp(&columns[y.0][y.1].abs())).unwrap_or((first, first));
            stored[way] = (axis, columns[axis][way] < 0.0);
            axes.retain(|&a| a != axis);
            ways.retain(|&w| w != way);
        }
        let corner = [0, 1, 2].map(|axis| {
            let flipped = stored.iter().any(|&(a, flip)| a == axis && flip);
            if flipped { grid.size[axis] - 1 } else { 0 }
        });
        Self {
            voxels: stored.map(|(axis, _)| grid.size[axis] as usize),
            block: [1; 3],
            spacing: stored.map(|(axis, _)| grid.spacing[axis]),
            origin: grid.center(corner),
            directions: stored.map(|(axis, flip)| if flip { -columns[axis] } else { columns[axis] }),
            stored,
        }
    }

    /// Joins voxels to blocks along the axis where they are shortest, until `most` are left.
    fn reduced(mut self, most: usize) -> Self {
        while self.len() > most {
            let edge = |axis: usize| self.spacing[axis] * self.block[axis] as f64;
            let longer = (0..3).filter(|&axis| self.size()[axis] > 1);
            let Some(axis) = longer.min_by(|&a, &b| edge(a).total_cmp(&edge(b))) else { break };
            self.block[axis] += 1;
        }
        self
    }

    /// Blocks along each axis.
    pub(super) fn size(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| self.voxels[axis].div_ceil(self.block[axis]))
    }

    fn len(&self) -> usize {
        self.size().iter().product()
    }

    /// Length of the grid along each axis, mm.
    pub(super) fn extent(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| self.voxels[axis] as f64 * self.spacing[axis])
    }

    /// Letters for the ends of an axis: where it comes from and where it goes. Axes askew by more than 6 degrees have more than one.
    pub(super) fn letters(&self, axis: usize) -> [String; 2] {
        let d = self.directions[axis];
        let mut parts: Vec<usize> = (0..3).filter(|&way| d[way].abs() > 0.1).collect();
        parts.sort_by(|&a, &b| d[b].abs().total_cmp(&d[a].abs()));
        let word =
            |sign: f64| parts.iter().map(|&way| if sign * d[way] > 0.0 { ['L', 'P', 'H'][way] } else { ['R', 'A', 'F'][way] }).collect();
        [word(-1.0), word(1.0)]
    }

    /// A map of the stored grid, block by block.
    fn join(&self, map: &Volume<f32>, how: Join) -> Vec<f32> {
        let [nx, ny, _] = self.size();
        let strides = [1, nx, nx * ny];
        // For each stored axis: where a voxel goes, and whether it is the middle of its block.
        let mut places: [Vec<(usize, bool)>; 3] = Default::default();
        for (way, &(axis, flip)) in self.stored.iter().enumerate() {
            let (n, block) = (self.voxels[way], self.block[way]);
            let place = |i: usize| {
                let along = if flip { n - 1 - i } else { i };
                let first = along / block * block;
                (along / block * strides[way], along == first + (block.min(n - first) - 1) / 2)
            };
            places[axis] = (0..n).map(place).collect();
        }
        let mut sums = vec![0.0f32; self.len()];
        let mut counts = vec![0u32; if how == Join::Middle { 0 } else { sums.len() }];
        let mut values = map.data.iter();
        for &(z, middle_z) in &places[2] {
            for &(y, middle_y) in &places[1] {
                for (&(x, middle_x), &value) in places[0].iter().zip(values.by_ref()) {
                    let at = x + y + z;
                    match how {
                        Join::Middle if middle_x && middle_y && middle_z => sums[at] = value,
                        Join::Middle => {}
                        Join::MeanOfPositive if value <= 0.0 => {}
                        Join::Mean | Join::MeanOfPositive => {
                            sums[at] += value;
                            counts[at] += 1;
                        }
                    }
                }
            }
        }
        for (sum, &count) in sums.iter_mut().zip(&counts) {
            *sum /= count.max(1) as f32;
        }
        sums
    }

    /// The block of a voxel of the stored grid.
    fn block_of(&self, ijk: [u32; 3]) -> [usize; 3] {
        [0, 1, 2].map(|way| {
            let (axis, flip) = self.stored[way];
            let i = ijk[axis] as usize;
            (if flip { self.voxels[way] - 1 - i } else { i }) / self.block[way]
        })
    }
}

/// A map that a tab shows.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Name of its file without the suffix.
    pub(super) stem: String,
    /// On the tab.
    pub(super) tab: String,
    /// In words, and its unit.
    pub(super) quantity: String,
    pub(super) unit: &'static str,
    /// Blocks, x fastest.
    pub(super) data: Vec<f32>,
    /// Highest voxel.
    pub(super) max: f64,
    /// Highest value that 8 bits hold: twice the window, or the highest reliable voxel; what is above is cut, and said to be.
    pub(super) top: f64,
    /// Highest voxel that is reliable, the block it is in and its centre.
    pub(super) peak_value: f64,
    pub(super) peak: [usize; 3],
    pub(super) peak_mm: DVec3,
    /// Upper end of the colours.
    pub(super) window: f64,
    /// A dose that has a picture of its own.
    pub(super) pictured: bool,
}

/// All maps of a report.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) turned: Turned,
    pub(super) density: Option<Vec<f32>>,
    /// Number of the region of a block, 0: none.
    pub(super) regions: Option<Vec<u8>>,
    /// Names of the regions 1, 2 ...
    pub(super) names: Vec<String>,
    pub(super) layers: Vec<Layer>,
}

/// A map that a report may show.
struct Wanted {
    stem: String,
    tab: String,
    quantity: String,
    unit: &'static str,
    scale: f32,
    how: Join,
}

fn wanted(fractions: &[u32]) -> Vec<Wanted> {
    let map = |stem: &str, tab: &str, quantity: &str, unit, scale, how| Wanted {
        stem: stem.into(),
        tab: tab.into(),
        quantity: quantity.into(),
        unit,
        scale,
        how,
    };
    let mut list = vec![map("dose_total", "Total", "absorbed dose, all fractions", "Gy", 1.0, Join::Mean)];
    // With one fraction its dose is the total.
    for n in fractions.iter().filter(|_| fractions.len() > 1) {
        list.push(map(
            &format!("dose_fraction-{n:02}"),
            &format!("Fraction {n}"),
            &format!("absorbed dose, fraction {n}"),
            "Gy",
            1.0,
            Join::Mean,
        ));
    }
    list.push(map("dose_high_let_total", "High-LET dose", "absorbed dose from alphas and recoils, all fractions", "Gy", 1.0, Join::Mean));
    list.push(map("let_total", "LET", "dose-averaged LET of alphas, all fractions", "keV/um", 1.0, Join::MeanOfPositive));
    list.push(map("bed_total", "BED", "biologically effective dose, all fractions", "Gy", 1.0, Join::Mean));
    list.push(map("dose_total_uncertainty", "Uncertainty", "relative standard error of the dose, all fractions", "%", 100.0, Join::Mean));
    list
}

/// Whether a file of a result is a map that reports show.
pub(super) fn shown(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".nii.gz") else { return false };
    let fraction = stem.strip_prefix("dose_fraction-").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    fraction || ["density", "regions"].contains(&stem) || wanted(&[]).iter().any(|w| w.stem == stem)
}

/// A map of a result on the grid of the run; `None` if it is not there.
fn read(folder: &Path, stem: &str, grid: &VoxelGrid) -> Result<Option<Volume<f32>>> {
    let path = folder.join(format!("{stem}.nii.gz"));
    if !path.is_file() {
        return Ok(None);
    }
    let volume = image::read(&path)?;
    if !volume.grid.same_place(grid, 0.01 * grid.min_spacing()) {
        return Err(Error::input(format!(
            "{}: {:?} voxels from {:?} mm; provenance.json says that this run has {:?} from {:?}: not of this result",
            path.display(),
            volume.grid.size,
            volume.grid.origin.to_array(),
            grid.size,
            grid.origin.to_array()
        )));
    }
    Ok(Some(volume))
}

/// Reads the maps that there are, one after the other; without a map of the total dose there is nothing to show.
pub(super) fn read_scene(
    folder: &Path,
    grid: &VoxelGrid,
    fractions: &[u32],
    regions: &[String],
    left_out: &mut Vec<String>,
) -> Result<Option<Scene>> {
    grid.validate("provenance.json, frame", &GridLimits::IMAGE)?;
    let wanted: Vec<Wanted> = wanted(fractions).into_iter().filter(|w| folder.join(format!("{}.nii.gz", w.stem)).is_file()).collect();
    if !wanted.iter().any(|w| w.stem == "dose_total") {
        return Ok(None);
    }
    // Density and regions are two maps that compress well.
    let turned = Turned::new(grid).reduced(MAP_VOXELS.min(ALL_VOXELS / (wanted.len() + 1)));
    let density = read(folder, "density", grid)?.map(|map| turned.join(&map, Join::Mean));
    let names: Vec<String> = regions.iter().skip(1).cloned().collect();
    let labels = read(folder, "regions", grid)?;
    let reliable = reliable(labels.as_ref(), read(folder, "dose_total_uncertainty", grid)?.as_ref(), grid.len());
    let numbers = match labels {
        Some(_) if names.len() > usize::from(u8::MAX) => {
            left_out.push(format!("outlines of the regions: there are {}, the viewer knows {}", names.len(), u8::MAX));
            None
        }
        Some(map) => {
            if let Some(wrong) = map.data.iter().find(|&&v| v.fract() != 0.0 || v < 0.0 || v as usize > names.len()) {
                return Err(Error::input(format!("regions.nii.gz: value {wrong}; regions.csv has regions 1 to {}", names.len())));
            }
            Some(turned.join(&map, Join::Middle).iter().map(|&v| v as u8).collect())
        }
        None => None,
    };
    let mut layers = Vec::new();
    for w in wanted {
        let Some(map) = read(folder, &w.stem, grid)? else { continue };
        let max = f64::from(map.data.iter().copied().fold(0.0, f32::max)) * f64::from(w.scale);
        let trusted: Vec<(usize, f32)> = map.data.iter().copied().enumerate().filter(|&(v, _)| reliable[v]).collect();
        let &(at, peak) = trusted.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(&(0, 0.0));
        let window = window(trusted.into_iter().map(|(_, value)| value * w.scale).collect());
        let ijk = map.grid.ijk(at);
        let mut data = turned.join(&map, w.how);
        data.iter_mut().for_each(|v| *v *= w.scale);
        layers.push(Layer {
            pictured: w.stem == "dose_total" || w.stem.starts_with("dose_fraction-"),
            stem: w.stem,
            tab: w.tab,
            quantity: w.quantity,
            unit: w.unit,
            data,
            max,
            top: max.min((2.0 * window).max(f64::from(peak) * f64::from(w.scale))),
            peak_value: f64::from(peak) * f64::from(w.scale),
            peak: turned.block_of(ijk),
            peak_mm: grid.center(ijk),
            window,
        });
    }
    // Fractions are compared by eye, so they share their colours.
    let of_fraction = |layer: &&mut Layer| layer.stem.starts_with("dose_fraction-");
    let common = layers.iter_mut().filter(of_fraction).map(|l| l.window).fold(0.0, f64::max);
    layers.iter_mut().filter(of_fraction).for_each(|l| l.window = common);
    if let Some(layer) = layers.iter_mut().find(|l| l.unit == "%") {
        layer.window = 100.0;
    }
    Ok(Some(Scene { turned, density, regions: numbers, names, layers }))
}

/// Which voxels a maximum is looked for in: those of regions whose dose is known; failing that those of regions, failing that all.
fn reliable(labels: Option<&Volume<f32>>, uncertainty: Option<&Volume<f32>>, voxels: usize) -> Vec<bool> {
    let inside = |v: usize| labels.is_none_or(|l| l.data[v] > 0.0);
    let known = |v: usize| uncertainty.is_none_or(|u| u.data[v] <= RELIABLE);
    let candidates: [Vec<bool>; 2] = [(0..voxels).map(|v| inside(v) && known(v)).collect(), (0..voxels).map(inside).collect()];
    candidates.into_iter().find(|list| list.contains(&true)).unwrap_or_else(|| vec![true; voxels])
}

/// Upper end of the colours: two digits above what nearly all voxels have, of those with more than a hundredth of the maximum.
fn window(mut values: Vec<f32>) -> f64 {
    let most = values.iter().copied().fold(0.0, f32::max);
    values.retain(|&v| v > 0.01 * most);
    if values.is_empty() {
        return 1.0;
    }
    let at = ((values.len() - 1) as f64 * COVERED).round() as usize;
    let (_, value, _) = values.select_nth_unstable_by(at, f32::total_cmp);
    let value = f64::from(*value);
    let step = 10f64.powf(value.log10().floor() - 1.0);
    digits((value / step).ceil() * step, 2).parse().unwrap_or(value)
}

impl Scene {
    /// Everything the viewer draws from, as JSON that may stand in a script element.
    pub(super) fn json(&self) -> Result<String> {
        let t = &self.turned;
        let size = t.size();
        let mut layers = Vec::new();
        for layer in &self.layers {
            // Square roots: the steps of 8 bits are then fine where the dose is low.
            let top = layer.top as f32;
            let code = |v: f32| if top > 0.0 { (255.0 * (v / top).clamp(0.0, 1.0).sqrt()).round() as u8 } else { 0 };
            let bytes: Vec<u8> = layer.data.iter().map(|&v| code(v)).collect();
            layers.push(serde_json::json!({
                "tab": layer.tab, "quantity": layer.quantity, "unit": layer.unit, "top": top, "max": layer.max, "peak_value": layer.peak_value,
                "window": layer.window, "peak": layer.peak, "atlas": picture::atlas(&bytes, size)?,
            }));
        }
        let density = match &self.density {
            Some(data) => {
                let top = data.iter().copied().fold(0.0f32, f32::max).max(f32::MIN_POSITIVE);
                let bytes: Vec<u8> = data.iter().map(|v| (255.0 * v / top).round() as u8).collect();
                serde_json::json!({"top": top, "atlas": picture::atlas(&bytes, size)?})
            }
            None => serde_json::Value::Null,
        };
        let regions = match &self.regions {
            Some(bytes) => serde_json::json!({"names": self.names, "atlas": picture::atlas(bytes, size)?}),
            None => serde_json::Value::Null,
        };
        let value = serde_json::json!({
            "size": size, "block": t.block, "voxels": t.voxels, "spacing": t.spacing, "extent": t.extent(),
            "origin": t.origin.to_array(), "directions": t.directions.map(|d| d.to_array()),
            "stored": t.stored.map(|(axis, flip)| (axis, flip)), "letters": [t.letters(0), t.letters(1), t.letters(2)],
            "colours": super::colours::table(), "outline": super::colours::ON_BLACK,
            "opacity": super::colours::OPACITY, "air": super::colours::AIR, "grey_top": super::colours::GREY_TOP, "full_from": super::colours::FULL_FROM, "shown_from": super::colours::SHOWN_FROM,
            "layers": layers, "density": density, "regions": regions,
        });
        // No `<` may end the script element early.
        Ok(value.to_string().replace('<', "\\u003c"))
    }
}

#[cfg(test)]
mod tests {
    use glam::DMat3;

    use super::*;

    fn volume(grid: VoxelGrid) -> Volume<f32> {
        Volume::new(grid, (0..grid.len()).map(|v| v as f32).collect())
    }

    #[test]
    fn turned_voxels_are_where_they_were() {
        // x runs to the feet, y to the right, z to the front.
        let direction = DMat3::from_cols(-DVec3::Z, -DVec3::X, -DVec3::Y);
        let grid = VoxelGrid { size: [4, 3, 2], spacing: DVec3::new(1.0, 2.0, 3.0), origin: DVec3::new(5.0, -7.0, 11.0), direction };
        let turned = Turned::new(&grid);
        assert_eq!((turned.size(), turned.spacing), ([3, 2, 4], [2.0, 3.0, 1.0]));
        let data = turned.join(&volume(grid), Join::Mean);
        for v in 0..grid.len() {
            let ijk = grid.ijk(v);
            let [x, y, z] = turned.block_of(ijk);
            assert_eq!(data[x + 3 * (y + 2 * z)], v as f32);
            let steps = [x, y, z].map(|i| i as f64);
            let place: DVec3 = turned.origin + (0..3).map(|a| turned.directions[a] * steps[a] * turned.spacing[a]).sum::<DVec3>();
            assert!(place.distance(grid.center(ijk)) < 1e-12);
        }
        assert_eq!([0, 1, 2].map(|a| turned.letters(a).concat()), ["RL", "AP", "FH"]);
    }

    #[test]
    fn blocks_are_means_and_ends_count_what_is_there() {
        let grid = VoxelGrid::axis_aligned([3, 1, 1], DVec3::ONE, DVec3::ZERO);
        let turned = Turned { block: [2, 1, 1], ..Turned::new(&grid) };
        assert_eq!(turned.join(&volume(grid), Join::Mean), [0.5, 2.0]);
        assert_eq!(turned.join(&volume(grid), Join::MeanOfPositive), [1.0, 2.0]);
        assert_eq!(turned.join(&volume(grid), Join::Middle), [0.0, 2.0]);
    }

    #[test]
    fn large_maps_are_reduced_where_voxels_are_short() {
        let grid = VoxelGrid::axis_aligned([256, 256, 64], DVec3::new(1.0, 1.0, 4.0), DVec3::ZERO);
        let turned = Turned::new(&grid).reduced(300_000);
        assert_eq!((turned.block, turned.size()), ([4, 4, 1], [64, 64, 64]));
        assert_eq!(turned.extent(), [256.0, 256.0, 256.0]);
    }

    #[test]
    fn oblique_axes_have_two_letters() {
        let direction = DMat3::from_rotation_z(0.5);
        let turned = Turned::new(&VoxelGrid { size: [2; 3], spacing: DVec3::ONE, origin: DVec3::ZERO, direction });
        assert_eq!(turned.letters(0), ["RA", "LP"]);
        assert_eq!(turned.letters(2), ["F", "H"]);
    }

    #[test]
    fn the_window_leaves_out_the_hottest_few() {
        let mut data = vec![10.2f32; 1000];
        data[7] = 500.0;
        assert_eq!(window(data), 11.0);
        assert_eq!(window(vec![0.0; 4]), 1.0);
    }

    #[test]
    fn a_maximum_is_looked_for_where_the_dose_is_known() {
        let grid = VoxelGrid::axis_aligned([4, 1, 1], DVec3::ONE, DVec3::ZERO);
        let [labels, errors] = [[0.0, 1.0, 1.0, 2.0], [0.1, 0.9, 0.2, 0.1]].map(|data| Volume::new(grid, data.to_vec()));
        assert_eq!(reliable(Some(&labels), Some(&errors), 4), [false, false, true, true]);
        assert_eq!(reliable(None, Some(&errors), 4), [true, false, true, true]);
        let unknown = Volume::new(grid, vec![1.0; 4]);
        assert_eq!(reliable(Some(&labels), Some(&unknown), 4), [false, true, true, true]);
        assert_eq!(reliable(Some(&Volume::new(grid, vec![0.0; 4])), None, 4), [true; 4]);
    }
}
