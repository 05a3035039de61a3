//! Rayleigh scattering.

use dosaic::{physics::photon::rayleigh::form_factor_squared, transport::cpu::photon::PHOTON_FLYING};

use crate::lab::{HEAVY, LIGHT, Lab, Mean, RAYLEIGH};

/// Mean and mean square of 1 - cosine against the integrals of F^2 (1 + cos^2) / 2; without the form factor 1 - cosine would be 1.
#[test]
fn angles_are_those_of_the_form_factor() {
    let cases: [(&Lab, u8, &[f64]); 3] = [(&LIGHT, 0, &[0.01, 0.03, 0.1, 0.4]), (&LIGHT, 1, &[0.02, 0.1]), (&HEAVY, 0, &[0.03, 0.15])];
    for (lab, medium, energies) in cases {
        let material = &lab.materials[usize::from(medium)];
        for &energy in energies {
            let mut means = [Mean::default(); 2];
            for history in 0..60_000 {
                let mut photon = lab.photon(medium, energy, RAYLEIGH);
                let before = photon.quanta;
                lab.interact(history, &mut photon);
                assert_eq!((photon.quanta, photon.state), (before, PHOTON_FLYING));
                let lost = 1.0 - f64::from(photon.direction.z);
                means[0].add(lost);
                means[1].add(lost * lost);
            }
            // v = (1 - cosine) / 2 in pieces equal in the logarithm.
            let integral = |power: i32| {
                dosaic::physics::quadrature::integrate_log(1.0e-9, 1.0, 60, |v: f64| {
                    let cosine = 1.0 - 2.0 * v;
                    let x = energy * 1.0e3 / 12.398_42 * v.sqrt();
                    (2.0 * v).powi(power) * (1.0 + cosine * cosine) * form_factor_squared(material, x)
                })
            };
            for (power, mean) in [1, 2].into_iter().zip(means) {
                let expected = integral(power) / integral(0);
                // Eight nodes per octave of the squared transfer, F^2 even between them.
                mean.meets(&format!("{}, {energy} MeV: (1 - cosine)^{power}", material.name), expected, 5.0e-3 * expected);
            }
        }
    }
}
