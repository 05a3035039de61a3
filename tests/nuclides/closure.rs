//! Energy closure: what a kernel or an S value of a nuclide emits is what the nuclide table holds, by radiation.

use dosaic::kernel::emitter::{Emitter, Part, Radiation};
use dosaic::nuclide::{Line, Nuclide, chain, emissions, table::all};

/// Below this a line is deposited where it is emitted, MeV.
const CUT: f64 = 0.001;

fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} MeV, expected {expected} +- {tolerance}");
}

fn below_cut<'a>(lines: impl Iterator<Item = &'a Line>) -> f64 {
    lines.filter(|l| l.energy < CUT).map(|l| l.energy * l.intensity).sum()
}

/// Members with their decays per decay of the parent.
fn members(n: &'static Nuclide, daughters: bool) -> Vec<(&'static Nuclide, f64)> {
    if daughters { chain(&n.name).unwrap().members.iter().map(|m| (m.nuclide, m.decays_per_parent)).collect() } else { vec![(n, 1.0)] }
}

#[test]
fn emitters_close_in_energy_with_the_nuclide_table() {
    let mut emitters = 0;
    for (n, daughters) in all().iter().flat_map(|n| [(n, false), (n, true)]) {
        let name = format!("{}{}", n.name, if daughters { " with chain" } else { "" });
        let emitter = Emitter::parse(&n.name, daughters).unwrap();
        let members = members(n, daughters);
        let sum = |energy: &dyn Fn(&Nuclide) -> f64| members.iter().map(|(m, decays)| decays * energy(m)).sum::<f64>();
        let beams = |kinds: &[Radiation]| {
            emitter.beams.iter().filter(|b| kinds.contains(&b.radiation)).fold((0.0, 0.0), |(exact, drawn), b| {
                (exact + b.sampler.intensity() * b.sampler.mean_energy(), drawn + b.sampler.intensity() * b.sampler.table_mean())
            })
        };
        let cases = [
            (
                Part::Alpha,
                &[Radiation::Alpha][..],
                sum(&|m| m.energies().alpha),
                sum(&|m| m.recoils().iter().map(|l| l.energy * l.intensity).sum()),
                sum(&|m| m.evaluated.alpha),
            ),
            (
                Part::Electron,
                &[Radiation::Electron, Radiation::Positron],
                sum(&|m| m.energies().beta + m.energies().conversion + m.energies().auger - below_cut(m.conversion.iter().chain(&m.auger))),
                sum(&|m| below_cut(m.conversion.iter().chain(&m.auger))),
                sum(&|m| m.evaluated.beta + m.evaluated.conversion + m.evaluated.auger),
            ),
            (
                Part::Photon,
                &[Radiation::Photon],
                sum(&|m| m.energies().gamma + m.energies().xray - below_cut(m.gammas.iter().chain(&m.xrays))),
                sum(&|m| below_cut(m.gammas.iter().chain(&m.xrays))),
                sum(&|m| m.evaluated.gamma + m.evaluated.xray),
            ),
        ];
        for (part, kinds, transported, local, evaluated) in cases {
            let what = format!("{name}, {} part", part.name());
            let (exact, drawn) = beams(kinds);
            assert_close(&format!("{what}, transported"), exact, transported, 1e-12 * transported);
            // What the kernels draw: probabilities as integers over 2^32, edges in f32.
            assert_close(&format!("{what}, as drawn"), drawn, transported, 3e-7 * transported);
            assert_close(&format!("{what}, local"), emitter.local[part as usize], local, 1e-12 * local);
            // The evaluation before its weakest lines were dropped; beta spectra on the finer grid they were computed on. Recoils are not in it.
            let here = exact + if part == Part::Alpha { 0.0 } else { local };
            let decays: f64 = members.iter().map(|m| m.1).sum();
            assert_close(&format!("{what}, evaluation"), here, evaluated, 3.5e-5 * decays + 0.0025 * evaluated);
        }
        // With what annihilation sets free (the table has 511 keV photons of their own, as evaluated).
        let total = emissions(&n.name, daughters).unwrap().yields().total_energy();
        assert_close(&format!("{name}, all"), emitter.energy_per_decay(), total, 1e-5 * total);
        emitters += 1;
    }
    assert_eq!(emitters, 2 * 133);
}
