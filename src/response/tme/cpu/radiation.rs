//! The exact radiation step of one voxel. Twin: `shaders/response/radiation.wgsl`.
//!
//! Linear-quadratic killing with incomplete repair over a whole step (Lea & Catcheside 1942; mixed radiation after Zaider & Rossi 1980), with
//! the coefficients of [`crate::response::tme::coefficients`]: `-ln S = alpha w D_L + E_H - (1 - w) K_H + 2 beta w^2 Int b W dt`, E_H the
//! high-LET effect, K_H its part that needs oxygen, w the oxygen multiplier of the class of cells. The oxygen effect falls with LET in the
//! alpha term only: sub-lethal damage of both qualities meets as one W, and has the multiplier of low LET.

use crate::response::tme::{
    cpu::biology::{State, biology_amount},
    layout::{NO_MAP, RadiationStep},
    oxygen_state::Oxygen,
    real::Real,
    record::record,
    row::Row,
    stage::Stage,
};

record! {
    /// What sources give a voxel in a step, whatever the repair.
    RadiationDose {
        /// Low-LET dose, Gy.
        low,
        /// High-LET dose, Gy.
        high,
        /// `Int alpha_H dD_H`, well oxygenated.
        effect,
        /// Its part that needs oxygen.
        effect_oxygen,
    }
}

record! {
    /// Sub-lethal damage of a voxel over a step, for one repair constant.
    RadiationDamage {
        /// Unrepaired low-LET dose, Gy.
        low,
        /// Unrepaired high-LET dose, Gy.
        high,
        /// `Int b W dt`, Gy^2 of low-LET dose.
        encounter,
    }
}

record! {
    /// The fields of a voxel that only radiation changes, besides those of [`State`]; names and units as in [`crate::response::tme::Field`].
    RadiationState {
        /// Unrepaired low-LET dose in tumour cells, Gy.
        unrepaired_low,
        /// Unrepaired high-LET dose in tumour cells, Gy.
        unrepaired_high,
        /// Unrepaired low-LET dose in endothelium, Gy.
        vessel_low,
        /// Unrepaired high-LET dose in endothelium, Gy.
        vessel_high,
        /// Low-LET dose so far, Gy.
        dose_low,
        /// High-LET dose so far, Gy.
        dose_high,
        /// `Int alpha_H dD_H` so far.
        effect_high,
        /// `Int b W dt` so far, Gy^2.
        encounter,
    }
}

record! {
    /// Parts of one.
    RadiationShare {
        /// What is left.
        left,
        /// What is lost.
        lost,
    }
}

/// Effects above this are taken as this: e^-87 is the least that f32 holds.
const RADIATION_GREATEST: f64 = 87.0;

/// Dose and effects of a step; `maps` hold amplitudes of `voxels` voxels.
#[inline(always)]
pub fn radiation_dose<R: Real>(step: &RadiationStep<R>, maps: &[R], voxels: usize, voxel: usize) -> RadiationDose<R> {
    let mut dose = RadiationDose::default();
    for source in &step.sources {
        dose.low = dose.low + source.decays * maps[source.low as usize * voxels + voxel];
        if source.high != NO_MAP {
            let high = source.high as usize * voxels + voxel;
            dose.high = dose.high + source.decays * maps[high];
            dose.effect = dose.effect + source.decays * maps[high + voxels];
            dose.effect_oxygen = dose.effect_oxygen + source.decays * maps[high + 2 * voxels];
        }
    }
    dose
}

/// Damage at the end of a step and encounters within it, from the damage `low`, `high` at its start; `repair_set` numbers the repair constant,
/// `ratio` is the root of beta of high over that of low LET.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "three of them are buffers in the shader")]
pub fn radiation_damage<R: Real>(
    step: &RadiationStep<R>,
    maps: &[R],
    voxels: usize,
    voxel: usize,
    repair_set: usize,
    ratio: R,
    low: R,
    high: R,
) -> RadiationDamage<R> {
    let sources = step.sources.len();
    let set = &step.coefficients[repair_set * step.stride()..];
    let repair = set[0];
    let mut damage = RadiationDamage { low: low * repair, high: high * repair, encounter: R::zero() };
    let mut met = R::zero();
    for group in 0..step.groups {
        let factors = 1 + (2 + 4 * group) * sources;
        let mut sums = [R::zero(); 4];
        for (j, source) in step.sources.iter().enumerate() {
            let amplitude_low = maps[source.low as usize * voxels + voxel];
            let mut both = amplitude_low;
            if source.high != NO_MAP {
                let amplitude_high = maps[source.high as usize * voxels + voxel];
                both = both + ratio * amplitude_high;
                if group == 0 {
                    damage.high = damage.high + set[1 + j] * amplitude_high;
                }
            }
            if group == 0 {
                damage.low = damage.low + set[1 + j] * amplitude_low;
                met = met + set[1 + sources + j] * both;
            }
            let four = &set[factors + 4 * j..][..4];
            for (sum, factor) in sums.iter_mut().zip(four) {
                *sum = *sum + *factor * both;
            }
        }
        damage.encounter = damage.encounter + (sums[0] * sums[0] + sums[1] * sums[1] + sums[2] * sums[2] + sums[3] * sums[3]);
    }
    damage.encounter = damage.encounter + (low + ratio * high) * met;
    damage
}

