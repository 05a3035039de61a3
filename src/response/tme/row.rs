//! Constants of one region, in the form in which the voxel kernels use them.

use std::f64::consts::LN_2;

use super::record::record;
use crate::{
    error::{Error, Result},
    plan::{Growth, OxygenPlan, ParameterSet, TissueParameters, TmePlan},
    units::SECONDS_PER_DAY,
};

record! {
    /// Constants of the biology and radiobiology of a region; times in days, doses in Gy.
    Row {
        /// Cells at the start, share of packing n0.
        initial_cells,
        /// Gross growth rate r, 1/d.
        growth,
        /// 1: Gompertz growth; 0: logistic.
        gompertz,
        /// Capacity K, share of packing.
        capacity,
        /// Share of doomed and dead cells that takes up room in the growth law.
        crowding,
        /// Growth of hypoxic cells over that of oxic ones, psi_h.
        hypoxic_growth,
        /// Death of doomed cells k_x, one over their mean time, 1/d.
        doomed_loss,
        /// Stages that they pass before they die, 1 to 3, each left at `doomed_stages k_x`.
        doomed_stages,
        /// Clearance of debris k_c, 1/d.
        clearance,
        /// Necrosis k_nec of hypoxic cells without vessels, 1/d.
        necrosis,
        /// Exchange between oxic and hypoxic cells 1/tau_x, 1/d.
        exchange,
        /// Hypoxic fraction over that at the start is `hypoxia_gain HF + hypoxia_offset`.
        hypoxia_gain,
        /// See [`Self::hypoxia_gain`]; 1 where oxygen is off.
        hypoxia_offset,
        /// Oxygen consumption over that at the start is `consumption_gain (To + Th + doomed_consumption X) + consumption_offset`.
        consumption_gain,
        /// See [`Self::consumption_gain`]; 1 where lost cells do not leave their oxygen to the others.
        consumption_offset,
        /// Oxygen use of doomed cells over that of viable ones.
        doomed_consumption,
        /// Capillary pO2, mmHg.
        capillary,

        /// Low-LET alpha of the tumour, 1/Gy, well oxygenated.
        alpha,
        /// Square root of its low-LET beta, 1/Gy.
        root_beta,
        /// Square root of beta of high-LET radiation over that of low-LET radiation.
        root_beta_high,
        /// RBE of high-LET radiation on alpha, for the endothelium.
        rbe_high,
        /// Repair constant mu, 1/d.
        repair,
        /// alpha of the endothelium, 1/Gy.
        endothelium_alpha,
        /// beta of the endothelium, 1/Gy^2.
        endothelium_beta,
        /// Repair constant of the endothelium, 1/d.
        endothelium_repair,
        /// alpha of fibroblasts, 1/Gy.
        caf_alpha,
        /// alpha of T cells in the tumour, 1/Gy.
        t_alpha,

        /// Rate at which the endothelium's effect is forgotten, 1/d.
        endothelium_turnover,
        /// Vessels lost per acute dose, 1/Gy.
        loss_slope,
        /// Loss at dose 0 of that line, taken off.
        loss_offset,
        /// Regression of vessels k_w, 1/d.
        regression,
        /// Growth of vessels k_ang, 1/d.
        angiogenesis,
        /// Vessels closed at every fraction, share.
        embolised,

        /// Turnover of fibroblasts k_F, 1/d.
        caf_turnover,
        /// Their recruitment by damage k_FX.
        caf_recruitment,
        /// Doomed cells of half the damage signal X50, share of packing.
        damage_half,
        /// Barrier of fibroblasts kappa_b.
        caf_barrier,

        /// Turnover of macrophages, 1/d.
        macrophage_turnover,
        /// M1 to M2, 1/d.
        m1_to_m2,
        /// M2 to M1, 1/d.
        m2_to_m1,
        /// Recruitment by damage k_R.
        macrophage_recruitment,
        /// Suppression by M2 eta.
        m2_suppression,
        /// M2 at the start.
        m2_initial,
        /// M2 to M1 by low dose, 1/Gy.
        reprogramming,
        /// Dose up to which that holds, Gy.
        reprogramming_limit,
        /// Forgetting of that dose, 1/d.
        reprogramming_memory,

        /// Largest priming of T cells k_LN/theta, 1/d; 0 without the immune part, as all rates down to [`Self::antigen_weight`].
        priming,
        /// Antigen of half the priming S_L, uL.
        antigen_half,
        /// Antigen of half the suppression S_R, uL.
        suppression_half,
        /// Proliferation less differentiation `(k_pro - k_dif)/theta`, 1/d.
        t_expansion,
        /// Differentiation k_dif/theta, 1/d.
        t_differentiation,
        /// Elimination k_el/theta, 1/d.
        t_elimination,
        /// Apoptosis k_apo/theta, 1/d.
        t_apoptosis,
        /// Death of tumour cells by one effector in the reference tumour e, 1/d.
        t_killing,
        /// Death by itself in the reference tumour d0, 1/d.
        natural_death,
        /// Turnover s of this tumour over the reference tumour's.
        turnover,
        /// Effectors of half the PD-L1 K_pdl.
        pdl1_half,
        /// Turnover of PD-L1 k_pdl/theta, 1/d.
        pdl1_turnover,
        /// Death signal of half the maturation K_tcd, 1/d.
        death_signal_half,
        /// Death signal of a tumour all doomed `eps_ICD k_x/s`, 1/d.
        doomed_signal,
        /// Concentration of antibodies in tumour over that in blood.
        checkpoint_entry,
        /// Perfusion, over that at the start, up to which more of them enter.
        checkpoint_perfusion,
        /// Effectors over those at the start are `effector_gain dE + effector_offset`.
        effector_gain,
        /// See [`Self::effector_gain`]; 1 without the immune part.
        effector_offset,
        /// Equivalent volume over the largest of all regions.
        antigen_weight,

        /// Emission of bystander signals per dose 1/D_b, 1/Gy; 0 without bystander effect.
        emission,
        /// End of emission, 1/d.
        emission_end,
        /// Loss of the signal, 1/d; 0 where signals diffuse and are set from outside.
        signal_loss,
        /// Largest hazard, 1/d.
        signal_hazard,
        /// Signal of half the hazard.
        signal_half,
    }
}

