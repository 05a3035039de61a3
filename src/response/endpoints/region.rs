//! One row of endpoints per region.

use std::f64::consts::LN_10;

use serde::Serialize;

use super::complication::{LimitCheck, ntcp};
use super::control::{population_tcp, tcp};
use super::nadir::{Nadir, nadir};
use super::uniform::{geud, ln_mean_exp};
use crate::response::lq::repopulation::bed_lost;
use crate::response::maps::{Irradiation, ResponseMaps};
use crate::response::tissue::Tissue;

/// Choices that the plan does not carry.
#[derive(Debug, Clone, Copy)]
pub struct RegionOptions {
    /// Exponent of the gEUD of regions with clonogens; negative. -10 is assumed.
    pub tumour_exponent: f64,
    /// Relative standard deviation of alpha between patients: then TCP is a population average.
    pub alpha_spread: Option<f64>,
    /// Threads for regions that repopulate; the result does not depend on it.
    pub threads: usize,
}

impl Default for RegionOptions {
    fn default() -> Self {
        Self { tumour_exponent: -10.0, alpha_spread: None, threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// A generalised EUD with its exponent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Geud {
    /// `a` of `(mean EQD2^a)^(1/a)`.
    pub exponent: f64,
    /// Gy, EQD2.
    pub value: f64,
}

/// Response of a region. Means are over its volume (every voxel counts the same), voxels without dose included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionResponse {
    /// Name.
    pub region: String,
    /// Number of voxels; where it is 0 all means are NaN and the region has no endpoints.
    pub voxels: usize,
    /// Volume, mL.
    pub volume: f64,
    /// Mean absorbed dose, Gy.
    pub dose_mean: f64,
    /// Mean high-LET absorbed dose, Gy; part of `dose_mean`, and never reported as that sum alone.
    pub dose_high_mean: f64,
    /// Mean BED, Gy; repopulation not subtracted.
    pub bed_mean: f64,
    /// Standard deviation of BED between voxels, Gy (spatial, no statistical uncertainty).
    pub bed_sd: f64,
    /// Fraction number and mean BED of that fraction alone, Gy.
    pub bed_fractions: Vec<(u32, f64)>,
    /// Mean BED that is there only because damage of one fraction was unrepaired in another, Gy; `None` without maps per fraction.
    pub bed_interaction: Option<f64>,
    /// Mean EQD2, Gy.
    pub eqd2_mean: f64,
    /// Cell-kill EUD in BED (EUBED): the uniform BED with the same mean survival, Gy.
    pub eud: f64,
    /// gEUD in EQD2 with `a = 1/n` (LKB tissues) or the tumour exponent (regions with clonogens).
    pub geud: Option<Geud>,
    /// Mean surviving fraction of the region's cells at the end of decay, without births.
    pub survival: f64,
    /// Its decimal logarithm; finite also where `survival` underflows.
    pub log10_survival: f64,
    /// Clonogens at the start.
    pub clonogens: Option<f64>,
    /// Nadir of clonogens, for regions that repopulate.
    pub nadir: Option<Nadir>,
    /// Tumour control probability, at the nadir where there is one.
    pub tcp: Option<f64>,
    /// Complication probability.
    pub ntcp: Option<f64>,
    /// Limit on the mean BED.
    pub limit: Option<LimitCheck>,
    /// Inputs that nobody measured for this patient: the plan's defaults, and choices made here.
    pub assumed: Vec<String>,
}

/// Endpoints of all regions in the plan's order, from the maps of the whole treatment.
pub fn region_responses(irradiation: &Irradiation, maps: &ResponseMaps, options: &RegionOptions) -> Vec<RegionResponse> {
    let mut voxels = vec![Vec::new(); irradiation.tissues().labels()];
    for (v, &label) in irradiation.labels().iter().enumerate() {
        if label > 0 {
            voxels[usize::from(label)].push(v as u32);
        }
    }
    (1..voxels.len() as u16).map(|label| region_response(irradiation, maps, options, label, &voxels[usize::from(label)])).collect()
}

fn region_response(irradiation: &Irradiation, maps: &ResponseMaps, options: &RegionOptions, label: u16, voxels: &[u32]) -> RegionResponse {
    let tissue = irradiation.tissues().of_label(label);
    let p = &tissue.parameters;
    let count = voxels.len() as f64;
    let values = |map: &'_ [f32]| -> Vec<f64> { voxels.iter().map(|&v| f64::from(map[v as usize])).collect() };
    let mean = |map: &[f32]| values(map).iter().sum::<f64>() / count;

    let bed = values(&maps.bed);
    let bed_mean = bed.iter().sum::<f64>() / count;
    let bed_sd = (bed.iter().map(|b| (b - bed_mean).powi(2)).sum::<f64>() / count).sqrt();
    let bed_fractions: Vec<(u32, f64)> = maps.fractions.iter().map(|(number, map)| (*number, mean(map))).collect();
    let external = |dose| irradiation.external_bed(dose, voxels.iter().map(|&v| v as usize)).iter().sum::<f64>() / count;
    let alone: f64 = bed_fractions.iter().map(|(_, bed)| bed).sum::<f64>() + irradiation.external().iter().map(external).sum::<f64>();
    let ln_survival = ln_mean_exp(bed.iter().map(|&b| (-p.alpha * b, 1.0)));
    let volume = count * irradiation.voxel_volume();
    let clonogens = p.clonogens_per_ml.map(|density| density * volume);

    let mut response = RegionResponse {
        region: irradiation.tissues().names()[usize::from(label) - 1].clone(),
        voxels: voxels.len(),
        volume,
        dose_mean: mean(&maps.dose),
        dose_high_mean: maps.dose_high.as_deref().map_or(0.0, mean),
        bed_mean,
        bed_sd,
        bed_interaction: (!bed_fractions.is_empty()).then_some(bed_mean - alone),
        bed_fractions,
        eqd2_mean: mean(&maps.eqd2),
        eud: -ln_survival / p.alpha,
        geud: None,
        survival: ln_survival.exp(),
        log10_survival: ln_survival / LN_10,
        clonogens,
        nadir: None,
        tcp: None,
        ntcp: None,
        limit: None,
        assumed: p.assumed.clone(),
    };
    if voxels.is_empty() {
        (response.eud, response.survival, response.log10_survival) = (f64::NAN, f64::NAN, f64::NAN);
        return response;
    }
    let equal = |map: &[f32], exponent: f64| {
        let values = values(map);
        Geud { exponent, value: geud(values.iter().map(|&d| (d, 1.0)), exponent) }
    };
    if let Some(lkb) = &p.lkb {
        let geud = equal(&maps.eqd2, 1.0 / lkb.n);
        response.ntcp = Some(ntcp(lkb, geud.value));
        response.geud = Some(geud);
    } else if clonogens.is_some() {
        response.geud = Some(equal(&maps.eqd2, options.tumour_exponent));
        response.assumed.push(format!("gEUD exponent {}", options.tumour_exponent));
    }
    if let Some(clonogens) = clonogens {
        control(&mut response, irradiation, options, (label, voxels), tissue, &bed, clonogens);
    }
    response.limit = p.bed_limit.map(|limit| LimitCheck::new(limit, bed_mean));
    response
}

/// TCP of a region with clonogens, at the nadir if they repopulate.
fn control(
    response: &mut RegionResponse,
    irradiation: &Irradiation,
    options: &RegionOptions,
    (label, voxels): (u16, &[u32]),
    tissue: &Tissue,
    bed: &[f64],
    clonogens: f64,
) {
    let p = &tissue.parameters;
    response.assumed.push("clonogens of equal density in all voxels".to_owned());
    let (bed, births) = match p.repopulation {
        Some(repopulation) => {
            let (nadir, bed) = nadir(irradiation, label, voxels, repopulation, options.threads);
            response.nadir = Some(nadir);
            let births = p.alpha * bed_lost(p.alpha, repopulation.doubling_time, repopulation.kick_off, nadir.time);
            (bed, births)
        }
        None => (bed.to_vec(), 0.0),
    };
    let ln_survival = |alpha: f64| ln_mean_exp(bed.iter().map(|&b| (-alpha * b, 1.0))) + births;
    response.tcp = Some(match options.alpha_spread {
        Some(spread) => {
            response.assumed.push(format!("alpha varies between patients by {spread} (1 sigma, relative), alpha/beta fixed"));
            population_tcp(clonogens, p.alpha, spread * p.alpha, ln_survival)
        }
        None => tcp(clonogens, ln_survival(p.alpha)),
    });
}
