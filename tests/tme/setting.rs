//! Small tumours to simulate: voxels of one or several regions, sources with a given dose, drugs.

use std::{f64::consts::LN_2, sync::Arc};

use super::random::Random;
use dosaic::{
    error::Error,
    grid::VoxelGrid,
    plan::{DrugPlan, Growth, OxygenPlan, ParameterSet, Quality, TissueParameters, TmePlan, TmeRegion},
    response::tme::{
        Delivery, Domain, Field, VoxelSource,
        cpu::model::{CpuModel, CpuOxygen},
        model::{ModelInput, field_of},
        oxygen_state::Oxygen,
        real::Real,
        simulation::{OxygenSource, Simulation},
    },
    source::TimeCourse,
};
use glam::DVec3;

pub(crate) const DAY: f64 = 86400.0;

/// What is simulated; public fields to be changed before [`Setting::start`].
pub(crate) struct Setting {
    pub(crate) plan: TmePlan,
    pub(crate) tissues: Vec<TissueParameters>,
    pub(crate) domain: Domain,
    pub(crate) threads: usize,
    pub(crate) oxygen: Option<fn(f64) -> Oxygen<f64>>,
}

pub(crate) fn tissue(alpha: f64, alpha_beta: f64, repair_hours: f64) -> TissueParameters {
    TissueParameters {
        alpha,
        alpha_beta,
        repair_half_time: repair_hours * 3600.0,
        rbe_high_let: 5.0,
        high_let_beta: 0.0,
        clonogens_per_ml: None,
        repopulation: None,
        lkb: None,
        bed_limit: None,
        assumed: Vec::new(),
    }
}

impl Setting {
    /// `voxels` voxels of 1 mL in each of some regions with the parameters of neuroendocrine tumours; oxygen, immune part and drugs off,
    /// steps of 0.25 d.
    pub(crate) fn new(regions: usize, voxels: usize, days: f64) -> Self {
        let names: Vec<String> = (0..regions).map(|r| format!("lesion_{r}")).collect();
        let all = regions * voxels;
        let region = |name: &String| TmeRegion { region: name.clone(), parameters: ParameterSet::built_in("net") };
        Self {
            plan: TmePlan {
                regions: names.iter().map(region).collect(),
                horizon: days * DAY,
                step: 0.25 * DAY,
                oxygen: OxygenPlan::Off,
                reoxygenation: false,
                immune: false,
                bystander: false,
                growth: Growth::Logistic,
                quality: Quality::Rbe,
                few_hits: false,
                drugs: Vec::new(),
                blood: None,
                marrow: None,
                maps_at: Vec::new(),
                timeline: days * DAY,
                retransport_above: 0.2,
            },
            tissues: vec![tissue(0.08, 10.0, 1.5); regions],
            domain: Domain {
                grid: VoxelGrid::axis_aligned([all as u32, 1, 1], DVec3::splat(10.0), DVec3::ZERO),
                voxels: (0..all as u32).collect(),
                row: (0..all).map(|v| (v / voxels) as u8).collect(),
                regions: names,
            },
            threads: 1,
            oxygen: None,
        }
    }

    /// Changes a parameter of every region.
    pub(crate) fn set(&mut self, name: &str, value: f64) -> &mut Self {
        self.plan.regions.iter_mut().for_each(|region| region.parameters.set(name, value));
        self
    }

    pub(crate) fn voxels(&self) -> usize {
        self.domain.row.len()
    }

    /// Oxygen by the table of section 2.6.
    pub(crate) fn with_oxygen(&mut self) -> &mut Self {
        self.plan.oxygen = OxygenPlan::Macro;
        self.oxygen = Some(table);
        self
    }

    pub(crate) fn with_drug(&mut self, drug: DrugPlan) -> &mut Self {
        self.plan.drugs.push(drug);
        self
    }

    pub(crate) fn start<R: Real>(&self) -> Run {
        self.build::<R>(|_| {})
    }

    /// As [`Self::start`], with rows changed after the untreated tumour was settled.
    pub(crate) fn build<R: Real>(&self, change: impl Fn(&mut ModelInput)) -> Run {
        self.try_build::<R>(change).expect("the setting is right")
    }

    pub(crate) fn try_build<R: Real>(&self, change: impl Fn(&mut ModelInput)) -> Result<Run, Error> {
        let (mut source, mut own) = (OxygenSource::Off, CpuOxygen::Off);
        if let Some(function) = self.oxygen {
            source = OxygenSource::Closure(Box::new(move |_, vessels, _, _| function(vessels)));
            own = CpuOxygen::Closure(Box::new(move |_, vessels: R, _, _| {
                let o = function(vessels.wide());
                let [po2, hypoxic, oxic_weight, hypoxic_weight] = [o.po2, o.hypoxic, o.oxic_weight, o.hypoxic_weight].map(R::of);
                Oxygen { po2, hypoxic, oxic_weight, hypoxic_weight }
            }));
        }
        let simulation = Simulation::new(&self.plan, &self.tissues, &self.domain, source, |input| {
            let mut input = input.clone();
            change(&mut input);
            Ok(Box::new(CpuModel::<R>::new(&input, own, Some(self.threads))?))
        });
        Ok(Run::new(simulation?, self.voxels()))
    }
}

/// A simulation with short ways to treat and look.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) simulation: Simulation,
    voxels: usize,
}

