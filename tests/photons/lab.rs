//! Single particles in media without an end, and means with their errors.

use std::sync::LazyLock;

use dosaic::{
    physics::{
        materials::{Material, find},
        quadrature::GAUSS_8,
    },
    plan::PhotonMode,
    transport::{
        constants::STACK,
        cpu::{
            electron::{
                ELECTRON_DONE, ELECTRON_EVENT, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronWaiting, electron_advance,
                electron_begin_step, electron_deflect, electron_start,
            },
            event::{EventResult, event_first_interactions, event_happen},
            interaction::{InteractionResult, interaction_happen},
            photon::{PHOTON_INTERACTION, Photon},
            tables::{table_electron_range, table_family, table_photon},
            tally::tally_quanta,
        },
        layout::Params,
        tables::TableOptions,
    },
};
use glam::{DVec3, UVec3, Vec3};

use crate::world::{QUANTUM, Setup, fine_options};

/// Kinds of interactions, in the order in which a photon's `choice` tells them apart.
pub(crate) const COMPTON: usize = 0;
pub(crate) const RAYLEIGH: usize = 1;
pub(crate) const ABSORPTION: usize = 2;
pub(crate) const PAIR: usize = 3;

/// Water and bone.
pub(crate) static LIGHT: LazyLock<Lab> = LazyLock::new(|| Lab::new(&["water_liquid", "bone_cortical"]));
/// Iodine and lead.
pub(crate) static HEAVY: LazyLock<Lab> = LazyLock::new(|| Lab::new(&["iodine", "lead"]));

/// Photons and delta rays from 1 keV, delta rays besides from 5 % of the energy.
pub(crate) fn options() -> TableOptions {
    TableOptions { photon_threshold: Some(1.0e-3), cut_length: 1.0e-6, ..fine_options() }
}

/// A cube of 10 m of each medium.
pub(crate) struct Lab {
    pub(crate) setup: Setup,
    pub(crate) params: Params,
    pub(crate) materials: Vec<Material>,
}

impl Lab {
    fn new(names: &[&str]) -> Self {
        let materials: Vec<Material> = names.iter().map(|name| find(name).expect("a tabulated material")).collect();
        let fill = |ijk: [u32; 3]| (ijk[0] as u8, materials[ijk[0] as usize].density as f32);
        let mut setup = Setup::new(names, [names.len() as u32, 1, 1], DVec3::splat(1.0e4), options(), fill);
        setup.settings.photons = PhotonMode::Analogue;
        let params = Params { range_rejection: 0, ..setup.params() };
        Self { setup, params, materials }
    }

    /// A photon along z that has come to an interaction of a kind in a medium.
    pub(crate) fn photon(&self, medium: u8, energy: f64, kind: usize) -> Photon {
        let row = table_photon(&self.setup.tables, medium.into(), energy as f32);
        let ends = [0.0, row.compton, row.scattered, row.absorbed, row.total];
        assert!(ends[kind + 1] > ends[kind], "no interaction of kind {kind} at {energy} MeV");
        Photon {
            voxel: UVec3::new(medium.into(), 0, 0),
            index: medium.into(),
            medium: self.setup.phantom.voxels[usize::from(medium)],
            offset: Vec3::splat(500.0),
            direction: Vec3::Z,
            quanta: tally_quanta(energy as f32),
            choice: 0.5 * (ends[kind] + ends[kind + 1]),
            stream: stream(medium, energy),
            state: PHOTON_INTERACTION,
            ..Photon::default()
        }
    }

    /// Lets a photon interact; what it had is found again to the quantum.
    pub(crate) fn interact(&self, history: u32, photon: &mut Photon) -> InteractionResult {
        let before = photon.quanta;
        let result = interaction_happen(&self.params, &self.setup.tables, [history, 0], photon);
        let rest = result.pair * 2 * dosaic::transport::constants::REST_QUANTA;
        let after = photon.quanta + result.electron.quanta + result.positron.quanta + result.quanta + rest;
        assert_eq!((after, result.status), (before, 0), "energy is conserved to the quantum");
        result
    }

    /// An electron (kind 0) or positron (1) along z in the middle of a medium.
    pub(crate) fn electron(&self, history: u32, medium: u8, kind: u32, energy: f64) -> Electron {
        let stream = stream(medium, energy) ^ kind;
        let waiting = ElectronWaiting {
            index: medium.into(),
            offset: Vec3::splat(500.0),
            direction: Vec3::Z,
            range: table_electron_range(&self.setup.tables, table_family(medium.into(), kind), energy as f32),
            quanta: tally_quanta(energy as f32),
            interactions: event_first_interactions(&self.params, [history, 0], stream),
            stream,
            draw: 1,
            steps: 0,
            charge: kind,
        };
        electron_start(&self.params, &self.setup.phantom.voxels, waiting)
    }

