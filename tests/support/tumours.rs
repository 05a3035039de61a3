//! Tumours for the response: three regions that differ, sources of low and high LET, drugs, everything switched on.

use std::{f64::consts::LN_2, sync::Arc};

use dosaic::{
    grid::VoxelGrid,
    plan::{DrugEffect, DrugKinetics, DrugPlan, Growth, Hook, OxygenPlan, ParameterSet, Quality, TissueParameters, TmePlan, TmeRegion},
    response::tme::{
        Delivery, Domain, HighLet, VoxelSource,
        cpu::model::CpuModel,
        gpu::GpuModel,
        model::{ModelInput, VoxelModel},
        open::ModelOxygen,
        simulation::Simulation,
    },
    source::{Piece, TimeCourse},
    transport::{gpu::device::GpuDevice, rng::rng_block},
};
use glam::DVec3;

use crate::adapter::adapter;

pub(crate) const DAY: f64 = 86400.0;

/// Four numbers between 0 and 1.
pub(crate) fn random(test: u32, i: u32) -> [f64; 4] {
    rng_block([test, 0x3a7], [i, 0], 1, 0).map(|word| (f64::from(word) + 0.5) / 4_294_967_296.0)
}

/// Which backend.
#[derive(Clone, Copy)]
pub(crate) enum On {
    /// With so many threads.
    Cpu(usize),
    /// With chunks of the usual size, or of so many voxels.
    Gpu(Option<usize>),
}

pub(crate) struct Tumours {
    pub(crate) plan: TmePlan,
    pub(crate) tissues: Vec<TissueParameters>,
    pub(crate) domain: Domain,
}

impl Tumours {
    /// `voxels` voxels in three regions that lie in each other.
    pub(crate) fn new(voxels: usize, days: f64) -> Self {
        let names: Vec<String> = ["liver", "node", "bone"].map(String::from).into();
        let drug = |name: &str, hook, strength: f64| DrugPlan {
            name: name.into(),
            kinetics: DrugKinetics::OneCompartment { elimination: 0.3, absorption: Some(2.0) },
            doses: vec![(2.0 * DAY, 1.0), (58.0 * DAY, 2.0)],
            effects: vec![DrugEffect { hook, strength, ec50: 0.5, hill: 2.0 }],
        };
        let antibody = DrugPlan {
            name: "antibody".into(),
            kinetics: DrugKinetics::TwoCompartment { clearance: 0.22, central: 3.48, peripheral: 4.06, exchange: 0.795, nanomolar: 6.7 },
            doses: (0..10).map(|k| (f64::from(21 * k) * DAY, 200.0)).collect(),
            effects: vec![DrugEffect { hook: Hook::Checkpoint, strength: 1.0, ec50: 2.6, hill: 1.0 }],
        };
        let region = |(i, name): (usize, &String)| {
            let mut parameters = ParameterSet::built_in(if i == 2 { "prostate-metastasis" } else { "net" });
            parameters.set("endothelium_repair", [1.5, 1.5, 0.8][i] / 24.0);
            parameters.set("bystander_hazard", 0.02);
            parameters.set("doomed_stages", [2.0, 1.0, 3.0][i]);
            TmeRegion { region: name.clone(), parameters }
        };
        let tissue = |(alpha, alpha_beta, hours): (f64, f64, f64)| TissueParameters {
            alpha,
            alpha_beta,
            repair_half_time: hours * 3600.0,
            rbe_high_let: 5.0,
            high_let_beta: 0.5,
            clonogens_per_ml: None,
            repopulation: None,
            lkb: None,
            bed_limit: None,
            assumed: Vec::new(),
        };
        Self {
            plan: TmePlan {
                regions: names.iter().enumerate().map(region).collect(),
                horizon: days * DAY,
                step: 0.25 * DAY,
                oxygen: OxygenPlan::Macro,
                reoxygenation: true,
                immune: true,
                bystander: true,
                growth: Growth::Logistic,
                quality: Quality::Rbe,
                few_hits: false,
                drugs: vec![
                    drug("sensitiser", Hook::HypoxicSensitiser, 0.5),
                    drug("inhibitor", Hook::Repair, 1.0),
                    drug("vasoactive", Hook::Perfusion, 0.1),
                    antibody,
                ],
                blood: None,
                marrow: None,
                maps_at: Vec::new(),
                timeline: days * DAY,
                retransport_above: 0.2,
            },
            tissues: [(0.08, 10.0, 1.5), (0.2, 10.0, 1.5), (0.1, 3.0, 1.9)].map(tissue).into(),
            domain: Domain {
                grid: VoxelGrid::axis_aligned([voxels as u32, 1, 1], DVec3::splat(3.0), DVec3::ZERO),
                voxels: (0..voxels as u32).collect(),
                row: (0..voxels).map(|v| ((v / 7) % 3) as u8).collect(),
                regions: names,
            },
        }
    }

