//! Which voxels are whose, and the table of doses per region.

use serde::{Serialize, Serializer};

use crate::{
    dose::{
        accumulate::{DoseMaps, RegionDose},
        dvh::{self, Dvh},
    },
    error::{Error, Result},
    phantom::Phantom,
};

/// Name of the row that stands for all voxels of the grid.
pub const WHOLE: &str = "phantom";

/// The voxels and masses of the regions; slot 0 is the whole grid, slot `i` region `i - 1`. 4 bytes per voxel in a region.
#[derive(Debug, Clone)]
pub struct RegionIndex {
    names: Vec<String>,
    /// Empty for slot 0, which needs no list.
    voxels: Vec<Vec<u32>>,
    counts: Vec<usize>,
    masses: Vec<f64>,
}

impl RegionIndex {
    /// Sorts the phantom's voxels by region.
    ///
    /// # Errors
    /// If a region is called "phantom": the tables use that name for all voxels together.
    pub fn new(phantom: &Phantom) -> Result<Self> {
        if phantom.region_names.iter().any(|n| n == "total") {
            return Err(Error::input("a region is named \"total\", which the tables use for all fractions together; rename the region"));
        }
        if phantom.region_names.iter().any(|n| n == WHOLE) {
            return Err(Error::input(format!(
                "a region is named \"{WHOLE}\", which the tables use for all voxels together; rename the region"
            )));
        }
        let slots = phantom.region_names.len() + 1;
        let mut index = Self {
            names: std::iter::once(WHOLE.to_string()).chain(phantom.region_names.iter().cloned()).collect(),
            voxels: vec![Vec::new(); slots],
            counts: vec![0; slots],
            masses: vec![0.0; slots],
        };
        for (v, &label) in phantom.regions.iter().enumerate() {
            let mass = phantom.mass(v);
            index.counts[0] += 1;
            index.masses[0] += mass;
            if label > 0 {
                let slot = label as usize;
                index.voxels[slot].push(v as u32);
                index.counts[slot] += 1;
                index.masses[slot] += mass;
            }
        }
        Ok(index)
    }

    /// Names by slot; the first is [`WHOLE`].
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Masses by slot, g.
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// Numbers of voxels by slot.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The values of a map in a slot's voxels.
    pub fn values(&self, slot: usize, map: &[f32]) -> Vec<f32> {
        if slot == 0 { map.to_vec() } else { self.voxels[slot].iter().map(|&v| map[v as usize]).collect() }
    }

    /// Root mean square of a map over a slot's voxels; of the relative uncertainty, the figure an uncertainty goal is about.
    pub fn rms(&self, slot: usize, map: &[f32]) -> Option<f64> {
        let square = |x: f32| f64::from(x).powi(2);
        let sum: f64 =
            if slot == 0 { map.iter().map(|&x| square(x)).sum() } else { self.voxels[slot].iter().map(|&v| square(map[v as usize])).sum() };
        (self.counts[slot] > 0).then(|| (sum / self.counts[slot] as f64).sqrt())
    }
}

/// A fraction, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One fraction, by its number.
    Fraction(u32),
    /// A dose computed elsewhere, by its number.
    External(u32),
    /// All of them together.
    Total,
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fraction(number) => number.fmt(f),
            Self::External(number) => write!(f, "external-{number}"),
            Self::Total => f.write_str("total"),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Fraction(number) => serializer.serialize_u32(*number),
            Self::External(_) | Self::Total => serializer.collect_str(self),
        }
    }
}

/// What the response module says of a region; `None` where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RegionResponse {
    /// Mean biologically effective dose, Gy.
    pub bed_mean_gy: Option<f64>,
    /// Mean equieffective dose in 2-Gy fractions, Gy.
    pub eqd2_mean_gy: Option<f64>,
    /// Equivalent uniform dose, Gy.
    pub eud_gy: Option<f64>,
    /// Tumour control probability.
    pub tcp: Option<f64>,
    /// Normal tissue complication probability.
    pub ntcp: Option<f64>,
}

