//! The voxel model on the processor's cores.
//!
//! A voxel meets others only through the antigen, which is summed as integers: any number of threads, and any order of voxels, gives the same
//! bits.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

use super::{
    biology::{State, biology_antigen, biology_consumption, biology_correct, biology_predict, biology_rates},
    oxygen::oxygen_lookup,
    radiation::{RadiationState, radiation_apply, radiation_damage, radiation_dose},
    reduce::{reduce_quanta, reduce_value},
};
use crate::{
    error::{Error, Result},
    response::maps::LQ_UNREPAIRED_LIMIT,
    response::tme::{
        FIELDS, Field, VoxelSource,
        layout::{Maps, RadiationStep},
        model::{ModelInput, StepInput, Unrepaired, VoxelModel},
        oxygen_state::Oxygen,
        real::Real,
        row::Row,
        stage::Stage,
    },
};

/// Oxygen by row, perfusion, consumption (both over those at the start) and capillary pO2 (mmHg).
pub type OxygenFunction<R> = Box<dyn Fn(usize, R, R, R) -> Oxygen<R> + Send + Sync>;

/// How a voxel's oxygen is found.
pub enum CpuOxygen<R> {
    /// All cells have it.
    Off,
    /// From tables of the closure: their words, and where that of each row begins.
    Tables(Arc<[R]>, Vec<u32>),
    /// From what is in the voxel.
    Closure(OxygenFunction<R>),
    /// From outside, for every voxel.
    Voxels(Vec<Oxygen<R>>),
}

impl<R> std::fmt::Debug for CpuOxygen<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Tables(..) => "Tables",
            Self::Closure(_) => "Closure",
            Self::Voxels(_) => "Voxels",
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Voxel<R> {
    state: State<R>,
    radiation: RadiationState<R>,
    /// First stage of a half step.
    predicted: State<R>,
}

/// Voxels in f32, as on the GPU, or in f64.
#[derive(Debug)]
pub struct CpuModel<R> {
    rows: Vec<Row<R>>,
    row_of: Vec<u8>,
    voxels: Vec<Voxel<R>>,
    oxygen: CpuOxygen<R>,
    repair: Vec<f64>,
    /// Positions in `repair` for tumour and endothelium, by row.
    sets: Vec<[u32; 2]>,
    maps: Maps,
    amplitudes: Vec<R>,
    antigen_scale: R,
    /// Antigen of the present state, in quanta.
    antigen: u128,
    threads: usize,
    /// Bits of the highest unrepaired dose above the limit (positive floats are ordered as their bits), and how often one rose above it.
    unrepaired: (AtomicU32, AtomicU64),
}

/// Below this many voxels a thread is not worth its start.
const SHARE: usize = 2048;

/// Quanta of antigen per unit in f64: 2^60, so that its digits are all in.
const FINE: f64 = 1_152_921_504_606_846_976.0;

fn fine<R>() -> bool {
    size_of::<R>() > size_of::<f32>()
}

fn quanta<R: Real>(share: R) -> u128 {
    if fine::<R>() { (share.wide().max(0.0) * FINE) as u128 } else { reduce_quanta(share).into() }
}

impl<R: Real> CpuModel<R> {
    /// Voxels at the start; `threads`: none for one per core.
    ///
    /// # Errors
    /// [`Error::Input`] if fields, oxygen and voxels differ in number.
    pub fn new(input: &ModelInput, oxygen: CpuOxygen<R>, threads: Option<usize>) -> Result<Self> {
        let n = input.voxels();
        let given = if let CpuOxygen::Voxels(voxels) = &oxygen { voxels.len() } else { n };
        if input.fields.len() != FIELDS * n || given != n {
            let found = input.fields.len();
            return Err(Error::input(format!(
                "{n} voxels have {found} values in {FIELDS} fields and oxygen for {given}; each needs one of each"
            )));
        }
        let empty = Voxel { state: State::default(), radiation: RadiationState::default(), predicted: State::default() };
        let (repair, sets) = input.repair();
        let mut model = Self {
            rows: input.rows.iter().map(|row| row.map(R::of)).collect(),
            row_of: input.row_of.clone(),
            voxels: vec![empty; n],
            oxygen,
            repair,
            sets,
            maps: Maps::default(),
            amplitudes: Vec::new(),
            antigen_scale: R::of(input.antigen_scale),
            antigen: 0,
            threads: threads.or_else(|| std::thread::available_parallelism().ok().map(NonZero::get)).unwrap_or(1).max(1),
            unrepaired: Default::default(),
        };
        for (place, voxel) in model.voxels.iter_mut().enumerate() {
            for (field, value) in values_mut(voxel).into_iter().enumerate() {
                *value = R::of(input.fields[field * n + place]);
            }
        }
        model.antigen = model.sum();
        Ok(model)
    }

