//! The loop in time: fractions, drugs, blood and voxels from one event to the next.

mod record;
mod start;

use std::f64::consts::LN_2;

use super::{
    Delivery, Domain, Field, VoxelSource,
    baseline::{Clock, Rest, settle},
    blood::Lymphocytes,
    coefficients::Activities,
    cpu::biology::{State, biology_consumption, biology_emission},
    drugs::Drugs,
    marrow::Chain,
    model::{ModelInput, StepInput, Unrepaired, VoxelModel, field_of},
    oxygen_state::Oxygen,
    row::{Row, parameter},
    signals::{Signals, diffuse},
    stage::Stage,
    timeline::Timeline,
};
use crate::{
    error::{Error, Result},
    plan::{TissueParameters, TmePlan},
    units::SECONDS_PER_DAY,
};

pub(in crate::response::tme) use start::patients;
use start::{at_start, check, check_step, untreated_growth};

/// Where a simulation's oxygen comes from.
pub enum OxygenSource {
    /// All cells have enough.
    Off,
    /// By row, perfusion, consumption (both over those at the start) and capillary pO2 (mmHg); the voxel model must use the same function.
    Closure(Box<dyn Fn(usize, f64, f64, f64) -> Oxygen<f64> + Send + Sync>),
    /// Diffusion between voxels, solved at the start of every step.
    Field(Box<dyn OxygenField>),
}

impl std::fmt::Debug for OxygenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Closure(_) => "Closure",
            Self::Field(_) => "Field",
        })
    }
}

/// Oxygen that diffuses between voxels.
pub trait OxygenField {
    /// Oxygen of every voxel, for its consumption over that at the start, perfusion over that at the start, and a shift of the pO2 of the
    /// supply (mmHg).
    ///
    /// # Errors
    /// If there is no solution.
    fn solve(&mut self, consumption: &[f64], vessels: &[f64], shift: f64) -> Result<Vec<Oxygen<f64>>>;
}

/// Evolving voxels, the patient's blood and drugs, at one time.
pub struct Simulation {
    plan: TmePlan,
    domain: Domain,
    tissues: Vec<TissueParameters>,
    rows: Vec<Row<f64>>,
    rest: Vec<Rest>,
    /// Net growth rate of each region at the start, untreated, 1/d.
    untreated_growth: Vec<f64>,
    model: Box<dyn VoxelModel>,
    oxygen: OxygenSource,
    /// Oxygen of the voxels where it diffuses, at the start of the last step.
    diffused: Vec<Oxygen<f64>>,
    /// Bystander signals where they diffuse.
    signals: Option<Signals>,
    signals_diffuse: bool,
    sources: Vec<SourceState>,
    activities: Activities,
    /// Sources that the model has, in its order.
    active: Vec<usize>,
    drugs: Drugs,
    lymphocytes: Lymphocytes,
    /// Platelets and neutrophils.
    marrow: Option<[Chain; 2]>,
    blood_dose: f64,
    /// Viable cells of each region at the start.
    at_start: Vec<f64>,
    /// s on the plan's clock.
    time: f64,
    /// Starts of fractions whose vessels are still to be closed, s.
    embolisations: Vec<f64>,
    /// Times to come at which an activity begins, breaks off or changes its law, s.
    breaks: Vec<f64>,
    timeline: Timeline,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("time", &self.time).field("voxels", &self.domain.voxels.len()).finish_non_exhaustive()
    }
}

struct SourceState {
    source: VoxelSource,
    /// Gy per decay in blood and in marrow.
    blood: f64,
    marrow: f64,
    /// Its number in the model, once it has activity.
    number: Option<usize>,
}

