//! Photons and positrons: their tables, formulas and steps, over thousands of states that the CPU twin comes to in water, bone, lung and iodine.

use std::sync::LazyLock;

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    transport::{
        backend::Particle,
        constants::{MODE_TRACK_LENGTH, RADIATION_COUNT_AT, REST_ENERGY, STACK, TRANSFER_PER_MEV},
        cpu::{
            electron::ELECTRON_RADIATE,
            event::{event_bhabha, event_dipole, event_happen},
            interaction::{interaction_happen, interaction_momentum, interaction_profile, interaction_share},
            math::{math_exp, math_ln},
            photon::{PHOTON_DONE, PHOTON_INTERACTION, photon_fly, photon_start, photon_trace},
            tables::{table_charge, table_over_energy, table_photon, table_radiation_energy, table_rayleigh, table_spectrum, table_split},
        },
        layout::Params,
        rng::rng_uniform,
    },
};
use glam::DVec3;

use crate::{
    Test,
    compare::{
        Kind::{Float, Within},
        compare, float,
    },
    functions::{params, words},
    probe::Prober,
    scene::{Case, Scene},
    states::{self, PhotonSnapshot, PhotonSnapshots, Snapshot},
    steps::{COLLIDE, FLIPS, STEP},
    words::{Row, Tolerances, deposit_fields, event_fields, interaction_fields, photon_fields},
};

pub(crate) const TESTS: &[Test] = &[
    ("formulas_agree", formulas),
    ("photon_tables_agree", tables),
    ("photon_start_agrees", starts),
    ("photon_fly_agrees", || flights(0)),
    ("photon_fly_before_tracing_agrees", || flights(MODE_TRACK_LENGTH)),
    ("photon_trace_agrees", traces),
    ("compton_scattering_agrees", || interactions(0)),
    ("rayleigh_scattering_agrees", || interactions(1)),
    ("photoelectric_absorption_agrees", || interactions(2)),
    ("pair_production_agrees", || interactions(3)),
    ("positrons_at_rest_agree", || positrons(states::Kind::Rest)),
    ("annihilations_in_flight_agree", || positrons(states::Kind::InFlight)),
    ("bremsstrahlung_of_positrons_agrees", || positrons(states::Kind::Radiation)),
    ("bhabha_scattering_agrees", || positrons(states::Kind::Collision)),
];

/// Several roundings behind one another, of which none is amplified: a flight, a leg.
const FLIGHT: Tolerances = Tolerances { offset: Float { ulps: 16.0, scale: 2.0 }, share: Float { ulps: 4.0, scale: 1.0e6 }, ..STEP };
/// The scattered energy's root is a difference of squares near 1, and the angles of slow electrons are quotients of such differences:
/// an ulp of 1 may become a thousand of these. An energy of an MeV rounded to f32 is within 1/16 of a quantum.
const INTERACT: Tolerances = Tolerances { direction: Float { ulps: 1024.0, scale: 0.5 }, quanta: Within(64), value: float(16.0), ..STEP };

/// Water, bone, lung and iodine of low density, in voxels of about 1 cm: K fluorescence, pairs and everything between.
static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    Scene::new([18, 15, 12], DVec3::new(10.0, 8.0, 13.0), &["water", "bone_cortical", "lung", "iodine"], |[i, j, k]| {
        let factor = 0.9 + 0.02 * f64::from((7 * i + 5 * j + 3 * k) % 11);
        let material = ((i / 2 + j / 3) % 4) as u8;
        (material, if material == 3 { 0.1 * factor } else { factor })
    })
});

/// Voxels of 1 mm for positrons, so that hard events are many.
static SMALL: LazyLock<Scene> = LazyLock::new(|| Scene::mixed([18, 15, 12], 1.0));

fn case() -> (Case, Params) {
    // Gamma rays up to 2.6 MeV and the x rays of the chain.
    let case = Case::new("Pb-212", Particle::Photon, SCENE.source(3), 1_600_000, 16);
    let p = params(&SCENE, &case);
    (case, p)
}