    fn row(&self, voxel: usize) -> &Row<R> {
        &self.rows[usize::from(self.row_of[voxel])]
    }

    fn oxygen(&self, voxel: usize, stage: &Stage<R>, state: &State<R>) -> Oxygen<R> {
        match &self.oxygen {
            CpuOxygen::Off => Oxygen::full(),
            CpuOxygen::Voxels(voxels) => voxels[voxel],
            CpuOxygen::Tables(words, at) => {
                let (region, row) = (usize::from(self.row_of[voxel]), self.row(voxel));
                let consumption = biology_consumption(row, stage, state);
                oxygen_lookup(words, at[region], state.vessels, consumption, row.capillary + stage.capillary)
            }
            CpuOxygen::Closure(closure) => {
                let row = self.row(voxel);
                let consumption = biology_consumption(row, stage, state);
                closure(usize::from(self.row_of[voxel]), state.vessels, consumption, row.capillary + stage.capillary)
            }
        }
    }

    fn presented(&self, voxel: usize, state: &State<R>) -> u128 {
        quanta(biology_antigen(self.row(voxel), state))
    }

    /// A stage with the antigen of these quanta.
    fn stage(&self, stage: &Stage<f64>, quanta: u128) -> Stage<R> {
        let sum = if fine::<R>() { R::of(quanta as f64 / FINE) } else { reduce_value(quanta as u64) };
        Stage { antigen: sum * self.antigen_scale, ..stage.map(R::of) }
    }

    fn sum(&self) -> u128 {
        (0..self.voxels.len()).map(|voxel| self.presented(voxel, &self.voxels[voxel].state)).sum()
    }

    /// Changes every voxel; returns the sum of what `change` returns.
    fn each(&mut self, change: impl Fn(&Self, usize, &mut Voxel<R>) -> u128 + Sync) -> u128 {
        let mut voxels = std::mem::take(&mut self.voxels);
        let model = &*self;
        let threads = self.threads.min(voxels.len().div_ceil(SHARE)).max(1);
        let part = voxels.len().div_ceil(threads).max(1);
        let run = |first: usize, voxels: &mut [Voxel<R>]| -> u128 {
            voxels.iter_mut().enumerate().map(|(i, voxel)| change(model, first + i, voxel)).sum()
        };
        let sum = if threads == 1 {
            run(0, &mut voxels)
        } else {
            std::thread::scope(|scope| {
                let parts = voxels.chunks_mut(part).enumerate();
                let running: Vec<_> = parts.map(|(i, voxels)| scope.spawn(move || run(i * part, voxels))).collect();
                running.into_iter().map(|thread| thread.join().expect("no voxel panics")).sum()
            })
        };
        self.voxels = voxels;
        sum
    }

    /// First stage of a half step.
    fn predict(&mut self, stage: &Stage<R>) -> u128 {
        self.each(|model, place, voxel| {
            let row = model.row(place);
            let rates = biology_rates(row, stage, &voxel.state, &model.oxygen(place, stage, &voxel.state));
            voxel.predicted = biology_predict(row, &voxel.state, &rates, stage.length);
            model.presented(place, &voxel.predicted)
        })
    }

    /// Second stage, and the radiation if it follows.
    fn correct(&mut self, stage: &Stage<R>, radiation: Option<(&Stage<R>, &RadiationStep<R>)>) -> u128 {
        self.each(|model, place, voxel| {
            let row = model.row(place);
            let rates = biology_rates(row, stage, &voxel.predicted, &model.oxygen(place, stage, &voxel.predicted));
            voxel.state = biology_correct(row, &voxel.state, &voxel.predicted, &rates, stage.length);
            if let Some((stage, step)) = radiation {
                model.irradiate(place, stage, step, voxel);
            }
            model.presented(place, &voxel.state)
        })
    }

    fn irradiate(&self, place: usize, stage: &Stage<R>, step: &RadiationStep<R>, voxel: &mut Voxel<R>) {
        let (row, [tumour, vessel]) = (self.row(place), self.sets[usize::from(self.row_of[place])]);
        let (maps, n, so_far) = (&self.amplitudes, self.row_of.len(), voxel.radiation);
        let damage = |set: u32, low: R, high: R| radiation_damage(step, maps, n, place, set as usize, row.root_beta_high, low, high);
        let oxygen = self.oxygen(place, stage, &voxel.state);
        let dose = radiation_dose(step, maps, n, place);
        let (same, ratio) = (vessel == tumour, row.root_beta_high);
        let tumour = damage(tumour, so_far.unrepaired_low, so_far.unrepaired_high);
        // Where both repair alike, both have always had the same damage.
        let vessel = if same { tumour } else { damage(vessel, so_far.vessel_low, so_far.vessel_high) };
        let unrepaired = tumour.low + ratio * tumour.high;
        let limit = R::of(LQ_UNREPAIRED_LIMIT);
        if unrepaired > limit {
            self.unrepaired.0.fetch_max((unrepaired.wide() as f32).to_bits(), Relaxed);
            if so_far.unrepaired_low + ratio * so_far.unrepaired_high <= limit {
                self.unrepaired.1.fetch_add(1, Relaxed);
            }
        }
        (voxel.state, voxel.radiation) = radiation_apply(row, stage, &oxygen, &dose, &tumour, &vessel, &voxel.state, &so_far);
    }
}

