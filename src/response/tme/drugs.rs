//! Drugs: amounts in the body in time, and what they do at a moment.

use super::stage::Stage;
use crate::{
    error::{Error, Result},
    physics::exponential::{decay, remaining},
    plan::{DrugKinetics, DrugPlan, Hook},
};

/// Amount of a drug in the body: where doses go in, and the second compartment (peripheral), in the doses' unit.
///
/// Two compartments, intravenous: `A1' = -(CL + Q)/Vc A1 + Q/Vp A2`, `A2' = Q/Vc A1 - Q/Vp A2`. One compartment: `S' = ka depot - ke S`.
/// Both are advanced exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct Amounts {
    kinetics: DrugKinetics,
    /// Central compartment (or the only one).
    pub central: f64,
    /// Peripheral compartment, or the depot of an absorbed drug.
    pub other: f64,
}

impl Amounts {
    /// None in the body.
    pub fn new(kinetics: &DrugKinetics) -> Self {
        Self { kinetics: kinetics.clone(), central: 0.0, other: 0.0 }
    }

    /// A dose.
    pub fn dose(&mut self, amount: f64) {
        match self.kinetics {
            DrugKinetics::OneCompartment { absorption: Some(_), .. } => self.other += amount,
            _ => self.central += amount,
        }
    }

    /// Advances by `days`.
    pub fn advance(&mut self, days: f64) {
        let (central, other) = (self.central, self.other);
        match self.kinetics {
            DrugKinetics::TwoCompartment { clearance, central: volume, peripheral, exchange, .. } => {
                let (out, back, forth) = ((clearance + exchange) / volume, exchange / peripheral, exchange / volume);
                let (slow, fast) = rates(out, back, forth);
                // exp(M t) = c0 + c1 M, as both sides agree at the eigenvalues -slow and -fast.
                let c1 = remaining(slow, fast, days);
                let c0 = decay(slow, days) + slow * c1;
                self.central = (c0 - c1 * out) * central + c1 * back * other;
                self.other = c1 * forth * central + (c0 - c1 * back) * other;
            }
            DrugKinetics::OneCompartment { elimination, absorption } => {
                let rate = absorption.unwrap_or(0.0);
                self.central = central * decay(elimination, days) + rate * other * remaining(rate, elimination, days);
                self.other = other * decay(rate, days);
            }
        }
    }

    /// Half-lives of the kinetics, d, short one first; one compartment without depot has one.
    pub fn half_lives(&self) -> Vec<f64> {
        let mut rates = match self.kinetics {
            DrugKinetics::TwoCompartment { clearance, central, peripheral, exchange, .. } => {
                let (slow, fast) = rates((clearance + exchange) / central, exchange / peripheral, exchange / central);
                vec![fast, slow]
            }
            DrugKinetics::OneCompartment { elimination, absorption } => absorption.into_iter().chain([elimination]).collect(),
        };
        rates.sort_by(|a, b| b.total_cmp(a));
        rates.into_iter().map(|rate| std::f64::consts::LN_2 / rate).collect()
    }

    /// Concentration that a K_D is compared with: nM in blood, or the amount where the kinetics know no volume.
    pub fn concentration(&self) -> f64 {
        match self.kinetics {
            DrugKinetics::TwoCompartment { central, nanomolar, .. } => self.central / central * nanomolar,
            DrugKinetics::OneCompartment { .. } => self.central,
        }
    }
}

/// Rates of the two phases, slow one first: roots of `x^2 - (out + back) x + (out - forth) back`.
fn rates(out: f64, back: f64, forth: f64) -> (f64, f64) {
    let sum = out + back;
    let product = (out - forth) * back;
    let fast = 0.5 * (sum + (sum * sum - 4.0 * product).max(0.0).sqrt());
    (product / fast, fast)
}

/// All drugs of a plan.
#[derive(Debug, Clone)]
pub struct Drugs {
    drugs: Vec<(DrugPlan, Amounts)>,
    /// Doses: time (s on the plan's clock), drug, amount; ascending.
    doses: Vec<(f64, usize, f64)>,
    given: usize,
}

