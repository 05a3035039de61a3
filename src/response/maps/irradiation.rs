//! What is irradiated, and how: the input of the response, checked.

use std::ops::Range;

use super::pairs::{PairTable, Term};
use crate::dose::DoseRateComponent;
use crate::error::{Error, Result};
use crate::phantom::Phantom;
use crate::plan::ResponsePlan;
use crate::response::tissue::Tissues;

/// Dose rates of all fractions on a phantom with tissues.
#[derive(Debug)]
pub struct Irradiation<'a> {
    pub(super) components: &'a [DoseRateComponent],
    /// Term of each component.
    pub(super) term_of: Vec<usize>,
    /// Sorted by fraction, then start and decay constant.
    pub(super) terms: Vec<Term>,
    pub(super) fractions: Vec<Fraction>,
    pub(super) labels: &'a [u16],
    pub(super) tissues: Tissues,
    voxel_volume: f64,
}

/// A fraction's number, and which terms are its own.
#[derive(Debug, Clone)]
pub(super) struct Fraction {
    pub(super) number: u32,
    pub(super) terms: Range<usize>,
}

impl<'a> Irradiation<'a> {
    /// Joins dose rates, phantom and radiobiology. Components may overlap in time in any way.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no component, a component does not decay, has a start or activity that is not a number or maps of another
    /// size than the phantom, or if tissue parameters are wrong.
    pub fn new(components: &'a [DoseRateComponent], phantom: &'a Phantom, plan: &ResponsePlan) -> Result<Self> {
        let tissues = Tissues::new(plan, &phantom.region_names)?;
        if components.is_empty() {
            return Err(Error::input("the response needs the dose rate of at least one component; there is none"));
        }
        let voxels = phantom.grid.len();
        for component in components {
            check(component, voxels)?;
        }
        if phantom.regions.len() != voxels {
            return Err(Error::input(format!("the phantom has {voxels} voxels but region labels for {}", phantom.regions.len())));
        }
        if let Some(v) = phantom.regions.iter().position(|&label| usize::from(label) >= tissues.labels()) {
            let (label, known) = (phantom.regions[v], tissues.labels() - 1);
            return Err(Error::input(format!("voxel {v} has region label {label}, but there are {known} regions")));
        }

        let term = |c: &DoseRateComponent| Term { fraction: c.fraction, start: c.start, lambda: c.lambda };
        let mut terms: Vec<Term> = components.iter().map(term).collect();
        terms.sort_by(|a, b| a.fraction.cmp(&b.fraction).then(a.start.total_cmp(&b.start)).then(a.lambda.total_cmp(&b.lambda)));
        terms.dedup();
        let mut fractions: Vec<Fraction> = Vec::new();
        for (i, term) in terms.iter().enumerate() {
            match fractions.last_mut() {
                Some(last) if last.number == term.fraction => last.terms.end = i + 1,
                _ => fractions.push(Fraction { number: term.fraction, terms: i..i + 1 }),
            }
        }
        // Every component has put its own term in, so the search finds it.
        let term_of = components.iter().filter_map(|c| terms.iter().position(|t| *t == term(c))).collect();
        let voxel_volume = phantom.grid.voxel_volume_cm3();
        Ok(Self { components, term_of, terms, fractions, labels: &phantom.regions, tissues, voxel_volume })
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.labels.len()
    }

    /// Volume of a voxel, mL.
    pub fn voxel_volume(&self) -> f64 {
        self.voxel_volume
    }

    /// Region label per voxel: 0 = none, else 1 + position of the region.
    pub fn labels(&self) -> &[u16] {
        self.labels
    }

    /// The tissue of every region.
    pub fn tissues(&self) -> &Tissues {
        &self.tissues
    }

    /// Numbers of the fractions, ascending.
    pub fn fraction_numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.fractions.iter().map(|fraction| fraction.number)
    }

    /// Starts of all fractions, s, ascending, each once.
    pub fn starts(&self) -> Vec<f64> {
        let mut starts: Vec<f64> = self.terms.iter().map(|term| term.start).collect();
        starts.sort_by(f64::total_cmp);
        starts.dedup();
        starts
    }

    /// The slowest decay constant, 1/s.
    pub fn slowest_decay(&self) -> f64 {
        self.terms.iter().map(|term| term.lambda).fold(f64::INFINITY, f64::min)
    }

    /// True if any component carries high-LET dose.
    pub fn has_high_let(&self) -> bool {
        self.components.iter().any(|component| component.dose.high.is_some())
    }

    /// One table per label that stands for others, for dose delivered until `until`.
    pub(super) fn tables(&self, until: f64) -> Vec<Option<PairTable>> {
        (0..self.tissues.labels() as u16)
            .map(|label| {
                let own = self.tissues.table_of(label) == label;
                own.then(|| PairTable::new(&self.terms, self.tissues.of_label(label).mu, until))
            })
            .collect()
    }
}

fn check(component: &DoseRateComponent, voxels: usize) -> Result<()> {
    let DoseRateComponent { name, fraction, lambda, start, activity, dose, .. } = component;
    let wrong = |what: String| Err(Error::input(format!("dose rate of \"{name}\" (fraction {fraction}): {what}")));
    if !(lambda.is_finite() && *lambda > 0.0) {
        return wrong(format!("the decay constant is {lambda}/s; it must be finite and positive"));
    }
    if !(start.is_finite() && activity.is_finite()) {
        return wrong(format!("the start is {start} s and the activity {activity} Bq; both must be finite"));
    }
    for (map, kind) in [(Some(&dose.low), "low"), (dose.high.as_ref(), "high")] {
        if let Some(found) = map.map(|map| map.len()).filter(|&found| found != voxels) {
            return wrong(format!("the {kind}-LET map has {found} voxels, the phantom {voxels}"));
        }
    }
    Ok(())
}
