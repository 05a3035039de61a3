//! Radiation quality: alpha of the high-LET dose in every active voxel, from what the transport scored.
//!
//! High-LET dose has two parts. Alphas carry their LET (and their saturated lineal energy where the plan asks for the microdosimetric-kinetic
//! model); LET is taken at 1 g/cm3, since the energy that a track leaves in a nucleus per mass goes with the mass stopping power. Recoil
//! nuclei deposit where the decay is, without a scored LET: they count as radiation of the LET `recoil_let`, far beyond overkill.

use serde::Serialize;

use super::{Domain, HighLet, VoxelSource};
use crate::{
    dose::{component::ScoredComponent, regions::RegionIndex},
    error::{Error, Result},
    phantom::{Phantom, voxel_density},
    physics::lineal_energy::saturated,
    plan::{ParameterSet, Quality, ResponsePlan, TissueParameters, TmePlan},
    response::lq::microdosimetry::{Mkm, effective_alpha_exponential, specific_energy},
    units::GY_PER_MEV_PER_G,
};

/// RBE on alpha of alpha emitters as measured in vitro: Bi-213 from 2.7, Am-241 to 15.2 (PMC9608466, Table 2).
pub const MEASURED_RBE: [f64; 2] = [2.7, 15.2];

/// y0 (keV/um) at which the transport saturates the lineal energy of alphas; none where the plan does not ask for the
/// microdosimetric-kinetic model.
///
/// # Errors
/// If regions differ in it: the transport scores one value.
pub fn saturation(plan: &TmePlan) -> Result<Option<f64>> {
    if plan.quality != Quality::Mkm {
        return Ok(None);
    }
    let value = |parameters: &ParameterSet| parameters.get("saturation_lineal_energy");
    let Some(first) = plan.regions.first() else { return Ok(None) };
    let y0 = value(&first.parameters);
    if let Some(other) = plan.regions.iter().find(|r| value(&r.parameters) != y0) {
        return Err(Error::input(format!(
            "[response.tme]: saturation_lineal_energy is {y0} keV/um in region \"{}\" and {} keV/um in \"{}\"; alphas are scored with one \
             value per run: give all regions the same, or quality = \"let\" or \"rbe\"",
            first.region,
            value(&other.parameters),
            other.region
        )));
    }
    Ok(Some(y0))
}

/// How alpha of a tissue depends on radiation quality.
#[derive(Debug, Clone, Copy)]
pub struct TissueQuality {
    quality: Quality,
    few_hits: bool,
    /// Low LET, 1/Gy.
    alpha: f64,
    rbe: f64,
    /// Rise of the RBE on alpha with LET, um/keV.
    slope: f64,
    /// keV/um.
    let_max: f64,
    mkm: Mkm,
    /// um.
    nucleus_radius: f64,
    /// Largest oxygen enhancement at low LET, and the LET (keV/um) at which half of what exceeds 1 is left.
    oxygen: (f64, f64),
    /// keV/um.
    recoil_let: f64,
}

/// alpha of a radiation, 1/Gy, well oxygenated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alpha {
    /// Of nuclei that share the dose evenly.
    pub microscopic: f64,
    /// Of a population of which some nuclei are missed.
    pub effective: f64,
    /// What is left of the oxygen effect, 0 to 1.
    pub oxygen: f64,
}

impl TissueQuality {
    /// From a tissue and the parameters of its region.
    pub fn new(tissue: &TissueParameters, parameters: &ParameterSet, plan: &TmePlan) -> Self {
        let value = |name: &str| parameters.get(name);
        Self {
            quality: plan.quality,
            few_hits: plan.few_hits,
            alpha: tissue.alpha,
            rbe: tissue.rbe_high_let,
            slope: value("let_slope"),
            let_max: value("let_max"),
            mkm: Mkm {
                alpha0: value("mkm_alpha0"),
                beta: tissue.alpha / tissue.alpha_beta,
                domain_radius: value("domain_radius"),
                y0: value("saturation_lineal_energy"),
            },
            nucleus_radius: value("nucleus_radius"),
            oxygen: (value("oer_max"), value("oer_let_half")),
            recoil_let: value("recoil_let"),
        }
    }

    /// alpha by the constant RBE on low LET, 1/Gy: what the others are compared with in reports.
    pub fn alpha_by_rbe(&self) -> f64 {
        self.rbe * self.alpha
    }

