//! Voxel S values: mean absorbed dose per decay between voxels of a uniform medium.

use glam::DVec3;

use super::{
    BATCHES, Emitter, Part, Request,
    point::{conditions, length},
    score::{Estimate, balanced, score},
    stage::Stage,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::csv::Table,
    transport::{
        backend::{DeviceInfo, Job, Settings, SourceShape, Sums},
        open::open,
    },
    units::GY_PER_MEV_PER_G,
};

/// Medium of unit density around the voxels that are scored, for what is scattered back: this, mm. With 60 mm photons of Lu-177 lack 1.5 % at 24 mm.
const MARGIN: f64 = 150.0;
/// But no more than so many voxels on each side, ...
const MARGIN_VOXELS: f64 = 64.0;
/// ... or times the radius: what comes back from a distance M is to the field at r as (r / M)^2 times a fraction.
const MARGIN_RADII: f64 = 13.0;
/// Most voxels in all: some 5 GB of tallies, media and classes.
const MOST_VOXELS: u64 = 1 << 27;

/// Voxels at offsets that symmetry makes equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Offset, the smallest of them: for cubes 0 <= i <= j <= k, else all not negative.
    pub offset: [u32; 3],
    /// How many voxels.
    pub voxels: u32,
}

/// S values of an emitter.
#[derive(Debug)]
pub struct VoxelS {
    /// Offsets.
    pub classes: Vec<Class>,
    /// Per part and class, mGy/(MBq s).
    pub parts: [Vec<Estimate>; 3],
    /// Voxel edges, mm.
    pub edges: DVec3,
    /// Voxels of medium beyond the scored ones, on each side and axis.
    pub margin: [u32; 3],
    /// g/cm3.
    pub density: f64,
    /// Settings of the transport.
    pub settings: Settings,
    /// Where it ran.
    pub device: DeviceInfo,
    /// Sums over all radiations.
    pub sums: Sums,
}

/// The class of every voxel of a grid with its source in the middle (`None` beyond `radius`), and the classes.
pub fn classes(size: [u32; 3], radius: u32, cubic: bool) -> (Vec<Option<u32>>, Vec<Class>) {
    let mut classes: Vec<Class> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    let grid = VoxelGrid::axis_aligned(size, DVec3::ONE, DVec3::ZERO);
    let of = |v: usize| {
        let ijk = grid.ijk(v);
        let mut offset: [u32; 3] = std::array::from_fn(|a| ijk[a].abs_diff(size[a] / 2));
        if cubic {
            offset.sort_unstable();
        }
        offset
    };
    let mut offsets: Vec<[u32; 3]> = (0..grid.len()).map(of).collect();
    for offset in &offsets {
        if offset.iter().all(|&o| o <= radius) {
            *known.entry(*offset).or_insert(0u32) += 1;
        }
    }
    let mut number = std::collections::BTreeMap::new();
    for (offset, voxels) in known {
        number.insert(offset, classes.len() as u32);
        classes.push(Class { offset, voxels });
    }
    (offsets.drain(..).map(|offset| number.get(&offset).copied()).collect(), classes)
}

