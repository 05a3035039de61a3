// The exact radiation step of one voxel. Twin: src/response/tme/cpu/radiation.rs.

// What sources give a voxel in a step, whatever the repair.
struct RadiationDose {
    low: f32,
    high: f32,
    effect: f32,
    effect_oxygen: f32,
}

// Sub-lethal damage of a voxel over a step, for one repair constant.
struct RadiationDamage {
    low: f32,
    high: f32,
    encounter: f32,
}

// The fields of a voxel that only radiation changes.
struct RadiationState {
    unrepaired_low: f32,
    unrepaired_high: f32,
    vessel_low: f32,
    vessel_high: f32,
    dose_low: f32,
    dose_high: f32,
    effect_high: f32,
    encounter: f32,
}

// Parts of one.
struct RadiationShare {
    left: f32,
    lost: f32,
}

struct RadiationSource {
    decays: f32,
    low: u32,
    high: u32,
}

struct RadiationResult {
    state: BiologyState,
    radiation: RadiationState,
}

// Effects above this are taken as this: e^-87 is the least that f32 holds.
const RADIATION_GREATEST: f32 = 87.0;

fn radiation_source(j: u32) -> RadiationSource {
    return RadiationSource(step_word(3u * j), step_words[3u * j + 1u] * response.voxels, step_words[3u * j + 2u]);
}

// Dose and effects of a step.
fn radiation_dose(voxel: u32) -> RadiationDose {
    var dose: RadiationDose;
    for (var j = 0u; j < response.sources; j++) {
        let source = radiation_source(j);
        dose.low += source.decays * maps[source.low + voxel];
        if source.high != NO_MAP {
            let high = source.high * response.voxels + voxel;
            dose.high += source.decays * maps[high];
            dose.effect += source.decays * maps[high + response.voxels];
            dose.effect_oxygen += source.decays * maps[high + 2u * response.voxels];
        }
    }
    return dose;
}

// Damage at the end of a step and encounters within it, from the damage `low`, `high` at its start; `repair_set` numbers the repair constant,
// `ratio` is the root of beta of high over that of low LET.
fn radiation_damage(voxel: u32, repair_set: u32, ratio: f32, low: f32, high: f32) -> RadiationDamage {
    let sources = response.sources;
    let at = 3u * sources + repair_set * (1u + (2u + 4u * response.groups) * sources);
    let repair = step_word(at);
    var damage = RadiationDamage(low * repair, high * repair, 0.0);
    var met = 0.0;
    for (var group = 0u; group < response.groups; group++) {
        let factors = at + 1u + (2u + 4u * group) * sources;
        var sums = vec4<f32>(0.0, 0.0, 0.0, 0.0);
        for (var j = 0u; j < response.sources; j++) {
            let source = radiation_source(j);
            let amplitude_low = maps[source.low + voxel];
            var both = amplitude_low;
            if source.high != NO_MAP {
                let amplitude_high = maps[source.high * response.voxels + voxel];
                both += ratio * amplitude_high;
                if group == 0u {
                    damage.high += step_word(at + 1u + j) * amplitude_high;
                }
            }
            if group == 0u {
                damage.low += step_word(at + 1u + j) * amplitude_low;
                met += step_word(at + 1u + sources + j) * both;
            }
            let four = factors + 4u * j;
            sums += vec4<f32>(step_word(four), step_word(four + 1u), step_word(four + 2u), step_word(four + 3u)) * both;
        }
        let squares = sums * sums;
        damage.encounter += squares.x + squares.y + squares.z + squares.w;
    }
    damage.encounter += (low + ratio * high) * met;
    return damage;
}

// -ln S of cells with the oxygen multiplier `weight`.
fn radiation_effect(row: BiologyRow, stage: BiologyStage, dose: RadiationDose, encounter: f32, weight: f32) -> f32 {
    let w = weight + (1.0 - weight) * stage.sensitiser;
    let root = stage.root_beta * row.root_beta * w;
    let linear = row.alpha * w * dose.low + dose.effect - (1.0 - w) * dose.effect_oxygen;
    return stage.alpha * linear + 2.0 * root * root * encounter;
}

// 1 - e^-x with the digits of its own size.
fn radiation_lost(x: f32) -> f32 {
    if x >= 0.5 {
        return 1.0 - math_exp(-x);
    }
    return x * (1.0 - x * (0.5 - x * (0.16666667 - x * (0.041666668 - x * (0.008333334 - x * (0.001388889 - x * 0.0001984127))))));
}

// e^-effect and what is missing to 1.
fn radiation_share(effect: f32) -> RadiationShare {
    let x = min(max(effect, 0.0), RADIATION_GREATEST);
    let lost = radiation_lost(x);
    if x < 0.5 {
        return RadiationShare(1.0 - lost, lost);
    }
    return RadiationShare(math_exp(-x), lost);
}

// Cells of a class that are left.
fn radiation_left(cells: f32, share: RadiationShare) -> f32 {
    return biology_amount(cells * share.left);
}

// The voxel after the step: `tumour` and `vessel` are radiation_damage of tumour cells and endothelium.
fn radiation_apply(
    row: BiologyRow,
    stage: BiologyStage,
    oxygen: Oxygen,
    dose: RadiationDose,
    tumour: RadiationDamage,
    vessel: RadiationDamage,
    before: BiologyState,
    so_far: RadiationState,
) -> RadiationResult {
    var state = before;
    let oxic = radiation_share(radiation_effect(row, stage, dose, tumour.encounter, oxygen.oxic_weight));
    let hypoxic = radiation_share(radiation_effect(row, stage, dose, tumour.encounter, oxygen.hypoxic_weight));
    state.oxic = radiation_left(before.oxic, oxic);
    state.hypoxic = radiation_left(before.hypoxic, hypoxic);
    state.doomed = before.doomed + before.oxic * oxic.lost + before.hypoxic * hypoxic.lost;
    if row.doomed_stages > 1.5 {
        state.doomed_first = before.doomed_first + (before.oxic * oxic.lost + before.hypoxic * hypoxic.lost);
    }
    let both = dose.low + dose.high;
    let equivalent = dose.low + row.rbe_high * dose.high;
    state.endothelium = before.endothelium + row.endothelium_alpha * equivalent + 2.0 * row.endothelium_beta * vessel.encounter;
    state.caf = radiation_left(before.caf, radiation_share(row.caf_alpha * both));
    let t_cells = radiation_share(row.t_alpha * both);
    state.primed = radiation_left(before.primed, t_cells);
    state.effector = radiation_left(before.effector, t_cells);
    state.emitters = before.emitters + (1.0 - before.emitters) * radiation_share(row.emission * both).lost;
    state.recent = before.recent + both;
    var radiation: RadiationState;
    radiation.unrepaired_low = biology_amount(tumour.low);
    radiation.unrepaired_high = biology_amount(tumour.high);
    radiation.vessel_low = biology_amount(vessel.low);
    radiation.vessel_high = biology_amount(vessel.high);
    radiation.dose_low = so_far.dose_low + dose.low;
    radiation.dose_high = so_far.dose_high + dose.high;
    radiation.effect_high = so_far.effect_high + dose.effect;
    radiation.encounter = so_far.encounter + tumour.encounter;
    return RadiationResult(state, radiation);
}