static FOUND: LazyLock<PhotonSnapshots> = LazyLock::new(|| {
    let (case, p) = case();
    states::photons(&SCENE, &case, &p, 100_000, 8000)
});

/// The same with energies at which pairs are frequent.
static PAIRS: LazyLock<Vec<PhotonSnapshot>> = LazyLock::new(|| {
    let (case, _) = case();
    let lines = [1.3, 2.614, 6.0].map(|energy| Line { energy, intensity: 1.0 });
    let case = Case { sampler: EnergySampler::new(&lines, &[]).expect("lines"), ..case };
    let [.., pairs] = states::photons(&SCENE, &case, &params(&SCENE, &case), 120_000, 8000).interactions;
    pairs
});

fn prober() -> Prober {
    let (case, p) = case();
    Prober::new(&SCENE, &case, &p)
}

fn formulas() {
    let inputs: Vec<[u32; 6]> = (0..20_000)
        .map(|i| {
            let (a, b) = (words(30, i).map(rng_uniform), words(31, i).map(rng_uniform));
            // Positive numbers over 80 octaves and, every fourth, close to 1, where the logarithm vanishes.
            let positive = if i % 4 == 0 { 0.9 + 0.2 * a[0] } else { (80.0 * a[0] - 40.0).exp2() };
            let energy = 0.002 * (12.0 * a[3]).exp2();
            Row::default().f(&[positive, 60.0 * a[1] - 50.0, a[2], energy, 2.0 * b[0], 0.1 * energy * b[1]]).done()
        })
        .collect();
    let want: Vec<[u32; 7]> = inputs
        .iter()
        .map(|row| {
            let [positive, power, u, energy, lost, binding] = row.map(f32::from_bits);
            let tau = energy / REST_ENERGY;
            assert!((f64::from(math_ln(positive)) - f64::from(positive).ln()).abs() < 1.0e-6 * f64::from(positive).ln().abs().max(1.0e-2));
            Row::default()
                .f(&[math_ln(positive), math_exp(power), event_dipole(tau, u), event_bhabha(1.0 + tau, u)])
                .f(&[interaction_momentum(REST_ENERGY, energy, lost, binding), interaction_share(power), interaction_profile(u)])
                .done()
        })
        .collect();
    // Backwards from fast particles the dipole's quotient is of two small differences.
    // Near 1 the logarithm is a quotient times a polynomial; the power of e amplifies the rounding of its argument by up to 50.
    let fields = [
        ("math_ln", 1, Float { ulps: 8.0, scale: 0.1 }),
        ("math_exp", 1, float(64.0)),
        ("event_dipole", 1, Float { ulps: 512.0, scale: 0.5 }),
        ("event_bhabha", 1, Float { ulps: 16.0, scale: 1.0 }),
        ("interaction_momentum", 1, Float { ulps: 32.0, scale: 0.1 }),
        ("interaction_share", 1, Float { ulps: 64.0, scale: 0.5 }),
        ("interaction_profile", 1, Float { ulps: 32.0, scale: 1.0 }),
    ];
    compare("formulas", &fields, &prober().run("probe_formula", &inputs), &want, 0);
}

