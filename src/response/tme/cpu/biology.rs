//! Biology of one voxel between irradiations: rates of change, and Heun's steps. Twin of `shaders/response/biology.wgsl`.
//!
//! Pure functions, values in and struct out. Equations: `docs/methods/microenvironment.md`; immune cycle after Kosinsky et al. 2018 (J Immunother
//! Cancer 6:17), macrophages after the QSPIO model, vessels after Potiron (PLoS One, PC3).

use crate::response::tme::{oxygen_state::Oxygen, real::Real, record::record, row::Row, stage::Stage};

record! {
    /// The fields of a voxel that biology changes, or their rates per day; names and units as in [`crate::response::tme::Field`].
    State {
        /// Viable cells with oxygen.
        oxic,
        /// Viable hypoxic cells.
        hypoxic,
        /// Doomed cells, in all stages.
        doomed,
        /// Dead cells.
        dead,
        /// Perfused vessels.
        vessels,
        /// Effect on endothelium.
        endothelium,
        /// Fibroblasts.
        caf,
        /// M1 macrophages.
        m1,
        /// M2 macrophages.
        m2,
        /// Primed T cells.
        primed,
        /// Effector T cells.
        effector,
        /// PD-L1.
        pdl1,
        /// Binding sites per cell.
        targets,
        /// Emitters of bystander signals.
        emitters,
        /// Bystander signal; in rates: what it tends to.
        signal,
        /// Cells cleared away so far.
        cleared,
        /// Cells born so far.
        born,
        /// Dose of the last days, Gy.
        recent,
        /// Doomed cells in the first of several stages, part of those in all.
        doomed_first,
        /// Doomed cells in the second of three stages.
        doomed_second,
    }
}

/// Amounts below this are none: no denormals, and no ghosts of cells.
const BIOLOGY_NONE: f64 = 1.0e-30;

/// An amount, cleaned of what is below zero or next to nothing.
pub fn biology_amount<R: Real>(value: R) -> R {
    // Not a number stays one, so that it is found.
    if value < R::of(BIOLOGY_NONE) { R::zero() } else { value }
}

/// Vessels that the endothelium can hold: `1 - clamp(slope D_ae - offset)`, D_ae the acute dose of this effect (T40).
pub fn biology_vessels_held<R: Real>(row: &Row<R>, endothelium: R) -> R {
    // D_ae = (alpha/2 beta)(sqrt(1 + 4 beta E/alpha^2) - 1), without the division by beta.
    let single = endothelium / row.endothelium_alpha;
    let root = (R::one() + R::of(4.0) * row.endothelium_beta * single / row.endothelium_alpha).sqrt();
    let dose = R::of(2.0) * single / (R::one() + root);
    R::one() - (row.loss_slope * dose - row.loss_offset).max(R::zero()).min(R::one())
}

/// Factor b_F of the fibroblasts' barrier on entry, 1 at the start.
pub fn biology_barrier<R: Real>(row: &Row<R>, stage: &Stage<R>, caf: R) -> R {
    (R::one() + row.caf_barrier) / (R::one() + row.caf_barrier * stage.barrier * caf)
}

/// Factor f_TAM of M2 macrophages on activation, 1 at the start.
pub fn biology_macrophages<R: Real>(row: &Row<R>, m2: R) -> R {
    let relative = if row.m2_initial > R::zero() { m2 / row.m2_initial } else { R::one() };
    (R::one() + row.m2_suppression) / (R::one() + row.m2_suppression * relative)
}

/// Immune activation rate IAR, 0 to 1.
pub fn biology_activation<R: Real>(row: &Row<R>, stage: &Stage<R>, state: &State<R>) -> R {
    // Better perfusion than at the start carries in more antibody, up to a limit.
    let entered = row.checkpoint_entry * stage.checkpoint * state.vessels.min(row.checkpoint_perfusion);
    let blocked = entered * biology_barrier(row, stage, state.caf);
    let suppressed = stage.antigen / (stage.antigen + row.suppression_half);
    let free = R::one() - state.pdl1 / (R::one() + blocked);
    (free * (R::one() - suppressed) * biology_macrophages(row, state.m2)).max(R::zero()).min(R::one())
}

/// Doomed cells as many as would die by k_x at the rate at which those of the last stage die: all of them where there is one stage.
pub fn biology_dying<R: Real>(row: &Row<R>, state: &State<R>) -> R {
    if row.doomed_stages > R::of(1.5) {
        // Cells of the last stage as what is left: by far the most when few are left, so that rounding is harmless.
        row.doomed_stages * (state.doomed - state.doomed_first - state.doomed_second).max(R::zero())
    } else {
        state.doomed
    }
}