/// A parameter of a region.
///
/// # Errors
/// [`Error::Input`] if the set lacks it.
pub(super) fn parameter(region: &str, set: &ParameterSet, name: &str) -> Result<f64> {
    let found = set.parameters.get(name).map(|parameter| parameter.value);
    found.ok_or_else(|| Error::input(format!("response of region \"{region}\": the parameter \"{name}\" is missing from its set")))
}

impl Row<f64> {
    /// The constants of a region that starts with the hypoxic fraction `hypoxic`, without those that depend on the baseline of all regions
    /// together ([`super::baseline`] fills in growth, turnover, `doomed_signal`, `effector_gain` and `antigen_weight`).
    ///
    /// # Errors
    /// [`Error::Input`] if a parameter is missing or outside what the equations allow.
    pub fn new(region: &str, set: &ParameterSet, tissue: &TissueParameters, plan: &TmePlan, hypoxic: f64) -> Result<Self> {
        let get = |name: &str| parameter(region, set, name);
        let wrong = |name: &str, value: f64, right: &str| {
            Error::input(format!("response of region \"{region}\": the parameter \"{name}\" is {value}; it must be {right}"))
        };
        let not_negative = |name: &str| {
            let value = get(name)?;
            if value.is_finite() && value >= 0.0 { Ok(value) } else { Err(wrong(name, value, "finite and zero or more")) }
        };
        let positive = |name: &str| {
            let value = get(name)?;
            if value.is_finite() && value > 0.0 { Ok(value) } else { Err(wrong(name, value, "finite and above zero")) }
        };
        let share = |name: &str| {
            let value = get(name)?;
            if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(wrong(name, value, "between 0 and 1")) }
        };
        let capacity = positive("capacity")?;
        let initial_cells = positive("initial_cells")?;
        if initial_cells > capacity {
            return Err(wrong("initial_cells", initial_cells, &format!("at most the capacity, {capacity}")));
        }
        let doomed_stages = get("doomed_stages")?;
        if ![1.0, 2.0, 3.0].contains(&doomed_stages) {
            return Err(wrong("doomed_stages", doomed_stages, "1, 2 or 3"));
        }
        let clock = positive("clock_scale")?;
        let (immune, bystander) = (f64::from(u8::from(plan.immune)), f64::from(u8::from(plan.bystander)));
        let differentiation = positive("t_differentiation")?;
        // Where next to nothing is hypoxic at the start, changes are measured against the parameter instead.
        let scale = if hypoxic >= 0.01 { hypoxic } else { positive("hypoxic_fraction")? };
        let oxygen = plan.oxygen != OxygenPlan::Off;
        let hypoxia_gain = if oxygen { 1.0 / scale } else { 0.0 };
        let (m1_to_m2, m2_to_m1) = (not_negative("m1_to_m2")?, not_negative("m2_to_m1")?);
        let macrophage_turnover = positive("macrophage_turnover")?;
        let beta = if tissue.alpha_beta > 0.0 { tissue.alpha / tissue.alpha_beta } else { 0.0 };
        Ok(Self {
            initial_cells,
            growth: 0.0,
            gompertz: f64::from(u8::from(plan.growth == Growth::Gompertz)),
            capacity,
            crowding: share("dead_crowding")?,
            hypoxic_growth: not_negative("hypoxic_growth")?,
            doomed_loss: LN_2 / positive("doomed_half_life")?,
            doomed_stages,
            clearance: not_negative("debris_clearance")?,
            necrosis: not_negative("necrosis_rate")?,
            exchange: 1.0 / positive("exchange_time")?,
            hypoxia_gain,
            hypoxia_offset: 1.0 - hypoxia_gain * hypoxic,
            consumption_gain: if plan.reoxygenation { 1.0 / initial_cells } else { 0.0 },
            consumption_offset: if plan.reoxygenation { 0.0 } else { 1.0 },
            doomed_consumption: share("doomed_consumption")?,
            capillary: positive("capillary_po2")?,
            alpha: tissue.alpha,
            root_beta: beta.sqrt(),
            root_beta_high: tissue.high_let_beta.sqrt(),
            rbe_high: tissue.rbe_high_let,
            repair: LN_2 * SECONDS_PER_DAY / tissue.repair_half_time,
            endothelium_alpha: positive("endothelium_alpha")?,
            endothelium_beta: not_negative("endothelium_beta")?,
            endothelium_repair: LN_2 / positive("endothelium_repair")?,
            caf_alpha: not_negative("caf_alpha")?,
            t_alpha: not_negative("t_alpha")?,
            endothelium_turnover: 1.0 / positive("endothelium_turnover")?,
            loss_slope: not_negative("vessel_loss_slope")?,
            loss_offset: not_negative("vessel_loss_offset")?,
            regression: not_negative("vessel_regression")?,
            angiogenesis: not_negative("angiogenesis")?,
            embolised: share("embolised")?,
            caf_turnover: not_negative("caf_turnover")?,
            caf_recruitment: not_negative("caf_recruitment")?,
            damage_half: positive("damage_half")?,
            caf_barrier: not_negative("caf_barrier")?,
            macrophage_turnover,
            m1_to_m2,
            m2_to_m1,
            macrophage_recruitment: not_negative("macrophage_recruitment")?,
            m2_suppression: not_negative("m2_suppression")?,
            m2_initial: m1_to_m2 / (macrophage_turnover + m1_to_m2 + m2_to_m1),
            reprogramming: not_negative("m1_reprogramming")?,
            reprogramming_limit: not_negative("m1_reprogramming_dose")?,
            reprogramming_memory: 1.0 / positive("m1_reprogramming_time")?,
            priming: immune * not_negative("priming")? / clock,
            antigen_half: positive("antigen_half")?,
            suppression_half: positive("suppression_half")?,
            t_expansion: immune * (not_negative("t_proliferation")? - differentiation) / clock,
            t_differentiation: immune * differentiation / clock,
            t_elimination: immune * positive("t_elimination")? / clock,
            t_apoptosis: immune * positive("t_apoptosis")? / clock,
            t_killing: immune * not_negative("t_killing")?,
            natural_death: immune * not_negative("natural_death")?,
            turnover: 0.0,
            pdl1_half: positive("pdl1_half")?,
            pdl1_turnover: immune * positive("pdl1_turnover")? / clock,
            death_signal_half: positive("death_signal_half")?,
            doomed_signal: 0.0,
            checkpoint_entry: not_negative("checkpoint_entry")?,
            checkpoint_perfusion: not_negative("checkpoint_perfusion")?,
            effector_gain: 0.0,
            effector_offset: 1.0,
            antigen_weight: 0.0,
            emission: bystander / positive("bystander_dose")?,
            emission_end: 1.0 / positive("bystander_release")?,
            signal_loss: 1.0 / positive("bystander_life")?,
            signal_hazard: bystander * not_negative("bystander_hazard")?,
            signal_half: positive("bystander_half")?,
        })
    }
}