impl Drugs {
    /// Drugs of which none has been given.
    ///
    /// # Errors
    /// [`Error::Input`] if kinetics, doses or effects have no meaning.
    pub fn new(plans: &[DrugPlan]) -> Result<Self> {
        let mut doses = Vec::new();
        for (place, plan) in plans.iter().enumerate() {
            check(plan)?;
            doses.extend(plan.doses.iter().map(|&(time, amount)| (time, place, amount)));
        }
        doses.sort_by(|a: &(f64, usize, f64), b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ok(Self { drugs: plans.iter().map(|plan| (plan.clone(), Amounts::new(&plan.kinetics))).collect(), doses, given: 0 })
    }

    /// Time of the next dose, s on the plan's clock.
    pub fn next_dose(&self) -> Option<f64> {
        self.doses.get(self.given).map(|dose| dose.0)
    }

    /// Gives the doses up to a time, s on the plan's clock.
    pub fn give(&mut self, time: f64) {
        while let Some(&(_, drug, amount)) = self.doses.get(self.given).filter(|dose| dose.0 <= time) {
            self.drugs[drug].1.dose(amount);
            self.given += 1;
        }
    }

    /// Advances by `days`.
    pub fn advance(&mut self, days: f64) {
        self.drugs.iter_mut().for_each(|(_, amounts)| amounts.advance(days));
    }

    /// What the drugs do now.
    pub fn stage(&self, length: f64) -> Stage<f64> {
        let mut stage = Stage::neutral(length);
        for (plan, amounts) in &self.drugs {
            for effect in &plan.effects {
                let strength = effect.strength * saturation(amounts.central, effect.ec50, effect.hill);
                let (more, less) = ((1.0 + strength).max(0.0), (1.0 - strength).max(0.0));
                match effect.hook {
                    Hook::Checkpoint => stage.checkpoint += effect.strength * amounts.concentration() / effect.ec50,
                    Hook::Alpha => stage.alpha *= more,
                    Hook::Beta => stage.root_beta *= more,
                    // In the constants of the radiation step.
                    Hook::Repair => {}
                    Hook::HypoxicSensitiser => stage.sensitiser = 1.0 - (1.0 - stage.sensitiser) * less.min(1.0),
                    Hook::OxygenUse => stage.consumption *= less,
                    Hook::OxygenSupply => stage.capillary += strength,
                    Hook::Perfusion => stage.perfusion *= more,
                    Hook::MacrophageRecruitment => stage.recruitment *= less,
                    Hook::MacrophagePolarisation => stage.polarisation += strength,
                    Hook::CafKilling => stage.caf_killing += strength,
                    Hook::CafBarrier => stage.barrier *= less,
                    Hook::Target => stage.targets += strength,
                }
            }
        }
        stage
    }

    /// Factor on repair constants now: `1/(1 + strength H)` of every drug that hinders repair.
    pub fn repair(&self) -> f64 {
        let of = |(plan, amounts): &(DrugPlan, Amounts)| -> f64 {
            let hinders = plan.effects.iter().filter(|effect| effect.hook == Hook::Repair);
            hinders.map(|effect| 1.0 / (1.0 + effect.strength * saturation(amounts.central, effect.ec50, effect.hill))).product()
        };
        self.drugs.iter().map(of).product()
    }

    /// Checkpoint inhibitors in blood, nM, summed.
    pub fn checkpoint(&self) -> f64 {
        self.drugs.iter().filter(|(plan, _)| blocks(plan)).map(|(_, amounts)| amounts.concentration()).sum()
    }

    /// Names and central amounts of all drugs that are no checkpoint inhibitors.
    pub fn others(&self) -> impl Iterator<Item = (&str, f64)> {
        self.drugs.iter().filter(|(plan, _)| !blocks(plan)).map(|(plan, amounts)| (plan.name.as_str(), amounts.central))
    }
}

fn blocks(plan: &DrugPlan) -> bool {
    plan.effects.iter().any(|effect| effect.hook == Hook::Checkpoint)
}

/// `S^hill/(S^hill + ec50^hill)`.
fn saturation(amount: f64, ec50: f64, hill: f64) -> f64 {
    if amount <= 0.0 { 0.0 } else { 1.0 / (1.0 + (ec50 / amount).powf(hill)) }
}

fn check(plan: &DrugPlan) -> Result<()> {
    let wrong =
        |what: &str, value: f64, right: &str| Err(Error::input(format!("drug \"{}\": {what} is {value}; it must be {right}", plan.name)));
    let kinetics: Vec<(&str, f64)> = match plan.kinetics {
        DrugKinetics::TwoCompartment { clearance, central, peripheral, exchange, nanomolar } => vec![
            ("the clearance (L/d)", clearance),
            ("the central volume (L)", central),
            ("the peripheral volume (L)", peripheral),
            ("the exchange (L/d)", exchange),
            ("the conversion to nM per mg/L", nanomolar),
        ],
        DrugKinetics::OneCompartment { elimination, absorption } => {
            absorption.into_iter().map(|rate| ("the absorption (1/d)", rate)).chain([("the elimination (1/d)", elimination)]).collect()
        }
    };
    for (what, value) in kinetics {
        if !(value.is_finite() && value > 0.0) {
            return wrong(what, value, "finite and above zero");
        }
    }
    for &(time, amount) in &plan.doses {
        if !(time.is_finite() && time >= 0.0) {
            return wrong("the time of a dose (s)", time, "finite and zero or more");
        }
        if !(amount.is_finite() && amount >= 0.0) {
            return wrong("a dose", amount, "finite and zero or more");
        }
    }
    for effect in &plan.effects {
        if !effect.strength.is_finite() {
            return wrong(&format!("the strength of the effect on {:?}", effect.hook), effect.strength, "finite");
        }
        if !(effect.ec50.is_finite() && effect.ec50 > 0.0) {
            return wrong(&format!("the EC50 of the effect on {:?}", effect.hook), effect.ec50, "finite and above zero");
        }
        if !(effect.hill.is_finite() && effect.hill > 0.0) {
            return wrong(&format!("the steepness of the effect on {:?}", effect.hook), effect.hill, "finite and above zero");
        }
        if effect.hook == Hook::Checkpoint && (effect.hill != 1.0 || effect.strength < 0.0) {
            return wrong(
                "the steepness of a checkpoint inhibitor, or its strength,",
                effect.hill,
                "1 (binding is C/K_D), with a strength of zero or more",
            );
        }
        if effect.hook == Hook::Repair && effect.strength <= -1.0 {
            return wrong("the strength of the effect on repair", effect.strength, "above -1");
        }
    }
    Ok(())
}