    /// Lets an electron come to an event (`ELECTRON_*`) where it is born.
    pub(crate) fn event(&self, history: u32, electron: &mut Electron, event: u32) -> EventResult {
        electron.event = event;
        electron.state = ELECTRON_EVENT;
        let result = self.happen(&self.params, history, electron);
        assert_eq!(result.status, 0);
        result
    }

    fn happen(&self, params: &Params, history: u32, electron: &mut Electron) -> EventResult {
        event_happen::<false>(params, &self.setup.tables, &self.setup.phantom.voxels, [history, 0], electron, STACK - 1)
    }

    /// Follows an electron or positron, without its delta rays, to its end; `visit` sees every event.
    pub(crate) fn follow(&self, params: &Params, history: u32, mut e: Electron, mut visit: impl FnMut(&EventResult)) {
        let (tables, voxels) = (&self.setup.tables, &self.setup.phantom.voxels[..]);
        while e.state != ELECTRON_DONE {
            match e.state {
                ELECTRON_STEP => _ = electron_begin_step::<false>(params, tables, voxels, [history, 0], &mut e),
                ELECTRON_TURN => electron_deflect(tables, &mut e),
                ELECTRON_EVENT => {
                    let result = self.happen(params, history, &mut e);
                    assert_eq!(result.status, 0);
                    visit(&result);
                }
                _ => {
                    let deposit = electron_advance::<false>(params, tables, voxels, &mut e);
                    assert_eq!((deposit.status, deposit.escaped), (0, 0));
                }
            }
        }
    }
}

/// A stream of its own for every medium and energy, so that no two cases share their fluctuations.
fn stream(medium: u8, energy: f64) -> u32 {
    (energy as f32).to_bits() ^ ((u32::from(medium) + 1) << 28)
}

/// Energy of so many quanta, MeV.
pub(crate) fn mev(quanta: u32) -> f64 {
    f64::from(quanta) * QUANTUM
}

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    count: f64,
    sum: f64,
    square: f64,
}

impl Mean {
    pub(crate) fn add(&mut self, x: f64) {
        self.count += 1.0;
        self.sum += x;
        self.square += x * x;
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count
    }

    pub(crate) fn sigma(&self) -> f64 {
        ((self.square / self.count - self.mean().powi(2)).max(0.0) / self.count).sqrt()
    }

    /// Within `bias` (absolute) and four standard errors of `expected`; prints what was found.
    pub(crate) fn meets(&self, what: &str, expected: f64, bias: f64) {
        let (mean, sigma) = (self.mean(), self.sigma());
        println!("  {what}: {mean:.6} +- {sigma:.6}, expected {expected:.6} ({:+.2} %)", 100.0 * (mean / expected - 1.0));
        assert!((mean - expected).abs() <= bias + 4.0 * sigma, "{what}: {mean} +- {sigma}, expected {expected} within {bias}");
    }
}

/// Counts of things that fall into one of several classes: each share within `bias` (absolute) and four standard deviations.
pub(crate) fn shares_meet(what: &str, counts: &[u32], expected: &[f64], bias: f64) {
    let (n, whole) = (f64::from(counts.iter().sum::<u32>()), expected.iter().sum::<f64>());
    let shares: Vec<(f64, f64)> = counts.iter().zip(expected).map(|(&c, x)| (f64::from(c) / n, x / whole)).collect();
    let text: Vec<String> = shares.iter().map(|(found, wanted)| format!("{found:.4} ({wanted:.4})")).collect();
    println!("  {what}: shares found (expected) {}", text.join(", "));
    for (i, &(found, wanted)) in shares.iter().enumerate() {
        let sigma = (wanted * (1.0 - wanted) / n).sqrt();
        assert!((found - wanted).abs() <= bias + 4.0 * sigma, "{what}, class {i}: {found}, expected {wanted} +- {sigma}");
    }
}

/// Integral of `f` from `a` to `b` on equal pieces.
pub(crate) fn integrate(a: f64, b: f64, pieces: u32, f: impl Fn(f64) -> f64) -> f64 {
    let width = (b - a) / f64::from(pieces);
    let piece = |k: u32| GAUSS_8.iter().map(|&(node, weight)| weight * width * f(a + (f64::from(k) + node) * width)).sum::<f64>();
    (0..pieces).map(piece).sum()
}

/// Mean cosine of the density 1 / (1 - beta cosine)^2 at a kinetic energy in rest energies.
pub(crate) fn dipole_mean(tau: f64) -> f64 {
    let beta = (tau * (tau + 2.0)).sqrt() / (tau + 1.0);
    if beta < 1.0e-3 {
        return 2.0 / 3.0 * beta;
    }
    1.0 / beta - (1.0 - beta * beta) / (2.0 * beta * beta) * ((1.0 + beta) / (1.0 - beta)).ln()
}