/// Computes S values up to `radius` voxels from the source voxel along each axis.
///
/// # Errors
/// If the grid would be too large, the material is unknown, a radiation is not transported, or the device fails.
pub fn voxel_s(emitter: &Emitter, edges: DVec3, radius: u32, request: &Request, say: &dyn Fn(&str)) -> Result<VoxelS> {
    if !(edges.min_element() >= 1.0e-3 && edges.max_element() <= 100.0) {
        return Err(Error::input(format!("voxels of {edges} mm; expected edges of 0.001 to 100 mm")));
    }
    let density = request.density()?;
    // What electrons and photons that leave the scored voxels bring back; alphas come back from nowhere.
    let reach = 10.0 * emitter.reach(request)?;
    let far = if emitter.has(Part::Electron) || emitter.has(Part::Photon) { reach.max(MARGIN / density) } else { reach };
    let most = MARGIN_VOXELS.max((MARGIN_RADII * f64::from(radius)).ceil());
    let margin = edges.to_array().map(|edge| (far / edge).ceil().clamp(1.0, most.max((reach / edge).ceil())) as u32);
    let size = margin.map(|m| 2 * (radius + m) + 1);
    let voxels: u64 = size.iter().map(|&n| u64::from(n)).product();
    if voxels > MOST_VOXELS {
        return Err(Error::input(format!(
            "{size:?} voxels would be needed, with a margin of {far:.0} mm for what charged particles reach or photons bring back in {density} g/cm3; {MOST_VOXELS} in all are possible: larger voxels, a smaller --radius or a denser medium"
        )));
    }
    let settings = request.settings(0.1 * edges.min_element(), density);
    let stage = Stage::voxels(&[request.material.as_str()], size, edges, settings, |_| (0, density))?;
    let (mut backend, line) = open(stage.world(), &request.device, request.threads)?;
    say(&line);
    let cubic = edges == DVec3::splat(edges.x);
    let (class_of, classes) = classes(size, radius, cubic);
    let project = |energy: &[u64]| {
        let mut sums = vec![0.0; classes.len()];
        for (&quanta, class) in energy.iter().zip(&class_of) {
            if let Some(class) = class {
                sums[*class as usize] += quanta as f64;
            }
        }
        sums
    };
    let phantom = stage.phantom()?;
    let source = [[u32::MAX, phantom.grid.index(size.map(|n| n / 2)) as u32]];
    // Gy per decay times 1e9 is mGy per MBq s.
    let scale = 1.0e9 * GY_PER_MEV_PER_G / phantom.mass(0);
    let mut parts: [Vec<Estimate>; 3] = std::array::from_fn(|_| vec![Estimate::default(); classes.len()]);
    for part in Part::ALL {
        parts[part as usize][0].mean += scale * emitter.local[part as usize];
    }
    let mut sums = Sums::default();
    for (stream, beam) in (1..).zip(&emitter.beams) {
        let job = Job {
            particle: beam.radiation.particle(),
            source: &source,
            shape: SourceShape::Uniform,
            spectrum: beam.sampler.rows(),
            stream,
            first_history: 0,
            histories: request.whole_histories(),
            batches: BATCHES,
        };
        let found = score(backend.as_mut(), &job, &project)?;
        sums.add(&found.sums);
        let totals = parts[beam.radiation.part() as usize].iter_mut();
        for ((total, own), class) in totals.zip(&found.estimates).zip(&classes) {
            *total = total.plus(own.times(scale * beam.sampler.intensity() / f64::from(class.voxels)));
        }
    }
    balanced(&sums)?;
    let device = backend.device();
    Ok(VoxelS { classes, parts, edges, margin, density, settings, device, sums })
}

impl VoxelS {
    /// The table of `dosaic s-values`; see docs/kernels.md.
    pub fn table(&self, emitter: &Emitter, request: &Request) -> Table {
        let [x, y, z] = self.edges.to_array().map(length);
        let mut remarks = vec![format!("voxel S values in mGy/(MBq s), voxels of {x} x {y} x {z} mm, uniform source in one voxel")];
        remarks.extend(emitter.remarks());
        remarks.extend(conditions(request, self.density, &self.settings, &self.device, &self.sums));
        let [i, j, k] = self.margin;
        remarks.push(format!(
            "{i}, {j}, {k} voxels of the same medium beyond the outermost row given, on each side; nothing comes back from farther"
        ));
        remarks.push(
            "columns: offset of the target in voxels, number of equivalent voxels averaged, S and its 1 sigma by the particle emitted"
                .into(),
        );
        let remarks: Vec<&str> = remarks.iter().map(String::as_str).collect();
        let mut head: Vec<String> = ["i", "j", "k", "voxels"].map(str::to_owned).to_vec();
        for name in Part::ALL.map(Part::name).into_iter().chain(["total"]) {
            head.extend([format!("{name}_s"), format!("{name}_sigma")]);
        }
        let mut table = Table::with_remarks(&remarks, &head);
        for (at, class) in self.classes.iter().enumerate() {
            let mut row: Vec<String> = class.offset.iter().map(u32::to_string).collect();
            row.push(class.voxels.to_string());
            let parts = Part::ALL.map(|part| self.parts[part as usize][at]);
            let total = parts.into_iter().sum::<Estimate>();
            for s in parts.into_iter().chain([total]) {
                row.extend([format!("{:.6e}", s.mean), format!("{:.2e}", s.sigma)]);
            }
            table.row(&row);
        }
        table
    }
}
