//! The maps of a run as RT Dose objects.

use serde::Serialize;

use super::write::{FileEntry, FractionMaps, ResultWriter, RunResult};
use crate::{
    error::Result,
    io::dicom::rtdose::{Bits, DoseQuantity, DoseScaling, RtDose, RtDoseStudy},
    volume::Volume,
};

/// RT Dose objects to be written.
#[derive(Debug, Clone)]
pub struct RtDoseSet<'a> {
    /// What all share.
    pub study: RtDoseStudy,
    /// What is written.
    pub quantities: &'a [DoseQuantity],
    /// Nuclides of each fraction, in the order of the fractions.
    pub nuclides: Vec<&'a str>,
}

/// What a reader of `summary.json` must know of the objects.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RtDoseSummary {
    /// Bits per voxel.
    pub bits: Bits,
    /// Distance of two values that can be told apart, Gy; the same in all objects.
    pub dose_grid_scaling_gy: f64,
}

/// The scaling for all objects of a run, and what the user must know about it.
pub fn scaling<'a>(bits: Bits, maps: impl Iterator<Item = &'a Volume<f32>>) -> (DoseScaling, Vec<String>) {
    let (mut max, mut below) = (0.0_f32, 0_usize);
    for map in maps {
        max = map.data.iter().copied().fold(max, f32::max);
        below += map.data.iter().filter(|&&value| value < 0.0).count();
    }
    let scaling = DoseScaling::new(bits, max.into());
    let mut warnings = Vec::new();
    if bits == Bits::Sixteen {
        warnings.push(format!(
            "RT Dose: 16 bits hold steps of {:.3e} Gy (the highest value of all objects, {max} Gy, over 65535); values are rounded by half of that at most",
            scaling.step()
        ));
    }
    if below > 0 {
        warnings.push(format!("RT Dose: {below} values below zero (rounding of differences) are stored as 0"));
    }
    (scaling, warnings)
}

/// The map of a quantity in a fraction.
pub fn of_fraction(fraction: &FractionMaps, quantity: DoseQuantity) -> Option<&Volume<f32>> {
    match quantity {
        DoseQuantity::Dose => Some(&fraction.maps.dose),
        DoseQuantity::Bed => fraction.bed.as_ref(),
        DoseQuantity::Eqd2 => fraction.eqd2.as_ref(),
    }
}

/// Writes the objects: the total first, then fraction by fraction.
pub(super) fn write_rt_doses(result: &RunResult<'_>, set: &RtDoseSet<'_>, writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    let mut nuclides = set.nuclides.clone();
    nuclides.sort_unstable();
    nuclides.dedup();
    let all = nuclides.join(" + ");
    let count = set.nuclides.len();
    for &quantity in set.quantities {
        let mut write = |name: String, volume: Option<&Volume<f32>>, instance: u32, what: &str, nuclides: &str| -> Result<()> {
            let Some(volume) = volume else { return Ok(()) };
            // Long lists of nuclides must not push the quantity out of the 64 characters.
            let words = quantity.words();
            let comment = [format!("{what}, {nuclides}, {words}"), format!("{what}, {words}")];
            let comment = comment.iter().find(|text| text.len() <= RtDose::MAX_COMMENT).unwrap_or(&comment[1]);
            writer.rt_dose(&name, &RtDose { study: &set.study, quantity, comment, instance, volume })?;
            files.push(FileEntry { name, quantity: format!("RT Dose: {what}, {words}"), unit: Some("Gy") });
            Ok(())
        };
        let total = match quantity {
            DoseQuantity::Dose => Some(&result.total.dose),
            DoseQuantity::Bed => Some(result.bed_total),
            DoseQuantity::Eqd2 => result.eqd2_total,
        };
        let name = quantity.name();
        let beside = if result.external.is_empty() { "" } else { " + external" };
        let whole = if count == 1 { format!("one fraction (cycle){beside}") } else { format!("all {count} fractions (cycles){beside}") };
        write(format!("rtdose_{name}_total.dcm"), total, 1, &whole, &all)?;
        for (fraction, nuclide) in result.fractions.iter().zip(&set.nuclides) {
            let n = fraction.number;
            let what = format!("fraction (cycle) {n} of {count}");
            write(format!("rtdose_{name}_fraction-{n:02}.dcm"), of_fraction(fraction, quantity), 1 + n, &what, nuclide)?;
        }
    }
    Ok(files)
}
