//! The CPU backend: all histories of a batch on any number of threads, with the same result.
//! Twin of the kernels: `shaders/kernels/*.wgsl`.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{
    alpha::{alpha_advance, alpha_start},
    decay::{DECAY_DRAWS, Decay, decay_normal, decay_start},
    electron::{
        ELECTRON_EVENT, ELECTRON_MOVING, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronDeposit, ElectronWaiting, electron_advance,
        electron_begin_step, electron_deflect, electron_start, electron_wait,
    },
    event::{EventPhoton, event_first_interactions, event_happen, event_stays},
    interaction::{InteractionElectron, interaction_happen},
    photon::{PHOTON_FLYING, PHOTON_INTERACTION, PHOTON_TRACING, Photon, photon_fly, photon_start, photon_trace},
    tables::{table_electron_range, table_energy, table_family},
    tally::{Tally, tally_add, tally_mev, tally_quanta},
    voxel::voxel_material,
};
use crate::{
    error::Result,
    transport::{
        backend::{Backend, BatchResult, DeviceInfo, Job, Particle, Sums, World},
        constants::{ALPHA_SIGMA_AT, KIND_ELECTRON, KIND_PHOTON, KIND_POSITRON, MODE_OFF, MODE_TRACK_LENGTH, REST_QUANTA, STACK},
        layout::{Params, Queued},
    },
};

/// Histories that a thread takes at a time.
const BLOCK: u64 = 512;

/// Transport on the CPU.
#[derive(Debug)]
pub struct Cpu<'a> {
    world: World<'a>,
    threads: usize,
    energy: Tally,
    energy_let: Option<Tally>,
    energy_quality: Option<Tally>,
}

impl<'a> Cpu<'a> {
    /// A backend with `threads` threads.
    pub fn new(world: World<'a>, threads: usize) -> Self {
        let voxels = world.geometry.len();
        Self { world, threads: threads.max(1), energy: Tally::new(voxels), energy_let: None, energy_quality: None }
    }
}

impl Backend for Cpu<'_> {
    fn device(&self) -> DeviceInfo {
        DeviceInfo {
            name: format!("CPU twin, {} thread{}", self.threads, if self.threads == 1 { "" } else { "s" }),
            kind: "cpu".into(),
            backend: "cpu".into(),
            driver: String::new(),
            vendor: 0,
        }
    }

    fn run(&mut self, job: &Job<'_>, batch: u32, report: &(dyn Fn(u64) + Sync)) -> Result<BatchResult> {
        job.check(&self.world, batch)?;
        let params = self.world.params(job, batch);
        if job.particle == Particle::Alpha {
            let voxels = self.world.geometry.len();
            self.energy_let.get_or_insert_with(|| Tally::new(voxels));
            if self.world.tables.quality {
                self.energy_quality.get_or_insert_with(|| Tally::new(voxels));
            }
        }
        let shells = params.shells > 0;
        let histories = u64::from(params.count);
        let next = AtomicU64::new(0);
        let total = Mutex::new(Sums::default());
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    let mut thread = Thread { cpu: self, params: &params, job, sums: Sums::default(), queue: Vec::new() };
                    loop {
                        let first = next.fetch_add(BLOCK, Relaxed);
                        if first >= histories {
                            break;
                        }
                        let last = (first + BLOCK).min(histories);
                        for place in first..last {
                            if shells {
                                thread.history::<true>(place as u32);
                            } else {
                                thread.history::<false>(place as u32);
                            }
                        }
                        report(last - first);
                    }
                    total.lock().expect("no thread panics with the lock").add(&thread.sums);
                });
            }
        });
        let sums = total.into_inner().expect("all threads are done");
        let alphas = |tally: &mut Option<Tally>| tally.as_mut().filter(|_| job.particle == Particle::Alpha).map(Tally::take);
        let (energy_let, energy_quality) = (alphas(&mut self.energy_let), alphas(&mut self.energy_quality));
        Ok(BatchResult { energy: self.energy.take(), energy_let, energy_quality, sums })
    }
}

/// What a thread works with.
struct Thread<'a> {
    cpu: &'a Cpu<'a>,
    params: &'a Params,
    job: &'a Job<'a>,
    sums: Sums,
    /// Particles of the other kind, of the present history alone: their order does not matter.
    queue: Vec<Queued>,
}

