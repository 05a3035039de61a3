//! The plan's tissue parameters, checked, and in the form the formulas use.

use std::f64::consts::LN_2;

use crate::error::{Error, Result};
use crate::plan::{ResponsePlan, TissueParameters};

/// A tissue with its derived constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Tissue {
    /// As in the plan.
    pub parameters: TissueParameters,
    /// Repair constant `ln2 / half-time`, 1/s.
    pub mu: f64,
    /// sqrt(beta of high-LET radiation / beta of low-LET radiation).
    pub root_beta_high: f64,
}

impl Tissue {
    /// Checks the parameters; `whose` names the region in messages.
    ///
    /// # Errors
    /// [`Error::Input`] if a parameter is outside its physical range.
    pub fn new(whose: &str, parameters: &TissueParameters) -> Result<Self> {
        let p = parameters;
        let positive = |what: &str, unit: &str, value: f64| check(whose, what, unit, value, value > 0.0, "positive");
        let not_negative = |what: &str, unit: &str, value: f64| check(whose, what, unit, value, value >= 0.0, "zero or more");
        positive("alpha", "/Gy", p.alpha)?;
        positive("alpha/beta", " Gy", p.alpha_beta)?;
        positive("the repair half-time", " s", p.repair_half_time)?;
        not_negative("the high-LET RBE", "", p.rbe_high_let)?;
        not_negative("the high-LET factor on beta", "", p.high_let_beta)?;
        if let Some(density) = p.clonogens_per_ml {
            positive("the clonogen density", "/mL", density)?;
        }
        if let Some(repopulation) = p.repopulation {
            positive("the potential doubling time", " s", repopulation.doubling_time)?;
            not_negative("the kick-off time of repopulation", " s", repopulation.kick_off)?;
        }
        if let Some(lkb) = p.lkb {
            positive("TD50", " Gy", lkb.td50)?;
            positive("the LKB slope m", "", lkb.m)?;
            positive("the LKB volume parameter n", "", lkb.n)?;
        }
        if let Some(limit) = p.bed_limit {
            positive("the BED limit", " Gy", limit)?;
        }
        Ok(Self { mu: LN_2 / p.repair_half_time, root_beta_high: p.high_let_beta.sqrt(), parameters: p.clone() })
    }

    /// Whether two tissues give the same BED for the same dose rates.
    fn same_bed(&self, other: &Self) -> bool {
        let key = |t: &Self| (t.mu, t.parameters.alpha_beta, t.parameters.rbe_high_let, t.root_beta_high);
        key(self) == key(other)
    }
}

fn check(whose: &str, what: &str, unit: &str, value: f64, right: bool, expected: &str) -> Result<()> {
    if right && value.is_finite() {
        return Ok(());
    }
    Err(Error::input(format!("response of {whose}: {what} is {value}{unit}; it must be finite and {expected}")))
}

/// The tissue of every region label.
#[derive(Debug, Clone)]
pub struct Tissues {
    /// By label: 0 = outside all regions, else 1 + position of the region.
    by_label: Vec<Tissue>,
    /// By label: position of the first label with the same BED parameters, so that equal tissues share their tables.
    table_of: Vec<u16>,
    names: Vec<String>,
}

impl Tissues {
    /// The tissues of regions with these names, in the order of their labels 1, 2, 3 ...
    ///
    /// # Errors
    /// [`Error::Input`] if a parameter is out of range, or the plan gives parameters to a region that does not exist.
    pub fn new(plan: &ResponsePlan, region_names: &[String]) -> Result<Self> {
        if let Some((stray, _)) = plan.regions.iter().find(|(name, _)| !region_names.contains(name)) {
            let known = if region_names.is_empty() { "none".to_owned() } else { region_names.join(", ") };
            return Err(Error::input(format!(
                "response parameters are given for region \"{stray}\", which does not exist; regions are: {known}"
            )));
        }
        if region_names.len() >= usize::from(u16::MAX) {
            return Err(Error::input(format!("{} regions; at most {} can be told apart", region_names.len(), u16::MAX - 1)));
        }
        let mut by_label = vec![Tissue::new("the default tissue", &plan.default)?];
        for name in region_names {
            by_label.push(Tissue::new(&format!("region \"{name}\""), plan.of(name))?);
        }
        let table_of = by_label
            .iter()
            .map(|tissue| by_label.iter().position(|other| tissue.same_bed(other)).map_or(0, |first| first as u16))
            .collect();
        Ok(Self { by_label, table_of, names: region_names.to_vec() })
    }

    /// Tissue of a label (0 = outside all regions).
    pub fn of_label(&self, label: u16) -> &Tissue {
        &self.by_label[usize::from(label)]
    }

    /// Label that stands for all labels with the same BED parameters as this one.
    pub(super) fn table_of(&self, label: u16) -> u16 {
        self.table_of[usize::from(label)]
    }

    /// Number of labels, the 0 of "no region" included.
    pub fn labels(&self) -> usize {
        self.by_label.len()
    }

    /// Region names; the label of a region is 1 + its position.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}