    /// Of alphas with a mean LET and a mean saturated lineal energy, keV/um at 1 g/cm3; the latter counts for the microdosimetric-kinetic
    /// model alone. Where few nuclei are hit, a hit leaves z_F of the LET in the nucleus (exponential spectrum).
    pub fn of_alphas(&self, linear_energy: f64, lineal: f64) -> Alpha {
        let microscopic = self.microscopic(linear_energy, lineal);
        let per_hit = specific_energy(linear_energy, self.nucleus_radius);
        let effective = if self.few_hits { effective_alpha_exponential(microscopic, per_hit) } else { microscopic };
        Alpha { microscopic, effective, oxygen: self.oxygen_left(linear_energy) }
    }

    /// Of recoil nuclei. They stop within 0.1 um and leave less than 0.1 Gy in a nucleus, so few hits change nothing.
    pub fn of_recoils(&self) -> Alpha {
        let alpha = self.microscopic(self.recoil_let, saturated(self.recoil_let, self.mkm.y0));
        Alpha { microscopic: alpha, effective: alpha, oxygen: self.oxygen_left(self.recoil_let) }
    }

    fn microscopic(&self, linear_energy: f64, lineal: f64) -> f64 {
        match self.quality {
            Quality::Rbe => self.alpha_by_rbe(),
            Quality::Let => {
                // Beyond the maximum a track kills as many cells as at it: the dose in excess is wasted.
                let counted = linear_energy.min(self.let_max);
                let wasted = if linear_energy > self.let_max { self.let_max / linear_energy } else { 1.0 };
                self.alpha * (1.0 + self.slope * counted) * wasted
            }
            Quality::Mkm => self.mkm.alpha_saturated(lineal),
        }
    }

    /// `(1 - 1/m(L))/(1 - 1/m(0))` with `m(L) = 1 + (m(0) - 1)/(1 + (L/L_half)^2)`.
    fn oxygen_left(&self, linear_energy: f64) -> f64 {
        let (m0, half) = self.oxygen;
        if m0 <= 1.0 {
            return 0.0;
        }
        let m = 1.0 + (m0 - 1.0) / (1.0 + (linear_energy / half).powi(2));
        (1.0 - 1.0 / m) / (1.0 - 1.0 / m0)
    }
}

/// High-LET dose of a source in one region of the domain, summed over its voxels per decay; means are weighted with dose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RegionQuality {
    /// Sum of the voxels' high-LET doses, Gy.
    pub dose: f64,
    /// Part of it that recoil nuclei give: treated as radiation of the LET `recoil_let`.
    pub recoil: f64,
    /// Sum of alpha dose times LET at 1 g/cm3, Gy keV/um.
    pub dose_let: f64,
    /// Sum of dose times alpha if nuclei shared the dose evenly.
    pub microscopic: f64,
    /// Sum of dose times alpha in use.
    pub effect: f64,
}

impl RegionQuality {
    /// Adds another source, or the same of another fraction, with its number of decays.
    pub fn add(&mut self, other: &Self, decays: f64) {
        self.dose += decays * other.dose;
        self.recoil += decays * other.recoil;
        self.dose_let += decays * other.dose_let;
        self.microscopic += decays * other.microscopic;
        self.effect += decays * other.effect;
    }

    /// Mean alpha in use, 1/Gy; none without high-LET dose.
    pub fn alpha(&self) -> Option<f64> {
        self.per_dose(self.effect)
    }

    /// Mean alpha if nuclei shared the dose evenly, 1/Gy.
    pub fn microscopic_alpha(&self) -> Option<f64> {
        self.per_dose(self.microscopic)
    }

    /// Mean alpha in use over that of low LET (1/Gy); none without high-LET dose or without alpha.
    pub fn rbe(&self, low: f64) -> Option<f64> {
        self.alpha().filter(|_| low > 0.0).map(|alpha| alpha / low)
    }

    /// Dose-averaged LET of the alphas at 1 g/cm3, keV/um; none without them.
    pub fn let_mean(&self) -> Option<f64> {
        (self.dose > self.recoil).then(|| self.dose_let / (self.dose - self.recoil))
    }

    fn per_dose(&self, sum: f64) -> Option<f64> {
        (self.dose > 0.0).then(|| sum / self.dose)
    }
}