/// Mature dendritic cells DCm, 0 to 1, by the rate of death TCD of the reference tumour's clock.
pub fn biology_maturation<R: Real>(row: &Row<R>, state: &State<R>) -> R {
    let cells = state.oxic + state.hypoxic + state.doomed;
    let dying = if cells > R::zero() { biology_dying(row, state) / cells } else { R::zero() };
    let death = row.doomed_signal * dying + row.t_killing * state.effector + row.natural_death;
    death * death / (death * death + row.death_signal_half * row.death_signal_half)
}

/// Antigen that a voxel presents, `DCm (T + X)` times the region's weight.
pub fn biology_antigen<R: Real>(row: &Row<R>, state: &State<R>) -> R {
    row.antigen_weight * biology_maturation(row, state) * (state.oxic + state.hypoxic + state.doomed)
}

/// Rate of growth of oxic cells, 1/d.
pub fn biology_growth<R: Real>(row: &Row<R>, state: &State<R>) -> R {
    let packed = state.oxic + state.hypoxic + row.crowding * (state.doomed + state.dead);
    let room =
        if row.gompertz > R::of(0.5) { (row.capacity / packed.max(R::of(BIOLOGY_NONE))).ln() } else { R::one() - packed / row.capacity };
    row.growth * room.max(R::zero())
}

/// Consumption of oxygen over that at the start.
pub fn biology_consumption<R: Real>(row: &Row<R>, stage: &Stage<R>, state: &State<R>) -> R {
    let cells = state.oxic + state.hypoxic + row.doomed_consumption * state.doomed;
    (row.consumption_gain * cells + row.consumption_offset) * stage.consumption
}

/// Bystander signal that the emitters hold up.
pub fn biology_emission<R: Real>(state: &State<R>) -> R {
    state.emitters * (state.oxic + state.hypoxic + state.doomed)
}

/// Rates of change per day of all fields; for the signal what it tends to.
pub fn biology_rates<R: Real>(row: &Row<R>, stage: &Stage<R>, state: &State<R>, oxygen: &Oxygen<R>) -> State<R> {
    let (zero, one, two, half) = (R::zero(), R::one(), R::of(2.0), R::of(0.5));

    let cells = state.oxic + state.hypoxic;
    let growth = biology_growth(row, state);
    let killing = row.turnover * (row.t_killing * state.effector + row.natural_death)
        + row.signal_hazard * state.signal / (state.signal + row.signal_half);
    let hypoxia = (oxygen.hypoxic * cells - state.hypoxic) * row.exchange;
    let necrosis = row.necrosis * (one - state.vessels).max(zero) * state.hypoxic;
    let grown_oxic = growth * state.oxic;
    let grown_hypoxic = growth * row.hypoxic_growth * state.hypoxic;
    let died = row.doomed_loss * biology_dying(row, state);
    let passing = row.doomed_stages * row.doomed_loss;
    let to_second = if row.doomed_stages > R::of(2.5) { passing * state.doomed_first } else { zero };
    let cleared = row.clearance * state.dead;

    let held = biology_vessels_held(row, state.endothelium) * stage.perfusion;
    let hypoxia_now = row.hypoxia_gain * oxygen.hypoxic + row.hypoxia_offset;
    let sprouting = row.angiogenesis * half * (one + hypoxia_now) * state.vessels * (held - state.vessels).max(zero);
    let regressing = row.regression * (state.vessels - held).max(zero);

    let damage = state.doomed / (state.doomed + row.damage_half);
    let caf = row.caf_turnover * (one + row.caf_recruitment * damage - state.caf) - stage.caf_killing * state.caf;

    let effectors = row.effector_gain * state.effector + row.effector_offset;
    let interferon = effectors + row.reprogramming * state.recent.min(row.reprogramming_limit);
    let to_m1 = row.m2_to_m1 * state.m2 * (two * interferon / (one + interferon) + stage.polarisation);
    let wound = half * (hypoxia_now + state.caf);
    let to_m2 = row.m1_to_m2 * state.m1 * two * wound / (one + wound);
    let recruited = (one + row.macrophage_recruitment * damage) * stage.recruitment;

    let activated = biology_activation(row, stage, state) * state.primed;
    let barrier = biology_barrier(row, stage, state.caf);
    let primed = row.priming * stage.lymphocytes * state.vessels * barrier * stage.antigen / (stage.antigen + row.antigen_half);

    State {
        oxic: grown_oxic - hypoxia - killing * state.oxic,
        hypoxic: grown_hypoxic + hypoxia - killing * state.hypoxic - necrosis,
        doomed: -died,
        dead: died + necrosis + killing * cells - cleared,
        vessels: sprouting - regressing,
        endothelium: -row.endothelium_turnover * state.endothelium,
        caf,
        m1: row.macrophage_turnover * (recruited - state.m1) - to_m2 + to_m1,
        m2: to_m2 - to_m1 - row.macrophage_turnover * state.m2,
        primed: primed + row.t_expansion * activated - row.t_elimination * state.primed,
        effector: row.t_differentiation * activated - row.t_apoptosis * state.effector,
        pdl1: row.pdl1_turnover * (state.effector / (row.pdl1_half + state.effector) - state.pdl1),
        targets: stage.targets * state.targets,
        emitters: -row.emission_end * state.emitters,
        signal: biology_emission(state),
        cleared,
        born: grown_oxic + grown_hypoxic,
        recent: -row.reprogramming_memory * state.recent,
        doomed_first: -passing * state.doomed_first,
        doomed_second: to_second - passing * state.doomed_second,
    }
}