/// One line of the region table. Everything from the dose on is `None` for a region without voxels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionRow {
    /// Fraction or total.
    pub fraction: Period,
    /// Region name, or "phantom" for all voxels of the grid.
    pub region: String,
    /// Voxels in the region.
    pub voxels: usize,
    /// Mass, g.
    pub mass_g: f64,
    /// Mean dose: energy over mass, Gy.
    pub dose_mean_gy: Option<f64>,
    /// Standard error of the mean dose (1 sigma), Gy.
    pub dose_mean_sigma_gy: Option<f64>,
    /// Standard uncertainty of the mean dose from the activities alone (1 sigma), Gy; not part of the standard error.
    pub dose_mean_activity_sigma_gy: Option<f64>,
    /// Dose that 98 % of the volume reach, Gy.
    pub d98_gy: Option<f64>,
    /// Dose that 95 % of the volume reach, Gy.
    pub d95_gy: Option<f64>,
    /// Median dose, Gy.
    pub d50_gy: Option<f64>,
    /// Dose that 2 % of the volume reach, Gy.
    pub d2_gy: Option<f64>,
    /// BED and what follows from it.
    #[serde(flatten)]
    pub response: RegionResponse,
    /// Lowest voxel dose, Gy.
    pub min_gy: Option<f64>,
    /// Highest voxel dose, Gy.
    pub max_gy: Option<f64>,
    /// Mean dose from alphas and recoils, Gy.
    pub dose_high_let_mean_gy: Option<f64>,
    /// Dose-averaged LET of the alphas, keV/um.
    pub let_mean_kev_um: Option<f64>,
    /// Relative standard error of a voxel's dose, root mean square over the region.
    pub voxel_uncertainty_rms: Option<f64>,
    /// Share of the volume with at least each of the plan's dose levels.
    pub volume_at_dose: Vec<Option<f64>>,
}

/// A region's DVH in one fraction or in total.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionDvh {
    /// Fraction or total.
    pub fraction: Period,
    /// Region name.
    pub region: String,
    /// The curve.
    pub dvh: Dvh,
}

/// What the tables need besides doses.
#[derive(Debug, Clone, Copy)]
pub struct TableOptions<'a> {
    /// V_x thresholds, Gy.
    pub dose_levels: &'a [f64],
    /// DVH bin width, Gy; `None`: 1/500 of the maximum dose in the region.
    pub dvh_bin: Option<f64>,
}