/// A scored component in the active voxels, and its radiation quality by region of the domain.
///
/// # Errors
/// If the plan asks for the microdosimetric-kinetic model and the saturated lineal energy of the alphas was not scored, or a region
/// of the domain or that of blood or marrow is not in the plan or phantom.
pub fn voxel_source(
    domain: &Domain,
    scored: &ScoredComponent,
    phantom: &Phantom,
    index: &RegionIndex,
    response: &ResponsePlan,
    plan: &TmePlan,
) -> Result<(VoxelSource, Vec<RegionQuality>)> {
    if plan.quality == Quality::Mkm && scored.alpha.is_some() && scored.dose_quality.is_none() {
        return Err(Error::input(format!(
            "{}: quality = \"mkm\" needs the saturated lineal energy of the alphas, which was not scored; run the transport with this plan",
            scored.name
        )));
    }
    let tissues = domain.regions.iter().map(|name| tissue_quality(name, response, plan)).collect::<Result<Vec<_>>>()?;
    let n = domain.voxels.len();
    let mut low = vec![0.0; n];
    let mut high = scored.high.is_some().then(|| HighLet { dose: vec![0.0; n], effect: vec![0.0; n], effect_oxygen: vec![0.0; n] });
    let mut sums = vec![RegionQuality::default(); domain.regions.len()];
    let mut at = 0;
    for (i, (&voxel, &row)) in domain.voxels.iter().zip(&domain.row).enumerate() {
        at += scored.voxels[at..].partition_point(|&v| v < voxel);
        if scored.voxels.get(at) != Some(&voxel) {
            continue;
        }
        low[i] = scored.low[at];
        let (Some(high), Some(doses)) = (&mut high, &scored.high) else { continue };
        let density = voxel_density(phantom.voxels[voxel as usize]).into();
        let part = mixed(&tissues[usize::from(row)], &alphas(scored, at, density), doses[at].into());
        high.dose[i] = doses[at];
        high.effect[i] = part.sums.effect as f32;
        high.effect_oxygen[i] = part.effect_oxygen as f32;
        sums[usize::from(row)].add(&part.sums, 1.0);
    }
    let mean = |region: &Option<String>| region.as_ref().map(|name| mean_dose(scored, index, name)).transpose();
    Ok((VoxelSource { low, high, blood: mean(&plan.blood)?, marrow: mean(&plan.marrow)? }, sums))
}

fn tissue_quality(name: &str, response: &ResponsePlan, plan: &TmePlan) -> Result<TissueQuality> {
    let region = plan.regions.iter().find(|r| r.region == name);
    let region = region.ok_or_else(|| Error::input(format!("[response.tme] has no parameters for the region \"{name}\"")))?;
    Ok(TissueQuality::new(response.of(name), &region.parameters, plan))
}

/// Alphas in a voxel: dose in Gy, LET and saturated lineal energy in keV/um at 1 g/cm3.
struct Alphas {
    dose: f64,
    linear_energy: f64,
    lineal: f64,
}

fn alphas(scored: &ScoredComponent, at: usize, density: f64) -> Alphas {
    let value = |map: &Option<Vec<f32>>| map.as_ref().map_or(0.0, |map| f64::from(map[at]));
    let dose = value(&scored.alpha);
    if dose > 0.0 {
        Alphas { dose, linear_energy: value(&scored.dose_let) / dose / density, lineal: value(&scored.dose_quality) / dose }
    } else {
        Alphas { dose: 0.0, linear_energy: 0.0, lineal: 0.0 }
    }
}

/// Alphas and recoils of one voxel together.
struct Mixed {
    sums: RegionQuality,
    effect_oxygen: f64,
}

/// `high`: dose of both, Gy.
fn mixed(tissue: &TissueQuality, alphas: &Alphas, high: f64) -> Mixed {
    let (of_alphas, of_recoils) = (tissue.of_alphas(alphas.linear_energy, alphas.lineal), tissue.of_recoils());
    // Both doses are rounded, so their difference may be a digit below zero.
    let dose = alphas.dose.min(high);
    let recoil = high - dose;
    Mixed {
        sums: RegionQuality {
            dose: high,
            recoil,
            dose_let: dose * alphas.linear_energy,
            microscopic: dose * of_alphas.microscopic + recoil * of_recoils.microscopic,
            effect: dose * of_alphas.effective + recoil * of_recoils.effective,
        },
        effect_oxygen: dose * of_alphas.effective * of_alphas.oxygen + recoil * of_recoils.effective * of_recoils.oxygen,
    }
}

/// Mean dose of a region, Gy per decay.
fn mean_dose(scored: &ScoredComponent, index: &RegionIndex, name: &str) -> Result<f64> {
    let slot = index.names().iter().position(|known| known == name).filter(|&slot| index.masses()[slot] > 0.0);
    let slot = slot.ok_or_else(|| Error::input(format!("[response.tme]: the phantom has no voxel of the region \"{name}\"")))?;
    let energy = scored.regions[slot].low + scored.regions[slot].high;
    Ok(energy * GY_PER_MEV_PER_G / index.masses()[slot])
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