/// `-ln S` of cells with the oxygen multiplier `weight`.
#[inline(always)]
pub fn radiation_effect<R: Real>(row: &Row<R>, stage: &Stage<R>, dose: &RadiationDose<R>, encounter: R, weight: R) -> R {
    let w = weight + (R::one() - weight) * stage.sensitiser;
    let root = stage.root_beta * row.root_beta * w;
    let linear = row.alpha * w * dose.low + dose.effect - (R::one() - w) * dose.effect_oxygen;
    stage.alpha * linear + R::of(2.0) * root * root * encounter
}

/// `e^-effect` and what is missing to 1, each with the digits of its own size.
#[inline(always)]
pub fn radiation_share<R: Real>(effect: R) -> RadiationShare<R> {
    let x = effect.max(R::zero()).min(R::of(RADIATION_GREATEST));
    let lost = x.lost();
    RadiationShare { left: if x < R::of(0.5) { R::one() - lost } else { R::exponential(-x) }, lost }
}

/// Cells of a class that are left.
#[inline(always)]
fn radiation_left<R: Real>(cells: R, share: &RadiationShare<R>) -> R {
    biology_amount(cells * share.left)
}

/// The voxel after the step: `tumour` and `vessel` are [`radiation_damage`] of tumour cells and endothelium.
#[inline(always)]
pub fn radiation_apply<R: Real>(
    row: &Row<R>,
    stage: &Stage<R>,
    oxygen: &Oxygen<R>,
    dose: &RadiationDose<R>,
    tumour: &RadiationDamage<R>,
    vessel: &RadiationDamage<R>,
    before: &State<R>,
    so_far: &RadiationState<R>,
) -> (State<R>, RadiationState<R>) {
    let mut state = *before;
    let oxic = radiation_share(radiation_effect(row, stage, dose, tumour.encounter, oxygen.oxic_weight));
    let hypoxic = radiation_share(radiation_effect(row, stage, dose, tumour.encounter, oxygen.hypoxic_weight));
    state.oxic = radiation_left(before.oxic, &oxic);
    state.hypoxic = radiation_left(before.hypoxic, &hypoxic);
    state.doomed = before.doomed + before.oxic * oxic.lost + before.hypoxic * hypoxic.lost;
    if row.doomed_stages > R::of(1.5) {
        state.doomed_first = before.doomed_first + (before.oxic * oxic.lost + before.hypoxic * hypoxic.lost);
    }
    let both = dose.low + dose.high;
    let equivalent = dose.low + row.rbe_high * dose.high;
    state.endothelium = before.endothelium + row.endothelium_alpha * equivalent + R::of(2.0) * row.endothelium_beta * vessel.encounter;
    state.caf = radiation_left(before.caf, &radiation_share(row.caf_alpha * both));
    let t_cells = radiation_share(row.t_alpha * both);
    state.primed = radiation_left(before.primed, &t_cells);
    state.effector = radiation_left(before.effector, &t_cells);
    state.emitters = before.emitters + (R::one() - before.emitters) * radiation_share(row.emission * both).lost;
    state.recent = before.recent + both;
    let radiation = RadiationState {
        unrepaired_low: biology_amount(tumour.low),
        unrepaired_high: biology_amount(tumour.high),
        vessel_low: biology_amount(vessel.low),
        vessel_high: biology_amount(vessel.high),
        dose_low: so_far.dose_low + dose.low,
        dose_high: so_far.dose_high + dose.high,
        effect_high: so_far.effect_high + dose.effect,
        encounter: so_far.encounter + tumour.encounter,
    };
    (state, radiation)
}

#[cfg(test)]
#[path = "radiation_tests.rs"]
mod tests;