/// Rows and DVHs of all regions for one fraction or the total: the whole grid first, then the regions in the plan's order.
///
/// `doses` come from [`super::accumulate::region_doses`]; `response(slot)` gives the response columns (slot 0: whole grid).
///
/// # Errors
/// If a voxel dose is not finite.
pub fn region_rows(
    period: Period,
    index: &RegionIndex,
    maps: &DoseMaps,
    doses: &[RegionDose],
    options: TableOptions<'_>,
    response: impl Fn(usize) -> RegionResponse,
) -> Result<(Vec<RegionRow>, Vec<RegionDvh>)> {
    assert_eq!(doses.len(), index.names.len(), "one dose per slot");
    let mut rows = Vec::new();
    let mut curves = Vec::new();
    for (slot, (name, dose)) in index.names.iter().zip(doses).enumerate() {
        let mut values = index.values(slot, &maps.dose.data);
        if let Some(bad) = values.iter().find(|d| !d.is_finite()) {
            return Err(Error::input(format!(
                "the dose in {name} is {bad} Gy in a voxel: activities or densities of the plan are beyond what 32-bit maps hold"
            )));
        }
        if let Some(dvh) = dvh::cumulative(&values, options.dvh_bin) {
            curves.push(RegionDvh { fraction: period, region: name.clone(), dvh });
        }
        let filled = !values.is_empty();
        let volume_at_dose = options.dose_levels.iter().map(|&level| dvh::volume_at_dose(&values, level)).collect();
        let mut d = |percent| dvh::dose_at_volume(&mut values, percent);
        rows.push(RegionRow {
            fraction: period,
            region: name.clone(),
            voxels: index.counts[slot],
            mass_g: index.masses[slot],
            dose_mean_gy: filled.then_some(dose.mean),
            dose_mean_sigma_gy: filled.then_some(dose.sigma),
            dose_mean_activity_sigma_gy: dose.activity_sigma.filter(|_| filled),
            d98_gy: d(98.0),
            d95_gy: d(95.0),
            d50_gy: d(50.0),
            d2_gy: d(2.0),
            response: response(slot),
            min_gy: d(100.0),
            max_gy: d(0.0),
            dose_high_let_mean_gy: dose.high_mean.filter(|_| filled),
            let_mean_kev_um: dose.let_mean,
            voxel_uncertainty_rms: index.rms(slot, &maps.uncertainty.data),
            volume_at_dose,
        });
    }
    Ok((rows, curves))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dose::fixtures::row, volume::Volume};

    fn table(phantom: &Phantom, dose: &[f32], doses: &[RegionDose], levels: &[f64]) -> Result<(Vec<RegionRow>, Vec<RegionDvh>)> {
        let index = RegionIndex::new(phantom)?;
        let maps = DoseMaps {
            dose: Volume::new(phantom.grid, dose.to_vec()),
            high: None,
            let_mean: None,
            uncertainty: Volume::new(phantom.grid, vec![0.1; dose.len()]),
            activity_uncertainty: None,
        };
        let options = TableOptions { dose_levels: levels, dvh_bin: Some(1.0) };
        region_rows(Period::Total, &index, &maps, doses, options, |slot| RegionResponse {
            bed_mean_gy: Some(slot as f64),
            ..RegionResponse::default()
        })
    }

    fn given(mean: f64) -> RegionDose {
        RegionDose { mean, sigma: 0.1, activity_sigma: Some(0.3), high_mean: None, let_mean: None }
    }

    #[test]
    fn rows_are_the_grid_then_the_regions() {
        let phantom = row(10.0, &[1.0, 2.0, 1.0, 1.0, 0.5], &[1, 1, 2, 0, 1]);
        let (rows, curves) = table(&phantom, &[10.0, 20.0, 5.0, 0.0, 30.0], &[given(9.0), given(15.0), given(5.0)], &[5.0, 20.0]).unwrap();
        let names: Vec<_> = rows.iter().map(|r| r.region.as_str()).collect();
        assert_eq!(names, ["phantom", "r1", "r2"]);
        let r1 = &rows[1];
        assert_eq!((r1.voxels, r1.mass_g), (3, 3.5));
        assert_eq!((r1.dose_mean_sigma_gy, r1.dose_mean_activity_sigma_gy), (Some(0.1), Some(0.3)));
        assert_eq!((r1.min_gy, r1.d50_gy, r1.max_gy), (Some(10.0), Some(20.0), Some(30.0)));
        // Position of D98 among 3: 0.04 -> 10.4; D2: 1.96 -> 29.6.
        assert!(
            (r1.d98_gy.unwrap() - 10.4).abs() < 1e-9 && (r1.d2_gy.unwrap() - 29.6).abs() < 1e-9 && (r1.d95_gy.unwrap() - 11.0).abs() < 1e-9
        );
        assert_eq!(r1.volume_at_dose, [Some(1.0), Some(2.0 / 3.0)]);
        assert_eq!(r1.response.bed_mean_gy, Some(1.0));
        assert!((r1.voxel_uncertainty_rms.unwrap() - 0.1).abs() < 1e-7);
        // A single voxel.
        assert_eq!((rows[2].d98_gy, rows[2].d2_gy), (Some(5.0), Some(5.0)));
        assert_eq!((rows[0].voxels, rows[0].min_gy), (5, Some(0.0)));
        assert_eq!(curves.len(), 3);
        assert_eq!(curves[2].dvh.volume, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_region_without_voxels_has_a_row_without_doses() {
        let mut phantom = row(1.0, &[1.0], &[1]);
        phantom.region_names.push("buried".into());
        let (rows, curves) = table(&phantom, &[3.0], &[given(3.0), given(3.0), given(0.0)], &[1.0]).unwrap();
        let row = &rows[2];
        assert_eq!((row.voxels, row.mass_g, row.dose_mean_gy, row.d50_gy), (0, 0.0, None, None));
        assert_eq!((row.volume_at_dose[0], row.voxel_uncertainty_rms), (None, None));
        assert_eq!(curves.len(), 2);
    }

    #[test]
    fn a_name_taken_and_infinite_doses_are_errors() {
        let mut phantom = row(1.0, &[1.0], &[1]);
        assert!(table(&phantom, &[f32::INFINITY], &[given(1.0), given(1.0)], &[]).unwrap_err().to_string().contains("inf Gy"));
        phantom.region_names[0] = WHOLE.into();
        assert!(RegionIndex::new(&phantom).unwrap_err().to_string().contains("rename"));
    }
}
