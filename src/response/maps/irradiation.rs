//! What is irradiated, and how: the input of the response, checked.

use std::ops::Range;

use super::pairs::PairTable;
use super::shape::Shape;
use crate::dose::{DoseRateComponent, external::ExternalDose};
use crate::error::{Error, Result};
use crate::phantom::Phantom;
use crate::plan::ResponsePlan;
use crate::response::tissue::{Tissue, Tissues};
use crate::source::Piece;
use crate::volume::Volume;

/// Dose rates of all fractions on a phantom with tissues.
#[derive(Debug)]
pub struct Irradiation<'a> {
    pub(super) components: &'a [DoseRateComponent],
    /// Shape of each component and its amplitude, Bq; `None` without activity.
    pub(super) shape_of: Vec<Option<(usize, f64)>>,
    /// Sorted by fraction, then start.
    pub(super) shapes: Vec<Shape>,
    pub(super) fractions: Vec<Fraction>,
    pub(super) labels: &'a [u16],
    pub(super) tissues: Tissues,
    pub(super) external: &'a [ExternalDose],
    voxel_volume: f64,
}

/// What external sessions have delivered to a voxel, Gy.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct External {
    pub(super) dose: f64,
    pub(super) bed: f64,
    /// The highest dose of one session.
    pub(super) session: f64,
}

/// A fraction's number, and which shapes are its own.
#[derive(Debug, Clone)]
pub(super) struct Fraction {
    pub(super) number: u32,
    pub(super) shapes: Range<usize>,
}

impl<'a> Irradiation<'a> {
    /// Joins dose rates, phantom and radiobiology. Components may overlap in time in any way.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no component, a course has a value that is not a number or never ends, maps are of another size than the
    /// phantom, or tissue parameters are wrong.
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