fn tables() {
    let (_, p) = case();
    let inputs: Vec<[u32; 5]> = (0..40_000)
        .map(|i| {
            let w = words(32, i);
            let energy = 0.0005 * (16.0 * rng_uniform(w[0])).exp2();
            // Every third number small: the bisection's first pieces.
            let u = if i % 3 == 0 { (-20.0 * rng_uniform(w[1])).exp2() } else { rng_uniform(w[1]) };
            let largest = energy * TRANSFER_PER_MEV * (energy * TRANSFER_PER_MEV);
            Row::default().u(&[i % 8]).f(&[energy, u, largest]).u(&[w[2]]).done()
        })
        .collect();
    let t = &SCENE.tables;
    let want: Vec<[u32; 9]> = inputs
        .iter()
        .map(|&[family, energy, u, largest, dither]| {
            let (material, [energy, u, largest]) = (family >> 1, [energy, u, largest].map(f32::from_bits));
            let row = table_photon(t, material, energy);
            let count = u * table_charge(t, family, RADIATION_COUNT_AT, energy);
            Row::default()
                .f(&[row.total, row.compton, row.scattered, row.absorbed, table_over_energy(t, p.majorant_at, energy)])
                .f(&[table_rayleigh(t, material, largest, u), table_spectrum(t, family, energy, u, dither)])
                .f(&[table_split(t, material, energy, u, dither), table_radiation_energy(t, family, energy, count)])
                .done()
        })
        .collect();
    assert!(want.iter().any(|w| w[0] != w[3]), "pairs are produced at some energies");
    // Interpolations; an inverse one divides by the difference of two cumulative numbers.
    let fields = [
        ("table_photon, majorant", 5, float(3.0)),
        ("table_rayleigh", 1, float(512.0)),
        ("table_spectrum, table_split", 2, Float { ulps: 64.0, scale: 0.5 }),
        ("table_radiation_energy", 1, float(512.0)),
    ];
    // Where the wanted number is a node's to the last digit, the bisection may end on either side.
    compare("photon tables", &fields, &prober().run("probe_photon_table", &inputs), &want, 8);
}

fn starts() {
    let (_, p) = case();
    let starts = &FOUND.starts[..FOUND.starts.len() / 4 * 4];
    let inputs: Vec<[u32; 12]> = starts.iter().map(|q| Row::default().queued(q).done()).collect();
    let want: Vec<[u32; 19]> =
        starts.iter().map(|&q| Row::default().photon(&photon_start(&p, &SCENE.phantom.voxels, q, 2)).done()).collect();
    compare("photon_start", &photon_fields(STEP), &prober().run("probe_photon_start", &inputs), &want, 0);
}

fn rows(snapshots: &[PhotonSnapshot]) -> Vec<[u32; 21]> {
    snapshots.iter().map(|s| Row::default().u(&s.history).photon(&s.photon).done()).collect()
}

/// Outside, where a place has no meaning: only what left.
fn outside<const N: usize>(rows: Vec<[u32; N]>, escaped: usize) -> Vec<[u32; N]> {
    let keep = |row: [u32; N]| if row[escaped] > 0 { std::array::from_fn(|i| if i < 14 { 0 } else { row[i] }) } else { row };
    rows.into_iter().map(keep).collect()
}

fn flights(mode: u32) {
    let (case, p) = case();
    // A cut among the energies of x rays, so that some are absorbed.
    let p = Params { photon_mode: mode, photon_cut: 0.02, ..p };
    let flights = &FOUND.flights[..FOUND.flights.len() / 4 * 4];
    let want: Vec<[u32; 23]> = flights
        .iter()
        .map(|s| {
            let mut photon = s.photon;
            let deposit = photon_fly::<false>(&p, &SCENE.tables, &SCENE.phantom.voxels, s.history, &mut photon);
            Row::default().photon(&photon).photon_deposit(&deposit).done()
        })
        .collect();
    if mode == 0 {
        let count = |test: &dyn Fn(&[u32; 23]) -> bool| want.iter().filter(|w| test(w)).count();
        let seen = [count(&|w| w[18] == PHOTON_INTERACTION), count(&|w| w[21] > 0), count(&|w| w[18] == PHOTON_DONE && w[20] > 0)];
        assert!(seen.iter().all(|&n| n > 50), "interactions, escapes, absorptions below the cut: {seen:?}");
    }
    let got = Prober::new(&SCENE, &case, &p).run("probe_photon_fly", &rows(flights));
    let fields = [photon_fields(FLIGHT), deposit_fields(FLIGHT)].concat();
    compare("photon_fly", &fields, &outside(got, 21), &outside(want, 21), flights.len() / FLIPS);
}