    pub(crate) fn model(&self, input: &ModelInput, oxygen: ModelOxygen, on: On) -> Box<dyn VoxelModel> {
        match on {
            On::Cpu(threads) => Box::new(CpuModel::<f32>::new(input, oxygen.on_cpu(), Some(threads)).expect("right input")),
            On::Gpu(None) => Box::new(GpuModel::new(input, &oxygen, adapter()).unwrap_or_else(|e| panic!("{e}"))),
            On::Gpu(Some(chunk)) => {
                let gpu = GpuDevice::open(adapter()).expect("the adapter opens");
                Box::new(GpuModel::with_chunks(input, &oxygen, gpu, chunk).unwrap_or_else(|e| panic!("{e}")))
            }
        }
    }

    pub(crate) fn start(&self, on: On) -> Simulation {
        let (source, oxygen) = ModelOxygen::closure(&self.plan).expect("the closure has its constants");
        let build = |input: &ModelInput| Ok(self.model(input, oxygen, on));
        Simulation::new(&self.plan, &self.tissues, &self.domain, source, build).expect("the setting is right")
    }

    /// Four fractions of so many sources, the last of each a new one, until the plan's end; `look` is called before each fraction and there.
    pub(crate) fn treat(&self, simulation: &mut Simulation, sources: usize, mut look: impl FnMut(&mut Simulation)) {
        for (fraction, start) in (0..4).map(|k| (k, 56.0 * f64::from(k))).filter(|(_, start)| start * DAY < self.plan.horizon) {
            simulation.advance(start * DAY).expect("the run goes on");
            look(simulation);
            for i in 0..sources {
                let mut source = i;
                if fraction == 0 || i == sources - 1 {
                    source = simulation.add_source(self.source(fraction * sources as u32 + i as u32, 3.0, 6e14)).expect("the maps fit");
                }
                simulation.deliver(delivery(source, start + 0.05 * i as f64, 40.0 + 5.0 * i as f64)).expect("right input");
            }
        }
        simulation.advance(self.plan.horizon).expect("the run goes on");
        look(simulation);
    }

    /// Maps of a source that gives up to `gray` in all from `decays` decays; every third source has high LET too.
    pub(crate) fn source(&self, number: u32, gray: f64, decays: f64) -> VoxelSource {
        let n = self.domain.voxels.len() as u32;
        let map = |what: u32, scale: f64| (0..n).map(|v| (scale * random(100 * number + what, v)[0]) as f32).collect::<Vec<f32>>();
        let high = (number % 3 == 2).then(|| {
            let dose = map(1, 0.1 * gray / decays);
            let times = |map: &[f32], factor: f32| map.iter().map(|x| factor * x).collect::<Vec<f32>>();
            HighLet { effect: times(&dose, 0.9), effect_oxygen: times(&dose, 0.5), dose }
        });
        VoxelSource { low: map(0, gray / decays), high, blood: None, marrow: None }
    }
}

/// An uptake phase and a clearance, 1e15 decays or so.
pub(crate) fn course(hours: f64) -> Arc<TimeCourse> {
    let piece = |value: f64, hours: f64| Piece::exponential(value, LN_2 / (hours * 3600.0));
    Arc::new(TimeCourse { pieces: vec![piece(3e9, hours), piece(-2.9e9, 0.07 * hours)] })
}

pub(crate) fn delivery(source: usize, day: f64, hours: f64) -> Delivery {
    Delivery { source, start: day * DAY, course: course(hours), factor: 1.0 }
}