        let own: Vec<Option<(Shape, f64)>> = components.iter().map(Shape::of).collect();
        let mut shapes: Vec<Shape> = own.iter().flatten().map(|(shape, _)| shape.clone()).collect();
        shapes.sort_by(Shape::order);
        let mut distinct: Vec<Shape> = Vec::new();
        for shape in shapes {
            if !distinct.iter().any(|known| known.same(&shape)) {
                distinct.push(shape);
            }
        }
        let mut numbers: Vec<u32> = components.iter().map(|c| c.fraction).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let at = |number: u32| distinct.partition_point(|shape| shape.fraction < number);
        let fractions = numbers.into_iter().map(|number| Fraction { number, shapes: at(number)..at(number + 1) }).collect();
        // Every component has put its own shape in, so the search finds it.
        let find = |(shape, amplitude): &(Shape, f64)| Some((distinct.iter().position(|known| known.same(shape))?, *amplitude));
        let shape_of = own.iter().map(|own| own.as_ref().and_then(find)).collect();
        let voxel_volume = phantom.grid.voxel_volume_cm3();
        Ok(Self { components, shape_of, shapes: distinct, fractions, labels: &phantom.regions, tissues, external: &[], voxel_volume })
    }

    /// With doses computed elsewhere, on the grid of the phantom.
    ///
    /// Each session is acute and its damage is repaired before anything else comes: sessions and fractions add up as
    /// `BED = n d (1 + d/(alpha/beta))`, `d = D/n`, beside the BED of the fractions.
    #[must_use]
    pub fn with_external(self, external: &'a [ExternalDose]) -> Self {
        Self { external, ..self }
    }

    /// The doses computed elsewhere.
    pub fn external(&self) -> &'a [ExternalDose] {
        self.external
    }

    /// Dose and BED (Gy) that external sessions have delivered to a voxel until a time (s), and the highest dose of one session.
    pub(super) fn external_until(&self, voxel: usize, tissue: &Tissue, until: f64) -> External {
        let mut sum = External::default();
        for external in self.external {
            let session = f64::from(external.dose.data[voxel]) / f64::from(external.plan.fractions);
            if session == 0.0 {
                continue;
            }
            // A session belongs to the time at which it is given; the last one to the whole treatment.
            let given = ((until - external.plan.start) / external.plan.interval).floor() + 1.0;
            let given = given.clamp(0.0, external.plan.fractions.into());
            sum.dose += given * session;
            sum.bed += given * session * (1.0 + session / tissue.parameters.alpha_beta);
            sum.session = sum.session.max(if given > 0.0 { session } else { 0.0 });
        }
        sum
    }

    /// BED (Gy) of one external dose in each of these voxels.
    pub fn external_bed(&self, external: &ExternalDose, voxels: impl Iterator<Item = usize>) -> Vec<f64> {
        let bed = |v: usize| {
            let session = f64::from(external.dose.data[v]) / f64::from(external.plan.fractions);
            let alpha_beta = self.tissues.of_label(self.labels[v]).parameters.alpha_beta;
            f64::from(external.plan.fractions) * session * (1.0 + session / alpha_beta)
        };
        voxels.map(bed).collect()
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

    /// Starts of all fractions, first and last sessions of external doses, s, ascending, each once.
    pub fn starts(&self) -> Vec<f64> {
        let sessions = |e: &ExternalDose| [e.plan.start, e.plan.start + e.plan.interval * f64::from(e.plan.fractions - 1)];
        let mut starts: Vec<f64> = self.components.iter().map(|component| component.start).collect();
        starts.extend(self.external.iter().flat_map(sessions));
        starts.sort_by(f64::total_cmp);
        starts.dedup();
        starts
    }

    /// A time scale of the tail, s: the longest mean life of any course without end, or 1/8 of the longest time to the last of its samples.
    pub fn longest_life(&self) -> f64 {
        let life = |component: &DoseRateComponent| {
            let pieces = &component.course.pieces;
            let samples = pieces.iter().flat_map(|p| [p.start, p.end]).filter(|t| t.is_finite()).fold(0.0, f64::max);
            let tail = pieces.iter().filter(|p| p.end.is_infinite()).map(|p| 1.0 / p.rate).fold(0.0, f64::max);
            tail.max(samples / 8.0)
        };
        self.components.iter().map(life).fold(0.0, f64::max)
    }

    /// True if any component carries high-LET dose.
    pub fn has_high_let(&self) -> bool {
        self.components.iter().any(|component| component.dose.high.is_some())
    }

    /// EQD2 of a map of BED (Gy) with each voxel's own alpha/beta.
    pub fn eqd2(&self, bed: &Volume<f32>) -> Volume<f32> {
        let factor = |label: u16| 1.0 / (1.0 + 2.0 / self.tissues.of_label(label).parameters.alpha_beta);
        let factors: Vec<f64> = (0..self.tissues.labels() as u16).map(factor).collect();
        let value = |(&bed, &label): (&f32, &u16)| (f64::from(bed) * factors[usize::from(label)]) as f32;
        Volume::new(bed.grid, bed.data.iter().zip(self.labels).map(value).collect())
    }

    /// One table per label that stands for others, for dose delivered until `until`, with bounds of the unrepaired dose.
    pub(super) fn tables(&self, until: f64) -> Vec<Option<PairTable>> {
        (0..self.tissues.labels() as u16)
            .map(|label| {
                let own = self.tissues.table_of(label) == label;
                let mu = self.tissues.of_label(label).mu;
                own.then(|| PairTable::new(&self.shapes, mu, until).with_peaks(&self.shapes, mu))
            })
            .collect()
    }
}

fn check(component: &DoseRateComponent, voxels: usize) -> Result<()> {
    let DoseRateComponent { name, fraction, start, course, dose } = component;
    let wrong = |what: String| Err(Error::input(format!("dose rate of \"{name}\" (fraction {fraction}): {what}")));
    if !start.is_finite() {
        return wrong(format!("the start is {start} s; it must be finite"));
    }
    for Piece { start, end, value, slope, rate, power: _ } in &course.pieces {
        if end.is_infinite() && !(rate.is_finite() && *rate > 0.0) {
            return wrong(format!(
                "the decay constant is {rate}/s in a part of the time course that never ends; it must be finite and positive"
            ));
        }
        if !(start.is_finite() && end > start && value.is_finite() && slope.is_finite() && rate.is_finite()) {
            return wrong(format!(
                "its time course has a part from {start} s to {end} s with {value} Bq, slope {slope} Bq/s and decay constant {rate}/s; all must be \
                 finite, and the end after the start"
            ));
        }
    }
    if !course.tia().is_finite() {
        return wrong(format!("the time-integrated activity is {} Bq s; its time course rises too fast", course.tia()));
    }
    for (map, kind) in [(Some(&dose.low), "low"), (dose.high.as_ref(), "high"), (dose.high_weighted.as_ref(), "weighted high")] {
        if let Some(found) = map.map(|map| map.len()).filter(|&found| found != voxels) {
            return wrong(format!("the {kind}-LET map has {found} voxels, the phantom {voxels}"));
        }
    }
    Ok(())
}