fn traces() {
    let (case, p) = case();
    let p = Params { photon_mode: MODE_TRACK_LENGTH, ..p };
    let mut legs = states::photons(&SCENE, &case, &p, 2000, 12_000).legs;
    legs.truncate(legs.len() / 4 * 4);
    let want: Vec<[u32; 23]> = legs
        .iter()
        .map(|s| {
            let mut photon = s.photon;
            let deposit = photon_trace::<false>(&p, &SCENE.tables, &SCENE.phantom.voxels, &mut photon);
            Row::default().photon(&photon).photon_deposit(&deposit).done()
        })
        .collect();
    let count = |test: &dyn Fn(&[u32; 23]) -> bool| want.iter().filter(|w| test(w)).count();
    assert!(count(&|w| w[18] == PHOTON_INTERACTION) > 300 && count(&|w| w[21] > 0) > 300 && count(&|w| w[20] > 0) > 300);
    let got = Prober::new(&SCENE, &case, &p).run("probe_photon_trace", &rows(&legs));
    // A kerma of up to 2^22 quanta is rounded to its last digit; what is carried is the rest, which may jump by a whole quantum.
    let fields = [photon_fields(FLIGHT), deposit_fields(FLIGHT)].concat();
    compare("photon_trace", &fields, &outside(got, 21), &outside(want, 21), legs.len() / FLIPS);
}

fn interactions(kind: usize) {
    let (_, p) = case();
    let snapshots = if kind == 3 { &PAIRS } else { &FOUND.interactions[kind] };
    let snapshots = &snapshots[..snapshots.len() / 4 * 4];
    let name = ["Compton scattering", "Rayleigh scattering", "photoelectric absorption", "pair production"][kind];
    assert!(snapshots.len() >= 1000, "{name}: only {}", snapshots.len());
    let want: Vec<[u32; 32]> = snapshots
        .iter()
        .map(|s| {
            let mut photon = s.photon;
            let result = interaction_happen(&p, &SCENE.tables, s.history, &mut photon);
            assert_eq!(result.status, 0);
            Row::default().photon(&photon).interaction(&result).done()
        })
        .collect();
    let pairs = want.iter().filter(|w| w[29] == 1).count();
    assert_eq!(pairs, if kind == 3 { want.len() } else { 0 }, "{name}");
    if kind == 2 {
        let lines = want.iter().filter(|w| w[18] != PHOTON_DONE).count();
        assert!(lines >= 200 && want.len() - lines >= 200, "{lines} K lines in {} absorptions", want.len());
    }
    let fields = [photon_fields(INTERACT), interaction_fields(INTERACT)].concat();
    compare(name, &fields, &prober().run("probe_interaction", &rows(snapshots)), &want, snapshots.len() / FLIPS + 1);
}

fn positron_case() -> (Case, Params) {
    let case = Case::new("Ga-68", Particle::Positron, SMALL.source(3), 1_600_000, 16);
    let p = params(&SMALL, &case);
    (case, p)
}

static EVENTS: LazyLock<[Vec<Snapshot>; 4]> = LazyLock::new(|| {
    let (case, p) = positron_case();
    states::positron_events(&SMALL, &case, &p, 60_000, 6000)
});

fn positrons(kind: states::Kind) {
    let (case, p) = positron_case();
    let events = &EVENTS[kind as usize];
    let events = &events[..events.len() / 4 * 4];
    assert!(events.len() >= 1000, "{kind:?}: only {}", events.len());
    let depths = [0, STACK - 1, STACK];
    let inputs: Vec<[u32; 35]> =
        events.iter().enumerate().map(|(i, s)| Row::default().u(&s.history).electron(&s.electron).u(&[depths[i % 3]]).done()).collect();
    let want: Vec<[u32; 60]> = events
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let mut e = s.electron;
            let r = event_happen::<false>(&p, &SMALL.tables, &SMALL.phantom.voxels, s.history, &mut e, depths[i % 3]);
            Row::default().event(&e, &r).done()
        })
        .collect();
    if kind == states::Kind::Radiation {
        let confined = events.iter().filter(|s| s.electron.event == ELECTRON_RADIATE).count();
        assert!(confined > 50 && confined < events.len(), "{confined} of {} are confined to their voxel", events.len());
    }
    let got = Prober::new(&SMALL, &case, &p).run("probe_event", &inputs);
    compare(&format!("positrons: {kind:?}"), &event_fields(COLLIDE), &got, &want, inputs.len() / FLIPS + 1);
}