impl Simulation {
    /// The untreated tumours. `tissues`: linear-quadratic parameters by region; `build` makes the voxel model.
    ///
    /// # Errors
    /// [`Error::Input`] if plan, domain and parameters do not fit together.
    pub fn new(
        plan: &TmePlan,
        tissues: &[TissueParameters],
        domain: &Domain,
        mut oxygen: OxygenSource,
        build: impl FnOnce(&ModelInput) -> Result<Box<dyn VoxelModel>>,
    ) -> Result<Self> {
        check(plan, tissues, domain)?;
        let sets: Vec<_> = plan.regions.iter().map(|region| (region.region.as_str(), &region.parameters)).collect();
        let cells: Vec<f64> = sets.iter().map(|(region, set)| parameter(region, set, "initial_cells")).collect::<Result<_>>()?;
        let row_of = &domain.row;

        // Oxygen of the untreated tumour.
        let capillary: Vec<f64> = sets.iter().map(|(region, set)| parameter(region, set, "capillary_po2")).collect::<Result<_>>()?;
        let untreated: Vec<Oxygen<f64>> = match &mut oxygen {
            OxygenSource::Off => vec![Oxygen::full(); row_of.len()],
            OxygenSource::Closure(closure) => {
                let by_row: Vec<_> = capillary.iter().enumerate().map(|(row, &p)| closure(row, 1.0, 1.0, p)).collect();
                row_of.iter().map(|&row| by_row[usize::from(row)]).collect()
            }
            OxygenSource::Field(field) => field.solve(&vec![1.0; row_of.len()], &vec![1.0; row_of.len()], 0.0)?,
        };
        let (mut counts, mut hypoxic) = (vec![0.0; sets.len()], vec![0.0; sets.len()]);
        for (&row, oxygen) in row_of.iter().zip(&untreated) {
            counts[usize::from(row)] += 1.0;
            hypoxic[usize::from(row)] += oxygen.hypoxic;
        }
        let total: f64 = counts.iter().zip(&cells).map(|(count, cells)| count * cells).sum();

        let signals_diffuse = diffuse(plan)?;
        let (mut rows, mut clocks, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (r, (region, set)) in sets.iter().enumerate() {
            let mean = hypoxic[r] / counts[r];
            rows.push(Row::new(region, set, &tissues[r], plan, mean)?);
            clocks.push(Clock::new(region, set, mean, counts[r] * cells[r] / total)?);
            names.push((*region).to_owned());
        }
        let (rest, volume) = settle(&names, &mut rows, &clocks, plan.immune)?;
        check_step(plan, &rows)?;
        if signals_diffuse {
            // They are set from outside and hold for a step.
            rows.iter_mut().for_each(|row| row.signal_loss = 0.0);
        }

        let input =
            ModelInput { fields: at_start(&rows, row_of, &rest, &untreated), rows, row_of: row_of.clone(), antigen_scale: volume / total };
        let model = build(&input)?;
        let patient = |name: &str| patients(plan, name, f64::MIN_POSITIVE);
        let lymphocytes = Lymphocytes::new(
            patients(plan, "lymphocyte_alpha", 0.0)?,
            LN_2 / patient("lymphocyte_recovery")?,
            patients(plan, "lymphocyte_at_once", 0.0)?,
            LN_2 / patient("lymphocyte_release")?,
        );
        let chain = |cells: &str| -> Result<Chain> {
            let of = |what: &str| patient(&format!("{cells}_{what}"));
            Ok(Chain::new(of("baseline")?, of("transit")?, of("feedback")?, patients(plan, "marrow_alpha", 0.0)?))
        };
        let marrow = if plan.marrow.is_some() { Some([chain("platelets")?, chain("neutrophils")?]) } else { None };
        let drugs = Drugs::new(&plan.drugs)?;
        let drug_names = drugs.others().map(|(name, _)| name.to_owned()).collect();
        let diffuses = matches!(oxygen, OxygenSource::Field(_));
        let mut simulation = Self {
            plan: plan.clone(),
            domain: domain.clone(),
            tissues: tissues.to_vec(),
            at_start: counts.iter().zip(&cells).map(|(count, cells)| count * cells).collect(),
            untreated_growth: untreated_growth(&input.rows, row_of, &input.fields, &untreated),
            rows: input.rows,
            rest,
            model,
            oxygen,
            diffused: if diffuses { untreated } else { Vec::new() },
            signals: None,
            signals_diffuse,
            sources: Vec::new(),
            activities: Activities::default(),
            active: Vec::new(),
            drugs,
            lymphocytes,
            marrow,
            blood_dose: 0.0,
            time: 0.0,
            embolisations: Vec::new(),
            breaks: Vec::new(),
            timeline: Timeline { drug_names, ..Timeline::default() },
        };
        simulation.record()?;
        Ok(simulation)
    }

    /// A source that deliveries may name; returns its number.
    ///
    /// # Errors
    /// [`Error::Input`] if its maps do not fit the domain, or a dose that the plan asks for (blood, marrow) was not scored.
    pub fn add_source(&mut self, source: VoxelSource) -> Result<usize> {
        let n = self.domain.voxels.len();
        let mut maps = vec![&source.low];
        maps.extend(source.high.iter().flat_map(|high| [&high.dose, &high.effect, &high.effect_oxygen]));
        if let Some(map) = maps.iter().find(|map| map.len() != n) {
            return Err(Error::input(format!("a dose map of the response has {} values; {n} voxels evolve", map.len())));
        }
        if let Some(value) = maps.iter().flat_map(|map| map.iter()).find(|value| !(value.is_finite() && **value >= 0.0)) {
            return Err(Error::input(format!("a dose map of the response has the value {value}; doses are finite and zero or more")));
        }
        let blood = match (&self.plan.blood, source.blood) {
            (Some(_), Some(blood)) => blood,
            (Some(region), None) => return Err(Error::input(format!("the dose of a source in \"{region}\" (blood) was not scored"))),
            (None, _) => {
                let high = source.high.iter().flat_map(|high| &high.dose);
                let sum: f64 = source.low.iter().chain(high).map(|&gray| f64::from(gray)).sum();
                patients(&self.plan, "blood_dose_ratio", 0.0)? * sum / n as f64
            }
        };
        let marrow = match (&self.plan.marrow, source.marrow) {
            (Some(_), Some(marrow)) => marrow,
            (Some(region), None) => return Err(Error::input(format!("the dose of a source in \"{region}\" (marrow) was not scored"))),
            (None, _) => 0.0,
        };
        self.sources.push(SourceState { source, blood, marrow, number: None });
        Ok(self.sources.len() - 1)
    }

    /// Gives an activity of a source.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no such source, or the fraction begins before now.
    pub fn deliver(&mut self, delivery: Delivery) -> Result<()> {
        let Some(state) = self.sources.get_mut(delivery.source) else {
            return Err(Error::input(format!("there is no source {} to deliver; there are {}", delivery.source, self.sources.len())));
        };
        if delivery.start < self.time {
            return Err(Error::input(format!(
                "a fraction at {} s begins before the present time of the response, {} s",
                delivery.start, self.time
            )));
        }
        let number = state.number.unwrap_or(self.active.len());
        self.embolisations.push(delivery.start);
        // A pulse inside a step would count as if it came in the middle.
        let edges = delivery.course.pieces.iter().flat_map(|piece| [piece.start, piece.end]);
        self.breaks.extend(edges.filter(|edge| edge.is_finite()).map(|edge| delivery.start + edge));
        self.breaks.sort_by(f64::total_cmp);
        self.breaks.dedup();
        self.activities.deliver(&Delivery { source: number, ..delivery })?;
        if state.number.is_none() && self.activities.scale(number) > 0.0 {
            self.model.add_source(&state.source, self.activities.scale(number))?;
            state.number = Some(number);
            self.active.push(delivery.source);
        }
        Ok(())
    }

    /// Lets bystander signals diffuse; needed where [`diffuse`] says that they do.
    pub fn set_signals(&mut self, signals: Signals) {
        self.signals = Some(signals);
    }

    /// Present time, s on the plan's clock.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Constants of the regions, in the order of the domain.
    pub fn rows(&self) -> &[Row<f64>] {
        &self.rows
    }

    /// What drugs do now, those given at this very time included.
    pub fn stage(&self) -> Stage<f64> {
        let mut drugs = self.drugs.clone();
        drugs.give(self.time);
        drugs.stage(0.0)
    }

    /// The immune state of the untreated tumours, by region.
    pub fn rest(&self) -> &[Rest] {
        &self.rest
    }

    /// Net growth rate of the viable cells of each region at the start, without treatment, 1/d: at that packing and with that oxygen, the immune
    /// part at rest included. `net_doubling_time` is what holds at low packing, where it is faster.
    pub fn untreated_growth(&self) -> &[f64] {
        &self.untreated_growth
    }

    /// Rows so far, the present time included if one is due.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Unrepaired dose beyond the limit of the linear-quadratic model so far.
    ///
    /// # Errors
    /// Errors of devices.
    pub fn unrepaired(&mut self) -> Result<Unrepaired> {
        self.model.unrepaired()
    }

    /// Advances to a time, s on the plan's clock. What happens at that very time is left for the next call.
    ///
    /// # Errors
    /// [`Error::Input`] if the time is past or beyond the horizon, or a state is no number; errors of devices.
    pub fn advance(&mut self, until: f64) -> Result<()> {
        if !(until >= self.time && until <= self.plan.horizon) {
            let message = format!("the response cannot go from {} s to {until} s; it ends at {} s", self.time, self.plan.horizon);
            return Err(Error::input(message));
        }
        if self.signals_diffuse && self.signals.is_none() {
            return Err(Error::input("response: bystander signals diffuse, but nothing solves their diffusion"));
        }
        while self.time < until {
            self.begin()?;
            let next = self.next(until);
            self.step(next)?;
            if self.due() {
                self.record()?;
            }
        }
        Ok(())
    }

    /// What happens at the present time.
    fn begin(&mut self) -> Result<()> {
        self.drugs.give(self.time);
        // One fraction is often many deliveries: vessels are closed once.
        let starting = self.embolisations.iter().any(|start| *start <= self.time);
        self.embolisations.retain(|start| *start > self.time);
        self.breaks.retain(|time| *time > self.time);
        if starting && self.rows.iter().any(|row| row.embolised > 0.0) {
            let fields = self.fields()?;
            let left = |(vessels, &row): (&f64, &u8)| vessels * (1.0 - self.rows[usize::from(row)].embolised);
            let vessels: Vec<f64> = field_of(&fields, Field::Vessels).iter().zip(&self.domain.row).map(left).collect();
            self.model.set_field(Field::Vessels, &vessels)?;
        }
        Ok(())
    }

    /// End of the next step: the next multiple of the step's length, or what happens before.
    fn next(&self, until: f64) -> f64 {
        let grid = |length: f64| ((self.time / length + 1.0e-9).floor() + 1.0) * length;
        let events = self
            .embolisations
            .iter()
            .chain(&self.breaks)
            .chain(&self.plan.maps_at)
            .copied()
            .chain(self.drugs.next_dose())
            .chain([grid(self.plan.timeline)]);
        events.filter(|event| *event > self.time).fold(grid(self.plan.step).min(until), f64::min)
    }

    fn due(&self) -> bool {
        let rows = self.time / self.plan.timeline;
        (rows - rows.round()).abs() < 1.0e-6 || self.time == self.plan.horizon || self.plan.maps_at.contains(&self.time)
    }

    fn step(&mut self, next: f64) -> Result<()> {
        let (from, to) = (self.time / SECONDS_PER_DAY, next / SECONDS_PER_DAY);
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        if matches!(self.oxygen, OxygenSource::Field(_)) || self.signals.is_some() {
            self.diffuse(half)?;
        }
        let first = self.patient(from, half);
        let middle_stage = [first[1], Stage { length: half, ..first[1] }];
        let repair = self.drugs.repair();
        let second = self.patient(middle, half);
        let activity = self.activities.within(from, to);
        self.model.step(&StepInput { first, radiation: middle_stage[1], second, activity: &activity, repair })?;
        self.time = next;
        Ok(())
    }

    /// Advances blood and drugs by half a step; returns the stages before and after.
    fn patient(&mut self, from: f64, length: f64) -> [Stage<f64>; 2] {
        let stage = |of: &Self| Stage { lymphocytes: of.lymphocytes.able, ..of.drugs.stage(length) };
        let before = stage(self);
        let (activities, sources, active) = (&self.activities, &self.sources, &self.active);
        let dose = |of: fn(&SourceState) -> f64, begin: f64, end: f64| -> f64 {
            let activity = activities.within(from + begin, from + end);
            activity.sources().zip(activity.decays()).map(|(source, decays)| of(&sources[active[source]]) * decays).sum()
        };
        self.blood_dose += dose(|source| source.blood, 0.0, length);
        self.lymphocytes.advance(length, |begin, end| dose(|source| source.blood, begin, end));
        for chain in self.marrow.iter_mut().flatten() {
            chain.advance(length, |begin, end| dose(|source| source.marrow, begin, end));
        }
        self.drugs.advance(length);
        [before, stage(self)]
    }

    /// Solves oxygen and signals for the cells that are there now.
    fn diffuse(&mut self, length: f64) -> Result<()> {
        let fields = self.fields()?;
        let stage = self.drugs.stage(length);
        let consumption: Vec<f64> =
            (0..self.domain.row.len()).map(|voxel| biology_consumption(self.row(voxel), &stage, &state(&fields, voxel))).collect();
        if let OxygenSource::Field(field) = &mut self.oxygen {
            self.diffused = field.solve(&consumption, field_of(&fields, Field::Vessels), stage.capillary)?;
            self.model.set_oxygen(&self.diffused)?;
        }
        if let Some(signals) = &mut self.signals {
            let spread = signals.spread((0..self.domain.row.len()).map(|voxel| biology_emission(&state(&fields, voxel))))?;
            self.model.set_field(Field::Signal, &spread)?;
        }
        Ok(())
    }

    fn row(&self, voxel: usize) -> &Row<f64> {
        &self.rows[usize::from(self.domain.row[voxel])]
    }

    fn fields(&mut self) -> Result<Vec<f64>> {
        let fields = self.model.fields()?;
        if let Some(bad) = fields.iter().position(|value| !value.is_finite()) {
            let (n, day) = (self.domain.row.len(), self.time / SECONDS_PER_DAY);
            let region = &self.domain.regions[usize::from(self.domain.row[bad % n])];
            return Err(Error::input(format!(
                "response: field {} of voxel {} (region \"{region}\") is no finite number on day {day}; is a parameter of the region far out of \
                 its range?",
                bad / n,
                self.domain.voxels[bad % n]
            )));
        }
        Ok(fields)
    }
}

/// What biology changes in a voxel.
fn state(fields: &[f64], voxel: usize) -> State<f64> {
    let of = |field: Field| field_of(fields, field)[voxel];
    State {
        oxic: of(Field::Oxic),
        hypoxic: of(Field::Hypoxic),
        doomed: of(Field::Doomed),
        dead: of(Field::Dead),
        vessels: of(Field::Vessels),
        endothelium: of(Field::Endothelium),
        caf: of(Field::Caf),
        m1: of(Field::M1),
        m2: of(Field::M2),
        primed: of(Field::Primed),
        effector: of(Field::Effector),
        pdl1: of(Field::PdL1),
        targets: of(Field::Target),
        emitters: of(Field::Emitters),
        signal: of(Field::Signal),
        cleared: of(Field::Cleared),
        born: of(Field::Born),
        recent: of(Field::Recent),
        doomed_first: of(Field::DoomedFirst),
        doomed_second: of(Field::DoomedSecond),
    }
}