impl<R: Real> VoxelModel for CpuModel<R> {
    fn add_source(&mut self, source: &VoxelSource, scale: f64) -> Result<()> {
        let n = self.voxels.len();
        for map in self.maps.add(source) {
            if map.len() != n {
                return Err(Error::input(format!("a dose map of the response has {} values for {n} voxels", map.len())));
            }
            self.amplitudes.extend(map.iter().map(|&gray| R::of(f64::from(gray) * scale)));
        }
        Ok(())
    }

    fn set_oxygen(&mut self, oxygen: &[Oxygen<f64>]) -> Result<()> {
        let CpuOxygen::Voxels(voxels) = &mut self.oxygen else {
            return Err(Error::input("the response finds oxygen itself; it takes none from outside"));
        };
        if oxygen.len() != voxels.len() {
            return Err(Error::input(format!("oxygen of {} voxels for {}", oxygen.len(), voxels.len())));
        }
        let round = |o: &Oxygen<f64>| Oxygen {
            po2: R::of(o.po2),
            hypoxic: R::of(o.hypoxic),
            oxic_weight: R::of(o.oxic_weight),
            hypoxic_weight: R::of(o.hypoxic_weight),
        };
        *voxels = oxygen.iter().map(round).collect();
        Ok(())
    }

    fn step(&mut self, step: &StepInput) -> Result<()> {
        let repair: Vec<f64> = self.repair.iter().map(|mu| mu * step.repair).collect();
        let radiation = RadiationStep::new(step.activity, &self.maps, &repair);
        let predicted = self.predict(&self.stage(&step.first[0], self.antigen));
        let frozen = self.stage(&step.radiation, predicted);
        let half = self.correct(&self.stage(&step.first[1], predicted), Some((&frozen, &radiation)));
        let predicted = self.predict(&self.stage(&step.second[0], half));
        self.antigen = self.correct(&self.stage(&step.second[1], predicted), None);
        Ok(())
    }

    fn antigen(&mut self) -> Result<f64> {
        Ok(self.stage(&Stage::neutral(0.0), self.antigen).antigen.wide())
    }

    fn unrepaired(&mut self) -> Result<Unrepaired> {
        let (highest, times) = &self.unrepaired;
        Ok(Unrepaired { highest: f32::from_bits(highest.load(Relaxed)).into(), times: times.load(Relaxed) })
    }

    fn fields(&mut self) -> Result<Vec<f64>> {
        let n = self.voxels.len();
        let mut fields = vec![0.0; FIELDS * n];
        for (place, voxel) in self.voxels.iter_mut().enumerate() {
            for (field, value) in values_mut(voxel).into_iter().enumerate() {
                fields[field * n + place] = value.wide();
            }
        }
        Ok(fields)
    }

    fn set_field(&mut self, field: Field, values: &[f64]) -> Result<()> {
        if values.len() != self.voxels.len() {
            return Err(Error::input(format!("a field of {} values for {} voxels", values.len(), self.voxels.len())));
        }
        for (voxel, value) in self.voxels.iter_mut().zip(values) {
            *values_mut(voxel)[field as usize] = R::of(*value);
        }
        self.antigen = self.sum();
        Ok(())
    }
}

/// The fields of a voxel in the order of [`Field`].
fn values_mut<R>(voxel: &mut Voxel<R>) -> [&mut R; FIELDS] {
    let Voxel { state: s, radiation: r, .. } = voxel;
    [
        &mut s.oxic,
        &mut s.hypoxic,
        &mut s.doomed,
        &mut s.dead,
        &mut s.vessels,
        &mut s.endothelium,
        &mut s.caf,
        &mut s.m1,
        &mut s.m2,
        &mut s.primed,
        &mut s.effector,
        &mut s.pdl1,
        &mut s.targets,
        &mut s.emitters,
        &mut s.signal,
        &mut r.unrepaired_low,
        &mut r.unrepaired_high,
        &mut r.vessel_low,
        &mut r.vessel_high,
        &mut r.dose_low,
        &mut r.dose_high,
        &mut r.effect_high,
        &mut r.encounter,
        &mut s.cleared,
        &mut s.born,
        &mut s.recent,
        &mut s.doomed_first,
        &mut s.doomed_second,
    ]
}
