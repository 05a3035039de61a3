//! State by depth below the rim of a region, where voxels are small enough to show it (micro mode): `tme_depth.csv`.

use super::{TmeResult, days, maps, timeline::cell};
use crate::{
    plan::OxygenPlan,
    report::tables::{line, number},
    response::tme::{Domain, Field, Snapshot},
};

/// Columns of `tme_depth.csv`.
pub const DEPTH_COLUMNS: [&str; 11] = [
    "time_d",
    "region",
    "depth_um",
    "voxels",
    "surviving",
    "doomed",
    "po2_mmhg",
    "hypoxic_fraction",
    "dose_low_let_gy",
    "dose_high_let_gy",
    "bed_gy",
];

/// A region at one time, by depth.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthProfile {
    /// s on the plan's clock.
    pub time: f64,
    /// Region.
    pub region: String,
    /// Shells of one voxel edge, from the rim inwards.
    pub shells: Vec<DepthShell>,
}

/// Means over the voxels of a shell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DepthShell {
    /// Mean depth of the voxels' centres, um.
    pub depth: f64,
    /// Number of voxels.
    pub voxels: usize,
    /// Viable cells over those at the start.
    pub surviving: f64,
    /// Doomed cells, share of packing.
    pub doomed: f64,
    /// Mean pO2, mmHg.
    pub po2: f64,
    /// Hypoxic fraction.
    pub hypoxia: f64,
    /// Low-LET dose so far, Gy.
    pub dose_low: f64,
    /// High-LET dose so far, Gy.
    pub dose_high: f64,
    /// BED so far, Gy.
    pub bed: f64,
}

/// Profiles of every region with a rim at the times of the maps and at the end; `None` outside of micro mode.
pub fn profiles(result: &TmeResult) -> Option<Vec<DepthProfile>> {
    if !matches!(result.plan.oxygen, OxygenPlan::Micro(_)) {
        return None;
    }
    let mut states: Vec<&Snapshot> = result.snapshots.iter().collect();
    if states.last().is_none_or(|last| last.time < result.end.time) {
        states.push(&result.end);
    }
    let mut profiles = Vec::new();
    for (position, region) in result.domain.regions.iter().enumerate() {
        let depths = depths(&result.domain, position);
        if depths.is_empty() {
            continue;
        }
        for state in &states {
            profiles.push(DepthProfile { time: state.time, region: region.clone(), shells: shells(result, state, &depths) });
        }
    }
    Some(profiles)
}

/// Regions that have voxels but no rim, micro mode.
pub(super) fn without_rim(result: &TmeResult) -> Vec<&str> {
    let micro = matches!(result.plan.oxygen, OxygenPlan::Micro(_));
    let all = result.domain.regions.iter().enumerate().filter(|_| micro);
    let lacks =
        |position: usize| result.domain.row.iter().any(|r| usize::from(*r) == position) && depths(&result.domain, position).is_empty();
    all.filter(|(position, _)| lacks(*position)).map(|(_, name)| name.as_str()).collect()
}

fn shells(result: &TmeResult, state: &Snapshot, depths: &[(usize, f64)]) -> Vec<DepthShell> {
    let width = result.domain.grid.spacing.max_element() * 1000.0;
    let count = depths.iter().map(|(_, d)| (d / width) as usize + 1).max().unwrap_or(0);
    let mut shells = vec![DepthShell::default(); count];
    let (survival, bed) = (maps::survival(result, state), maps::bed(result, state));
    let [doomed, low, high] = [Field::Doomed, Field::DoseLow, Field::DoseHigh].map(|f| state.field(f));
    for &(v, depth) in depths {
        let shell = &mut shells[(depth / width) as usize];
        shell.voxels += 1;
        shell.depth += depth;
        let sums = [
            (&mut shell.surviving, survival[v]),
            (&mut shell.doomed, doomed[v]),
            (&mut shell.po2, state.oxygen[v]),
            (&mut shell.hypoxia, state.hypoxia[v]),
            (&mut shell.dose_low, low[v]),
            (&mut shell.dose_high, high[v]),
            (&mut shell.bed, bed[v]),
        ];
        for (sum, value) in sums {
            *sum += f64::from(value);
        }
    }
    shells.retain(|s| s.voxels > 0);
    for s in &mut shells {
        let n = s.voxels as f64;
        for sum in
            [&mut s.depth, &mut s.surviving, &mut s.doomed, &mut s.po2, &mut s.hypoxia, &mut s.dose_low, &mut s.dose_high, &mut s.bed]
        {
            *sum /= n;
        }
    }
    shells
}

/// Active voxels of a region and how deep their centres lie below its surface, um. Edges of the grid are no surface; empty if there is none.
pub fn depths(domain: &Domain, region: usize) -> Vec<(usize, f64)> {
    let mine: Vec<usize> = (0..domain.voxels.len()).filter(|&v| usize::from(domain.row[v]) == region).collect();
    let places: Vec<[usize; 3]> = mine.iter().map(|&v| domain.grid.ijk(domain.voxels[v] as usize).map(|i| i as usize)).collect();
    if places.is_empty() {
        return Vec::new();
    }
    // The region's box and a voxel around it, as far as the grid goes.
    let low = [0, 1, 2].map(|a| places.iter().map(|p| p[a]).min().unwrap_or(0).saturating_sub(1));
    let high = [0, 1, 2].map(|a| (places.iter().map(|p| p[a]).max().unwrap_or(0) + 1).min(domain.grid.size[a] as usize - 1));
    let size = [0, 1, 2].map(|a| high[a] - low[a] + 1);
    let index = |p: &[usize; 3]| ((p[2] - low[2]) * size[1] + p[1] - low[1]) * size[0] + p[0] - low[0];
    let mut square = vec![0.0; size.iter().product()];
    for place in &places {
        square[index(place)] = f64::INFINITY;
    }
    let spacing = domain.grid.spacing.to_array();
    for (axis, stride) in [(0, 1), (1, size[0]), (2, size[0] * size[1])] {
        for start in (0..square.len()).filter(|i| (i / stride) % size[axis] == 0) {
            let row: Vec<f64> = (0..size[axis]).map(|k| square[start + k * stride]).collect();
            for (k, value) in squared_distances(&row, spacing[axis]).into_iter().enumerate() {
                square[start + k * stride] = value;
            }
        }
    }
    let half = 0.5 * domain.grid.min_spacing();
    let depth = |(&v, place): (&usize, &[usize; 3])| (v, (square[index(place)].sqrt() - half) * 1000.0);
    mine.iter().zip(&places).map(depth).filter(|(_, depth)| depth.is_finite()).collect()
}