impl Thread<'_> {
    /// A history with all its secondaries.
    fn history<const SHELLS: bool>(&mut self, place: u32) {
        let voxels = self.cpu.world.geometry.words();
        let decay = decay_start::<SHELLS>(self.params, voxels, self.job.source, self.job.spectrum, place);
        self.sums.histories += 1;
        match self.job.particle {
            Particle::Alpha => self.alpha::<SHELLS>(&decay),
            Particle::Electron | Particle::Positron => {
                let waiting = self.primary(&decay);
                self.sums.emitted += u64::from(waiting.quanta + waiting.charge * 2 * REST_QUANTA);
                self.electron::<SHELLS>(decay.history, waiting);
            }
            Particle::Photon => {
                let quanta = tally_quanta(decay.energy);
                self.sums.emitted += u64::from(quanta);
                let queued = Queued {
                    offset: decay.offset.into(),
                    index: decay.index,
                    direction: decay.direction.into(),
                    quanta,
                    history: decay.history,
                    stream: self.params.stream,
                    kind: KIND_PHOTON,
                };
                self.photon::<SHELLS>(&queued, DECAY_DRAWS);
            }
        }
        while let Some(queued) = self.queue.pop() {
            if queued.kind == KIND_PHOTON {
                self.photon::<SHELLS>(&queued, 0);
            } else {
                let waiting = self.secondary(&queued);
                self.electron::<SHELLS>(queued.history, waiting);
            }
        }
    }

    fn alpha<const SHELLS: bool>(&mut self, decay: &Decay) {
        let (params, tables, voxels) = (self.params, self.cpu.world.tables, self.cpu.world.geometry.words());
        let medium = voxels[decay.index as usize];
        let sigma = table_energy(tables, voxel_material(medium).into(), ALPHA_SIGMA_AT, decay.energy);
        let normal = decay_normal(params, decay.history);
        let mut alpha = alpha_start(params, tables, decay.index, medium, decay.offset, decay.direction, decay.energy, normal, sigma);
        self.sums.emitted += u64::from(alpha.quanta);
        let lets = self.cpu.energy_let.as_ref().expect("made before the first alpha");
        while alpha.alive == 1 {
            let deposit = alpha_advance::<SHELLS>(params, tables, voxels, &mut alpha);
            tally_add(&self.cpu.energy, deposit.index, deposit.quanta);
            tally_add(lets, deposit.index, deposit.let_quanta);
            if let Some(qualities) = &self.cpu.energy_quality {
                tally_add(qualities, deposit.index, deposit.quality_quanta);
            }
            self.sums.deposited += u64::from(deposit.quanta);
            self.sums.escaped += u64::from(deposit.escaped);
            self.sums.steps += 1;
        }
    }

    /// The emitted electron or positron.
    #[inline(always)]
    fn primary(&self, decay: &Decay) -> ElectronWaiting {
        let medium = self.cpu.world.geometry.words()[decay.index as usize];
        let family = table_family(voxel_material(medium).into(), self.params.kind);
        ElectronWaiting {
            index: decay.index,
            offset: decay.offset,
            direction: decay.direction,
            range: table_electron_range(self.cpu.world.tables, family, decay.energy),
            quanta: tally_quanta(decay.energy),
            interactions: decay.interactions,
            stream: self.params.stream,
            draw: DECAY_DRAWS,
            steps: 0,
            charge: self.params.kind,
        }
    }

    /// An electron or positron that a photon set free.
    #[inline(always)]
    fn secondary(&self, queued: &Queued) -> ElectronWaiting {
        let medium = self.cpu.world.geometry.words()[queued.index as usize];
        let family = table_family(voxel_material(medium).into(), queued.kind);
        ElectronWaiting {
            index: queued.index,
            offset: queued.offset.into(),
            direction: queued.direction.into(),
            range: table_electron_range(self.cpu.world.tables, family, tally_mev(queued.quanta)),
            quanta: queued.quanta,
            interactions: event_first_interactions(self.params, queued.history, queued.stream),
            stream: queued.stream,
            draw: 1,
            steps: 0,
            charge: queued.kind,
        }
    }

    fn electron<const SHELLS: bool>(&mut self, history: [u32; 2], waiting: ElectronWaiting) {
        let (params, tables, voxels) = (self.params, self.cpu.world.tables, self.cpu.world.geometry.words());
        let mut electron = electron_start(params, voxels, waiting);
        let mut stack = [ElectronWaiting::default(); STACK as usize];
        let mut depth = 0;
        loop {
            while electron.state == ELECTRON_STEP {
                let deposit = electron_begin_step::<SHELLS>(params, tables, voxels, history, &mut electron);
                self.score(&deposit);
                self.walls::<SHELLS>(&mut electron);
                if electron.state == ELECTRON_TURN {
                    electron_deflect(tables, &mut electron);
                    self.walls::<SHELLS>(&mut electron);
                }
            }
            if electron.state == ELECTRON_EVENT {
                let event = event_happen::<SHELLS>(params, tables, voxels, history, &mut electron, depth);
                self.score(&ElectronDeposit { index: electron.index, quanta: event.quanta, escaped: 0, status: event.status });
                if event.photons > 0 {
                    self.set_free(history, &electron, &event.first);
                }
                if event.photons > 1 {
                    self.set_free(history, &electron, &event.second);
                }
                if event.born == 1 {
                    // The delta ray goes first: it has less energy, so the stack stays shallow.
                    stack[depth as usize] = electron_wait(&electron);
                    depth += 1;
                    electron = electron_start(params, voxels, event.delta);
                    self.sums.secondaries += 1;
                }
                continue;
            }
            self.sums.steps += u64::from(electron.steps);
            if depth == 0 {
                break;
            }
            depth -= 1;
            electron = electron_start(params, voxels, stack[depth as usize]);
        }
    }

    /// Moves from wall to wall until something is due.
    #[inline(always)]
    fn walls<const SHELLS: bool>(&mut self, electron: &mut Electron) {
        while electron.state == ELECTRON_MOVING {
            let deposit = electron_advance::<SHELLS>(self.params, self.cpu.world.tables, self.cpu.world.geometry.words(), electron);
            self.score(&deposit);
        }
    }

    /// Puts a photon of an electron into the queue.
    fn set_free(&mut self, history: [u32; 2], electron: &Electron, photon: &EventPhoton) {
        if self.params.photon_mode == MODE_OFF {
            self.sums.escaped += u64::from(photon.quanta);
            return;
        }
        self.sums.secondaries += 1;
        self.sums.queued_energy += u64::from(photon.quanta);
        self.queue.push(Queued {
            offset: electron.offset.into(),
            index: electron.index,
            direction: photon.direction.into(),
            quanta: photon.quanta,
            history,
            stream: photon.stream,
            kind: KIND_PHOTON,
        });
    }

    fn photon<const SHELLS: bool>(&mut self, queued: &Queued, draw: u32) {
        let (params, tables, voxels) = (self.params, self.cpu.world.tables, self.cpu.world.geometry.words());
        let history = queued.history;
        let mut photon = photon_start(params, voxels, *queued, draw);
        loop {
            while photon.state == PHOTON_FLYING || photon.state == PHOTON_TRACING {
                if photon.state == PHOTON_FLYING {
                    let deposit = photon_fly::<SHELLS>(params, tables, voxels, history, &mut photon);
                    self.absorb(deposit.index, deposit.quanta);
                    self.sums.escaped += u64::from(deposit.escaped);
                    self.note(deposit.status);
                } else {
                    let deposit = photon_trace::<SHELLS>(params, tables, voxels, &mut photon);
                    tally_add(&self.cpu.energy, deposit.index, deposit.quanta);
                    self.sums.kerma += u64::from(deposit.quanta);
                    self.sums.escaped += u64::from(deposit.escaped);
                }
            }
            if photon.state != PHOTON_INTERACTION {
                break;
            }
            let result = interaction_happen(params, tables, history, &mut photon);
            self.absorb(photon.index, result.quanta);
            self.note(result.status);
            if result.electron.quanta > 0 {
                self.knock_on::<SHELLS>(history, &photon, KIND_ELECTRON, &result.electron);
            }
            if result.pair == 1 {
                self.knock_on::<SHELLS>(history, &photon, KIND_POSITRON, &result.positron);
            }
        }
        self.sums.steps += u64::from(photon.flights);
    }

    /// Deposits an electron of a photon, or puts it into the queue.
    #[inline(always)]
    fn knock_on<const SHELLS: bool>(&mut self, history: [u32; 2], photon: &Photon, kind: u32, electron: &InteractionElectron) {
        let (params, tables, voxels) = (self.params, self.cpu.world.tables, self.cpu.world.geometry.words());
        let mut quanta = electron.quanta;
        if params.photon_mode == MODE_TRACK_LENGTH {
            // Its kinetic energy is in the kerma; a positron still annihilates.
            self.sums.absorbed += u64::from(quanta);
            if kind == KIND_ELECTRON {
                return;
            }
            quanta = 0;
        }
        let energy = tally_mev(quanta);
        if kind == KIND_ELECTRON
            && event_stays::<SHELLS>(params, tables, voxels, history, photon.voxel, photon.medium, photon.offset, energy, electron.stream)
        {
            self.absorb(photon.index, quanta);
            return;
        }
        self.sums.secondaries += 1;
        self.sums.queued_energy += u64::from(quanta + kind * 2 * REST_QUANTA);
        self.queue.push(Queued {
            offset: photon.offset.into(),
            index: photon.index,
            direction: electron.direction.into(),
            quanta,
            history,
            stream: electron.stream,
            kind,
        });
    }

    /// Energy that stays where the photon is; not scored if its kerma is.
    #[inline(always)]
    fn absorb(&mut self, index: u32, quanta: u32) {
        if self.params.photon_mode == MODE_TRACK_LENGTH {
            self.sums.absorbed += u64::from(quanta);
            return;
        }
        tally_add(&self.cpu.energy, index, quanta);
        self.sums.deposited += u64::from(quanta);
    }

    #[inline(always)]
    fn score(&mut self, deposit: &ElectronDeposit) {
        tally_add(&self.cpu.energy, deposit.index, deposit.quanta);
        self.sums.deposited += u64::from(deposit.quanta);
        self.sums.escaped += u64::from(deposit.escaped);
        self.note(deposit.status);
    }

    #[inline(always)]
    fn note(&mut self, status: u32) {
        if status != 0 {
            self.sums.status |= status;
            self.sums.incidents += 1;
        }
    }
}