impl Run {
    pub(crate) fn new(simulation: Simulation, voxels: usize) -> Self {
        Self { simulation, voxels }
    }

    /// A low-LET source of 1 Gy per decay in these voxels (all where none is named).
    pub(crate) fn source(&mut self, voxels: &[usize]) -> usize {
        let mut low = vec![if voxels.is_empty() { 1.0 } else { 0.0 }; self.voxels];
        voxels.iter().for_each(|&voxel| low[voxel] = 1.0);
        self.simulation.add_source(VoxelSource { low, high: None, blood: None, marrow: None }).expect("the source fits")
    }

    /// `gray` from a day on, falling with an effective half-life in h.
    pub(crate) fn treat(&mut self, source: usize, day: f64, gray: f64, half_life: f64) {
        let rate = LN_2 / (half_life * 3600.0);
        self.deliver(source, day, TimeCourse::exponential(gray * rate, rate));
    }

    /// `gray` within a second.
    pub(crate) fn pulse(&mut self, source: usize, day: f64, gray: f64) {
        self.deliver(source, day, TimeCourse::exponential(gray, 0.0).truncated(1.0));
    }

    pub(crate) fn deliver(&mut self, source: usize, day: f64, course: TimeCourse) {
        let delivery = Delivery { source, start: day * DAY, course: Arc::new(course), factor: 1.0 };
        self.simulation.deliver(delivery).expect("the delivery is right");
    }

    pub(crate) fn to(&mut self, day: f64) -> &mut Self {
        self.simulation.advance(day * DAY).expect("the run goes on");
        self
    }

    pub(crate) fn fields(&mut self) -> Vec<f64> {
        self.simulation.state().expect("the state is there")
    }

    /// A field of the first voxel.
    pub(crate) fn field(&mut self, field: Field) -> f64 {
        field_of(&self.fields(), field)[0]
    }

    pub(crate) fn cells(&mut self) -> f64 {
        self.field(Field::Oxic) + self.field(Field::Hypoxic)
    }
}

/// Oxygen at seven perfusions (consumption as at the start, capillaries at 40 mmHg): an independent solution of the cylinders of section 2.6,
/// to all digits that the regression runs were computed with. pO2, hypoxic fraction, weights of oxic and hypoxic cells.
const TABLE: [(f64, [f64; 4]); 7] = [
    (0.1, [1.100_014_426_221_766, 0.936_384_718_258_68, 0.839_789_637_883_687, 0.386_631_205_579_147]),
    (0.25, [3.047_707_259_154_365, 0.814_150_750_416_278, 0.846_890_893_050_82, 0.452_720_166_089_483]),
    (0.5, [7.353_663_963_211_403, 0.570_170_605_953_527, 0.866_348_786_681_451, 0.518_573_105_127_344]),
    (0.75, [11.776_189_832_798_755, 0.378_165_265_102_075, 0.882_463_804_946_783, 0.553_972_301_490_417]),
    (1.0, [15.673_944_049_250_741, 0.25, 0.894_924_501_017_607, 0.575_953_989_652_902]),
    (1.5, [21.631_699_139_433_26, 0.114_111_415_107_572, 0.912_370_566_249_528, 0.602_216_733_238_73]),
    (2.0, [25.693_440_736_339_248, 0.055_948_492_994_286, 0.923_523_259_128_559, 0.617_758_394_580_787]),
];

/// Linear between the rows of [`TABLE`].
pub(crate) fn table(vessels: f64) -> Oxygen<f64> {
    let last = TABLE.len() - 1;
    let v = vessels.clamp(TABLE[0].0, TABLE[last].0);
    let above = TABLE.iter().position(|row| row.0 >= v).unwrap_or(last).max(1);
    let ((from, low), (to, high)) = (TABLE[above - 1], TABLE[above]);
    let share = (v - from) / (to - from);
    let [po2, hypoxic, oxic_weight, hypoxic_weight] = std::array::from_fn(|i| low[i] + share * (high[i] - low[i]));
    Oxygen { po2, hypoxic, oxic_weight, hypoxic_weight }
}

/// A drug of one compartment with one effect on a hook that a factor or sum describes.
pub(crate) fn random_drug(random: &mut Random, place: usize) -> DrugPlan {
    use dosaic::plan::{DrugEffect, DrugKinetics, Hook};
    let hooks = [
        (Hook::Checkpoint, 1.0),
        (Hook::Alpha, 0.5),
        (Hook::Beta, 0.5),
        (Hook::Repair, 2.0),
        (Hook::HypoxicSensitiser, 1.0),
        (Hook::Perfusion, 0.3),
        (Hook::MacrophageRecruitment, 0.9),
        (Hook::MacrophagePolarisation, 2.0),
        (Hook::CafKilling, 0.1),
        (Hook::CafBarrier, 0.9),
        (Hook::Target, 0.02),
    ];
    let (hook, most) = hooks[(random.uniform() * hooks.len() as f64) as usize];
    DrugPlan {
        name: format!("drug_{place}"),
        kinetics: DrugKinetics::OneCompartment { elimination: random.between(0.02, 1.0), absorption: Some(random.between(1.0, 5.0)) },
        doses: (0..4).map(|k| (f64::from(k) * random.between(5.0, 20.0) * DAY, random.between(1.0, 20.0))).collect(),
        effects: vec![DrugEffect { hook, strength: most * random.uniform(), ec50: 5.0, hill: 1.0 }],
    }
}