/// `min_j (f_j + (spacing (i - j))^2)` for every i, as the lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012).
fn squared_distances(f: &[f64], spacing: f64) -> Vec<f64> {
    // Parabolas of the envelope, and from where each is the lowest.
    let mut envelope: Vec<(usize, f64)> = Vec::new();
    let scale = spacing * spacing;
    for (q, &height) in f.iter().enumerate().filter(|(_, h)| h.is_finite()) {
        let mut from = f64::NEG_INFINITY;
        while let Some(&(p, begin)) = envelope.last() {
            let (a, b) = (p as f64, q as f64);
            from = ((height - f[p]) / scale + b * b - a * a) / (2.0 * (b - a));
            if from > begin {
                break;
            }
            envelope.pop();
            from = f64::NEG_INFINITY;
        }
        envelope.push((q, from));
    }
    let mut k = 0;
    let value = |i: usize| {
        if envelope.is_empty() {
            return f64::INFINITY;
        }
        while k + 1 < envelope.len() && envelope[k + 1].1 < i as f64 {
            k += 1;
        }
        let p = envelope[k].0;
        f[p] + scale * (i as f64 - p as f64).powi(2)
    };
    (0..f.len()).map(value).collect()
}

/// `tme_depth.csv`: one line per time, region and shell; pO2 is always known in micro mode.
pub fn depth_csv(profiles: &[DepthProfile]) -> String {
    let mut text = String::new();
    line(&mut text, DEPTH_COLUMNS.iter().copied());
    for profile in profiles {
        for s in &profile.shells {
            let mut cells = vec![days(profile.time), profile.region.clone(), number(s.depth), s.voxels.to_string()];
            cells.extend([s.surviving, s.doomed, s.po2, s.hypoxia, s.dose_low, s.dose_high, s.bed].map(|x| cell(Some(x))));
            line(&mut text, cells.iter().map(String::as_str));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::VoxelGrid;
    use glam::DVec3;

    fn domain(size: [u32; 3], spacing: DVec3, inside: impl Fn([u32; 3]) -> bool) -> Domain {
        let grid = VoxelGrid::axis_aligned(size, spacing, DVec3::ZERO);
        let voxels: Vec<u32> = (0..grid.len() as u32).filter(|&v| inside(grid.ijk(v as usize))).collect();
        Domain { row: vec![0; voxels.len()], voxels, grid, regions: vec!["spheroid".into()] }
    }

    /// All pairs, as the definition has it.
    fn by_definition(domain: &Domain) -> Vec<f64> {
        let centre = |v: usize| domain.grid.center(domain.grid.ijk(v));
        let outside: Vec<usize> = (0..domain.grid.len()).filter(|v| !domain.voxels.contains(&(*v as u32))).collect();
        let nearest = |v: u32| outside.iter().map(|&o| centre(o).distance(centre(v as usize))).fold(f64::INFINITY, f64::min);
        domain.voxels.iter().map(|&v| (nearest(v) - 0.5 * domain.grid.min_spacing()) * 1000.0).collect()
    }

    #[test]
    fn depths_are_distances_to_the_nearest_voxel_outside() {
        let ball = |ijk: [u32; 3]| ijk.iter().map(|&i| (f64::from(i) - 5.3).powi(2)).sum::<f64>() < 20.0;
        let ragged = |ijk: [u32; 3]| (ijk[0] * 7 + ijk[1] * 5 + ijk[2] * 3) % 11 > 2;
        let bite = |ijk: [u32; 3]| ball(ijk) && ijk[0] > 3;
        let shapes: [&dyn Fn([u32; 3]) -> bool; 3] = [&ball, &ragged, &bite];
        for inside in shapes {
            for spacing in [DVec3::splat(0.01), DVec3::new(0.01, 0.02, 0.015)] {
                let domain = domain([12, 11, 10], spacing, inside);
                let found = depths(&domain, 0);
                let expected = by_definition(&domain);
                assert_eq!(found.len(), expected.len());
                for ((v, depth), (i, expected)) in found.iter().zip(expected.iter().enumerate()) {
                    assert!(*v == i && (depth - expected).abs() < 1e-9, "{depth} against {expected}");
                }
            }
        }
    }

    #[test]
    fn the_edge_of_the_grid_is_no_rim() {
        let all = domain([3, 3, 3], DVec3::splat(0.01), |_| true);
        assert!(depths(&all, 0).is_empty());
        let slab = domain([5, 1, 1], DVec3::splat(0.01), |ijk| ijk[0] > 0);
        let found: Vec<f64> = depths(&slab, 0).into_iter().map(|d| d.1).collect();
        for (depth, expected) in found.iter().zip([5.0, 15.0, 25.0, 35.0]) {
            assert!((depth - expected).abs() < 1e-9);
        }
        assert!(depths(&slab, 1).is_empty(), "no such region");
    }
}
