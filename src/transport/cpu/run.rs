//! The CPU backend: all histories of a batch on any number of threads, with the same result.
//! Twin of the kernels: `shaders/kernels/alpha.wgsl`, `shaders/kernels/electron.wgsl`.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{
    alpha::{alpha_advance, alpha_start},
    decay::{DECAY_DRAWS, decay_normal, decay_start},
    electron::{
        ELECTRON_COLLISION, ELECTRON_MOVING, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronDeposit, ElectronWaiting, electron_advance,
        electron_begin_step, electron_collide, electron_deflect, electron_start, electron_wait,
    },
    tables::{table_electron_range, table_energy},
    tally::{Tally, tally_add, tally_quanta},
    voxel::voxel_material,
};
use crate::{
    error::Result,
    transport::{
        backend::{Backend, BatchResult, DeviceInfo, Job, Particle, Sums, World},
        constants::{ALPHA_SIGMA_AT, STACK},
        layout::Params,
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
}

impl<'a> Cpu<'a> {
    /// A backend with `threads` threads.
    pub fn new(world: World<'a>, threads: usize) -> Self {
        let voxels = world.geometry.len();
        Self { world, threads: threads.max(1), energy: Tally::new(voxels), energy_let: None }
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
        let voxels = self.world.geometry.len();
        if job.particle == Particle::Alpha && self.energy_let.is_none() {
            self.energy_let = Some(Tally::new(voxels));
        }
        let shells = params.shells > 0;
        let histories = u64::from(params.count);
        let next = AtomicU64::new(0);
        let total = Mutex::new(Sums::default());
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    let mut sums = Sums::default();
                    loop {
                        let first = next.fetch_add(BLOCK, Relaxed);
                        if first >= histories {
                            break;
                        }
                        let last = (first + BLOCK).min(histories);
                        for place in first..last {
                            match (job.particle, shells) {
                                (Particle::Alpha, false) => self.alpha::<false>(&params, job, place as u32, &mut sums),
                                (Particle::Alpha, true) => self.alpha::<true>(&params, job, place as u32, &mut sums),
                                (Particle::Electron, false) => self.electron::<false>(&params, job, place as u32, &mut sums),
                                (Particle::Electron, true) => self.electron::<true>(&params, job, place as u32, &mut sums),
                            }
                        }
                        report(last - first);
                    }
                    total.lock().expect("no thread panics with the lock").add(&sums);
                });
            }
        });
        let sums = total.into_inner().expect("all threads are done");
        let energy_let = if job.particle == Particle::Alpha { self.energy_let.as_mut().map(Tally::take) } else { None };
        Ok(BatchResult { energy: self.energy.take(), energy_let, sums })
    }
}

impl Cpu<'_> {
    fn alpha<const SHELLS: bool>(&self, params: &Params, job: &Job<'_>, place: u32, sums: &mut Sums) {
        let (tables, voxels) = (self.world.tables, self.world.geometry.words());
        let decay = decay_start(params, job.source, job.spectrum, place);
        let medium = voxels[decay.index as usize];
        let sigma = table_energy(tables, voxel_material(medium).into(), ALPHA_SIGMA_AT, decay.energy);
        let normal = decay_normal(params, decay.history);
        let mut alpha = alpha_start(params, tables, decay.index, medium, decay.offset, decay.direction, decay.energy, normal, sigma);
        sums.emitted += u64::from(alpha.quanta);
        sums.histories += 1;
        let lets = self.energy_let.as_ref().expect("made before the first alpha");
        while alpha.alive == 1 {
            let deposit = alpha_advance::<SHELLS>(params, tables, voxels, &mut alpha);
            tally_add(&self.energy, deposit.index, deposit.quanta);
            tally_add(lets, deposit.index, deposit.let_quanta);
            sums.deposited += u64::from(deposit.quanta);
            sums.escaped += u64::from(deposit.escaped);
            sums.steps += 1;
        }
    }

    fn electron<const SHELLS: bool>(&self, params: &Params, job: &Job<'_>, place: u32, sums: &mut Sums) {
        let (tables, voxels) = (self.world.tables, self.world.geometry.words());
        let decay = decay_start(params, job.source, job.spectrum, place);
        let quanta = tally_quanta(decay.energy);
        let mut electron = electron_start(
            params,
            voxels,
            ElectronWaiting {
                index: decay.index,
                offset: decay.offset,
                direction: decay.direction,
                range: table_electron_range(tables, voxel_material(voxels[decay.index as usize]).into(), decay.energy),
                quanta,
                interactions: decay.interactions,
                stream: params.stream,
                draw: DECAY_DRAWS,
                steps: 0,
            },
        );
        sums.emitted += u64::from(quanta);
        sums.histories += 1;
        let mut stack = [ElectronWaiting::default(); STACK as usize];
        let mut depth = 0;
        loop {
            while electron.state == ELECTRON_STEP {
                let deposit = electron_begin_step::<SHELLS>(params, tables, voxels, decay.history, &mut electron);
                self.score(&deposit, sums);
                self.walls::<SHELLS>(params, &mut electron, sums);
                if electron.state == ELECTRON_TURN {
                    electron_deflect(params, tables, &mut electron);
                    self.walls::<SHELLS>(params, &mut electron, sums);
                }
            }
            if electron.state == ELECTRON_COLLISION {
                let collision = electron_collide::<SHELLS>(params, tables, voxels, decay.history, &mut electron, depth);
                let local = ElectronDeposit { index: electron.index, quanta: collision.quanta, escaped: 0, status: collision.status };
                self.score(&local, sums);
                if collision.born == 1 {
                    // The delta ray goes first: it has less energy, so the stack stays shallow.
                    stack[depth as usize] = electron_wait(&electron);
                    depth += 1;
                    electron = electron_start(params, voxels, collision.delta);
                    sums.secondaries += 1;
                }
                continue;
            }
            sums.steps += u64::from(electron.steps);
            if depth == 0 {
                break;
            }
            depth -= 1;
            electron = electron_start(params, voxels, stack[depth as usize]);
        }
    }

    /// Moves from wall to wall until something is due.
    #[inline(always)]
    fn walls<const SHELLS: bool>(&self, params: &Params, electron: &mut Electron, sums: &mut Sums) {
        while electron.state == ELECTRON_MOVING {
            let deposit = electron_advance::<SHELLS>(params, self.world.tables, self.world.geometry.words(), electron);
            self.score(&deposit, sums);
        }
    }

    #[inline(always)]
    fn score(&self, deposit: &ElectronDeposit, sums: &mut Sums) {
        tally_add(&self.energy, deposit.index, deposit.quanta);
        sums.deposited += u64::from(deposit.quanta);
        sums.escaped += u64::from(deposit.escaped);
        if deposit.status != 0 {
            sums.status |= deposit.status;
            sums.incidents += 1;
        }
    }
}