/// The signal after `length` days in which it tends to `towards`; exact, as it lives much shorter than a step.
pub fn biology_signal<R: Real>(row: &Row<R>, signal: R, towards: R, length: R) -> R {
    // e^-87 is the least that f32 holds.
    biology_amount(signal + (towards - signal) * (row.signal_loss * length).min(R::of(87.0)).lost())
}

/// First stage of Heun's method (SSP-RK2): a full Euler step of `length` days.
pub fn biology_predict<R: Real>(row: &Row<R>, state: &State<R>, rates: &State<R>, length: R) -> State<R> {
    let to = |value: R, rate: R| biology_amount(value + length * rate);
    State {
        oxic: to(state.oxic, rates.oxic),
        hypoxic: to(state.hypoxic, rates.hypoxic),
        doomed: to(state.doomed, rates.doomed),
        dead: to(state.dead, rates.dead),
        vessels: to(state.vessels, rates.vessels),
        endothelium: to(state.endothelium, rates.endothelium),
        caf: to(state.caf, rates.caf),
        m1: to(state.m1, rates.m1),
        m2: to(state.m2, rates.m2),
        primed: to(state.primed, rates.primed),
        effector: to(state.effector, rates.effector),
        pdl1: to(state.pdl1, rates.pdl1),
        targets: to(state.targets, rates.targets),
        emitters: to(state.emitters, rates.emitters),
        signal: biology_signal(row, state.signal, rates.signal, length),
        cleared: to(state.cleared, rates.cleared),
        born: to(state.born, rates.born),
        recent: to(state.recent, rates.recent),
        doomed_first: to(state.doomed_first, rates.doomed_first),
        doomed_second: to(state.doomed_second, rates.doomed_second),
    }
}

/// Second stage: the mean of the start and of an Euler step from the predicted state.
pub fn biology_correct<R: Real>(row: &Row<R>, state: &State<R>, predicted: &State<R>, rates: &State<R>, length: R) -> State<R> {
    let to = |value: R, predicted: R, rate: R| biology_amount(R::of(0.5) * (value + (predicted + length * rate)));
    let towards = R::of(0.5) * (biology_emission(state) + rates.signal);
    State {
        oxic: to(state.oxic, predicted.oxic, rates.oxic),
        hypoxic: to(state.hypoxic, predicted.hypoxic, rates.hypoxic),
        doomed: to(state.doomed, predicted.doomed, rates.doomed),
        dead: to(state.dead, predicted.dead, rates.dead),
        vessels: to(state.vessels, predicted.vessels, rates.vessels),
        endothelium: to(state.endothelium, predicted.endothelium, rates.endothelium),
        caf: to(state.caf, predicted.caf, rates.caf),
        m1: to(state.m1, predicted.m1, rates.m1),
        m2: to(state.m2, predicted.m2, rates.m2),
        primed: to(state.primed, predicted.primed, rates.primed),
        effector: to(state.effector, predicted.effector, rates.effector),
        pdl1: to(state.pdl1, predicted.pdl1, rates.pdl1),
        targets: to(state.targets, predicted.targets, rates.targets),
        emitters: to(state.emitters, predicted.emitters, rates.emitters),
        signal: biology_signal(row, state.signal, towards, length),
        cleared: to(state.cleared, predicted.cleared, rates.cleared),
        born: to(state.born, predicted.born, rates.born),
        recent: to(state.recent, predicted.recent, rates.recent),
        doomed_first: to(state.doomed_first, predicted.doomed_first, rates.doomed_first),
        doomed_second: to(state.doomed_second, predicted.doomed_second, rates.doomed_second),
    }
}
